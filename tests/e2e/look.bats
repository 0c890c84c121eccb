#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ps, logs, status and units --here on a booted systemd 257 with podman 5.4, as a rootless user.
# shellcheck disable=SC2154  # $out and its like are of lib.bash

setup_file() {
	load lib
	is_root || return 0
	need_hello
	need_rootfs podman
	local job=$BATS_FILE_TMPDIR/job
	mkdir -p "$job/bin" "$job/fleet" "$out"
	archives "$job/images"
	cp "$OCISMITH" "$job/bin/ocismith"
	# that root file system has GLib, and not what else the program needs
	copy_libraries "$job/bin" json-glib-1.0 yaml-0 deflate isal
	cp -r "$hello"/{fleet.yaml,families.d,build-lock.json,app,requirements,store,wheels,base} "$job/fleet/"
	# of the cgroup controllers there may be none
	echo 'allow: [{rule: machine-cgroup, reason: namespaces of a test}]' >>"$job/fleet/fleet.yaml"
	cp "$e2e/jobs/look" "$job/run.sh"
	"$e2e/boot" "$rootfs" "$job" "$out" 300 >"$out/log" 2>&1 ||
		echo "boot status $?" >>"$out/log"
}

setup() {
	load lib
	need_root
}

# shows FILE PATTERN: a line of the result matches
shows() {
	grep -qE -- "$2" "$out/$1" && return
	printf 'no line of %s matches %s:\n' "$1" "$2"
	cat "$out/$1"
	tail -n 40 "$out/log"
	return 1
}

lacks() {
	! grep -E -- "$2" "$out/$1"
}

# json FILE EXPRESSION: of Python, about the document d
json() {
	grep -vE '^(status [0-9]+|ocismith: .*)$' "$out/$1" | python3 -c "import json, sys
d = json.load(sys.stdin)
assert ($2), d"
}

@test "a machine without the images gets no units" {
	has doctor-empty "status 3"
	shows doctor-empty "podman has no image 'localhost/hello-web.* of service 'HelloWeb'.*\[machine-image\]"
	[ "$(grep -c machine- "$out/doctor-empty")" = 2 ]
	has here-empty "status 3"
	has written "status 2"
}

@test "with them nothing is missing" {
	has doctor "host 'mainpc': nothing is missing"
	has doctor "status 0"
	has here "status 0"
}

@test "before the start" {
	has status-none "status 1"
	shows status-none '^HelloWeb: not installed .hello-web.service.$'
	shows ps-stopped '^HelloWeb +hello +inactive +- .* hello-web.service$'
	has ps-stopped "status 0"
}

@test "what is well" {
	has start "status 0"
	shows ps '^HelloWeb +hello +healthy +healthy +20[0-9-]+T[0-9:]+Z +0 +same +hello-web.service$'
	shows ps '^HelloWorker +hello +healthy +healthy +20[0-9-]+T[0-9:]+Z +0 +same +hello-worker.service$'
	json ps-json '[s["service"] for s in d] == ["HelloWeb", "HelloWorker"]'
	json ps-json 'all(s["kind"] == "well" and s["containerState"] == "running" for s in d)'
	[ "$(grep -c Hello "$out/ps-web")" = 1 ]
	has status "status 0"
	shows status '^host mainpc +2 +2 +0 +0 +0 +0$'
	json status-json 'd["well"] and d["wrong"] == [] and d["groups"][0]["name"] == "hello"'
}

@test "a fleet that runs is not in its own way" {
	has doctor-running "host 'mainpc': nothing is missing"
}

@test "the same through ssh" {
	diff "$out/ps" "$out/ps-ssh"
	shows ssh-fails "ssh to 'elsewhere' failed"
	has ssh-fails "status 1"
	has logs-ssh "status 0"
	lacks logs-ssh 'HelloWeb'
}

@test "logs" {
	shows logs '^HelloWeb    \| .'
	shows logs '^HelloWorker \| .'
	has logs "status 0"
	lacks logs 'container (create|init|start) '
	has logs-web "status 0"
	[ "$(wc -l <"$out/logs-web")" -ge 2 ] && [ "$(wc -l <"$out/logs-web")" -le 4 ]
	lacks logs-web '^HelloWeb +\|'
	sed '$d' "$out/logs-json" | python3 -c 'import json, sys
rows = [json.loads(line) for line in sys.stdin]
assert {r["service"] for r in rows} == {"HelloWeb", "HelloWorker"}
assert all(r["time"] > 0 and r["unit"] for r in rows)
assert [r["time"] for r in rows] == sorted(r["time"] for r in rows)'
	has logs-since "status 1"
	shows logs-since 'nonsense'
}

@test "logs are followed until ^C, and nothing stays behind" {
	shows follow '^HelloWorker \| .'
	has follow-pid "status 130"
	[ ! -s "$out/follow-said" ]
	has follow-left "status 1"
}

@test "restarts are counted" {
	json ps-restarted 'd[0]["service"] == "HelloWeb" and d[0]["restarts"] >= 1 and d[0]["state"] == "healthy"'
}

@test "a container that should not be there" {
	shows ps-stranger '^old +- +not planned '
	has status-stranger "status 1"
	shows status-stranger '^old: not planned'
}

@test "an image that is not the fleet's" {
	shows ps-other '^HelloWeb .* other +hello-web.service$'
	shows ps-other '^HelloWorker .* same +hello-worker.service$'
}

@test "what has failed comes first, with its last lines" {
	has status-broken "status 1"
	[[ $(head -n 1 "$out/status-broken") == "HelloWorker: failed, result 'exit-code', since "* ]]
	shows status-broken '^    broken on purpose$'
	json status-broken-json 'not d["well"] and "broken on purpose" in d["wrong"][0]["log"]'
	json status-broken-json 'd["wrong"][0]["service"] == "HelloWorker"'
}

@test "what others have is told at once, and nothing is written" {
	has here-taken "status 3"
	shows here-taken "port 8080 of 'HelloWeb' is taken by something else"
	shows here-taken "a container 'hello-web' is there that is not run by 'hello-web.service'"
	shows here-taken "systemd/user/hello-worker.service' is there, is not of this fleet"
	shows here-taken "'loginctl enable-linger u1' \[machine-linger\]"
	has again "status 2"
}
