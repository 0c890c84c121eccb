#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A base out of Debian packages alone against the one that mmdebstrap makes as root, and made again after it was lost.
# Packages installed with another clock. As root, with the network. Debian packages: mmdebstrap, gpgv, umoci,
# debian-archive-keyring, make-base's.
# shellcheck disable=SC2154  # $top is of lib.bash
bats_require_minimum_version 1.5.0

setup_file() {
	load lib
	is_root || return 0
	export work=$BATS_FILE_TMPDIR
	mkdir -p "$work/fleet/families.d"
	echo 'fleet: boot' >"$work/fleet/fleet.yaml"
	printf 'family: base\nfrom: {debian: {suite: bookworm}}\n' >"$work/fleet/families.d/base.yaml"
	smith_in lock
	mmdebstrap --quiet --mode=root --variant=minbase bookworm "$work/root" http://deb.debian.org/debian
}

setup() {
	load lib
	need_root
}

smith_in() { "$OCISMITH" --progress none -C "$work/fleet" --store "$work/store" "$@"; }

base() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["bases"][0]["digest"])' "$work/fleet/build-lock.json"; }

@test "the tree is that of mmdebstrap as root" {
	may_differ=(
		'dev/*'            # the engine's own is mounted over it
		etc/hostname       # of the machine that made it
		etc/resolv.conf    # of the machine that made it
		etc/fstab          # mmdebstrap's own text, "unconfigured"
		etc/shells         # the same lines, in the order in which packages were configured (the next test)
		etc/shadow         # the day when it was made: ours is the epoch (the next test)
		var/lib/apt/extended_states        # what apt installed automatically: there was no apt
		var/lib/dpkg/arch                  # mmdebstrap names the only architecture
		var/lib/dpkg/available             # empty, dpkg wants it to be there
		'var/lib/apt/lists/partial'        # belongs to _apt when apt has run
		'var/cache/apt/archives/partial'   # belongs to _apt when apt has run
		# left out by rule (docs/debs.md): locks, and the state before the last change
		etc/.pwd.lock etc/passwd- etc/group- 'var/lib/dpkg/*-old' 'var/cache/debconf/*-old' var/lib/dpkg/lock
		var/lib/dpkg/lock-frontend var/lib/dpkg/triggers/Lock var/lib/apt/lists/lock var/cache/apt/archives/lock
	)
	python3 "$top/tests/tools/same-root.py" "$work/store/oci" "$(base)" "$work/root" "${may_differ[@]}"
}

@test "shells are the same, and passwords but for their day" {
	layer=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["layers"][0]["digest"][7:])' \
		"$work/store/oci/blobs/sha256/$(base | cut -c8-)")
	mkdir "$work/ours"
	tar -xzf "$work/store/oci/blobs/sha256/$layer" -C "$work/ours" etc/shells etc/shadow
	cmp <(sort "$work/ours/etc/shells") <(sort "$work/root/etc/shells")
	cmp <(cut -d: -f1-2,4- "$work/ours/etc/shadow") <(cut -d: -f1-2,4- "$work/root/etc/shadow")
	[ "$(cut -d: -f3 "$work/ours/etc/shadow" | sort -u)" = 3652 ]
}

@test "a base that the store has lost is made again, to the locked digest" {
	manifest=$work/store/oci/blobs/sha256/$(base | cut -c8-)
	layer=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["layers"][0]["digest"][7:])' "$manifest")
	rm -f "$manifest" "$work/store/oci/blobs/sha256/$layer"
	smith_in build base
	[ "$(sha256sum <"$manifest" | cut -d' ' -f1)" = "$(base | cut -c8-)" ]
	[ "$(sha256sum <"$work/store/oci/blobs/sha256/$layer" | cut -d' ' -f1)" = "$layer" ]
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
