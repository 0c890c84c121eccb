#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Debian packages of families: resolved by the image's apt, locked, installed in the sandbox.
# shellcheck disable=SC2030,SC2031,SC2154  # a test changes its own variables; $output and $stderr are of bats
bats_require_minimum_version 1.5.0
load lib
load apt

setup_file() {
	need_debian
	make_deb plain 1.0 '' 'Depends: library (>= 1)'
	make_deb library 1:1.2 ''
	make_deb owners 1 'addgroup --system --quiet keepers
		adduser --system --quiet --no-create-home --ingroup keepers keeper
		mkdir /var/lib/keeper && chown keeper:keepers /var/lib/keeper && chmod 2750 /var/lib/keeper
		date >/var/log/owners.log && date >/etc/machine-id && date >/run/now' 'Depends: adduser'
	make_deb broken 1 'echo what it says before
		exit 3'
	make_deb rival 1 '' 'Conflicts: library'
	make_pip
	publish
	warm_store
}

# The package that holds a wheel of pip, with the one of this machine.
make_pip() {
	local wheels=/usr/share/python-wheels root=$BATS_FILE_TMPDIR/pip
	mkdir -p "$root/DEBIAN" "$root$wheels"
	cp "$wheels"/pip-*.whl "$root$wheels"
	printf '%s\n' 'Package: python3-pip-whl' 'Version: 1' 'Architecture: all' 'Maintainer: t <t@example.org>' \
		'Description: pip' >"$root/DEBIAN/control"
	dpkg-deb --root-owner-group -Zgzip -b "$root" "$archive/pool/python3-pip-whl_1_all.deb" >/dev/null
}

# A store that has the base unpacked: $warm.
warm_store() {
	export warm=$BATS_FILE_TMPDIR/warm
	fleet=$BATS_FILE_TMPDIR/fleet store=$warm
	mkdir -p "$fleet/families.d"
	cp "$keys/public.gpg" "$fleet/test.gpg"
	printf 'fleet: debs\n' >"$fleet/fleet.yaml"
	serve
	family plain
	"$ocismith" -q -C "$fleet" --store "$warm" lock
	unserve
	rm -rf "$warm"/cache/{steps,files}
}

setup() {
	fleet=$BATS_TEST_TMPDIR/fleet
	store=$BATS_TEST_TMPDIR/store
	mkdir -p "$fleet/families.d" "$BATS_TEST_TMPDIR/plain"
	cd "$BATS_TEST_TMPDIR/plain" || return
	cp -al "$warm" "$store"
	cp "$keys/public.gpg" "$fleet/test.gpg"
	serve
	printf 'fleet: debs\nplatform: linux/amd64\n' >"$fleet/fleet.yaml"
	family plain
}

teardown() {
	unserve
}

# family PACKAGES [SUITE]
family() {
	fleet_file families.d/base.yaml <<-END
		family: base
		from: oci:$debian
		apt:
		  packages: [$1]
		  sources: {uri: "$mirror", suite: ${2:-stable}, keyring: test.gpg}
	END
}

locked() { python3 -c 'import json, sys; print(*eval(sys.argv[2], {"lock": json.load(open(sys.argv[1]))}), sep="\n")' \
	"$fleet/build-lock.json" "$1"; }

# Lines "PATH MODE UID:GID SIZE" of the layer N of the only image.
layer() {
	python3 - "$store/oci" "$1" <<-'END'
		import json, sys, tarfile
		oci, number = sys.argv[1], int(sys.argv[2])
		blob = lambda descriptor: oci + '/blobs/sha256/' + descriptor['digest'][7:]
		named = [m for m in json.load(open(oci + '/index.json'))['manifests'] if 'debs/base' in str(m.get('annotations'))]
		manifest = json.load(open(blob(named[0])))
		for e in tarfile.open(blob(manifest['layers'][number]), 'r:gz'):
		    print(e.name, oct(e.mode)[2:], f'{e.uid}:{e.gid}', e.size)
	END
}

lacks() {
	layer "$1" >rows
	[ -s rows ]
	run ! grep -E -- "$2" rows
}

@test "what is asked for is locked with all that it needs, and is one layer" {
	smith lock
	[ "$status" -eq 0 ]
	[ "$(locked '[d["file"] for d in lock["debs"]]')" = $'library_1%3a1.2_all.deb\nplain_1.0_all.deb' ]
	[ "$(locked '[d["version"] for d in lock["debs"]]')" = $'1:1.2\n1.0' ]
	[ "$(locked 'lock["families"][0]["debs"]')" = $'library_1%3a1.2_all.deb\nplain_1.0_all.deb' ]
	[[ $(locked 'lock["families"][0]["indexes"]') = "$mirror/dists/stable/InRelease sha256:"* ]]
	for deb in "$archive"/pool/{plain_1.0,library_1:1.2}_all.deb; do
		locked '[d["sha256"] for d in lock["debs"]]' | grep -qx "$(sha256sum <"$deb" | cut -d' ' -f1)"
	done
	smith build base
	[ "$status" -eq 0 ]
	layer 1 | grep -x 'usr/share/plain/version 644 0:0 4'
	layer 1 | grep -x 'usr/share/library/version 644 0:0 6'
	lacks 1 '^(run|tmp|dev|var/log|var/cache/apt|var/lib/apt/lists|usr/sbin/policy-rc.d)/'
	lacks 1 '(-old|lock) '
}

