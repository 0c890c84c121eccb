#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Commands that are hostile, as the build of a source distribution and as a step of a family: what they try stays in
# the sandbox, and what they take has limits.
# Debian packages: bats, python3, python3-pip-whl, and make-base's.

# shellcheck disable=SC2030,SC2031,SC2154  # variables of lib.bash
bats_require_minimum_version 1.5.0
load lib

setup_file() {
	export base=$BATS_FILE_TMPDIR/base shared=$BATS_FILE_TMPDIR/store no_sandbox=
	"$tools/make-base" --debs "$base" >&2
	# the tests say so themselves then; the store has the base's root from here on
	fleet=$BATS_FILE_TMPDIR/fleet
	make_fleet
	PYTHONPATH=$tools PYTHONDONTWRITEBYTECODE=1 python3 "$tools/pip-packages.py" "$fleet/wheels" a==1
	service '[a]'
	"$ocismith" -q -C "$fleet" --store "$shared" lock >/dev/null 2>"$BATS_FILE_TMPDIR/error" || {
		cat "$BATS_FILE_TMPDIR/error"
		grep -F 'ocismith doctor' "$BATS_FILE_TMPDIR/error" || return
		no_sandbox=$(<"$BATS_FILE_TMPDIR/error")
	}
}

setup() {
	[ -z "$no_sandbox" ] || skip "$no_sandbox"
	fleet=$BATS_TEST_TMPDIR/fleet plain=$BATS_TEST_TMPDIR/plain store=$shared limits='{}'
	make_fleet
	mkdir "$plain"
	cd "$plain" || return
	unset OCISMITH_STORE SOURCE_DATE_EPOCH
}

teardown_file() { chmod -R u+rwX "$BATS_FILE_TMPDIR"; }

make_fleet() {
	mkdir -p "$fleet"/{wheels,families.d,app}
	cp /usr/share/python-wheels/pip-*.whl "$fleet/wheels"
	echo 'print()' >"$fleet/app/x.py"
	printf 'family: f\nfrom: "oci:%s:debian-python:12"\n' "$base" >"$fleet/families.d/f.yaml"
}

# the service's pip
service() {
	printf 'fleet: t\nstep_limits: %s\nwheels:\n  find_links: [wheels]\nservices:\n  S: {family: f, app: {script: app/x.py, files: [app]}, pip: %s}\n' \
		"${limits-{\}}" "$1" >"$fleet/fleet.yaml"
}

# TRICK: lock a service that needs a source distribution with that trick
trick() {
	PYTHONDONTWRITEBYTECODE=1 python3 "$tools/hostile-sdist.py" "$fleet/wheels" src "$1"
	service '[src]'
	smith lock
	[ ! -e "$fleet/wheels/evil" ] && [ ! -e "$fleet/evil" ]
}

# nothing is locked, and the reason has $1 in it
is_refused() {
	[ "$status" -ne 0 ] || return
	[[ $stderr == *"$1"* ]] || return
	[ ! -e "$fleet/build-lock.json" ]
}

# nothing of a step is left: no process, no mount, no file
left_none() {
	run ! grep -lF "$store" /proc/[0-9]*/mountinfo
	[ -z "$(ls -A "$store/cache/work")" ]
	run ! compgen -G "$store/cache/.tmp-*"
}

# TRICK LIMITS TEXT: the trick is ended by that limit as a build, and as a step of a family
is_limited() {
	limits=$2
	trick "$1"
	is_refused "'src-1.tar.gz': step 'wheel src-1.tar.gz': it $3" || return
	left_none || return
	# the same program, where nobody asks it for a wheel
	mkdir "$BATS_TEST_TMPDIR/$1"
	tar -xzf "$fleet/wheels/src-1.tar.gz" -C "$BATS_TEST_TMPDIR/$1"
	cp "$BATS_TEST_TMPDIR/$1/src-1/backend.py" "$fleet/app"
	printf 'run:\n- name: evil\n  inputs: app/backend.py\n  outputs: [/opt/evil]\n  command: [python3, -c, "%s"]\n' \
		"import sys; sys.path.insert(0, '/run/inputs/app'); import backend; backend.$1()" >>"$fleet/families.d/f.yaml"
	service '[]'
	smith lock
	[ "$status" -eq 0 ] || return
	smith build
	make_fleet
	rm "$fleet/build-lock.json"
	[ "$status" -ne 0 ] || return
	[[ $stderr == *"step 'run f evil': it $3"* ]] || return
	left_none
}

@test "a command that has no end of processes is ended" {
	is_limited forks '{processes: 300}' 'had more than 300 processes and threads'
}

@test "a command that takes all memory is ended" {
	is_limited hogs '{memory: 200M}' 'held more than 209715200 bytes of memory'
}

@test "a command that fills the disk is ended" {
	is_limited fills '{disk: 100M}' 'wrote more than 104857600 bytes of files'
}

@test "what a build writes outside is in no root, no fleet and no wheel" {
	before=$(find "$store/cache/roots" | sort | sha256sum)
	trick outside
	[ "$status" -eq 0 ]
	[ "$(find "$store/cache/roots" | sort | sha256sum)" = "$before" ]
	trick climbing-archive
	[ "$status" -eq 0 ]
	[ -z "$(find "$store" "$fleet" -name evil)" ]
}
