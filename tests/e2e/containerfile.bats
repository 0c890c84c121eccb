#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# buildah builds the project's Containerfile, and the ocismith in that image makes the demo's images, bit by
# bit the same: as another user, in another directory, without a network.
# shellcheck disable=SC2154  # $out and its like are of lib.bash

setup_file() {
	load lib
	is_root || return 0
	need_hello
	need_rootfs podman
	shared make-base "$cache/base"
	job buildah -H -u u1 -b "$top:/src" -b "$hello:/fleet" -b "$cache/base:/base"
}

setup() {
	load lib
	need_root
	need_hello
}

@test "buildah builds the Containerfile" {
	has pull "status 0"
	has build "status 0"
	has version "status 0"
}

@test "the image locks a fleet as the host does" {
	has lock "status 0"
	diff "$out/build-lock.json" "$hello/build-lock.json"
}

@test "the image builds the same digests as the host" {
	local name
	has images "status 0"
	for name in "${images[@]}"; do
		has "digest-$name" "$(skopeo inspect --format '{{.Digest}}' "oci:$layout:localhost/$name:demo")"
	done
}
