#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# An extension in C, by setuptools and a compiler that is in no image.
# Debian packages: bats, gnupg, dpkg-dev, python3, python3-pip-whl, and make-base's and make-wheelhouse's.

# shellcheck disable=SC2030,SC2031,SC2154  # variables of lib.bash
bats_require_minimum_version 1.5.0
load ../cli/lib
load ../cli/pip
load ../cli/apt

setup_file() { need_pip; }

setup() {
	use_pip
	"$tools/make-wheelhouse" --set backends "$BATS_TEST_TMPDIR/made" >&2
	PYTHONDONTWRITEBYTECODE=1 python3 "$tools/backend-sdists.py" "$BATS_TEST_TMPDIR/made" "$fleet/wheels"
	cp "$BATS_TEST_TMPDIR"/made/*.whl "$fleet/wheels"
}

teardown() { unserve; }
teardown_file() { drop_pip; }

# app LINE...: what the service's program does
app() { printf '%s\n' "$@" >"$fleet/app/x.py"; }

# a signed archive of Debian's own compiler, with all that it needs
serve_compiler() {
	export keys=$BATS_FILE_TMPDIR/keys archive=$BATS_FILE_TMPDIR/archive
	mkdir -m 700 "$keys"
	mkdir -p "$archive/pool"
	make_key "$keys"
	cp "$keys/public.gpg" "$fleet/debian.gpg"
	(
		# shellcheck source=tests/tools/debs.sh
		. "$tools/debs.sh"
		debs_setup amd64
		debs_fetch "$archive/list" gcc libc6-dev libpython3-dev python3
	) 3>&- >&2
	xargs cp -t "$archive/pool" <"$archive/list"
	publish
	serve
}

@test "an extension in C is built where the compiler is, which is in no image" {
	serve_compiler
	printf 'family: compiler\nfrom: "oci:%s:debian-python:12"\napt:\n  packages: [gcc, libc6-dev, libpython3-dev]\n  sources: {uri: "%s", suite: stable, keyring: debian.gpg}\n' \
		"$base" "$mirror" >"$fleet/families.d/compiler.yaml"
	app 'import os, of_c' 'assert of_c.add(40, 2) == 42' \
		'assert not [p for p in ("/usr/bin/gcc", "/usr/bin/ld", "/usr/include/python3.11") if os.path.exists(p)]'
	service '{requirements: [of-c], builder: compiler}'
	locks '' of-c==1.0
	[[ $(<"$fleet/build-lock.json") == *'"file": "of_c-1.0-cp311-cp311-linux_x86_64.whl"'* ]]
	smith build S
	[ "$status" -eq 0 ]
	smith history localhost/t/s:latest
	[[ $output == *"wheel of-c 1.0"* && $output != *gcc* && $output != *setuptools* ]]
	"$ocismith" -C "$fleet" --store "$store" ls localhost/t/s:latest >files
	grep -q '/of_c.cpython-311-x86_64-linux-gnu.so$' files
	run ! grep -E 'bin/(x86_64-linux-gnu-)?(gcc|cpp|as|ld)(-12)?$|/(cc1|Python\.h|crt1\.o)$' files
	smith smoke S
	[ "$status" -eq 0 ]
	# once more elsewhere, of the same compiler
	cp -r "$fleet" other
	cp -al "$store" other.store
	sha=$(python3 -c 'import json, sys; print(*(w["sha256"] for w in json.load(open(sys.argv[1]))["wheels"] if w["name"] == "of-c"))' \
		"$fleet/build-lock.json")
	grep -rlF of_c-1.0 other.store/cache/steps | xargs rm
	rm other/build-lock.json "$(find other.store/cache/files -name "$sha")"
	fleet=$PWD/other store=$PWD/other.store
	smith lock
	[ "$status" -eq 0 ]
	diff "$BATS_TEST_TMPDIR/fleet/build-lock.json" other/build-lock.json
}
