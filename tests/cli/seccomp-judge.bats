#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Names and numbers of system calls are those of libseccomp's own tool and of the kernel's headers.
# Debian packages: bats, gcc, gcc-aarch64-linux-gnu, libc6-dev-arm64-cross, seccomp.

setup_file() {
	ROOT="$(cd "$BATS_TEST_DIRNAME/../.." && pwd)"
	case "${OCISMITH_BUILD:=out}" in
	/*) ;;
	*) OCISMITH_BUILD="$ROOT/$OCISMITH_BUILD" ;;
	esac
	NAMES=$BATS_FILE_TMPDIR/names
	"$OCISMITH_BUILD/tests/seccomp-names" >"$NAMES"
	export NAMES
}

# headers COMPILER: "NAME NUMBER" of the calls that the kernel's headers have
headers() {
	echo '#include <asm/unistd.h>' | "$1" -E -dM - | sed -n 's/^#define __NR_\([a-z0-9_]*\) \([0-9]*\)$/\1 \2/p' |
		grep -vE '^(syscalls|arch_specific_syscall) ' | sort
}

# compare ARCH COMPILER: no name has two numbers, and most names are known on both sides
compare() {
	local both
	headers "$2" >"$BATS_TEST_TMPDIR/theirs"
	sed -n "s/^$1 //p" "$NAMES" | sort >"$BATS_TEST_TMPDIR/ours"
	both=$(join "$BATS_TEST_TMPDIR/ours" "$BATS_TEST_TMPDIR/theirs" | wc -l)
	echo "$both names on both sides"
	[ "$both" -gt 280 ]
	join "$BATS_TEST_TMPDIR/ours" "$BATS_TEST_TMPDIR/theirs" | awk '$2 != $3 { print; bad = 1 } END { exit bad }'
	# what the headers have and the program does not
	run join -v 2 "$BATS_TEST_TMPDIR/ours" "$BATS_TEST_TMPDIR/theirs"
	echo "$output"
	[ -z "$output" ]
}

@test "amd64: the kernel's headers" {
	[ "$(uname -m)" = x86_64 ] || skip 'the compiler is not of amd64'
	compare amd64 gcc
}

@test "arm64: the kernel's headers" {
	command -v aarch64-linux-gnu-gcc >/dev/null || skip 'gcc-aarch64-linux-gnu is not here'
	compare arm64 aarch64-linux-gnu-gcc
}

# every fourth, for each takes a process, and the headers have all; what the resolver has not heard of is younger than it
@test "scmp_sys_resolver says the same numbers" {
	command -v scmp_sys_resolver >/dev/null || skip 'scmp_sys_resolver is not here (package seccomp)'
	local arch name number said asked=0 wrong=0
	while read -r arch name number; do
		case $arch in
		amd64) said=$(scmp_sys_resolver -a x86_64 "$name") ;;
		arm64) said=$(scmp_sys_resolver -a aarch64 "$name") ;;
		esac
		[ "$said" != -1 ] || continue
		asked=$((asked + 1))
		[ "$said" = "$number" ] || {
			echo "$arch $name: $number, the resolver says $said"
			wrong=1
		}
	done < <(awk 'NR % 4 == 0' "$NAMES")
	echo "$asked asked"
	[ "$asked" -gt 140 ]
	[ "$wrong" -eq 0 ]
}
