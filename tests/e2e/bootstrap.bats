#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A base out of Debian packages alone against the one that mmdebstrap makes as root, and made again after it was lost.
# Packages installed with another clock. As root, with the network. Debian packages: mmdebstrap, gpgv, umoci,
# debian-archive-keyring, make-base's.
# shellcheck disable=SC2154  # $top is of lib.bash
bats_require_minimum_version 1.5.0

# bootstrap SUITE PACKAGES [OPTION...]: $work/SUITE has a fleet, its lock and store, and mmdebstrap's root
bootstrap() {
	local here=$work/$1 mirror
	mkdir -p "$here/fleet/families.d"
	[ -e "$here/fleet/fleet.yaml" ] || echo 'fleet: boot' >"$here/fleet/fleet.yaml"
	printf 'family: base\nfrom: {debian: {suite: %s, packages: [%s]}}\n' "$1" "$2" >"$here/fleet/families.d/base.yaml"
	mmdebstrap --quiet --mode=root --variant=minbase "${@:3}" "$1" "$here/root" http://deb.debian.org/debian 3>&- &
	mirror=$!
	smith_in "$1" lock
	wait "$mirror"
}

setup_file() {
	load lib
	is_root || return 0
	export work=$BATS_FILE_TMPDIR
	# a service with bytecode, of the interpreter that its base has
	mkdir -p "$work"/trixie/fleet/{app,wheels}
	PYTHONPATH=$top/tests/tools PYTHONDONTWRITEBYTECODE=1 python3 "$top/tests/tools/tiny-wheels.py" "$work/trixie/fleet/wheels"
	printf 'print("a")\n' >"$work/trixie/fleet/app/a.py"
	cat >"$work/trixie/fleet/fleet.yaml" <<-'END'
		fleet: boot
		registry: localhost
		tag: test
		bytecode: unchecked-hash
		wheels: {find_links: [wheels]}
		services:
		  A: {family: base, app: {script: app/a.py, files: [app]}, pip: [alpha==1.0]}
	END
	bootstrap bookworm ''
	bootstrap trixie python3 --include=python3
}

setup() {
	load lib
	need_root
}

# smith_in SUITE ARGS...
smith_in() { "$OCISMITH" --progress none -C "$work/$1/fleet" --store "$work/$1/store" "${@:2}"; }

# base SUITE: the digest of its manifest
base() {
	python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["bases"][0]["digest"])' "$work/$1/fleet/build-lock.json"
}

# layer SUITE: the file name of its layer's blob
layer() {
	python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["layers"][0]["digest"][7:])' \
		"$work/$1/store/oci/blobs/sha256/$(base "$1" | cut -c8-)"
}

may_differ=(
	'dev/*'            # the engine's own is mounted over it
	etc/hostname       # of the machine that made it
	etc/resolv.conf    # of the machine that made it
	etc/fstab          # mmdebstrap's own text, "unconfigured"
	etc/shadow         # the day when it was made: ours is the epoch (the test after next)
	var/lib/apt/extended_states        # what apt installed automatically: there was no apt
	var/lib/dpkg/arch                  # mmdebstrap names the only architecture
	var/lib/dpkg/available             # empty, dpkg wants it to be there
	'var/lib/apt/lists/partial'        # belongs to _apt when apt has run
	'var/cache/apt/archives/partial'   # belongs to _apt when apt has run
	# left out by rule (docs/debs.md): locks, and the state before the last change
	etc/.pwd.lock etc/passwd- etc/group- 'var/lib/dpkg/*-old' 'var/cache/debconf/*-old' var/lib/dpkg/lock
	var/lib/dpkg/lock-frontend var/lib/dpkg/triggers/Lock var/lib/apt/lists/lock var/cache/apt/archives/lock
)

# same_tree SUITE [PATTERN...]: its base is mmdebstrap's root but for these and $may_differ
same_tree() {
	python3 "$top/tests/tools/same-root.py" "$work/$1/store/oci" "$(base "$1")" "$work/$1/root" "${may_differ[@]}" "${@:2}"
}

@test "the tree is that of mmdebstrap as root" {
	# the same lines, in the order in which packages were configured (the test after next)
	same_tree bookworm etc/shells
}

@test "another suite, with packages: the tree is that of mmdebstrap as root" {
	# of the time of their source there, of its hash here (docs/debs.md)
	same_tree trixie '*.pyc'
}

@test "shells are the same, and passwords but for their day" {
	for suite in bookworm trixie; do
		mkdir "$work/$suite/ours"
		tar -xzf "$work/$suite/store/oci/blobs/sha256/$(layer "$suite")" -C "$work/$suite/ours" etc/shells etc/shadow
		cmp <(sort "$work/$suite/ours/etc/shells") <(sort "$work/$suite/root/etc/shells")
		cmp <(cut -d: -f1-2,4- "$work/$suite/ours/etc/shadow") <(cut -d: -f1-2,4- "$work/$suite/root/etc/shadow")
		[ "$(cut -d: -f3 "$work/$suite/ours/etc/shadow" | sort -u)" = 3652 ]
	done
}

