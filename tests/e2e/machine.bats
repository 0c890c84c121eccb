#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a machine lacks, by the real podman 5.4: for u1, who has subordinate ids, and u2, who has none.
# shellcheck disable=SC2154  # $out and its like are of lib.bash

setup_file() {
	load lib
	is_root || return 0
	need_rootfs podman
	local fleet=$BATS_FILE_TMPDIR/fleet program=$BATS_FILE_TMPDIR/program user
	mkdir -p "$fleet/families.d" "$program"
	cp "$OCISMITH" "$program/ocismith"
	copy_libraries "$program" json-glib-1.0 yaml-0 deflate isal
	printf 'family: base\nfrom: debian:12\n' >"$fleet/families.d/base.yaml"
	cat >"$fleet/fleet.yaml" <<-'END'
		fleet: f
		registry: localhost
		tag: t
		hosts:
		  one: {podman: "5.6", network: net, gpu: {device: nvidia.com/gpu=0}}
		networks: {net: {subnet: 10.77.3.0/24}}
		secrets: {there: {as: file}, missing: {as: file}}
		groups: {g: {host: one, services: [Site]}}
		services:
		  Site:
		    family: base
		    app: {exec: [/x]}
		    secrets: [there, missing]
		    gpu: required
		    volumes: ["/no/such:/data", "/root:/etc/x:ro"]
		    limits: {memory: 64MiB}
	END
	for user in u1 u2; do
		job machine -u "$user" -b "$fleet:/fleet" -b "$program:/program"
		mv "$out/log" "$out/log-$user"
	done
	cat "$out"/log-* >"$out/log"
}

setup() {
	load lib
	need_root
}

told() { # USER TEXT
	grep -qF -- "$2" "$out/doctor-$1" && return
	cat "$out/doctor-$1" "$out/log"
	return 1
}

@test "all that is missing is told at once" {
	local user
	for user in u1 u2; do
		has "doctor-$user" "status 3"
		told "$user" 'is older than the 5.6 that the units of host'
		told "$user" "podman has no secret 'missing', which service 'Site' needs"
		told "$user" "no CDI device 'nvidia.com/gpu=0' for service 'Site'"
		told "$user" "directory '/no/such' of service 'Site' is missing"
		told "$user" "service 'Site' cannot read '/root'"
		told "$user" "overlaps with 10.77.0.0/16 of podman's network 'theirs'"
		told "$user" "no image 'localhost/site:t' of service 'Site'"
		told "$user" "the cgroup controller 'memory' is not delegated"
		told "$user" "no systemd of user $user runs here"
	done
}

@test "what is there is not told" {
	run grep -E "secret 'there'|machine-(podman|quadlet|linger|owner)\]" "$out/doctor-u1"
	[ "$status" = 1 ]
}

@test "only who has no subordinate ids lacks them" {
	run grep -F machine-subids "$out/doctor-u1"
	[ "$status" = 1 ]
	told u2 "'/etc/subuid' gives user 'u2' 0 ids, and 65536 are needed"
	told u2 "usermod --add-subgids 100000-165535 u2"
}

@test "the findings as JSON" {
	python3 - "$out/json-u2" <<-'END'
		import json, sys
		found = json.load(open(sys.argv[1]))
		assert all(f["severity"] == "error" and f["file"] == "fleet.yaml" and f["line"] > 0 for f in found), found
		assert {"machine-subids", "machine-volume", "machine-secret"} <= {f["rule"] for f in found}
	END
}
