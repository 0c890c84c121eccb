#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocismith doctor, and a step, where one ability after the other is refused (tests/tools/refuse.c).
# Debian packages: bats, python3, util-linux.

# shellcheck disable=SC2030,SC2031,SC2154  # a test changes its own variables; run sets stderr
bats_require_minimum_version 1.5.0

setup() {
	build=${OCISMITH_BUILD:-$BATS_TEST_DIRNAME/../../out}
	ocismith=${OCISMITH:-$build/ocismith}
	refuse=$build/tests/refuse
	box=$build/tests/sandbox-run
	export OCISMITH_STORE=$BATS_TEST_TMPDIR/not/there/yet
	cd "$BATS_TEST_TMPDIR" || return
	"$ocismith" doctor >/dev/null 2>&1 || skip 'this machine runs no steps (ocismith doctor)'
}

# found JSON: "NAME there needed" of each ability, a line each
found() {
	python3 -c 'import json, sys
report = json.load(sys.stdin)
print("executes", report["executes"])
for a in report["abilities"]:
    assert a["there"] == ("advice" not in a) and a["probe"] and a["found"], a
    print(a["name"], a["there"], a["needed"])'
}

# lacks EXECUTES NAME COMMAND...: doctor below COMMAND finds NAME missing, with advice, and says EXECUTES
lacks() {
	local executes=$1 name=$2
	shift 2
	run --separate-stderr "$@" "$ocismith" --format json doctor
	[ "$status" -eq "$([ "$executes" = True ] && echo 0 || echo 1)" ]
	found <<<"$output" >lines
	grep -qx "executes $executes" lines
	grep -q "^$name False" lines
}

@test "all is there, and nothing is left or made" {
	run --separate-stderr "$ocismith" doctor
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == 'ABILITY '*'NEEDED '*'PROBE '*'FOUND' ]]
	"$ocismith" --format json doctor >report
	found <report >lines
	grep -qx 'executes True' lines
	grep -qx 'step True True' lines
	[ ! -e not ]
	[ -z "$(find . -name 'ocismith-doctor-*')" ]
}

@test "no user namespaces left" {
	lacks False user-namespaces unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_user_namespaces; exec "$@"' sh
	[[ $output == *'sysctl user.max_user_namespaces=15000'* ]]
	[[ $stderr == *'this machine executes no steps; images of wheels and files are built all the same' ]]
}

@test "a /proc that is covered" {
	lacks False proc unshare -Urmpf sh -c 'mount -t tmpfs none /proc/sys/fs && exec "$@"' sh
	grep -q '^user-namespaces True' lines
}

@test "what a container refuses" {
	[ -x "$refuse" ] || skip "$refuse is not built"
	lacks False user-namespaces "$refuse" userns
	lacks False mounts "$refuse" mount_setattr=ENOSYS
	lacks False mounts "$refuse" move_mount,open_tree
	lacks False seccomp "$refuse" filter
	lacks False seccomp-notify "$refuse" listener=EINVAL
	lacks True landlock "$refuse" landlock_create_ruleset=ENOSYS,landlock_add_rule=ENOSYS
	lacks True landlock "$refuse" landlock_create_ruleset
	lacks True landlock "$refuse" landlock_restrict_self
	lacks True overlay "$refuse" overlay=EINVAL
}

@test "a step says what is refused, and runs without what it can do without" {
	[ -x "$refuse" ] || skip "$refuse is not built"
	local call
	for call in userns mount_setattr pivot_root fsopen; do
		run --separate-stderr "$refuse" "$call" "$box" / true
		[ "$status" -eq 125 ]
		[[ $stderr == *"Operation not permitted; 'ocismith doctor' tells what this machine allows" ]]
	done
	run --separate-stderr "$refuse" filter "$box" / true
	[[ $stderr == *'cannot load the seccomp filter: Operation not permitted; '* ]]
	for call in landlock_create_ruleset pidfd_open; do
		run --separate-stderr "$refuse" "$call=ENOSYS" "$box" / true
		[ "$status" -eq 0 ]
	done
}
