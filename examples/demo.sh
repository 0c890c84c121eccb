#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# demo.sh [DIR]: examples/hello as real images, in DIR (default: demo/ of the checkout).
#
# Makes a Debian 12 base image and about twenty wheels out of Debian's packages, then runs ocismith as its
# user would: lock, build, units, images. OCISMITH names the binary (default: ocismith of $PATH). Needs root
# for nothing but installing packages that are missing. DEMO_BASE=debs makes root's base as a user's.
set -euo pipefail
top=$(dirname "$(dirname "$(realpath "$0")")")
dir=$(realpath -m "${1:-$top/demo}")
ocismith=${OCISMITH:-ocismith}
export OCISMITH_STORE=$dir/store

tools=(python3 dpkg apt patchelf binutils util-linux debian-archive-keyring)
base=(--debs)
if [ "$(id -u)" = 0 ] && [ "${DEMO_BASE:-}" != debs ]; then
	tools+=(mmdebstrap)
	base=()
fi
"$top/tests/tools/install-deps" "${tools[@]}"
command -v "$ocismith" >/dev/null || {
	echo "demo: no '$ocismith'; run 'make' first, or set OCISMITH" >&2
	exit 1
}

say() { printf '\n$ ocismith %s\n' "$*"; }
seconds() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", (b - a) / 1e9 }'; }
run() { # what it took goes to the variable $took
	local before
	say "$@"
	before=$(date +%s%N)
	"$ocismith" "$@"
	took=$(seconds "$before" "$(date +%s%N)")
}

mkdir -p "$dir"
cp -r "$top/examples/hello/." "$dir/"
"$top/tests/tools/make-base" "${base[@]}" "$dir/base"
"$top/tests/tools/make-wheelhouse" --set demo "$dir/wheels"

cd "$dir"
rm -rf store build-lock.json units
run lock
lock_took=$took
run build
cold_took=$took
run build
again_took=$took
run units --output units
run images

echo
python3 "$top/examples/summary.py" "$dir/store/oci"
cat <<TEXT
lock ${lock_took} s, first build ${cold_took} s, nothing to do ${again_took} s

To run it with podman (5.0 or newer; a rootless user with subordinate ids):
  export OCISMITH_STORE=$OCISMITH_STORE
  $ocismith -C $dir build HelloWeb --output oci-archive:$dir/hello-web.tar
  podman load -i $dir/hello-web.tar
  podman run --rm -p 8080:8080 --read-only localhost/hello-web:demo    # then: curl localhost:8080/health
The units for systemd are in $dir/units/HOST: copy that directory to ~/.config/containers/systemd, and enable what is
in its systemd/ (ocismith-units(1)).
TEXT
