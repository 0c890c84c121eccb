#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Source distributions of the build backends that people use beside setuptools, from the lock to the import in the image.
# Debian packages: bats, python3, python3-pip-whl, and make-base's and make-wheelhouse's.

# shellcheck disable=SC2030,SC2031,SC2154  # variables of lib.bash
bats_require_minimum_version 1.5.0
load lib
load pip

setup_file() {
	need_pip
	[ -z "$no_sandbox" ] || return 0
	export made=$BATS_FILE_TMPDIR/made
	mkdir "$made"
	"$tools/make-wheelhouse" --set backends "$made" >&2
	PYTHONDONTWRITEBYTECODE=1 python3 "$tools/backend-sdists.py" "$made" "$made"
}

setup() {
	use_pip
	packages helper==1
	cp "$made"/*.whl "$made"/*.tar.gz "$fleet/wheels"
}

teardown_file() { drop_pip; }

# app LINE...: what the service's program does
app() { printf '%s\n' "$@" >"$fleet/app/x.py"; }

# NAME WORD...: the lock says of that source what it requires, which wheels that means, and the hash of each
builds_with() {
	python3 - "$fleet" "$@" <<-'END'
		import hashlib, json, os, sys
		fleet, name, *wanted = sys.argv[1:]
		lock = json.load(open(fleet + "/build-lock.json"))
		row = next(r for r in lock["sdists"] if r["file"].startswith(name))
		wheels = {w["file"]: w for w in lock["wheels"]}
		found = row["requires"] + sorted("%(name)s==%(version)s" % wheels[f] for f in row["wheels"])
		assert found == wanted, found
		for one in (row, *(wheels[f] for f in row["wheels"])):
		    bytes = open(os.path.join(fleet, one["url"]), "rb").read()
		    assert one["sha256"] == hashlib.sha256(bytes).hexdigest(), one
		    assert one["size"] == len(bytes), one
	END
}

# another directory, store, umask and time zone make the same
is_reproducible() {
	local one two
	one=$(digests "$fleet" "$store")
	[ "$one" ] || return
	mkdir -m 700 "$BATS_TEST_TMPDIR/elsewhere"
	cp -r "$fleet" "$BATS_TEST_TMPDIR/elsewhere/other"
	two=$(umask 077 && TZ=Asia/Tokyo digests "$BATS_TEST_TMPDIR/elsewhere/other" "$BATS_TEST_TMPDIR/elsewhere/store") || return
	[ "$one" = "$two" ]
}

@test "flit, poetry and hatchling build what is locked, installed and imported, the same elsewhere" {
	app 'import subprocess' 'from importlib.metadata import version' 'import of_flit, of_hatch, of_poetry' \
		'assert [version(n) for n in ("of-flit", "of-poetry", "of-hatch")] == ["1.2", "1.0.0", "2.1"]' \
		'said = subprocess.run(["/opt/venv/bin/of-flit"], capture_output=True, text=True, check=True).stdout' \
		"assert said == \"flit 1.2 ('some words\\\\n', '1')\\n\", said"
	service '[of-flit]'
	locks '' 'of-flit==1.2 of-hatch==2.1 of-poetry==1.0.0'
	builds_with of-flit 'flit_core>=3.2,<4' flit-core==3.8.0
	builds_with of_poetry 'poetry-core~=1.4' poetry-core==1.4.0
	builds_with of_hatch hatchling 'helper>=1' hatchling==1.12.2 helper==1 packaging==23.0 pathspec==0.11.0 pluggy==1.0.0
	smith build
	[ "$status" -eq 0 ]
	smith history localhost/t/s:latest
	[[ $output == *"wheel of-flit 1.2"* && $output != *"wheel flit"* && $output != *hatchling* && $output != *poetry-core* ]]
	smith smoke S
	[ "$status" -eq 0 ]
	is_reproducible
}
