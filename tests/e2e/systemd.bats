#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A booted systemd 257 starts the demo's group from its units, as a rootless user, until it is healthy.
# shellcheck disable=SC2154  # $out and its like are of lib.bash

setup_file() {
	load lib
	is_root || return 0
	need_hello
	need_rootfs podman
	local job=$BATS_FILE_TMPDIR/job
	mkdir -p "$job" "$out"
	archives "$job/images"
	smith units --output "$BATS_FILE_TMPDIR/units" >&2
	cp -r "$BATS_FILE_TMPDIR/units/mainpc" "$job/units"
	cp "$e2e/jobs/systemd" "$job/run.sh"
	# the host's address is on lo there
	sed -n 's/^ *address: //p' "$hello/fleet.yaml" >"$job/addresses"
	sed 's|.*|http://&:8080/health|' "$job/addresses" >"$job/urls"
	"$e2e/boot" "$rootfs" "$job" "$out" 240 >"$out/log" 2>&1 ||
		echo "boot status $?" >>"$out/log"
}

setup() {
	load lib
	need_root
}

@test "the units start without an error" {
	has reload "status 0"
	has start "status 0"
	grep -F hello-web "$out/state" || { cat "$out/log" "$out/journal" && false; }
	run grep -E 'failed|dead' "$out/state"
	[ "$status" = 1 ]
}

@test "the worker starts once the web service is healthy" {
	local web worker
	web=$(grep -m1 '^[0-9]' "$out/active-hello-web.service")
	worker=$(grep -m1 '^[0-9]' "$out/inactive-hello-worker.service")
	echo "web active at $web us, worker left its rest at $worker us"
	[ "$web" -gt 0 ]
	[ "$worker" -ge "$web" ]
}

@test "both services become healthy in one pod" {
	cat "$out/containers" "$out/pods"
	[ "$(grep -c '(healthy)' "$out/containers")" = 2 ]
	grep -E '^[a-z-]*hello[a-z-]* Running$' "$out/pods"
}

@test "the published port answers" {
	has url-http---192-0-2-10-8080-health 200
	has url-http---192-0-2-10-8080-health '{"status":"ok"}'
}

@test "stopping leaves nothing running" {
	has stop "status 0"
	run grep -F Up "$out/left"
	[ "$status" = 1 ]
}
