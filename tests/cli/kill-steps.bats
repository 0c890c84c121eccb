#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocismith, or what watches its steps, is killed while a step executes: no process, mount or lock of it is left, the
# files go with the next build or with gc, and what is then made is what an undisturbed one makes.
# Debian packages: bats, jq, python3, python3-pip-whl, dpkg-dev, gnupg, and make-base's.
# shellcheck disable=SC2030,SC2031,SC2154  # a test changes its own variables; those of lib.bash
bats_require_minimum_version 1.5.0
load lib
load apt

# What waits in a step, until tests/tools/kill-step.py ends it and the step goes on. Beside it run processes that have
# left their group and session, and ignore what can be ignored.
in_apt='sleep 424301' in_sdist='sleep 424302' in_run='sleep 424303'
linger="sh -c 'trap \"\" INT TERM HUP; setsid sleep 424390 & exec setsid sleep 424391' >/dev/null 2>&1 &"

setup_file() {
	export no_sandbox='' debian=$BATS_FILE_TMPDIR/base keys=$BATS_FILE_TMPDIR/keys archive=$BATS_FILE_TMPDIR/archive
	export made=$BATS_FILE_TMPDIR/made
	"$tools/make-base" --debs "$debian" >&2
	make_archive
	make_fleets
	serve
	fleet=$made/debs store=$made/store
	sed -i "s|MIRROR|$mirror|" "$fleet/families.d/f.yaml"
	if undisturbed "$in_apt" lock 2>"$made/error"; then
		fleet=$made/fleet
		undisturbed "$in_sdist" lock >&2
	else
		cat "$made/error"
		grep -F 'ocismith doctor' "$made/error" || return
		no_sandbox=$(<"$made/error")
	fi
	unserve
	[ -n "$no_sandbox" ] || make_golden
}

# What is made when nobody disturbs it. $made/unlocked is a store that has the base's root alone, $made/locked one with
# what locking added.
make_golden() {
	local built=$made/built
	cp -al "$made/store" "$made/unlocked"
	rm -rf "$made"/unlocked/cache/{steps,files}
	cp -al "$made/store" "$made/locked"
	cp -al "$made/store" "$built"
	store=$built
	fleet=$made/fleet
	undisturbed "$in_run" build
	contents >"$made/contents"
	fleet=$made/debs
	"$ocismith" -q --progress none -C "$fleet" --store "$store" build f >&2
	images >"$made/images"
}

setup() {
	[ -z "$no_sandbox" ] || skip "$no_sandbox"
	fleet=$BATS_TEST_TMPDIR/fleet store=$BATS_TEST_TMPDIR/store
	cd "$BATS_TEST_TMPDIR" || return
	unset OCISMITH_STORE SOURCE_DATE_EPOCH
}

# use STORE FLEET: copies of these
use() {
	cp -r "$made/$2" "$fleet"
	cp -al "$made/$1" "$store"
}

teardown_file() { chmod -R u+rwX "$BATS_FILE_TMPDIR"; }

make_archive() {
	mkdir -m 700 "$keys"
	mkdir -p "$archive/pool"
	make_key "$keys"
	make_deb held 1 "$linger
		$in_apt || :
		echo held >/etc/held"
	publish
}

