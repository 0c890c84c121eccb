#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Trouble while `units --output DIR` writes: killed before its changes, Ctrl-C, a full disk, a directory that
# is read-only, two at once, a file system that cannot exchange two names. A host's directory is the old one or the
# new one, whole, and the next run leaves nothing else.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154  # scripts for other shells; a test is a subshell; lib's variables

bats_require_minimum_version 1.5.0
load lib

setup_file() { make_pristine; }
setup() {
	use_fleet
	tools=${OCISMITH_BUILD:-$BATS_TEST_DIRNAME/../../out}/tests
	old=$BATS_TEST_TMPDIR/old new=$BATS_TEST_TMPDIR/new units=$plain/units
	"$ocismith" -C "$fleet" --store "$store" units --output "$old" >/dev/null
	# what somebody else has there stays
	printf '[Container]\nImage=localhost/mine:1\n' >"$old/one/mine.container"
	mkdir "$old/one/deep"
	echo mine >"$old/one/deep/file"
	sed -i 's/^services:/volumes: {more: {target: \/more}}\nservices:/; 0,/    ports: {/s//    volumes: [more]\n    ports: {/' \
		"$fleet/fleet.yaml"
	cp -r "$old" "$new"
	"$ocismith" -C "$fleet" --store "$store" units --output "$new" >/dev/null
	[ ! -e "$old/one/more.volume" ]
	[ -e "$new/one/more.volume" ]
}

again() {
	rm -rf "$units"
	cp -r "$old" "$units"
}

write() { "$@" "$ocismith" -C "$fleet" --store "$store" units --output "$units" >/dev/null 2>"$BATS_TEST_TMPDIR/said"; }

same() { diff -r "$1" "$2" >/dev/null; }

# whole DIR: it is one of both
whole() {
	same "$1" "$old/one" || same "$1" "$new/one" || {
		echo "$1 is neither the old nor the new one:"
		diff -r "$1" "$new/one"
	}
}

# next_is_clean: one more run, and there is the new one alone
next_is_clean() {
	write || cat "$BATS_TEST_TMPDIR/said"
	diff -r "$units" "$new"
}

# at_each STEP SIGNAL CHECK [COMMAND...]: a run under COMMAND ends by SIGNAL before one of its changes, STEP after STEP;
# each time CHECK holds, and a run after it leaves nothing
at_each() {
	local step=$1 signal=$2 check=$3 number status=0
	shift 3
	for number in $(seq 1 "$step" 500); do
		again
		write "$@" "$tools/die-at" "$number" "$signal" || status=$?
		[ "$status" != 125 ] || {
			cat "$BATS_TEST_TMPDIR/said"
			return 1
		}
		echo "$number"
		[ "$status" = 0 ] || break
		"$check"
		next_is_clean
	done
	[ "$number" -gt 15 ]
	same "$units" "$new"
}

in_place() { whole "$units/one"; }

# there is a moment with neither name, when the old one has another
in_place_or_aside() { whole "$units/one" || same "$units/one.old.d" "$old/one"; }

@test "killed before each change of a file system" {
	at_each 1 9 in_place
}

@test "Ctrl-C before every fifth change" {
	at_each 5 2 in_place
}

@test "killed where two names cannot be exchanged" {
	[ "$("$tools/refuse" --probe renameat2)" != allowed ] || skip 'no seccomp here'
	at_each 1 9 in_place_or_aside "$tools/refuse" renameat2=EINVAL
}

@test "the first time: all of it or nothing" {
	local number status=0 first=$BATS_TEST_TMPDIR/first
	write_to "$first"
	for number in $(seq 1 2 500); do
		rm -rf "$units"
		write "$tools/die-at" "$number" 9 || status=$?
		[ "$status" = 0 ] || break
		[ ! -e "$units/one" ] || diff -r "$units/one" "$first/one"
		write
		diff -r "$units" "$first"
	done
	[ "$number" -gt 10 ]
}

