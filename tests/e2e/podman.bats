#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# podman 5.4, as a rootless user with subordinate ids, loads the demo's images and runs them locked down.
# shellcheck disable=SC2154  # $out and its like are of lib.bash

setup_file() {
	load lib
	is_root || return 0
	need_hello
	need_rootfs podman
	archives "$BATS_FILE_TMPDIR/archives"
	mkdir "$BATS_FILE_TMPDIR/pip"
	cp /usr/share/python-wheels/pip-*.whl "$BATS_FILE_TMPDIR/pip/pip.whl"
	job podman -u u1 -b "$BATS_FILE_TMPDIR/archives:/archives" -b "$BATS_FILE_TMPDIR/pip:/pip"
}

setup() {
	load lib
	need_root
}

@test "podman load takes the oci-archives under their full names" {
	has load-hello-web "status 0"
	has load-hello-worker "status 0"
	has images "localhost/hello-web:demo"
	has images "localhost/hello-worker:demo"
}

@test "the web service answers /health with 200" {
	has start-web "status 0"
	has health '{"status":"ok"}'
	has health 200
}

@test "the web service knows the machine profile of its host" {
	grep -F '"machine":{"GREETING":"hello"' "$out/hello" || { cat "$out/hello" && false; }
	grep -F 'hello from uid 10001' "$out/hello"
}

@test "the label of the image confines it with --seccomp-policy=image" {
	has policy-image "personality -1 Function not implemented"
	has policy-default "personality 0 Success"
	# and it works so: the service of the other tests runs under it
	grep -E '^Seccomp:\s+2$' "$out/web-filter"
}

@test "it runs as appuser 10001:10001" {
	has config '10001:10001 ["/usr/bin/tini","--"]'
	has uid "uid=10001(appuser) gid=10001(appuser) groups=10001(appuser)"
	has passwd "status 0"
}

@test "tini is PID 1" {
	has pid1 tini
}

@test "the root is read-only, nothing is privileged" {
	has readonly "status 1"
	has venv-readonly "status 1"
	grep -E '^CapEff:\s+0+$' "$out/caps"
	grep -E '^NoNewPrivs:\s+1$' "$out/caps"
}

@test "the worker beats, and ends cleanly on SIGTERM" {
	has heartbeat "status 0"
	has stop "status 0"
	grep -E '^worker stopped after [0-9]+ rounds$' "$out/worker-log"
	has worker-exit 0
}

@test "pip check passes inside both images" {
	has pip-web "No broken requirements found."
	has pip-worker "No broken requirements found."
}

@test "everything installed can be imported" {
	has import-web imported
	has import-worker imported
}
