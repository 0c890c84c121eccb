#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What is not pinned is resolved by real pip in the sandbox; indexes, updates, overrides, source distributions.
# Debian packages: bats, python3, python3-pip-whl, and make-base's.

# shellcheck disable=SC2030,SC2031,SC2154  # variables of lib.bash
bats_require_minimum_version 1.5.0
load lib
load pip

setup_file() { need_pip; }
setup() { use_pip; }
teardown() { [ ! -e "$BATS_TEST_TMPDIR/server" ] || kill "$(<"$BATS_TEST_TMPDIR/server")"; }
teardown_file() { drop_pip; }

@test "what is not pinned is resolved for the base, and a family binds its services" {
	packages a==1 a==2:c,'gone;sys_platform=="win32"' 'b==1:c<2' 'b==2:c>=2' c==1 c==2 'd==1;' 'e==1'
	family '[a, c<2]'
	service '[b]'
	locks 'a==2 c==1' 'b==1'
	service '[b>1]'
	smith lock
	[ "$status" -eq 3 ]
	[[ $stderr == *"no set of versions for service 'S': "*"b 2 depends on c>=2"* ]]
	[[ $stderr == *"family 'f' has c==1"* && $stderr != *ResolutionImpossible* ]]
}

@test "pins that lack what they require keep it, and get that" {
	packages a==1:b b==1:c c==1 d==1
	family '[a==1, b==1, d==1]'
	service '[]'
	locks 'a==1 b==1 c==1 d==1' ''
	family '[d==1]'
	service '[b==1, d==1]'
	locks 'd==1' 'b==1 c==1'
}

@test "nothing is asked again of what is locked" {
	packages a==1:b b==1
	service '[a]'
	locks '' 'a==1 b==1'
	packages a==2:b b==2
	rm -r "$fleet"/wheels/pip-*
	locks '' 'a==1 b==1'
	[[ $output == *unchanged* ]]
	smith lock --format json
	[[ $output == *'"wheels": 2'* && $output == *'"debs": 0'* ]]
}

@test "an update moves what it names, and says what must move, too" {
	packages a==1:b b==1 c==1
	service '[a, c]'
	locks '' 'a==1 b==1 c==1'
	packages a==2:b b==2 c==2
	locks '' 'a==1 b==1 c==2' --update=c
	smith lock --update=b --check
	[ "$status" -eq 4 ]
	[ "$output" = 'b 1 -> 2' ]
	[ "$(locked S)" = 'a==1 b==1 c==2' ]
	packages 'a==3:b>=2'
	service '[a>2, c]'
	smith lock --update=c
	[ "$status" -eq 3 ]
	[[ $stderr == *"'b' 1 -> 2 must move, too"*"--update=b"* ]]
	locks '' 'a==3 b==2 c==2'
	[[ $stderr != *error* ]]
}

@test "an update of a family's wheel is one of its services, which it binds" {
	packages a==1 b==1:a
	family '[a]'
	service '[b]'
	locks 'a==1' 'b==1'
	packages a==2
	locks 'a==2' 'b==1' --update=A
	packages a==3 'c==1:a<3'
	service '[b, c]'
	locks 'a==2' 'b==1 c==1'
	smith lock --update=a
	[ "$status" -eq 3 ]
	[[ $stderr == *"no set of versions for service 'S': "*"c 1 depends on a<3"*"family 'f' has a==3"* ]]
	[ "$(locked f) $(locked S)" = 'a==2 b==1 c==1' ]
	smith lock --update=zzz
	[ "$status" -eq 2 ]
	[[ $stderr == *"'zzz' is no base, family, package or distribution of the lock"* ]]
}

# lock --check ends with STATUS and says TEXT, and the lock is what it was
checks() {
	local before
	before=$(cat "$fleet/build-lock.json" 2>&1 || :)
	smith lock --check "${@:3}"
	[ "$status" -eq "$1" ] && [ "$output" = "$2" ] && [ "$(cat "$fleet/build-lock.json" 2>&1 || :)" = "$before" ]
}

@test "a check says what a lock would change, and changes nothing" {
	packages a==1 a==2 b==1
	service '[a<2]'
	smith lock --check
	[ "$status" -eq 4 ]
	[[ $output == *"a 1 added"* && $stderr == *"'build-lock.json' is missing"* ]]
	[ ! -e "$fleet/build-lock.json" ]
	locks '' 'a==1'
	checks 0 ''
	service '[a>1, b]'
	checks 4 $'a 1 -> 2\nb 1 added'
	checks 4 $'[\n  "a 1 -> 2",\n  "b 1 added"\n]' --format json
	service '[]'
	checks 4 'a 1 removed'
}