@test "the same lock makes the same image in another store, and no archive is asked" {
	family 'plain, owners'
	smith lock
	[ "$status" -eq 0 ]
	unserve
	smith build base --format json
	[ "$status" -eq 0 ]
	first=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["images"][0]["manifest"])' <<<"$output")
	smith lock
	[[ $output = *unchanged* ]]
	mkdir -p "$store.2/cache"
	cp -r "$store/cache/files" "$store.2/cache/"
	store=$store.2
	sleep 1
	smith build base --format json
	[ "$status" -eq 0 ]
	[[ $output = *"$first"* ]]
}

@test "owners that scripts give are in the layer, and noise is not" {
	family owners
	smith lock
	[ "$status" -eq 0 ]
	smith build base
	[ "$status" -eq 0 ]
	uid=$(locked 'lock["families"][0]["found"]["passwd"]' | awk -F: '$1 == "keeper" { print $3 }')
	gid=$(locked 'lock["families"][0]["found"]["group"]' | awk -F: '$1 == "keepers" { print $3 }')
	[ -n "$uid" ]
	layer 1 | grep -x "var/lib/keeper 2750 $uid:$gid 0"
	layer 1 | grep -x 'etc/machine-id 644 0:0 0'
	layer 1 | grep -x 'var/log/owners.log 644 0:0 0'
	lacks 1 '^run/'
	# users of the packages stay when ours is added
	smith build base
	[ "$status" -eq 0 ]
	[ "$(layer 2 | grep -c '^etc/passwd ')" -eq 1 ]
}

@test "families chain: each has a layer of its own" {
	fleet_file families.d/more.yaml <<<$'family: more\nfrom: base\napt: owners'
	smith lock
	[ "$status" -eq 0 ]
	[ "$(locked '[f["name"] + " " + " ".join(f["debs"]) for f in lock["families"]]')" = \
		$'base library_1%3a1.2_all.deb plain_1.0_all.deb\nmore owners_1_all.deb' ]
	smith build more
	[ "$status" -eq 0 ]
	smith build base
	[[ $output = *'1 layers made, 3 known'* ]]
}

@test "an upgrade in the archive is taken when it is asked for" {
	make_deb growing 1
	publish
	family growing
	smith lock
	make_deb growing 2
	publish
	smith lock
	[[ $output = *unchanged* ]]
	[ "$(locked '[d["version"] for d in lock["debs"]]')" = 1 ]
	# another wish keeps the version that is still there
	family 'growing, plain'
	smith lock
	[ "$(locked '[d["version"] for d in lock["debs"] if d["name"] == "growing"]')" = 1 ]
	smith lock --update=growing
	[ "$status" -eq 0 ]
	[ "$(locked '[d["version"] for d in lock["debs"] if d["name"] == "growing"]')" = 2 ]
	rm "$archive"/pool/growing_*
	publish
}

@test "a changed wish makes the lock stale" {
	smith lock
	family 'plain, owners'
	smith build base
	[ "$status" -eq 4 ]
	[[ $stderr = *"family 'base': apt's 'package owners' was added"* ]]
}

@test "a package that is not there" {
	family 'plian, library'
	smith lock
	[ "$status" -eq 1 ]
	[[ $stderr = *"no package 'plian' in the archives (did you mean 'plain'?)"* ]]
}

@test "packages that exclude each other" {
	family 'plain, rival'
	smith lock
	[ "$status" -eq 1 ]
	[[ $stderr = *library* ]]
}

@test "a script that fails is told with what it said" {
	family broken
	smith lock
	[ "$status" -eq 1 ]
	[[ $stderr = *'what it says before'*'broken'*'exit status 3'* ]]
	[ ! -e "$fleet/build-lock.json" ]
	[ -z "$(ls "$store/cache/work" 2>/dev/null)" ]
	[ -z "$(find "$store/cache" -maxdepth 1 -name 'apt-*')" ]
}

@test "an archive whose signature is another's" {
	mkdir -m 700 "$BATS_TEST_TMPDIR/other"
	make_key "$BATS_TEST_TMPDIR/other"
	cp "$BATS_TEST_TMPDIR/other/public.gpg" "$fleet/test.gpg"
	smith lock
	[ "$status" -eq 5 ]
	[[ $stderr = *NO_PUBKEY* ]]
}

@test "an archive without a signature" {
	publish unsigned
	rm "$archive/dists/unsigned/InRelease"
	family plain unsigned
	smith lock
	[ "$status" -eq 5 ]
	[[ $stderr = *'not signed'* ]]
}

