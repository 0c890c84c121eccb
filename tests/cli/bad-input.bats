#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Bad input: each gets its exit status and one clear sentence, leaves nothing behind, and the store intact.
# shellcheck disable=SC2154  # lib's variables

bats_require_minimum_version 1.5.0
load lib

setup_file() { make_pristine; }
setup() { use_fleet; }

bad_wheel() { PYTHONPATH=$tools PYTHONDONTWRITEBYTECODE=1 python3 -W ignore "$tools/bad-wheel.py" "$@"; }

# edit FILE SED-EXPRESSION, which has to change something
edit() {
	cp "$fleet/$1" "$plain/.before"
	sed -i "$2" "$fleet/$1"
	if cmp -s "$fleet/$1" "$plain/.before"; then return 1; fi
	rm "$plain/.before"
}

# change one bit in the middle of a file, in a new file: the store may have linked the old one
flip() {
	python3 - "$1" <<-'END'
		import os, sys
		data = bytearray(open(sys.argv[1], 'rb').read())
		data[len(data) // 2] ^= 4
		os.unlink(sys.argv[1])
		open(sys.argv[1], 'wb').write(data)
	END
}

# cut FILE BYTES: shortens it, in a new file
cut_to() {
	head -c "$2" "$1" >"$1.part"
	mv -f "$1.part" "$1"
}

# base_blob KIND: the file of the base's manifest, config or layer
base_blob() {
	python3 - "$fleet/base" "$1" <<-'END'
		import json, sys
		base, kind = sys.argv[1:]
		path = lambda d: base + '/blobs/sha256/' + d['digest'][7:]
		manifest = json.load(open(base + '/index.json'))['manifests'][0]
		content = json.load(open(path(manifest)))
		print(path({'manifest': manifest, 'config': content['config'], 'layer': content['layers'][0]}[kind]))
	END
}

@test "the tiny fleet builds, and again without writing" {
	intact
	before=$(find "$store" -printf '%p %C@\n' | sort)
	intact
	[ "$(find "$store" -printf '%p %C@\n' | sort)" = "$before" ]
	relock
	[[ $output == *unchanged* ]]
}

# --- the fleet's documents

@test "misspelt keys are told with their place and the nearest key" {
	edit fleet.yaml 's/^registry:/regstry:/'
	findings "fleet.yaml:2:1: error: *'regstry'*did you mean 'registry'" build
	edit fleet.yaml 's/^regstry:/registry:/; s/{script: app.worker.py/{scirpt: app\/worker.py/'
	findings "fleet.yaml:*:11: error: *'scirpt'*did you mean 'script'" build
	edit fleet.yaml 's/scirpt/script/'
	edit families.d/family-web.yaml 's/^pip/pipp/'
	findings "families.d/family-web.yaml:3:1: error: *'pipp'*did you mean 'pip'" lock
	smith check
	[ "$status" -eq 3 ]
	[[ $output == *"families.d/family-web.yaml:3:1: error: "*"'pipp'"* ]]
}

@test "all findings are told, not the first" {
	edit fleet.yaml 's/^registry:/regstry:/; s/^tag:/tga:/; s/family: family-web/family: family-wbe/'
	findings "'family-wbe'*did you mean 'family-web'" build
	[[ $stderr == *"'regstry'"*"'tga'"*"'family-wbe'"* ]]
}

@test "values of the wrong type or range" {
	edit fleet.yaml 's/ports: {service: 8080}/ports: {service: 80800}/'
	findings "port 'service' of service 'Web' must be from 1 to 65535" build
	edit fleet.yaml 's/ports: {service: 80800}/ports: [1, 2]/'
	findings "'ports' of service 'Web' must be a map" build
	edit fleet.yaml 's/ports: .*/health: {tcp: perhaps, port: service}/'
	findings "'tcp' in health must be true or false" build
	edit fleet.yaml 's/health: .*//; s/services: \[Web, Worker\]/services: 7/'
	findings "services*list" build
	edit fleet.yaml 's/services: 7/services: [Web, Nobody]/'
	findings "'Nobody', which is no service" build
	edit fleet.yaml 's/services: \[Web, Nobody\]/services: [Web]/; s/^platform: .*/platform: windows\/amd64/'
	findings "platform 'windows/amd64' is not one of Linux" build
}

@test "documents that are no YAML" {
	echo 'fleet: [tiny' >"$fleet/fleet.yaml"
	refused 1 "fleet.yaml:*:*: *" build
	printf 'fleet: tiny\nfleet: again\n' >"$fleet/fleet.yaml"
	findings "fleet.yaml:2:1: error: *'fleet'*" build
	printf 'fleet: \xff\xfe\n' >"$fleet/fleet.yaml"
	refused 1 "fleet.yaml:*" build
	printf 'fleet: a\0b\n' >"$fleet/fleet.yaml"
	refused 1 "fleet.yaml:*" build
	cp "$pristine/fleet.yaml" "$fleet/fleet.yaml"
	printf 'family: family-web\nfrom: {base\n' >"$fleet/families.d/family-web.yaml"
	findings "families.d/family-web.yaml:*" build
}

@test "aliases that multiply" {
	{
		echo 'a0: &a0 [x, x, x, x, x, x, x, x, x, x]'
		for i in 1 2 3 4 5 6 7 8 9; do
			echo "a$i: &a$i [$(printf "*a$((i - 1)), %.0s" 1 2 3 4 5 6 7 8 9)*a$((i - 1))]"
		done
	} >"$fleet/fleet.yaml"
	refused 1 "fleet.yaml:6:*too many values" build
}

@test "a missing, an empty and an enormous fleet" {
	mv "$fleet/fleet.yaml" "$plain/saved.yaml"
	refused 1 "no 'fleet.yaml' in '*' or any directory above it" build
	for text in '' '# nothing' '---' '[]' 'fleet'; do
		echo "$text" >"$fleet/fleet.yaml"
		findings "fleet.yaml:*:1: error: fleet must be a map, got" build
	done
	echo 'fleet: tiny' >"$fleet/fleet.yaml"
	rm "$fleet"/families.d/*
	rm "$fleet/build-lock.json"
	refused 4 "build-lock.json" build
	relock
	refused 1 "fleet 'tiny' has no service to build" build
	truncate -s 1G "$fleet/fleet.yaml"
	refused 1 "'fleet.yaml' is larger than" build
	rm "$fleet/fleet.yaml"
	mkdir "$fleet/fleet.yaml"
	refused 1 "'fleet.yaml'*directory" build
}

@test "-C that leads nowhere, wrong options and targets" {
	fleet=$fleet/nowhere refused 1 "cannot change to directory '*/nowhere': No such file" build
	fleet=$fleet/fleet.yaml refused 1 "Not a directory" build
	refused 2 "unknown option '--outptu' (did you mean '--output'?)" build --outptu oci:x
	refused 2 "compression" build --compression lz4
	refused 2 "jobs" -j many build
	refused 2 "'Wbe' is no service, group, family or @host of the fleet (did you mean 'Web'?)" build Wbe
	refused 2 "no host 'two'" build @two
	refused 2 "'x.tar' is no output" build --output x.tar
	refused 2 "an archive holds one image, the targets make 2" build --output oci-archive:x.tar
	refused 2 "one name for 2 images" build --output oci:x:name
}

@test "options that would do nothing" {
	refused 2 "option '--of' means nothing without '--export'" lock --of Web
	refused 2 "options '--check' and '--export' exclude each other" lock --export wheels.txt --check
	refused 2 "options '--update' and '--export' exclude each other" lock --update=alpha --export wheels.txt
	refused 2 "option '--system' means nothing without '--here'" units --system
	refused 2 "option '--system' means nothing without '--host'" doctor --system
	refused 2 "options '--with-needs' and '--families' exclude each other" smoke --families --with-needs
	refused 2 "options '--config' and '--raw' exclude each other" inspect --raw --config localhost/web:test
	refused 2 "options '--explain' and '--rules' exclude each other" check --rules --explain port-duplicate
	refused 2 "'--rules' takes no FILE, got 'app'" check --rules app
	refused 2 "'--explain' takes no FILE, got 'app'" check --explain port-duplicate app
}

@test "an image that the store does not have is looked for in the store" {
	refused 1 "no image 'web' in '$store/oci'" inspect web
	refused 1 "no image 'localhost/wbe:test' in '$store/oci' (did you mean 'localhost/web:test'?)" history localhost/wbe:test
}

@test "SOURCE_DATE_EPOCH that is no time" {
	for value in yesterday -1 1.5 99999999999999999999 ' 1' ''; do
		SOURCE_DATE_EPOCH=$value refused 1 "SOURCE_DATE_EPOCH" build
		SOURCE_DATE_EPOCH=$value refused 1 "SOURCE_DATE_EPOCH" lock
	done
}

# --- the lock

@test "a stale lock says what has changed" {
	edit requirements/worker.txt 's/1.0/1.1/'
	refused 4 "service 'Worker': requirement 'delta==1.1' was added; service 'Worker': requirement 'delta==1.0' was removed; run 'ocismith lock'" build
	cp "$pristine/requirements/worker.txt" "$fleet/requirements/"
	edit families.d/base.yaml 's/tiny:1/tiny:2/'
	refused 4 "family 'base' is now derived from 'oci:base:tiny:2', the lock has 'oci:base:tiny:1'" build
	cp "$pristine/families.d/base.yaml" "$fleet/families.d/"
	edit fleet.yaml 's/^platform:.*/platform: linux\/arm64/'
	refused 4 "the platform is now 'linux/arm64', the lock has 'linux/amd64'" build
	edit fleet.yaml 's/^platform:.*/platform: linux\/amd64/; s/Worker/Slave/'
	refused 4 "service 'Slave' was added; service 'Worker' was removed" build
	rm "$fleet/build-lock.json"
	refused 4 "no 'build-lock.json'*'ocismith lock'" build
}

@test "fabricated hashes and other lies in the lock" {
	for hash in "$(printf '%063d' 0)" "$(printf '%065d' 0)" "$(printf 'G%063d' 0)" '' ../../etc/passwd "$(printf 'A%063d' 0)"; do
		cp "$pristine/build-lock.json" "$fleet/"
		edit build-lock.json "0,/\"sha256\": \"[^\"]*\"/s||\"sha256\": \"$hash\"|"
		refused 1 "build-lock.json: '$hash' of wheel 'alpha-1.0-py3-none-any.whl' is no SHA-256: expected 64 lower-case hex digits" build
	done
	for digest in "sha256:$(printf '%063d' 0)" 'sha256:' '../../etc/passwd' "$(printf '%064d' 0)"; do
		cp "$pristine/build-lock.json" "$fleet/"
		edit build-lock.json "0,/\"digest\": \"[^\"]*\"/s||\"digest\": \"$digest\"|"
		refused 1 "build-lock.json: oci:base:tiny:1: malformed digest, got '$digest'" build
	done
	# of the right form, but of nothing that there is
	cp "$pristine/build-lock.json" "$fleet/"
	edit build-lock.json "0,/\"sha256\": \"[^\"]*\"/s||\"sha256\": \"$(printf '%064d' 0)\"|"
	refused 5 "alpha-1.0-py3-none-any.whl*expected 'sha256:0000*got 'sha256:" build
}

@test "a lock that is cut off, of another version, or has unknown keys" {
	cut_to "$fleet/build-lock.json" 300
	refused 1 "build-lock.json:*" build
	relock
	cmp "$fleet/build-lock.json" "$pristine/build-lock.json"
	edit build-lock.json 's/"lock": 1/"lock": 99/'
	refused 4 "'build-lock.json' has format 99, this version writes 1: run 'ocismith lock'" build
	relock
	edit build-lock.json 's/"platform"/"platfrom"/'
	refused 1 "build-lock.json:*: missing key 'platform' in lock (and 1 more)" build
	cp "$pristine/build-lock.json" "$fleet/"
	edit build-lock.json 's/"libcVersion"/"libcVersoin"/'
	refused 1 "build-lock.json:*:*: *'libcVersoin'*did you mean 'libcVersion'" build
	: >"$fleet/build-lock.json"
	refused 1 "build-lock.json" build
	for text in '[]' '{}' '{"version": 1}'; do
		echo "$text" >"$fleet/build-lock.json"
		refused 4 "'build-lock.json' has format 0" build
	done
	echo '{"lock": 1}' >"$fleet/build-lock.json"
	refused 1 "build-lock.json:1:1: missing key" build
	relock
	edit build-lock.json 's/"delta-1.0-py3-none-any.whl"$/"other-1.0-py3-none-any.whl"/'
	refused 1 "'Worker' uses wheel 'other-1.0-py3-none-any.whl', which it does not describe" build
}

@test "fabricated hashes of requirements" {
	echo "delta==1.0 --hash=sha256:$(printf '%063d' 0)" >"$fleet/requirements/worker.txt"
	findings "requirements/worker.txt:1:*sha256*64" lock
	echo "delta==1.0 --hash=sha256:$(sha256sum </dev/null | cut -c1-64)" >"$fleet/requirements/worker.txt"
	findings "requirements/worker.txt:1:*delta-1.0-py3-none-any.whl' has 'sha256:*not among the 1 hashes" lock
	echo "delta==1.0 --hash=md5:d41d8cd98f00b204e9800998ecf8427e" >"$fleet/requirements/worker.txt"
	findings "requirements/worker.txt:1:*md5" lock
	rm "$fleet/requirements/worker.txt"
	findings "requirements/worker.txt*No such file" lock
}

# --- the base

@test "a base whose digest or size differs from the lock" {
	rm -r "$fleet/base"
	python3 "$tools/tiny-base.py" "$fleet/base" tiny:1 arm64
	refused 1 "base 'oci:base:tiny:1'*linux/amd64*linux/arm64" build
	rm -r "$store"
	refused 1 "base 'oci:base:tiny:1'*linux/amd64*linux/arm64" lock
	rm -r "$fleet/base"
	cp -r "$pristine/base/." "$fleet/base"
	python3 - "$fleet/base" <<-'END'
		# one more history entry: another config, another manifest
		import hashlib, json, sys
		base = sys.argv[1]
		def write(document):
		    data = json.dumps(document).encode()
		    digest = hashlib.sha256(data).hexdigest()
		    open(base + '/blobs/sha256/' + digest, 'wb').write(data)
		    return {'digest': 'sha256:' + digest, 'size': len(data)}
		read = lambda d: json.load(open(base + '/blobs/sha256/' + d['digest'][7:]))
		index = json.load(open(base + '/index.json'))
		entry = next(m for m in index['manifests'] if m['platform']['architecture'] == 'amd64')
		manifest = read(entry)
		config = read(manifest['config'])
		config['history'].append({'created_by': 'somebody', 'empty_layer': True})
		manifest['config'].update(write(config))
		entry.update(write(manifest))
		index['manifests'] = [entry]
		json.dump(index, open(base + '/index.json', 'w'))
	END
	rm -r "$store"
	refused 5 "base 'oci:base:tiny:1': manifest differs from the lock, expected 'sha256:*' of * bytes, got 'sha256:*' of *" build
	rm -r "$store"
	refused 5 "base 'oci:base:tiny:1': it is 'sha256:*' now, and the store has no 'sha256:*', which the lock has; 'ocismith lock --update' takes the new one" lock
	rm -r "$fleet/base" "$store"
	cp -r "$pristine/base" "$fleet/"
	edit build-lock.json '/"digest"/,/"size"/s/"size": \([0-9]*\)/"size": 1\1/'
	refused 5 "base 'oci:base:tiny:1'*expected * bytes, got" build
}

@test "a flipped bit in each blob of the base" {
	for kind in manifest config layer; do
		for command in build lock; do
			rm -r "$fleet/base" "$store" 2>/dev/null || true
			cp -r "$pristine/base" "$fleet/"
			flip "$(base_blob $kind)"
			refused 5 "base 'oci:base:tiny:1': *digest mismatch*" $command
		done
	done
}

@test "each blob of the base cut off, empty or missing" {
	for kind in manifest config layer; do
		rm -rf "$fleet/base" "$store"
		cp -r "$pristine/base" "$fleet/"
		blob=$(base_blob $kind)
		cut_to "$blob" 100
		refused 5 "base 'oci:base:tiny:1': *size mismatch, expected * bytes, got 100" build
		rm -rf "$store"
		refused 5 "base 'oci:base:tiny:1': *size mismatch" lock
		rm -rf "$store"
		: >"$blob"
		refused 5 "base 'oci:base:tiny:1': *size mismatch, expected * bytes, got 0" build
		rm -rf "$store" "$blob"
		refused 1 "base 'oci:base:tiny:1': *${blob##*/}' is missing" build
		rm -rf "$store"
		ln -s /etc/passwd "$blob"
		refused 1 "base 'oci:base:tiny:1': *${blob##*/}" build
		rm -rf "$store" "$blob"
		mkfifo "$blob"
		refused 5 "base 'oci:base:tiny:1': *no regular file" build
	done
}

@test "a base that is no layout" {
	rm -rf "$store"
	echo '{"imageLayoutVersion": "9.0.0"}' >"$fleet/base/oci-layout"
	refused 1 "base 'oci:base:tiny:1': *'9.0.0', expected '1.0.0'" build
	rm -rf "$store" "$fleet/base/oci-layout"
	refused 1 "base 'oci:base:tiny:1': *'oci-layout' is missing" lock
	cp "$pristine/base/oci-layout" "$fleet/base/"
	for text in '' '[' '{}' '[]' '{"schemaVersion": 2, "manifests": 7}' '{"schemaVersion": 1, "manifests": []}'; do
		rm -rf "$store"
		echo "$text" >"$fleet/base/index.json"
		refused 1 "base 'oci:base:tiny:1': *index.json*" build
	done
	echo '{"schemaVersion": 2, "manifests": []}' >"$fleet/base/index.json"
	rm -rf "$store"
	refused 1 "base 'oci:base:tiny:1': *no image 'tiny:1'" build
	cut_to "$fleet/base/index.json" 20
	rm -rf "$store"
	refused 1 "base 'oci:base:tiny:1': *index.json" build
	rm -r "$fleet/base"
	rm -rf "$store"
	refused 1 "base 'oci:base:tiny:1': *'base': No such file" build
	rm "$fleet/build-lock.json"
	edit families.d/base.yaml 's/oci:base:tiny:1/oci-archive:base.tar/'
	refused 1 "base 'oci-archive:base.tar': *No such file" lock
	head -c 100000 /dev/urandom >"$fleet/base.tar"
	refused 1 "base 'oci-archive:base.tar': " lock
	edit families.d/base.yaml 's/oci-archive:base.tar/docker.io\/library\/python:3.11/'
	refused 1 "the store has no image 'docker.io/library/python:3.11' for linux/amd64; copy it there with 'skopeo copy docker://docker.io/library/python:3.11 oci:$store/oci:docker.io/library/python:3.11'" lock
	edit families.d/base.yaml 's/from: .*/from: "UPPER CASE"/'
	findings "families.d/base.yaml:2:*UPPER CASE" lock
}

@test "a base without Python or a C library" {
	python3 - "$fleet" "$tools" <<-'END'
		import io, sys, tarfile
		sys.path.insert(0, sys.argv[2])
		import importlib
		base_layer = importlib.import_module('base-layer')
		root = base_layer.Root()
		root.make('etc/passwd', b'')
		tar = io.BytesIO()
		root.write(tar)
		base_layer.write_layout(sys.argv[1] + '/bare', 'tiny:1', 'amd64', tar.getvalue(), '2024-01-01T00:00:00Z')
	END
	rm "$fleet/build-lock.json"
	edit families.d/base.yaml 's/oci:base/oci:bare/'
	refused 1 "base 'oci:bare:tiny:1': there is no Python interpreter in its layers" lock
}

# --- wheels

# what is said of each KIND of bad-wheel.py
declare -A said=(
	[record-hash]="sha256 of 'alpha/__init__.py' is *, expected 0000"
	[record-size]="RECORD says 'alpha/__init__.py' has 7 bytes, but it has 6"
	[record-names-missing-file]="RECORD lists 'alpha/ghost.py', which the wheel does not hold"
	[record-lacks-file]="RECORD does not list the file 'alpha/stowaway.py'"
	[record-lacks-hash]="RECORD has no hash for 'alpha/__init__.py'"
	[record-weak-hash]="hash algorithm 'md5'"
	[record-twice]="second row of 'alpha/__init__.py'"
	[climbs]="unsafe member name '../climber.py'"
	[climbs-inside]="unsafe member name 'alpha/../../climber.py'"
	[climbs-by-scheme]="unsafe member name 'alpha-1.0.data/data/../../../climber.py'"
	[unknown-scheme]="has the scheme 'rootfs', expected"
	[absolute]="unsafe member name '/etc/climber.py': absolute"
	[through-link]="'alpha/link' is a symbolic link"
	[device]="'alpha/device' has file type"
	[backslash]="unsafe member name 'alpha"
	[newline]="unsafe member name 'alpha/a\\x0ab.py'"
	[two-infos]="two \\*.dist-info directories, '*' and '*'"
	[no-info]="no \\*.dist-info directory"
	[other-name]="METADATA names the project 'omega', the file name 'alpha'"
	[other-version]="METADATA gives version '1.1', the file name '1.0'"
	[other-tag]="WHEEL has the tags 'cp311-cp311-win_amd64', the file name 'py3-none-any'"
	[twice]="'alpha/__init__.py' occurs twice"
	[bad-requirement]="requirement 'beta >>> 1'"
	[case-of-file-and-directory]="'alpha/thing/inside.py' lies below the file 'alpha/thing'"
	[declares-much]="'alpha/zeros.bin' declares 4294967280 bytes"
	[declares-little]="'alpha/zeros.bin' inflates to more than"
	[truncated]="cut off"
	[flipped]="'alpha/__init__.py'"
	[flipped-directory]="broken zip directory"
	[encrypted]="'alpha/__init__.py' is encrypted"
	[empty]="not a zip file"
	[no-zip]="not a zip file"
)

@test "wheels that lie, climb out, burst or are broken" {
	rm "$fleet/build-lock.json"
	for kind in $(bad_wheel); do
		bad_wheel "$kind" "$fleet/wheels"
		findings "families.d/family-web.yaml:3:*: error: *alpha-1.0-py3-none-any.whl*${said[$kind]}" lock
		[[ $stderr != *$'\n'* ]]
	done
}

@test "a wheel that is not the locked one any more" {
	bad_wheel climbs "$fleet/wheels"
	refused 5 "wheel 'alpha-1.0-py3-none-any.whl': *expected * bytes, got" build
	rm -r "$store"
	cp "$pristine/wheels/alpha-1.0-py3-none-any.whl" "$fleet/wheels/"
	flip "$fleet/wheels/delta-1.0-py3-none-any.whl"
	refused 5 "wheel 'delta-1.0-py3-none-any.whl': *digest mismatch" build
	rm -r "$store"
	cut_to "$fleet/wheels/delta-1.0-py3-none-any.whl" 3000000
	refused 5 "wheel 'delta-1.0-py3-none-any.whl': *expected * bytes, got 3000000" build
	rm -r "$store" "$fleet/wheels/delta-1.0-py3-none-any.whl"
	refused 1 "wheel 'delta-1.0-py3-none-any.whl': *'wheels/delta-1.0-py3-none-any.whl': No such file" build
	rm -r "$store"
	mkdir "$fleet/wheels/delta-1.0-py3-none-any.whl"
	refused 1 "wheel 'delta-1.0-py3-none-any.whl': *regular file" build
	rmdir "$fleet/wheels/delta-1.0-py3-none-any.whl"
	rm -r "$store"
	mkfifo "$fleet/wheels/delta-1.0-py3-none-any.whl"
	refused 1 "wheel 'delta-1.0-py3-none-any.whl': *regular file" build
	findings "delta-1.0-py3-none-any.whl*regular file" lock
}

make_wheel() { # NAME VERSION TAG FILE CONTENT [REQUIREMENT]
	PYTHONPATH=$tools PYTHONDONTWRITEBYTECODE=1 python3 - "$fleet/wheels" "$@" <<-'END'
		import sys, wheelfile
		out, name, version, tag, file, content, *requires = sys.argv[1:]
		with wheelfile.WheelWriter(out, name, version, tag) as w:
		    w.add(file, content)
		    w.finish('Metadata-Version: 2.1\nName: %s\nVersion: %s\n%s' % (
		        name, version, ''.join('Requires-Dist: %s\n' % r for r in requires)))
	END
}

@test "two wheels with one file" {
	make_wheel zeta 1.0 py3-none-any alpha/__init__.py 'A = 2'
	edit families.d/family-web.yaml 's/alpha==1.0/alpha==1.0, zeta==1.0/'
	findings "family-web.yaml:3:*: error: wheels '*-1.0-py3-none-any.whl' and '*-1.0-py3-none-any.whl' of family 'family-web' both install '/opt/venv/lib/python3.11/site-packages/alpha/__init__.py'" lock
	make_wheel zeta 1.0 py3-none-any alpha/__init__.py/inside.py 'A = 2'
	findings "family-web.yaml:3:*: error: *alpha-1.0-py3-none-any.whl*/opt/venv/lib/python3.11/site-packages/alpha/__init__.py" lock
	make_wheel zeta 1.0 py3-none-any alpha 'A = 2'
	findings "family-web.yaml:3:*: error: *alpha-1.0-py3-none-any.whl*/opt/venv/lib/python3.11/site-packages/alpha'" lock
	# the same file is no harm
	make_wheel zeta 1.0 py3-none-any alpha/__init__.py $'A = 1\n'
	relock
}

@test "a wheel over the venv's own files" {
	make_wheel zeta 1.0 py3-none-any zeta-1.0.data/data/pyvenv.cfg 'home = /tmp'
	edit families.d/family-web.yaml 's/alpha==1.0/alpha==1.0, zeta==1.0/'
	findings "zeta-1.0-py3-none-any.whl*pyvenv.cfg" lock
	make_wheel zeta 1.0 py3-none-any zeta-1.0.data/scripts/python3 '#!/bin/sh'
	findings "zeta-1.0-py3-none-any.whl*bin/python3" lock
}

@test "a wheel that is missing, named with who needs it" {
	edit fleet.yaml 's/pip: \[beta==2.0\]/pip: [beta==2.0, nothing==1.0]/'
	findings "fleet.yaml:*: error: no wheel of 'nothing' 1.0*wanted by service 'Web'" lock
	edit fleet.yaml 's/nothing==1.0/alpha-x==3/'
	findings "'alpha-x'" lock
	edit fleet.yaml 's/, alpha-x==3//'
	make_wheel zeta 1.0 py3-none-any zeta.py 'Z = 1' 'eta>=2'
	edit requirements/worker.txt 's/.*/zeta==1.0/'
	findings "'zeta 1.0' needs 'eta>=2', which no requirement of service 'Worker' pins" lock
	edit requirements/worker.txt 's/.*/delta==9.9/'
	findings "no wheel of 'delta' 9.9*found only 'delta-1.0-py3-none-any.whl'" lock
	edit requirements/worker.txt 's/.*/delta>=1/'
	findings "requirements/worker.txt:1:*'delta>=1' must be pinned with '=='" lock
}

@test "wheels that contradict each other" {
	make_wheel zeta 1.0 py3-none-any zeta.py 'Z = 1' 'alpha<1'
	edit fleet.yaml 's/pip: \[beta==2.0\]/pip: [beta==2.0, zeta==1.0]/'
	findings "fleet.yaml:*: error: 'zeta 1.0' needs 'alpha<1', but service 'Web' has alpha 1.0" lock
	make_wheel alpha 0.9 py3-none-any alpha/__init__.py 'A = 0'
	edit fleet.yaml 's/zeta==1.0/alpha==0.9/'
	findings "fleet.yaml:*: error: service 'Web' pins alpha 0.9, but family 'family-web' has 1.0" lock
}

@test "a wheel for another platform or Python" {
	for tag in cp311-cp311-manylinux_2_17_aarch64 cp312-cp312-manylinux_2_17_x86_64 cp311-cp311-manylinux_2_99_x86_64 \
		cp311-cp311-musllinux_1_2_x86_64 cp311-cp311-win_amd64 py2-none-any; do
		rm -f "$fleet"/wheels/gamma-*
		make_wheel gamma 0.3 $tag gamma.py 'G = 1'
		findings "families.d/family-web.yaml:3:*: error: no wheel of 'gamma' 0.3 for Python 3.11 on x86_64 with glibc 2.36, wanted by family 'family-web': found only 'gamma-0.3-$tag.whl'" lock
	done
}

@test "directories of wheels that are not there" {
	mv "$fleet/wheels" "$fleet/reels"
	refused 1 "find_links 'wheels': *No such file" lock
	: >"$fleet/wheels"
	refused 1 "find_links 'wheels': *Not a directory" lock
}

# --- application files

@test "an image over the limit of its family" {
	printf 'size: {max: 1k}\n' >>"$fleet/families.d/base.yaml"
	refused 3 "image 'localhost/web:test' has * bytes of layers, family 'base' allows at most 1024 (1k)" build
	printf 'size: {max: 1g}\n' >>"$fleet/families.d/family-web.yaml"
	refused 3 "image 'localhost/worker:test' has *" build
	smith build Web
	[ "$status" -eq 0 ]
	sed -i 's/max: 1k/max: 1g/' "$fleet/families.d/base.yaml"
	smith build
	[ "$status" -eq 0 ]
}

@test "an app path that an ignore file hides" {
	printf '# build products\n*.pyc\n\napp/work*\n' >"$fleet/.containerignore"
	refused 1 "service 'Worker'*'app/worker.py'*hidden by .containerignore:4: 'app/work\*'" build
	mv "$fleet/.containerignore" "$fleet/.dockerignore"
	refused 1 "service 'Worker'*'app/worker.py'*hidden by .dockerignore:4: 'app/work\*'" build
	printf 'app/web.py\n' >"$fleet/.dockerignore"
	refused 1 "service 'Web'*script 'app/web.py' is hidden by .dockerignore:1: 'app/web.py'" build
	printf 'app\n' >"$fleet/.dockerignore"
	refused 1 "service 'Web'*'app'*hidden by .dockerignore:1: 'app'" build
	printf '[\n' >"$fleet/.dockerignore"
	refused 1 ".dockerignore:1" build
}

@test "app paths that are missing, climb out or are of a strange kind" {
	rm "$fleet/app/worker.py"
	refused 1 "service 'Worker': app path 'app/worker.py': *No such file" build
	ln -s /etc/passwd "$fleet/app/worker.py"
	refused 1 "service 'Web': app path 'app': symbolic link 'app/worker.py' leads out of its tree, to '/etc/passwd'" build
	rm "$fleet/app/worker.py"
	mkfifo "$fleet/app/worker.py"
	refused 1 "service 'Web': app path 'app': 'app/worker.py' is a fifo" build
	rm "$fleet/app/worker.py"
	for path in ../secret /etc/passwd app/../../secret; do
		sed "s|files: \[app/worker.py\]|files: [$path]|" "$pristine/fleet.yaml" >"$fleet/fleet.yaml"
		smith build
		[ "$status" -ne 0 ]
		[[ $stderr == *"$path"* ]]
	done
	sed "s|files: \[app/worker.py\]|files: [away/passwd]|" "$pristine/fleet.yaml" >"$fleet/fleet.yaml"
	ln -s /etc "$fleet/away"
	refused 1 "service 'Worker': app path 'away/passwd'*" build
	sed "s|files: \[app/worker.py\]|files: [app/web.py]|" "$pristine/fleet.yaml" >"$fleet/fleet.yaml"
	refused 1 "service 'Worker': script 'app/worker.py' is not among the paths of app.files" build
}

@test "a program that lacks a module gets no image, however often it is built" {
	intact
	local before
	before=$("$ocismith" --store "$store" images)
	printf 'import app.web\n' >>"$fleet/app/worker.py"
	for _ in 1 2; do
		smith build
		[ "$status" -eq 3 ]
		[[ $stderr == *"'app/web.py', which app/worker.py:2 imports, "*"[module-not-copied]"* ]]
		[ "$("$ocismith" --store "$store" images)" = "$before" ]
	done
	smith units --output "$plain/units"
	[ "$status" -eq 3 ]
	[[ $stderr == *"[module-not-copied]"* ]]
	[ ! -e "$plain/units" ]
	sed -i '/app.web/d' "$fleet/app/worker.py"
	intact
}

# --- outputs

@test "outputs on something that is there already" {
	echo keep >"$plain/file"
	refused 1 "output 'oci:$plain/file': *cannot open directory '*/file': Not a directory" build --output "oci:$plain/file"
	mkdir "$plain/directory"
	echo keep >"$plain/directory/thing"
	cp -r "$plain/directory" "$plain/other"
	refused 1 "output 'oci:*/directory': *not empty and no image layout" build --output "oci:$plain/directory"
	[ "$(ls "$plain/directory")" = thing ]
	# what a killed build left is not in the way
	mkdir -p "$plain/half/blobs/sha256"
	smith build --output "oci:$plain/half"
	[ "$status" -eq 0 ]
	refused 1 "output 'oci-archive:*/directory': '*/directory' is there and no regular file" build Web --output "oci-archive:$plain/directory"
	refused 1 "output 'oci-archive:*': *No such file" build Web --output "oci-archive:$plain/nowhere/x.tar"
	mkfifo "$plain/fifo"
	refused 1 "output 'docker-archive:*/fifo': *no regular file" build Web --output "docker-archive:$plain/fifo"
	# an archive is replaced, a layout grows
	smith build Web --output "oci-archive:$plain/file"
	[ "$status" -eq 0 ]
	smith build --output "oci:$plain/new"
	[ "$status" -eq 0 ]
	smith build --output "oci:$plain/new"
	[ "$status" -eq 0 ]
	echo '{' >"$plain/new/index.json"
	refused 1 "output 'oci:*new': *index.json" build --output "oci:$plain/new"
}
