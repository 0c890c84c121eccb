# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154  # $tools and $ocismith are of lib.bash
# real.bash: for judges over whole builds; `load real` after `load lib`. The real fleet is examples/hello on a
# real Debian and real wheels.
#
#   make_hello DIR [ARCH]   in setup_file: the fleet DIR, locked; what it is made of is downloaded once and kept
#   named JSON [WORD...]    a line for each image in build's JSON: the words, its name and its manifest's digest

make_hello() {
	local arch=${2:-amd64}
	mkdir -p "$1"
	cp -r "$tools/../../examples/hello/." "$1/"
	"$tools/make-base" --debs --arch "$arch" "$1/base" >&2
	"$tools/make-wheelhouse" --set demo --arch "$arch" "$1/wheels" >&2
	printf 'platform: linux/%s\n' "$arch" >>"$1/fleet.yaml"
	"$ocismith" -q -C "$1" --store "$1.store" lock >/dev/null
}

named() {
	python3 -c '
import json, sys
for image in json.load(open(sys.argv[1]))["images"]:
    print(*sys.argv[2:], image["name"], image["manifest"])' "$@"
}
