#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# podman 5.4, as a rootless user, runs the demo from its manifest of kube, and from the script of sh.
# shellcheck disable=SC2154  # $out and its like are of lib.bash

setup_file() {
	load lib
	is_root || return 0
	need_hello
	need_rootfs podman
	archives "$BATS_FILE_TMPDIR/archives"
	smith units --format kube --output "$BATS_FILE_TMPDIR/units" >&2
	smith units --format shell --output "$BATS_FILE_TMPDIR/shell" >&2
	job kube -u u1 -b "$BATS_FILE_TMPDIR/archives:/archives" -b "$BATS_FILE_TMPDIR/units:/units" \
		-b "$BATS_FILE_TMPDIR/shell:/shell"
}

setup() {
	load lib
	need_root
}

@test "kube play starts the pod, and both services become healthy" {
	has play "status 0"
	has web "status 0"
	has worker "status 0"
	grep -F 'hello from uid 10001' "$out/hello"
}

@test "its containers are confined as the units say" {
	has inspect "10001:10001 true always 10"
	grep -E '^CapEff:\s+0+$' "$out/rights"
	grep -E '^NoNewPrivs:\s+1$' "$out/rights"
	grep -E '^Seccomp:\s+2$' "$out/rights"
	has variables "PYTHONUNBUFFERED=1"
	has variables "MACHINE_TYPE=mainpc"
}

@test "kube down leaves nothing" {
	has play-down "status 0"
	[ "$(cat "$out/play-left")" = "status 0" ]
}

@test "the script starts all and waits until it is healthy" {
	has up "hello: 2 started, 0 left as they were"
	has up "status 0"
	has status "status 0"
	grep -E '^hello-web +running healthy$' "$out/status"
	grep -E '^hello-worker +running healthy$' "$out/status"
}

@test "what runs unchanged is left" {
	has again "hello: 0 started, 2 left as they were"
	cmp "$out/ids" "$out/ids-again"
}

@test "a container that dies is restarted, one that was stopped is started" {
	has restarted "status 0"
	[ "$(cat "$out/pid")" != "$(cat "$out/pid-after")" ]
	has status-stopped "status 1"
	has third "hello: 1 started, 1 left as they were"
}

@test "what changed is made anew, and nothing else" {
	has changed "status 0"
	[ "$(comm -12 "$out/ids" "$out/ids-changed" | cut -d' ' -f1)" = hello-web ]
}

@test "a container of somebody else is left alone" {
	has stranger "hello: a container 'mine' is there that this script has not made"
	has stranger "status 1"
	has no-group "hello: no group 'nope' on host 'mainpc', which has: hello"
}

@test "down leaves nothing but what is not its own" {
	has down "status 0"
	[ "$(cat "$out/left")" = "mine"$'\n'"status 0" ]
	[ "$(cat "$out/left-pods")" = "status 0" ]
}