@test "an archive of yesterday is refused, unless it is a snapshot" {
	valid='Thu, 08 Jan 2026 00:00:00 UTC' publish old
	family plain old
	smith lock
	[ "$status" -eq 5 ]
	[[ $stderr = *'expired'* ]]
	sed -i 's/suite: old,/suite: old, snapshot: 20260102T000000Z,/' "$fleet/families.d/base.yaml"
	smith lock
	[ "$status" -eq 0 ]
	grep -q "\"url\": \"$mirror/pool/plain_1.0_all.deb\"" "$fleet/build-lock.json"
}

@test "the same of a base that is made of nothing else" {
	valid='Thu, 08 Jan 2026 00:00:00 UTC' publish old
	printf 'family: base\nfrom: {debian: {suite: old, mirror: "%s", keyring: test.gpg, packages: [nothing]}}\n' "$mirror" \
		>"$fleet/families.d/base.yaml"
	smith lock
	[ "$status" -eq 5 ]
	[[ $stderr = *"'old' expired at 'Thu, 08 Jan 2026 00:00:00 UTC'"* ]]
	sed -i 's/suite: old,/suite: old, snapshot: 20260102T000000Z,/' "$fleet/families.d/base.yaml"
	smith lock
	[ "$status" -ne 0 ]
	[[ $stderr = *"no package"* ]]
	valid='Thursday' publish odd
	sed -i 's/suite: old, snapshot: 20260102T000000Z,/suite: odd,/' "$fleet/families.d/base.yaml"
	smith lock
	[ "$status" -eq 5 ]
	[[ $stderr = *"'Thursday', which is no date"* ]]
}

@test "an index that is not the signed one" {
	publish changed
	echo >>"$archive/dists/changed/main/binary-amd64/Packages"
	family plain changed
	smith lock
	[ "$status" -eq 5 ]
}

@test "a package that is not the locked one" {
	smith lock
	rm -rf "$store"
	printf x >>"$archive/pool/plain_1.0_all.deb"
	smith build base
	[ "$status" -eq 5 ]
	[[ $stderr = *"package 'plain_1.0_all.deb'"*'expected'* ]]
	rm "$archive/pool/plain_1.0_all.deb"
	smith build base
	[ "$status" -eq 1 ]
	[[ $stderr = *"package 'plain_1.0_all.deb'"*404* ]]
	make_deb plain 1.0 '' 'Depends: library (>= 1)'
	smith build base
	[ "$status" -eq 0 ]
}

@test "nothing but packages gets into apt's command line and configuration" {
	for bad in '-o=Dir::Bin::dpkg=/bin/sh' 'plain-' '"plain;x"' '"plain x"' 'http://x/y.deb' ../plain.deb; do
		family "$bad"
		smith lock
		[ "$status" -eq 3 ]
		[[ $stderr = *'is no Debian package'* ]]
	done
	for bad in 'Acquire::AllowInsecureRepositories: true' 'DPkg::Pre-Invoke: x' 'Dir::Bin::dpkg: x' 'A::B: "x\";"'; do
		fleet_file families.d/base.yaml <<<"{family: base, from: 'oci:$debian', apt: {packages: plain, options: {$bad}}}"
		smith lock
		[ "$status" -eq 3 ]
	done
}

@test "a base without apt" {
	python3 "$tools/tiny-base.py" "$fleet/tiny"
	fleet_file families.d/base.yaml <<<'{family: base, from: "oci:tiny", apt: plain}'
	smith lock
	[ "$status" -eq 1 ]
	[[ $stderr = *"no '/usr/bin/apt-get'"* ]]
}

@test "a base without pip takes that of its suite, which stays out of the image" {
	mkdir -p "$fleet/wheels" "$fleet/app"
	PYTHONPATH=$tools PYTHONDONTWRITEBYTECODE=1 python3 "$tools/pip-packages.py" "$fleet/wheels" a==1 sdist:src==1 helper==1
	echo 'print()' >"$fleet/app/x.py"
	printf 'wheels: {find_links: [wheels]}\nservices:\n  s: {family: base, pip: [a, src], app: {script: app/x.py, files: [app]}}\n' \
		>>"$fleet/fleet.yaml"
	smith lock
	[ "$status" -eq 0 ]
	locked '[w["name"] for w in lock["wheels"]]' | grep -x src
	url=$(locked '[w["url"] for w in lock["wheels"] if w["name"] == "pip"]')
	sha=$(sha256sum <"$archive/pool/python3-pip-whl_1_all.deb" | cut -d' ' -f1)
	[[ $url = "$mirror/pool/python3-pip-whl_1_all.deb#deb-sha256=$sha&file=pip-"*.whl ]]
	smith lock
	[[ $status -eq 0 && $output == *unchanged* ]]
	smith build s
	[ "$status" -eq 0 ]
	smith history localhost/debs/s:latest
	[[ $output == *"wheel src 1"* && $output != *"wheel pip"* ]]
	# another store: the package is fetched again, and is what the lock says
	rm -rf "$store/cache/files" "$store/cache/steps"
	smith build s
	[ "$status" -eq 0 ]
}
