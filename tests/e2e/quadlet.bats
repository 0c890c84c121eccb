#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# podman 5.4's generator and systemd-analyze accept the demo's units without a word.
# shellcheck disable=SC2154  # $out and its like are of lib.bash

setup_file() {
	load lib
	is_root || return 0
	need_hello
	need_rootfs podman
	smith units --output "$BATS_FILE_TMPDIR/units" >&2
	job quadlet -u u1 -b "$BATS_FILE_TMPDIR/units/mainpc:/units"
}

setup() {
	load lib
	need_root
}

@test "the generator accepts every file" {
	cat "$out/generator"
	has status "status 0"
	[ ! -s "$out/generator" ]
}

@test "every unit is generated" {
	local file
	for file in "$BATS_FILE_TMPDIR"/units/mainpc/*; do
		case $file in
		*.container) has generated "$(basename "$file" .container).service" ;;
		*.pod) has generated "$(basename "$file" .pod)-pod.service" ;;
		*.network) has generated "$(basename "$file" .network)-network.service" ;;
		*.volume) has generated "$(basename "$file" .volume)-volume.service" ;;
		esac
	done
	[ "$(grep -c . "$out/generated")" -ge 3 ]
}

@test "systemd-analyze verify has nothing to say" {
	cat "$out/verify"
	[ ! -s "$out/verify" ]
}
