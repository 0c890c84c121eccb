#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Commands that are hostile, as the build of a source distribution and as a step of a family: what they try stays in
# the sandbox, and what they take has limits.
# Debian packages: bats, python3, python3-pip-whl, and make-base's.

# shellcheck disable=SC2030,SC2031,SC2034,SC2154  # variables of lib.bash and pip.bash
bats_require_minimum_version 1.5.0
load lib
load pip

setup_file() { need_pip; }
setup() { use_pip; }
teardown_file() { drop_pip; }

# what the store has, but for the source that is built, and logs
kept() { find "$store" -type f ! -path "$store/cache/logs/*" ! -path "*/files/*/$(sha256sum <"$fleet/wheels/src-1.tar.gz" | cut -d' ' -f1)" | sort; }

# TRICK: lock a service that needs a source distribution with that trick
trick() {
	PYTHONDONTWRITEBYTECODE=1 python3 "$tools/hostile-sdist.py" "$fleet/wheels" src "$1"
	service '[src]'
	had=$(kept)
	smith lock
	[ ! -e "$fleet/wheels/evil" ] && [ ! -e "$fleet/evil" ]
}

# nothing is locked and nothing of it is there, and the reason is one line with $1 in it
is_refused() {
	[ "$status" -ne 0 ] || return
	[[ $stderr == *"$1"* && $stderr != *$'\n'* ]] || return
	[ ! -e "$fleet/build-lock.json" ] || return
	diff <(echo "$had") <(kept) || return
	left_none
}

# the same program as a step of a family, where nobody asks it for a wheel, is ended with TEXT
is_ended_as_step() {
	mkdir "$BATS_TEST_TMPDIR/$1"
	tar -xzf "$fleet/wheels/src-1.tar.gz" -C "$BATS_TEST_TMPDIR/$1"
	cp "$BATS_TEST_TMPDIR/$1/src-1/backend.py" "$fleet/app"
	printf 'run:\n- name: evil\n  inputs: app/backend.py\n  outputs: [/opt/evil]\n  command: [python3, -c, "%s"]\n' \
		"import sys; sys.path.insert(0, '/run/inputs/app'); import backend; backend.$1()" >>"$fleet/families.d/f.yaml"
	service '[]'
	smith lock
	[ "$status" -eq 0 ] || return
	smith build
	make_pip_fleet
	rm "$fleet/build-lock.json"
	[ "$status" -ne 0 ] || return
	[[ $stderr == *"step 'run f evil': it $2" ]] || return
	left_none
}

# TRICK LIMITS TEXT [MODE]: the trick is ended by that limit as that part of a build, and as a step of a family
is_limited() {
	limits=$2
	trick "$1"
	is_refused "'src-1.tar.gz': step '${4-wheel} src-1.tar.gz': it $3" || return
	is_ended_as_step "$1" "$3"
}

# a build without tricks is none the worse for those before it
is_well() {
	limits='{}'
	trick none
	[ "$status" -eq 0 ] || return
	[ "$(locked S)" = src==1 ] || return
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

@test "a command that sleeps is ended" {
	local seconds
	# no other step of the lock may take as long
	for seconds in 4 20 100; do
		limits="{time: ${seconds}s}"
		trick sleeps
		[[ $stderr != *"'wheel src-1.tar.gz'"* ]] || break
	done
	is_refused "'src-1.tar.gz': step 'wheel src-1.tar.gz': it ran longer than $seconds seconds"
	limits='{time: 1s}'
	is_ended_as_step sleeps 'ran longer than 1 seconds'
	is_well
}

@test "a command that writes without end is ended" {
	is_limited floods '{output: 1M}' 'wrote more than 1048576 bytes of output' dynamic
	limits='{memory: 200M}'
	trick drowns
	is_refused "'src-1.tar.gz': step 'wheel src-1.tar.gz': it held more than 209715200 bytes of memory"
	is_well
}

@test "what a build leaves running ends with it" {
	trick stays
	[ "$status" -eq 0 ]
	left_none
	is_well
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