@test "bytecode is that of the base's own interpreter" {
	smith_in trixie build
	python3 - "$work/trixie/store/oci" localhost/a:test <<-'END'
		import io, json, sys, tarfile
		oci, name = sys.argv[1:]
		blob = lambda digest: oci + '/blobs/' + digest.replace(':', '/')
		index = json.load(open(oci + '/index.json'))
		image, = (m for m in index['manifests'] if m.get('annotations', {}).get('org.opencontainers.image.ref.name') == name)
		found = {}
		for layer in json.load(open(blob(image['digest'])))['layers'][1:]:
		    with tarfile.open(blob(layer['digest'])) as tar:
		        found.update((m.name, tar.extractfile(m).read()[:8]) for m in tar if m.name.endswith('.pyc'))
		print(found)
		assert any('/site-packages/' in path for path in found) and 'app/app/__pycache__/a.cpython-313.pyc' in found
		# CPython 3.13's magic number; a hash that is not checked (PEP 552)
		assert all('.cpython-313.' in path and head == bytes.fromhex('f30d0d0a01000000') for path, head in found.items())
	END
}

@test "a base that the store has lost is made again, to the locked digest" {
	blobs=$work/bookworm/store/oci/blobs/sha256
	manifest=$blobs/$(base bookworm | cut -c8-) layer=$(layer bookworm)
	rm -f "$manifest" "$blobs/$layer"
	smith_in bookworm build base
	[ "$(sha256sum <"$manifest" | cut -d' ' -f1)" = "$(base bookworm | cut -c8-)" ]
	[ "$(sha256sum <"$blobs/$layer" | cut -d' ' -f1)" = "$layer" ]
}

@test "what init writes into an empty directory is checked, locked, built and healthy at once" {
	mkdir -p "$work/new/fleet"
	# without attributes, which owners and modes are: what was unpacked is unpacked again
	cp -r "$work/bookworm/store" "$work/new/store"
	(cd "$work/new/fleet" && "$OCISMITH" init)
	smith_in new check
	smith_in new lock
	smith_in new check --strict
	smith_in new build
	smith_in new smoke
}

# clocked NAME SHIFT: a fleet on the base with libfaketime in each process, by SHIFT; prints the digest of the layer of
# packages and what a step's clock says. The bases differ in the shift alone.
clocked() {
	local here=$work/$1
	mkdir -p "$here/families.d" "$here/add/etc" "$here/add/usr/lib"
	"$top/tests/tools/make-base" --debs "$here/base" >&2
	cp "$work"/faketime/usr/lib/*/faketime/libfaketimeMT.so.1 "$here/add/usr/lib"
	echo /usr/lib/libfaketimeMT.so.1 >"$here/add/etc/ld.so.preload"
	echo "$2" >"$here/add/etc/faketimerc"
	tar --owner 0 --group 0 -C "$here/add" -cf "$here/add.tar" etc usr
	umoci raw add-layer --image "$here/base:debian-python:12" "$here/add.tar" >&2
	echo 'fleet: clock' >"$here/fleet.yaml"
	cat >"$here/families.d/all.yaml" <<-'END'
		family: all
		from: oci:base
		apt:
		  packages: [cron, dbus, man-db, ssl-cert, fontconfig]
		  sources:
		    uri: http://deb.debian.org/debian
		    suite: bookworm
		    keyring: /usr/share/keyrings/debian-archive-keyring.gpg
		run:
		- {name: clock, script: "mkdir /opt/now && date +%s >/opt/now/seconds", outputs: [/opt/now]}
	END
	"$OCISMITH" --progress none -C "$here" --store "$here/store" lock >&2
	"$OCISMITH" --progress none -C "$here" --store "$here/store" build all --format json >"$here/out.json"
	python3 - "$here/store/oci" "$here/out.json" <<-'END'
		import json, sys, tarfile
		oci, out = sys.argv[1:]
		blob = lambda digest: oci + '/blobs/' + digest.replace(':', '/')
		for layer in json.load(open(blob(json.load(open(out))['images'][0]['manifest'])))['layers']:
		    tar = tarfile.open(blob(layer['digest']))
		    if 'usr/sbin/cron' in tar.getnames():
		        print(layer['digest'])
		    elif 'opt/now/seconds' in tar.getnames():
		        print(tar.extractfile('opt/now/seconds').read().decode().strip())
	END
}

@test "packages installed a week apart by the clock are the same layer" {
	mkdir "$work/faketime"
	(cd "$work" && apt-get download -q libfaketime)
	dpkg-deb -x "$work"/libfaketime_*.deb "$work/faketime"
	clocked today +0 >"$work/today.txt"
	clocked later +8d >"$work/later.txt"
	{ read -r layer && read -r before; } <"$work/today.txt"
	{ read -r again && read -r now; } <"$work/later.txt"
	[ $((now - before)) -gt $((7 * 86400)) ]
	[ "$layer" = "$again" ]
}
