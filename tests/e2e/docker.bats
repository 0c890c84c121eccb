#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# docker's containerd image store loads and runs an image in each of the layer compressions.
# shellcheck disable=SC2154  # $out and its like are of lib.bash

setup_file() {
	load lib
	is_root || return 0
	need_hello
	need_rootfs docker
	local kind archives=$BATS_FILE_TMPDIR/archives
	mkdir "$archives"
	for kind in splice zstd gzip; do
		smith build HelloWeb --compression "$kind" --output "oci-archive:$archives/$kind.tar" >&2
	done
	job docker -b "$archives:/archives"
}

setup() {
	load lib
	need_root
}

works() {
	has "load-$1" "status 0"
	has "run-$1" "0.92.0 10001"
}

@test "docker loads and runs spliced layers" { works splice; }

@test "docker loads and runs zstd layers" { works zstd; }

@test "docker loads and runs gzip layers" { works gzip; }