make_fleets() {
	mkdir -p "$made"/{fleet,debs}/families.d "$made"/fleet/{app,wheels}
	cp /usr/share/python-wheels/pip-*.whl "$made/fleet/wheels"
	PYTHONDONTWRITEBYTECODE=1 python3 "$tools/hostile-sdist.py" "$made/fleet/wheels" src lingers
	# that takes a while to be compiled
	seq -f 'def f%g(a, b): return [x * a for x in b if x > a]' 8000 >"$made/fleet/app/large.py"
	printf 'fleet: t\nwheels: {find_links: [wheels]}\nservices:\n  S: {family: f, app: {script: app/large.py, files: [app]}}\n' \
		>"$made/fleet/fleet.yaml"
	cat >"$made/fleet/families.d/f.yaml" <<-END
		family: f
		from: "oci:$debian:debian-python:12"
		bytecode: unchecked-hash
		pip: [src]
		run:
		- name: hold
		  outputs: [/opt/held]
		  script: |
		    $linger
		    $in_run || :
		    mkdir /opt/held
		    echo held >/opt/held/x
	END
	printf 'fleet: debs\n' >"$made/debs/fleet.yaml"
	cp "$keys/public.gpg" "$made/debs/test.gpg"
	cat >"$made/debs/families.d/f.yaml" <<-END
		family: f
		from: "oci:$debian:debian-python:12"
		apt:
		  packages: [held]
		  sources: {uri: "MIRROR", suite: stable, keyring: test.gpg}
	END
}

# step TEXT HOW COMMAND: kills $ocismith COMMAND as tests/tools/kill-step.py says; it tells what is left
step() {
	local words
	read -ra words <<<"$3"
	python3 "$tools/kill-step.py" "$store" "$1" "$2" "$ocismith" -q --progress none -C "$fleet" --store "$store" \
		"${words[@]}"
}

# undisturbed TEXT COMMAND: what waits is ended, nothing else
undisturbed() { [ "$(step "$1" held:TERM "$2")" = 0 ]; }

# killed TEXT COMMAND HOW=STATUS...: it ends with that, and leaves nothing that lives
killed() {
	local how
	for how in "${@:3}"; do
		run --separate-stderr step "$1" "${how%=*}" "$2"
		echo "$how: $output $stderr"
		[ "$status" -eq 0 ] && [ "$output" = "${how#*=}" ] || return
		# who is not killed itself says what happened, and leaves nothing at all
		if [ "${how#*=}" = 1 ]; then
			[[ $stderr == "ocismith: error: "*"the sandbox was killed before the command ended" ]] || return
			[ -z "$(remains)" ] || return
		else
			[ -z "$stderr" ] || return
		fi
	done
}

remains() { find "$store" -name '.tmp-*' -prune -print; }

# the files of the store; what cache/inputs notes of the application's files is their inodes
contents() { (cd "$store" && find . -type f ! -path ./cache/inputs -printf '%P %s\n' | sort); }

# a line for each image: name, manifest's digest
images() { "$ocismith" --store "$store" --format json images | jq -r '.[] | "\(.name) \(.manifest)"'; }

same_images() {
	images >now
	[ -s now ] && ! grep -vFxf "$made/images" now
}

@test "pip resolves, a source distribution is built" {
	use unlocked fleet
	rm "$fleet/build-lock.json"
	killed '[-]-report' lock program:KILL=137
	[ -n "$(remains)" ]
	killed "$in_sdist" lock program:KILL=137 group:INT=130
	[ ! -e "$fleet/build-lock.json" ]
	undisturbed "$in_sdist" lock
	[ -z "$(remains)" ]
	cmp "$fleet/build-lock.json" "$made/fleet/build-lock.json"
}

@test "a family's command runs" {
	use locked fleet
	killed "$in_run" build program:KILL=137 group:INT=130 group:INT,INT=130 program:TERM=143 group:HUP=129 \
		outer:KILL=1 init:KILL=1 group:TERM=143
	[ -n "$(remains)" ]
	"$ocismith" -q --store "$store" gc >/dev/null
	[ -z "$(remains)" ]
	undisturbed "$in_run" build
	same_images
	contents | diff "$made/contents" -
}

@test "sources are compiled" {
	use locked fleet
	killed compile.py build program:KILL=137 outer:KILL=1
	undisturbed "$in_run" build
	same_images
	contents | diff "$made/contents" -
}

@test "packages are installed" {
	use locked debs
	rm -r "$store/cache/steps"
	killed "$in_apt" "build f" program:KILL=137 group:INT=130 init:KILL=1
	undisturbed "$in_apt" "build f"
	[ -z "$(remains)" ]
	same_images
}
