#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Everything works where almost nothing is allowed: seccomp refuses namespaces, mounts, other programs, processes,
# sockets, tracing and changes of owner (tests/tools/confine.c), as in an unprivileged container of a CI system.
# Debian packages: bats, python3, libseccomp-dev; make-base's and make-wheelhouse's for the real fleet.

# shellcheck disable=SC2030,SC2031  # a test changes its own variables

bats_require_minimum_version 1.5.0
load lib
load real

setup_file() {
	make_pristine
	make_hello "$BATS_FILE_TMPDIR/hello"
	local name
	for name in pristine hello; do
		"$ocismith" -q -C "$BATS_FILE_TMPDIR/$name" --store "$BATS_FILE_TMPDIR/store" --format json build >built.json
		named built.json >"$BATS_FILE_TMPDIR/$name.golden"
	done
}

setup() {
	outside=''
	confine=${OCISMITH_BUILD:-$BATS_TEST_DIRNAME/../../out}/tests/confine
	confined=("$confine")
	# what looks for leaks would trace the process
	export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
	use_fleet
}

teardown() {
	[ -z "$outside" ] || {
		chmod -R u+w "$outside"
		rm -rf "$outside"
	}
}

confined() { "${confined[@]}" "$ocismith" --progress none -C "$fleet" --store "$store" "$@"; }

# session GOLDEN: every command on $fleet, confined; the lock is the one that is there, the images are GOLDEN's
session() {
	local image
	cp "$fleet/build-lock.json" before
	rm "$fleet/build-lock.json"
	confined -q lock
	cmp "$fleet/build-lock.json" before
	confined check
	confined --format json build >built.json
	named built.json | diff "$1" -
	check_blobs "$store"
	image=$(head -n 1 "$1" | cut -d' ' -f1)
	confined build -o "oci:$PWD/out"
	[ -s out/index.json ]
	confined units --output "$PWD/units"
	[ -n "$(find units -name '*.container')" ]
	confined images | grep -F "${image%:*}"
	confined inspect "$image" >inspected
	confined history "$image" | grep 'ocismith venv'
	confined ls -l "$image" | grep 'etc/passwd'
	rm -rf out units
}

@test "the filter bites, and does so only when it is asked for" {
	local name free=(thread fork execve execveat socket) names=(fork clone clone3 unshare setns mount fsopen
		pivot_root chroot ptrace execve execveat socket chown mknod)
	"$confine" --probe >all
	for name in "${free[@]}"; do grep -x "$name allowed" all; done
	"$confine" "$confine" --probe >all
	for name in "${names[@]}"; do grep -x "$name refused" all; done
	grep -x 'thread allowed' all
	grep -x 'openat2 allowed' all
	"$confine" --old "$confine" --probe | grep -x 'openat2 refused'
	run "$confine" --kill "$confine" --probe
	[ "$status" -eq 159 ]
	[ "$output" = 'thread allowed' ]
	run "$confine" /bin/sh -c 'echo it runs; /bin/true'
	[ "$status" -eq 2 ] || [ "$status" -eq 126 ] || [ "$status" -eq 254 ]
	[[ $output == 'it runs'* ]]
}

@test "the whole session works confined" { session "$BATS_FILE_TMPDIR/pristine.golden"; }

@test "nothing that is refused is even tried" {
	confined=("$confine" --kill)
	session "$BATS_FILE_TMPDIR/pristine.golden"
}

@test "it works where the container runtime knows no young system calls" {
	confined=("$confine" --old)
	session "$BATS_FILE_TMPDIR/pristine.golden"
}

@test "archives are written confined, in each compression" {
	local kind
	confined=("$confine" --kill)
	for kind in splice zstd gzip; do
		confined -q build Web --compression $kind -o "oci-archive:$PWD/$kind.oci" -o "docker-archive:$PWD/$kind.docker"
		tar -tf $kind.oci | grep -x index.json
		tar -tf $kind.docker | grep -x manifest.json
	done
	# an archive is read confined, too; its image has a user already
	printf 'family: base\nfrom: "oci-archive:%s"\n' "$PWD/zstd.oci" | fleet_file families.d/base.yaml
	confined -q lock
}

@test "the real fleet works confined" {
	confined=("$confine" --kill)
	fleet=$BATS_TEST_TMPDIR/hello
	cp -r "$BATS_FILE_TMPDIR/hello" "$fleet"
	session "$BATS_FILE_TMPDIR/hello.golden"
}

@test "as a user that no database knows, without capabilities, home or subordinate ids, on a read-only fleet" {
	[ "$(id -u)" = 0 ] || skip "needs root, to become somebody else"
	outside=$(mktemp -d)
	chmod 755 "$outside"
	cp "$ocismith" "$confine" "$outside"
	cp -r "$BATS_FILE_TMPDIR/hello" "$outside/fleet"
	chmod -R a-w "$outside/fleet"
	install -d -m 700 -o 54321 -g 54321 "$outside/own"
	cd "$outside/own"
	fleet=$outside/fleet store=$outside/own/store ocismith=$outside/ocismith
	confined=(setpriv --reuid 54321 --regid 54321 --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs
		env -i "ASAN_OPTIONS=$ASAN_OPTIONS" "$outside/confine" --kill)
	confined lock --check
	confined --format json build >built.json
	named built.json | diff "$BATS_FILE_TMPDIR/hello.golden" -
	confined units --output "$outside/own/units"
	[ -n "$(find units -name '*.container')" ]
	# nothing new has to be written, and what has cannot be
	confined lock --update
	rm "$fleet/build-lock.json"
	run confined lock
	[ "$status" -eq 1 ]
	[[ $output == *"build-lock.json"*"ermission denied"* ]]
}
