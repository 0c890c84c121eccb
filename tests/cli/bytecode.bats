#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Bytecode: by the image's interpreter, once for all services, the same bytes whoever compiles what beside what, and
# those of pip and compileall.
# Debian packages: bats, python3, python3-venv, python3-pip; make-base's and make-wheelhouse's for the real fleet.
# shellcheck disable=SC2030,SC2031,SC2094  # a test changes its own variables; ocismith does not write what it reads

bats_require_minimum_version 1.5.0
load lib
load real

setup_file() {
	made=$BATS_FILE_TMPDIR
	make_hello "$made/hello"
	printf 'bytecode: unchecked-hash\n' >>"$made/hello/fleet.yaml"
	if "$ocismith" --progress json -C "$made/hello" --store "$made/store" --format json build >"$made/json" \
		2>"$made/events"; then
		named "$made/json" >"$made/golden"
	elif grep -q 'ocismith doctor' "$made/events"; then
		no_sandbox="the machine does not let us execute steps: $(tail -n 1 "$made/events")"
		export no_sandbox
	else
		cat "$made/events"
		return 1
	fi
}

setup() {
	[ -z "${no_sandbox-}" ] || skip "$no_sandbox"
	made=$BATS_FILE_TMPDIR
	cd "$BATS_TEST_TMPDIR" || return
	fleet=$BATS_TEST_TMPDIR/fleet store=$BATS_TEST_TMPDIR/store
	cp -r "$made/hello" "$fleet"
}

# the system's Python must be the image's for its bytes to be compared
same_python() {
	local version
	version=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["bases"][0]["pythonVersion"])' \
		"$fleet/build-lock.json")
	[ "$(/usr/bin/python3 -c 'import platform; print(platform.python_version())')" = "$version" ] ||
		skip "/usr/bin/python3 is not the $version of the image"
}

@test "every source has its bytecode, and RECORD says so" {
	run --separate-stderr python3 "$tools/check-pycs.py" "$made/store/oci" localhost/hello-web:demo
	echo "$output $stderr"
	[ "$status" -eq 0 ]
	[ "${output%% *}" -gt 300 ]
	[[ $output != *' '* ]]
}