@test "what a killed run left is no unit for podman, and goes with a run for another host" {
	sed -i 's/^hosts:/hosts:\n  two: {podman: "5.4"}/' "$fleet/fleet.yaml"
	again
	mkdir "$units/one.new.d" "$units/two.new.d"
	mv "$units/one" "$units/one.old.d"
	"$ocismith" -C "$fleet" --store "$store" units --host two --output "$units" >/dev/null 2>&1
	diff -r "$units" "$old"
}

@test "a full disk" {
	unshare -Urm true 2>/dev/null || skip 'no user namespaces here'
	export ocismith fleet store old new
	local pages said=0
	for pages in 8 12 16 20 24 28 32; do
		run unshare -Urm bash -c '
			set -e
			mount -t tmpfs -o size=$(($1 * 4))k tmpfs "$2"
			cp -r "$old/one" "$2/one" 2>/dev/null || exit 7
			status=0
			"$ocismith" -C "$fleet" --store "$store" units --output "$2" 2>&1 >/dev/null || status=$?
			[ "$status" != 0 ] || exec diff -r "$2" "$new"
			[ "$status" = 1 ]
			exec diff -r "$2" "$old"
		' - "$pages" "$plain"
		echo "$pages: $status $output"
		[ "$status" = 0 ] || [ "$status" = 7 ]
		[ -z "$output" ] || [ "$status" = 7 ] || said=$((said + 1))
		[ -z "$output" ] || [ "$status" = 7 ] || [[ $output == "ocismith: error: units in '$plain': "*"No space left on device" ]]
	done
	[ "$said" -gt 0 ]
}

@test "a directory that cannot be written" {
	if [ "$(id -u)" = 0 ]; then
		again
		run unshare -m bash -c 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@" 2>&1 >/dev/null' - \
			"$units" "$ocismith" -C "$fleet" --store "$store" units --output "$units"
	else
		again
		chmod a-w "$units"
		run bash -c 'exec "$@" 2>&1 >/dev/null' - "$ocismith" -C "$fleet" --store "$store" units --output "$units"
		chmod u+w "$units"
	fi
	echo "$output"
	[ "$status" = 1 ]
	[[ $output == "ocismith: error: units in '$units': "*@(Read-only file system|Permission denied) ]]
	same "$units" "$old"
	echo text >"$plain/file"
	run write_to "$plain/file"
	[ "$status" = 1 ]
	[ "$(<"$plain/file")" = text ]
}

write_to() { "$ocismith" -C "$fleet" --store "$store" units --output "$1"; }

@test "several at once" {
	local pids pid
	for _ in 1 2 3; do
		again
		pids=()
		for _ in 1 2 3 4 5 6; do
			write_to "$units" >/dev/null 2>&1 &
			pids+=($!)
		done
		for pid in "${pids[@]}"; do wait "$pid"; done
		diff -r "$units" "$new"
	done
}

@test "where the units will be is said where podman needs the path" {
	local place
	for place in /opt/units %h/units %E/x %t/y; do
		rm -rf "$units"
		"$ocismith" -C "$fleet" --store "$store" units --install-dir "$place" --output "$units" >/dev/null
		grep -xF "SeccompProfile=$place/one/seccomp/baseline.json" "$units/one/web.container"
	done
	rm -rf "$units"
	for place in units ./units '' %u/units %%h/x; do
		refused 2 "'--install-dir' got '$place', expected a path that begins with '/', '%E/', '%h/' or '%t/'" \
			units --install-dir "$place" --output "$units"
	done
}

@test "a unit of somebody else is left, and nothing is written beside it" {
	mkdir -p "$units/one"
	printf '[Container]\nImage=localhost/mine:1\n' >"$units/one/web.container"
	refused 1 "units in '$units': 'one/web.container' is there and was not written by ocismith" units --output "$units"
	rm "$units/one/web.container"
	mkdir "$units/one/web.container"
	refused 1 "'one/web.container' is there and was not written by ocismith" units --output "$units"
	rmdir "$units/one/web.container"
	ln -s /dev/null "$units/one/main.pod"
	refused 1 "'one/main.pod' is there and was not written by ocismith" units --output "$units"
}
