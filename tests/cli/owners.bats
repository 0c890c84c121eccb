#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The owner record: what a step of one uid sees and leaves is what root would have. tests/owners does random
# operations by processes of many ids against a model, which is itself tried on the kernel where the tests are root's.
# Debian packages: bats, python3.

bats_require_minimum_version 1.5.0

# the machine's root, not one of a user namespace
real_root() { [ "$(id -u)" = 0 ] && grep -q ' 4294967295$' /proc/self/uid_map; }

setup_file() {
	build=${OCISMITH_BUILD:-$BATS_TEST_DIRNAME/../../out}
	export build
	export operations=${OPERATIONS:-10000}
	make_root "$BATS_FILE_TMPDIR/root"
	run "$build/tests/sandbox-run" --record --env PATH=/bin "$BATS_FILE_TMPDIR/root" owners 1
	# the tests say so themselves then: sandbox-refused.bats is about this
	[[ $output != *'ocismith doctor'* ]] || export no_sandbox=${output#sandbox-run: }
}

setup() {
	[ -z "${no_sandbox-}" ] || skip "$no_sandbox"
	cd "$BATS_TEST_TMPDIR" || return
	root=$BATS_TEST_TMPDIR/root
	work=$BATS_TEST_TMPDIR/work
	make_root "$root"
	mkdir "$work"
}

teardown() {
	chmod -R u+rwx "$BATS_TEST_TMPDIR" 2>/dev/null || true
}

make_root() {
	mkdir -p "$1"/{bin,tmp,proc,dev,srv}
	cp "$build/tests/owners" "$1/bin/owners"
}

# owners OPTIONS... -- ARGUMENTS...
owners() {
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	"$build/tests/sandbox-run" "${options[@]}" --work "$work" --env PATH=/bin "$root" /bin/owners "$@"
}

@test "random operations: owners are the model's, on an overlay" {
	run -0 owners --record -- "$((operations / 2))" "${SEED:-1}" /srv
	[ "$output" = "$((operations / 2)) operations" ]
}

@test "random operations: owners are the model's, on a plain directory and a copied root" {
	run -0 owners --record -- "$((operations / 4))" "${SEED:-2}" /tmp
	[ "$output" = "$((operations / 4)) operations" ]
	chmod -R u+rwx "$work"
	rm -rf "$work"
	mkdir "$work"
	run -0 owners --record --copy -- "$((operations / 4))" "${SEED:-3}" /srv
	[ "$output" = "$((operations / 4)) operations" ]
}

@test "paths, magic links, chroot, setgid directories, attributes and kept capabilities" {
	run -0 owners --record -- paths /srv
	[[ $output =~ ^([0-9]+)\ of\ ([0-9]+)$ && ${BASH_REMATCH[1]} = "${BASH_REMATCH[2]}" ]]
	if real_root; then
		rm -rf "$work"
		mkdir "$work"
		run -0 owners --record --mode root -- paths /srv
	fi
}

@test "when the process that answers is killed, the step ends" {
	local run outer init step i
	[ -e /proc/self/task/$$/children ] || skip 'this kernel does not list children'
	"$build/tests/sandbox-run" --record --work "$work" --env PATH=/bin "$root" /bin/owners 100000000 1 /srv 3>&- >log 2>&1 &
	run=$!
	for ((i = 0; i < 100; i++)); do
		read -r outer </proc/$run/task/$run/children || true
		[ -z "$outer" ] || read -r init </proc/"$outer"/task/"$outer"/children || true
		[ -z "$init" ] || read -r step </proc/"$init"/task/"$init"/children || true
		[ ! -e "$work/upper/srv/team1" ] || break
		sleep 0.1
	done
	kill -KILL "$init"
	wait "$run" && false || [ $? = 125 ]
	[ -n "$step" ]
	[ ! -e "/proc/$step" ]
}

@test "the model is what the kernel does for root" {
	real_root || skip 'needs root'
	run -0 owners --mode root -- "$operations" "${SEED:-1}" /srv
	[ "$output" = "$operations operations" ]
}

@test "a difference is found" {
	# without the record, all owners are the caller's
	run -1 owners -- 1000 1 /srv
	[[ $output == *'should be'* ]]
}
