#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A profile that was recorded in the sandbox, on podman 5.4: the service is well under it, answers, and stops; and
# without one call of it podman's container is not well either.
# shellcheck disable=SC2154  # $out and its like are of lib.bash

setup_file() {
	load lib
	is_root || return 0
	need_hello
	need_rootfs podman
	local made=$BATS_FILE_TMPDIR
	archives "$made/archives"
	mkdir "$made/profiles"
	mkdir "$made/fleet"
	find "$hello" -mindepth 1 -maxdepth 1 ! -name store -exec cp -r {} "$made/fleet/" \;
	"$OCISMITH" -C "$made/fleet" --store "$hello/store" seccomp record HelloWeb -- \
		python3 -c 'import urllib.request as u; u.urlopen("http://127.0.0.1:8080/").read()' >"$made/record" 2>&1
	cp "$made"/fleet/seccomp/hello-web.json "$made/profiles/web.json"
	python3 - "$made/profiles" <<-'END'
		import json, sys
		profile = json.load(open(sys.argv[1] + "/web.json"))
		profile["syscalls"] = [row for row in profile["syscalls"] if row["names"] != ["bind"]]
		json.dump(profile, open(sys.argv[1] + "/deaf.json", "w"))
	END
	job record -u u1 -b "$made/archives:/archives" -b "$made/profiles:/profiles"
}

setup() {
	load lib
	need_root
}

@test "fewer than 120 calls are allowed" {
	cat "$BATS_FILE_TMPDIR/record"
	local calls
	calls=$(jq '[.syscalls[].names[]] | unique | length' "$BATS_FILE_TMPDIR/profiles/web.json")
	echo "$calls calls"
	[ "$calls" -gt 40 ] && [ "$calls" -lt 120 ]
}

@test "the service is well under its recorded profile" {
	has start "status 0"
	has health '{"status":"ok"}'
	has confined "Seccomp:	2"
	grep -F 'hello from uid 10001' "$out/hello"
	has stop "status 0"
	has exit 0
}

@test "without one of its calls it is not" {
	has deaf "status 0"
	grep -E "implemented|Errno 38" "$out/deaf-log"
}
