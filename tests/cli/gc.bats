#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What the store no longer needs goes, what it needs stays: beside builds, and when gc is killed.
# Debian packages: bats, jq, python3.
# shellcheck disable=SC2154  # lib's variables

bats_require_minimum_version 1.5.0
load lib

setup_file() { make_pristine; }
setup() { use_fleet; }

blobs() { find "$store/oci/blobs/sha256" -type f | wc -l; }

# age DAYS: all that the store has was last used so long ago
age() { find "$store" -type f -exec touch -d "$1 days ago" {} +; }

# of WHAT: how many of these were removed
of() { jq -r --arg what "$1" '.[] | select(.what == $what) | .removed' <<<"$output"; }

@test "what images need stays, whatever its age" {
	intact
	age 400
	smith --format json gc --older-than=0
	[ "$status" -eq 0 ]
	# the base has no name of its own: only its manifest, its configuration and what was noted of it go
	[ "$(of blobs)" -eq 2 ]
	[ "$(of downloads)" -gt 0 ]
	run --separate-stderr "$ocismith" --progress json -C "$pristine" --store "$store" build
	[ "$status" -eq 0 ]
	[[ $stderr == *'"cached":true'* && $stderr != *'"cached":false'* ]]
	intact
}

@test "what is in use stays" {
	intact
	before=$(find "$store" -type f | sort)
	age 400
	# a build uses the base and the records, a gc the store
	smith build
	smith --format json gc
	[ "$(of blobs)" -eq 0 ]
	diff <(grep oci/ <<<"$before") <(find "$store/oci" -type f | sort)
}

@test "what was changed goes when it is old enough" {
	intact
	first=$(blobs)
	printf 'print("new")\n' >"$fleet/app/worker.py"
	smith build
	[ "$status" -eq 0 ]
	[ "$(blobs)" -gt "$first" ]
	# manifests and configs are no images' any more; the layers were used within the month
	smith --format json gc
	[ "$(of blobs)" -eq 4 ]
	age 31
	smith build
	smith --format json gc --dry-run
	tried=$output
	smith --format json gc
	[ "$output" = "$tried" ]
	[ "$(of 'records of steps')" -gt 0 ]
	smith --format json gc
	[ "$(of blobs)" -eq 0 ]
	[ "$(blobs)" -eq "$first" ]
	intact
}

@test "an image that is removed, and what it alone has" {
	intact
	first=$(blobs)
	name=$("$ocismith" --store "$store" --format json images | jq -r '.[0].name')
	smith gc --image "$name" --dry-run
	[ "$status" -eq 2 ]
	smith gc --image none:1
	[ "$status" -eq 1 ]
	[[ $stderr == *"no image 'none:1'" ]]
	smith gc --older-than=0 --image "$name"
	[ "$status" -eq 0 ]
	[ "$(blobs)" -lt "$first" ]
	[[ $("$ocismith" --store "$store" images) != *"$name "* ]]
	intact
}

@test "a store that is damaged loses nothing" {
	intact
	name=$("$ocismith" --store "$store" --format json images | jq -r '.[0].manifest')
	rm -f "$store/oci/blobs/sha256/${name#sha256:}"
	printf '{}' >"$store/oci/blobs/sha256/${name#sha256:}"
	before=$(blobs)
	smith gc --older-than=0
	[ "$status" -eq 5 ]
	[ "$(blobs)" -eq "$before" ]
	smith build
	intact
}

@test "killed at any moment, it leaves a store that works" {
	for round in $(seq 12); do
		printf 'print(%d)\n' "$round" >"$fleet/app/worker.py"
		"$ocismith" -q --progress none -C "$fleet" --store "$store" build >/dev/null
		"$ocismith" -q --store "$store" gc --older-than=0 >/dev/null 2>&1 &
		sleep "$(printf '0.%03d' $((round * 2)))"
		kill -KILL $! 2>/dev/null || true
		wait $! 2>/dev/null || true
		check_blobs "$store"
	done
	intact
	smith gc --older-than=0
	[ "$status" -eq 0 ]
	[ -z "$(find "$store" -name '.tmp*')" ]
}

@test "beside builds" {
	intact
	for number in 1 2 3; do
		cp -r "$fleet" "$BATS_TEST_TMPDIR/fleet$number"
		(
			for round in $(seq 10); do
				printf 'print("%d %d")\n' "$number" "$round" >"$BATS_TEST_TMPDIR/fleet$number/app/worker.py"
				"$ocismith" -q --progress none -C "$BATS_TEST_TMPDIR/fleet$number" --store "$store" build >/dev/null || exit
			done
		) 3>&- &
		builders+=($!)
	done
	for round in $(seq 10); do
		"$ocismith" -q --progress none --store "$store" gc --older-than=0 >/dev/null
	done
	for builder in "${builders[@]}"; do
		wait "$builder"
	done
	intact
}

@test "it waits for whoever has the store open" {
	intact
	# the lock of one who uses it, until its standard input ends
	mkfifo "$plain/fifo"
	python3 -c '
import fcntl, struct, sys
file = open(sys.argv[1])
fcntl.fcntl(file, 37, struct.pack("hhqqi", fcntl.F_RDLCK, 0, 0, 0, 0))  # F_OFD_SETLK
print(flush=True)
sys.stdin.read()' "$store/lock" <"$plain/fifo" >"$plain/ready" 3>&- &
	exec {user}>"$plain/fifo"
	until [ -s "$plain/ready" ]; do kill -0 $!; done
	"$ocismith" --progress plain --store "$store" gc >"$plain/out" 2>"$plain/err" {user}>&- 3>&- &
	collector=$!
	until grep -qF 'waiting for others' "$plain/err"; do kill -0 "$collector"; done
	[ ! -s "$plain/out" ]
	exec {user}>&-
	wait "$collector"
	[ -s "$plain/out" ]
}