@test "an override replaces the wheel of the family in that image" {
	packages a==1 a==2 'b==1:a<2' 'c==1:a<2' d==1
	family '[a, d]'
	service '{requirements: [b], override: A}'
	echo '  T: {family: f, app: {script: app/x.py, files: [app]}}' >>"$fleet/fleet.yaml"
	locks 'a==2 d==1' 'a==1 b==1'
	smith build
	[ "$status" -eq 0 ]
	smith history localhost/t/s:latest
	[[ $output == *"wheel a 1"* && $output == *"wheel d 1"* && $output != *"wheel a 2"* ]]
	smith history localhost/t/t:latest
	[[ $output != *"wheel a 1"* && $output == *"wheel d 1"* && $output == *"wheel a 2"* ]]
	family '[a==2, d==1]'
	service '{requirements: [a==1, b==1], override: A}'
	locks 'a==2 d==1' 'a==1 b==1'
	family '[a==1, c]'
	service '{requirements: [a>1], override: a}'
	smith lock
	[ "$status" -eq 3 ]
	[[ $stderr == *"c 1 depends on a<2"* ]]
	service '{requirements: [b], override: [zzz]}'
	findings_of "overrides 'zzz', which no family that it is derived from has"
}

# the directory $1 as an index of the machine's loopback; $url
serve() {
	python3 -m http.server --bind 127.0.0.1 --directory "$1" 0 >"$BATS_TEST_TMPDIR/port" 2>/dev/null 3>&- &
	echo $! >"$BATS_TEST_TMPDIR/server"
	for _ in {1..100}; do
		[ ! -s "$BATS_TEST_TMPDIR/port" ] || break
		sleep 0.05
	done
	url=http://127.0.0.1:$(sed 's/.* port \([0-9]*\).*/\1/' "$BATS_TEST_TMPDIR/port")
}