@test "it is what pip and compileall leave in a venv" {
	same_python
	local wheels
	/usr/bin/python3 -m venv --without-pip venv
	mapfile -t wheels < <(python3 -c '
import json, sys
for wheel in json.load(open(sys.argv[1]))["wheels"]:
    print(sys.argv[2] + "/" + wheel["url"])' "$fleet/build-lock.json" "$fleet")
	/usr/bin/python3 -m pip --python venv/bin/python3 install -q --no-deps --no-index --no-compile \
		--disable-pip-version-check "${wheels[@]}"
	PYTHONHASHSEED=0 venv/bin/python3 -W ignore -m compileall -q --invalidation-mode unchecked-hash -s "$PWD/venv" \
		-p /opt/venv "$PWD/venv/lib/python3.11/site-packages"
	python3 "$tools/check-pycs.py" "$made/store/oci" localhost/hello-web:demo venv
}

@test "each wheel is compiled once for all services" {
	local service lock
	for service in A B C D E F G H; do
		printf '  %s:\n    family: family-web\n    app: {script: app/worker.py, files: [app]}\n' "$service" >>"$fleet/more"
	done
	sed -i -e '/^bytecode:/d' "$fleet/fleet.yaml"
	sed -i -e "/^services:/r $fleet/more" -e '1i bytecode: unchecked-hash' "$fleet/fleet.yaml"
	"$ocismith" -q -C "$fleet" --store "$store" lock >/dev/null
	"$ocismith" --progress json -C "$fleet" --store "$store" --format json build 2>events >json
	lock=$(python3 -c 'import json, sys; print(len(json.load(open(sys.argv[1]))["wheels"]))' "$fleet/build-lock.json")
	[ "$(grep -c '"step": *"wheel ' events)" -ge "$lock" ]
	python3 - events "$lock" <<-'END'
		import collections, json, sys
		made = collections.Counter()
		for line in open(sys.argv[1]):
		    event = json.loads(line) if line.startswith("{") else {}
		    if event.get("event") == "done" and event["step"].startswith("wheel ") and not event.get("cached"):
		        made[event["step"]] += 1
		assert len(made) == int(sys.argv[2]) and set(made.values()) == {1}, made
	END
	# and what the store has is not compiled again
	"$ocismith" --progress none -C "$fleet" --store "$store" --format json build >json
	[[ $(<json) == *'"stepsMade": 0,'* ]]
}

@test "whoever builds, wherever, with any number of jobs: the same digests" {
	mv "$fleet" "$BATS_TEST_TMPDIR/elsewhere"
	(
		umask 077
		export TZ=Asia/Tokyo LANG=C PYTHONHASHSEED=7 PYTHONPATH=/nonexistent
		"$ocismith" --progress none -C elsewhere --store "$store" --format json build -j1 >json
	)
	named json | diff - "$made/golden"
}

@test "a file that cannot be compiled is a warning" {
	python3 "$tools/odd-sources.py" "$fleet/app/odd"
	sed -i 's|files: \[app/__init__.py, app/worker.py|files: [app/odd, app/__init__.py, app/worker.py|' "$fleet/fleet.yaml"
	run --separate-stderr "$ocismith" --progress plain -C "$fleet" --store "$store" build HelloWorker
	echo "$stderr"
	[ "$status" -eq 0 ]
	[[ $stderr == *"warning: app HelloWorker: no bytecode of '/app/app/odd/syntax.py': SyntaxError: invalid syntax (line 1)"* ]]
	[[ $stderr == *"'/app/app/odd/null.py': "*"null byte"* ]]
	[[ $stderr == *"'/app/app/odd/bogus.py': SyntaxError: unknown encoding: no-such-codec"* ]]
	run --separate-stderr python3 "$tools/check-pycs.py" "$store/oci" localhost/hello-worker:demo
	[ "$status" -eq 0 ]
	[[ $output == *app/app/odd/syntax.py* && $output != *odd/koi.py* && $output != *odd/latin.py* ]]
}

@test "order, grouping and workers do not show in the bytes" {
	local wheel
	"$tools/make-wheelhouse" --set check wheels >&2
	mkdir work
	for wheel in wheels/*.whl; do
		/usr/bin/python3 -m zipfile -e "$wheel" work/tree
	done
	find work/tree -name '*.py' | sort | tail -n +2101 | xargs -d '\n' rm
	[ "$(find work/tree -name '*.py' | wc -l)" -eq 2100 ]
	python3 "$tools/odd-sources.py" work/odd
	/usr/bin/python3 "$tools/bytecode-judge.py" /usr/bin/python3 "$tools/../../execute/compile.py" "$PWD/work"
}

@test "none is the default, and executes nothing" {
	sed -i '/^bytecode:/d' "$fleet/fleet.yaml"
	"$ocismith" --progress none -C "$fleet" --store "$store" build >/dev/null
	[ ! -e "$store/repo" ]
	run python3 "$tools/check-pycs.py" "$store/oci" localhost/hello-web:demo
	[[ $output == '0 '* ]]
	# a family may say otherwise
	printf 'bytecode: unchecked-hash\n' >>"$fleet/families.d/family-web.yaml"
	"$ocismith" --progress none -C "$fleet" --store "$store" build >/dev/null
	run python3 "$tools/check-pycs.py" "$store/oci" localhost/hello-web:demo
	[[ $output != *' '* ]]
	run python3 "$tools/check-pycs.py" "$store/oci" localhost/hello-worker:demo
	[[ $output == '0 '* ]]
}

@test "of another architecture nothing can be compiled" {
	sed -i 's|"platform": "linux/amd64"|"platform": "linux/arm64"|' "$fleet/build-lock.json"
	sed -i '/^platform:/d' "$fleet/fleet.yaml"
	run --separate-stderr "$ocismith" --progress none -C "$fleet" --store "$store" build
	echo "$stderr"
	[ "$status" -eq 1 ]
	[[ $stderr == *"linux/arm64"* ]]
}
