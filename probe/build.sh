#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# build.sh ARCHITECTURE OUT CC FLAG... -- SOURCE...: oci-probe for amd64 or arm64, static, the same
# bytes from the same compiler wherever it is built. Where only CC may compile for it and does not,
# OUT is empty: that architecture is then one without a probe. OUT.sha256 is its digest.
set -eu
architecture=$1 out=$2 cc=$3
shift 3
case $architecture in
amd64) machine=x86_64 ;;
arm64) machine=aarch64 ;;
esac

# The distribution's gcc for that machine, else CC when it is for it.
compiler=$machine-linux-gnu-gcc
if ! command -v "$compiler" >/dev/null; then
	compiler=$cc
	case $($cc -dumpmachine) in
	"$machine"-*) ;;
	*) compiler= ;;
	esac
fi
# a cross compiler may lack its C library
if [ "$compiler" ] && [ "$(uname -m)" != "$machine" ]; then
	echo 'int main(void) { return 0; }' |
		$compiler -x c -static-pie -fPIE -o "$out" - 2>/dev/null || compiler=
fi
sources=
for word; do
	shift
	if [ "$sources" ]; then
		sources="$sources $word"
	elif [ "$word" = -- ]; then
		sources=' '
	else
		set -- "$@" "$word"
	fi
done
if [ "$compiler" ]; then
	# shellcheck disable=SC2086  # names without spaces
	$compiler "$@" -o "$out" $sources
else
	: >"$out"
fi
if [ -s "$out" ]; then
	sha256sum <"$out" | cut -d ' ' -f 1 | tr -d '\n' >"$out.sha256"
else
	: >"$out.sha256"
fi