# INDEX SPEC...: a page for each project
index() {
	local wheel name at=$BATS_TEST_TMPDIR/indexes-1/$1
	mkdir -p "$at/all"
	PYTHONPATH=$tools PYTHONDONTWRITEBYTECODE=1 python3 "$tools/pip-packages.py" "$at/all" "${@:2}"
	for wheel in "$at"/all/*.whl; do
		# of the file alone: a directory above may be called run-1, too
		name=$(basename "$wheel")
		name=${name%%-[0-9]*}
		mkdir -p "$at/$name"
		mv "$wheel" "$at/$name"
	done
}

@test "no public index takes the name of a private project" {
	index public acme==99:evil evil==1 flask==2
	index private acme==1:flask flask==66
	export PYTHONUNBUFFERED=1
	serve "$BATS_TEST_TMPDIR/indexes-1"
	service '[acme]' "  index: $url/public
  indexes: [{url: $url/private, names: ['ac*']}]"
	locks '' 'acme==1 flask==2'
	grep -q "\"url\": \"$url/private/acme/acme-1-py3-none-any.whl\"" "$fleet/build-lock.json"
	rm -r "$BATS_TEST_TMPDIR/indexes-1/private/acme"
	findings_of 'no version satisfies acme'
}

@test "an index that does not answer is the error" {
	service '[acme]' '  index: http://127.0.0.1:9/simple'
	smith lock
	[ "$status" -eq 1 ]
	[[ $stderr == *"index 'http://127.0.0.1:9/simple/acme/'"* ]]
}

@test "pip that cannot connect to what we serve is told so" {
	packages a==1
	service '[a]'
	run --separate-stderr "$OCISMITH_BUILD/tests/refuse" connect=EACCES "$ocismith" --progress none -C "$fleet" --store "$store" lock
	[ "$status" -eq 1 ]
	[[ $stderr == *'pip cannot reach the index that is served to it: '*'Permission denied' ]]
}

@test "a source distribution is built once, reproducibly, and locked" {
	packages sdist:src==1:dep dep==1 helper==1
	service '[src]'
	locks '' 'dep==1 src==1'
	grep -q '"url": "sdist:src-1.tar.gz"' "$fleet/build-lock.json"
	grep -q '"helper-1-py3-none-any.whl"' "$fleet/build-lock.json"
	packages helper==2
	locks '' 'dep==1 src==1'
	[[ $output == *unchanged* ]]
	smith build
	[ "$status" -eq 0 ]
	[ "$(digests "$fleet" "$store")" ]
	smith history localhost/t/s:latest
	[[ $output == *"wheel src 1"* && $output != *helper* && $output != *"wheel pip"* ]]
	# what it was told, and that it had no network
	sha=$(python3 -c 'import json,sys; print([w["sha256"] for w in json.load(open(sys.argv[1]))["wheels"] if w["name"] == "src"][0])' \
		"$fleet/build-lock.json")
	run -0 python3 -c '
import sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
print(z.read("src/__init__.py").decode(), {i.date_time[0] for i in z.infolist()}, {oct(i.external_attr >> 16) for i in z.infolist()})
print([i.filename for i in z.infolist()] == sorted(z.namelist(), key=lambda n: ("RECORD" in n, n)))' \
		"$store/cache/files/${sha:0:2}/$sha"
	[ "${lines[0]}" = "HELPER = '1'" ]
	[ "${lines[1]}" = "NETWORK = 'none'" ]
	[ "${lines[2]}" = "PLACE = '/build/src'" ]
	[[ $output == *"{1980} {'0o100644'}"*True ]]
	# anew, when the store has nothing of it
	one=$(digests "$fleet" "$store")
	rm -r "$store"/cache/{files,steps}
	[ "$(digests "$fleet" "$store")" = "$one" ]
	# another one than the lock has
	rm -r "$store"/cache/{files,steps}
	sed -i '/"file": "src-1-py3/,/"by"/s/"sha256": "[0-9a-f]\{8\}/"sha256": "00000000/' "$fleet/build-lock.json"
	smith build
	[ "$status" -eq 5 ]
	[[ $stderr == *"built of 'src-1.tar.gz' is 'sha256:"*"its build is not reproducible"* ]]
}

@test "a lock is exported for pip and as pylock.toml" {
	packages a==1:b b==1
	service '[a]'
	locks '' 'a==1 b==1'
	smith lock --export "$plain/r.txt"
	[ "$status" -eq 0 ]
	# real pip takes it
	run -0 /usr/bin/python3 -m pip install --quiet --dry-run --ignore-installed --break-system-packages --no-index \
		--find-links "$fleet/wheels" --require-hashes --only-binary :all: -r "$plain/r.txt" --report "$plain/report"
	[ "$(python3 -c 'import json,sys; print(sorted(i["metadata"]["name"] for i in json.load(open(sys.argv[1]))["install"]))' "$plain/report")" = "['a', 'b']" ]
	smith lock --export "$fleet/pylock.toml" --of S
	[ "$status" -eq 0 ]
	grep -qF 'path = "wheels/a-1-py3-none-any.whl"' "$fleet/pylock.toml"
	smith lock --export "$plain/x" --of nobody
	[ "$status" -eq 2 ]
	service '[a, b]'
	smith lock --export "$plain/x"
	[ "$status" -eq 4 ]
	[ ! -e "$plain/x" ]
}

@test "an exported pylock.toml is read back as the same wheels" {
	packages a==1:b b==1 a==2 helper==1 dep==1 sdist:src==1:dep
	service '[a==1, src]'
	locks '' 'a==1 b==1 dep==1 src==1'
	smith lock --export "$fleet/pylock.S.toml"
	[ "$status" -eq 0 ]
	/usr/bin/python3 -c 'import sys, tomllib; print(tomllib.load(open(sys.argv[1], "rb")))' "$fleet/pylock.S.toml"
	was=$(sed '/"requirements"/,/]/d; /"by"/,/]/d' "$fleet/build-lock.json")
	rm "$fleet/build-lock.json"
	service '{requirements: pylock.S.toml}'
	locks '' 'a==1 b==1 dep==1 src==1'
	[ "$(sed '/"requirements"/,/]/d; /"by"/,/]/d' "$fleet/build-lock.json")" = "$was" ]
	# what it says of where it holds is of the lock, too
	sed -i '1i requires-python = ">=3.5"\nenvironments = ["sys_platform == '"'linux'"'"]' "$fleet/pylock.S.toml"
	smith build
	[ "$status" -eq 4 ]
	[[ $stderr == *"'pylock.S.toml: environment sys_platform == \"linux\"' was added"*": requires-python >=3.5' was added"* ]]
	locks '' 'a==1 b==1 dep==1 src==1'
	smith lock
	[[ $output == *unchanged* ]]
	sed -i '1,2d' "$fleet/pylock.S.toml"
	# other bytes, and what it is not for
	sed -i '/name = "a"/,/^]/s/sha256 = "......../sha256 = "01234567/' "$fleet/pylock.S.toml"
	findings_of "which is not among the 1 hashes of its requirement"
	sed -i '1i requires-python = "<3"' "$fleet/pylock.S.toml"
	findings_of "is for Python <3"
}

@test "another platform's pip cannot be asked, and that is said" {
	packages a==1
	service '[a]'
	echo 'platform: linux/s390x' >>"$fleet/fleet.yaml"
	smith lock
	[ "$status" -ne 0 ]
	[[ $stderr == *s390x* ]]
}
