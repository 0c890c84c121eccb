#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Runs of images in the sandbox: healthy ones, sick ones, hostile ones, and that nothing of them stays.
# Debian packages: bats, jq, procps, python3; make-base's and make-wheelhouse's.
# shellcheck disable=SC2030,SC2031,SC2154  # a test changes its own variables; run sets stderr

bats_require_minimum_version 1.5.0
load lib
load real

# service NAME TEXT [KEYS]: a service without requirements whose program is TEXT
service() {
	printf '%s\n' "$2" >"$fleet/app/$1.py"
	printf '  %s:\n    family: base-python\n    app: {script: app/%s.py, files: [app/%s.py]}\n' "$1" "$1" "$1" \
		>>"$fleet/more"
	[ -z "${3-}" ] || printf '    %s\n' "$3" >>"$fleet/more"
}

setup_file() {
	fleet=$BATS_FILE_TMPDIR/fleet store=$BATS_FILE_TMPDIR/fleet.store
	make_hello "$fleet"
	service short 'print("all done")'
	service dies 'import sys; print("about to die"); sys.exit(3)'
	service sick 'import time; print("up"); time.sleep(60)' \
		'health: {exec: [/opt/venv/bin/python3, -c, "raise SystemExit(\"still warming\")"], interval: 1s, retries: 1}'
	service missing 'import time; time.sleep(60)' 'health: {exec: [/no/such/probe], interval: 30s}'
	service stubborn 'import signal, time; signal.signal(15, signal.SIG_IGN); print("no"); time.sleep(60)'
	service loud 'while True: print("x" * 100000)'
	service bomb '
import os, time
for i in range(100000):
    try:
        if os.fork() == 0:
            time.sleep(600.125)
    except OSError as error:
        print("no more after", i, error.errno, flush=True)
        raise SystemExit(5)' 'limits: {pids: 400}
    health: {exec: [/usr/bin/false], start_period: 60s}'
	service looks '
import os, socket, sys
print(os.getuid(), os.getgid(), os.getpid(), socket.gethostname(), os.environ.get("MORE"))
for path in ("/x", "/app/x", "/etc/x", "/dev/x"):
    try:
        open(path, "w")
        sys.exit(path + " was written")
    except OSError as error:
        print(path, error.errno in (13, 30))
for path in ("/tmp/x", "/run/x", "/var/tmp/x", "/dev/shm/x", "/data/state/x"):
    open(path, "w").close()
print([line.split()[1] for line in open("/proc/self/status") if line.startswith(("CapEff", "CapBnd", "NoNewPrivs"))])
print([line.strip().split(":")[0] for line in open("/proc/net/dev")][2:])
server = socket.create_server(("localhost", 8099))
print("secret", repr(open("/run/secrets/token").read()), repr(os.environ["KEY"]))
sys.exit(0)' 'writable: [/data/state]
    secrets: [token, key]'
	# a group elsewhere, with an upstream image, and who needs it
	cat >>"$fleet/more" <<-'END'
		  Upstream:
		    image: docker.io/library/upstream:1
		    app: {exec: [python3, -c, "import http.server as h, signal as s; s.signal(15, lambda *_: exit()); h.test(h.SimpleHTTPRequestHandler, port=6379)"]}
		    ports: {service: 6379}
		    health: {exec: [python3, -c, "import socket; socket.create_connection(('127.0.0.1', 6379))"], interval: 1s}
	END
	# shellcheck disable=SC2016  # the fleet's variables
	service asks '
import os, socket, time, urllib.request
for where in (os.environ["UPSTREAM"], "hello:8080/health", "hello-web:8080/health"):
    print(where, urllib.request.urlopen("http://" + where, timeout=5).status, flush=True)
print("nobody else", socket.socket().connect_ex(("10.9.9.7", 6379)), flush=True)
open("/run/asked", "w").close()
time.sleep(60)' 'env: {UPSTREAM: "${Upstream.address}:${Upstream.service}"}
    health: {exec: [/usr/bin/test, -e, /run/asked], interval: 1s}
    needs: [{service: Upstream, until: healthy}, HelloWorker]'
	service wants-sick 'print("never run")' 'needs: [sick]'
	service steady 'import time; print("steady", flush=True); time.sleep(60)'
	service stays 'import time; print("up", flush=True); time.sleep(60)' \
		'health: {exec: [/usr/bin/false], interval: 1s, start_period: 60s}
    needs: [steady]'
	service clashes 'print("never run")' 'ports: {own: 8080}
    needs: [HelloWeb]'
	sed -i "/^services:/r $fleet/more" "$fleet/fleet.yaml"
	sed -i 's/^  hello: .*/  hello: {host: mainpc, services: [HelloWeb, HelloWorker, asks, wants-sick]}\
  infra: {host: mainpc, network: lan, ip: 10.9.9.5, services: [Upstream]}/
		s/^    address: 192.0.2.10/&\n    network: lan/' "$fleet/fleet.yaml"
	cat >>"$fleet/fleet.yaml" <<-'END'
		networks: {lan: {subnet: 10.9.9.0/24}}
		mirrors: {"docker.io/library/upstream": "oci:base:debian-python:12"}
		secrets: {token: {as: file}, key: {as: env, target: KEY}}
	END
	mkdir "$fleet/smoke"
	printf 'import beside, sys\nassert sys.argv[1:] == []\nassert beside.number == 7\nprint("own program")\n' \
		>"$fleet/smoke/own.py"
	echo 'number = 7' >"$fleet/smoke/beside.py"
	cat >"$fleet/smoke/beyond.py" <<-'END'
		import ctypes
		assert ctypes.CDLL(None).shmget(0, 4096, 0o1600) >= 0, "no memory to share"
	END
	echo 'smoke: smoke/own.py' >>"$fleet/families.d/base-python.yaml"
	printf 'family: beyond\nfrom: base-python\nsmoke: smoke/beyond.py\n' >"$fleet/families.d/beyond.yaml"
	"$ocismith" -q -C "$fleet" --store "$store" lock >/dev/null
	"$ocismith" -q -C "$fleet" --store "$store" build >/dev/null
	"$ocismith" -q -C "$fleet" --store "$store" build family-web beyond >/dev/null
	if ! "$ocismith" doctor >/dev/null 2>&1; then
		no_sandbox='this machine runs no sandbox (ocismith doctor)'
		export no_sandbox
	fi
}

setup() {
	[ -z "${no_sandbox-}" ] || skip "$no_sandbox"
	fleet=$BATS_FILE_TMPDIR/fleet store=$BATS_FILE_TMPDIR/fleet.store
	cd "$BATS_TEST_TMPDIR" || return
}

smoke() { run --separate-stderr "$ocismith" -C "$fleet" --store "$store" smoke "$@"; }

# nothing of a run stays in the store
teardown() { [ -z "$(find "$store/cache" -maxdepth 1 -name '.tmp*')" ]; }

@test "the services of the example are healthy" {
	smoke HelloWeb hello-worker --format json
	echo "$output $stderr"
	[ "$status" -eq 0 ]
	jq -e 'map(.result) == ["healthy", "healthy"] and all(.peakMemory > 4000000 and .exitStatus == 0 and
		(.killed | not) and (.healthySeconds | tonumber) > 0)' <<<"$output"
}

@test "a service by itself is in what its unit would be" {
	printf hush >token
	smoke looks -v --secret "token=$PWD/token" --env MORE=than
	echo "$output $stderr"
	[ "$status" -eq 0 ]
	[[ $stderr == *'10001 10001 2 looks than'* ]]
	[[ $stderr != *False* ]]
	[[ $stderr == *"['0000000000000000', '0000000000000000', '1']"* ]]
	[[ $stderr == *"['lo']"* ]]
	[[ $stderr == *"secret 'hush' ''"* ]]
}

@test "one without a health check may end, but not badly" {
	smoke short
	[ "$status" -eq 0 ]
	[[ $output == *'short '*' healthy '* ]]
	smoke dies
	echo "$output $stderr"
	[ "$status" -eq 1 ]
	[[ $output == *'dies '*' died '* ]]
	[[ $stderr == *"the last lines of 'dies'"*'about to die'*"service 'dies': ended with status 3"* ]]
}

@test "one that is never healthy is given up in time, with what its check said" {
	smoke sick --timeout 2
	echo "$output $stderr"
	[ "$status" -eq 1 ]
	[[ $stderr == *'its health check said'*'still warming'*"the last lines of 'sick'"*up*"service 'sick': not healthy after "* ]]
	SECONDS=0
	smoke missing
	echo "$output $stderr"
	[ "$status" -eq 1 ]
	[[ $stderr == *"cannot run '/no/such/probe': No such file or directory"* ]]
	((SECONDS < 20))
}

@test "one that does not stop is killed" {
	smoke stubborn --stop-timeout 1 --format json
	echo "$output $stderr"
	[ "$status" -eq 0 ]
	jq -e 'map([.killed, .exitStatus]) == [[true, 137]]' <<<"$output"
}

@test "processes and output are bounded" {
	smoke bomb
	echo "$output $stderr"
	[ "$status" -eq 1 ]
	[[ $stderr == *'no more after '* ]]
	[[ $stderr == *'status 5'* ]]
	smoke loud
	echo "$output $stderr"
	[ "$status" -eq 1 ]
	[[ $stderr == *'wrote more than 67108864 bytes of output'* ]]
}

@test "what is not built or not there is said" {
	run --separate-stderr "$ocismith" -C "$fleet" --store "$PWD/empty" smoke HelloWeb
	[ "$status" -eq 1 ]
	[[ $stderr == *"is not in the store: run 'ocismith build HelloWeb' first"* ]]
	smoke HelloWebb
	[ "$status" -ne 0 ]
	[[ $stderr == *"no service 'HelloWebb' (did you mean 'HelloWeb'?)"* ]]
	smoke HelloWeb@pc2
	[ "$status" -ne 0 ]
	[[ $stderr == *"is not on host 'pc2'"* ]]
	smoke HelloWeb --env X
	[ "$status" -eq 2 ]
}

@test "a second machine's image is not run here" {
	cp -r "$fleet" other
	local machine=arm64
	[ "$(uname -m)" != aarch64 ] || machine=amd64
	python3 - "$store" "$machine" <<-'END'
		import hashlib, json, os, shutil, sys
		store, machine = sys.argv[1:]
		shutil.copytree(store + "/oci", "store/oci")
		blobs = "store/oci/blobs/sha256/"
		index = json.load(open("store/oci/index.json"))
		def put(value):
		    data = json.dumps(value).encode()
		    name = hashlib.sha256(data).hexdigest()
		    open(blobs + name, "wb").write(data)
		    return {"digest": "sha256:" + name, "size": len(data)}
		for entry in index["manifests"]:
		    if "hello-web" not in str(entry.get("annotations")):
		        continue
		    manifest = json.load(open(blobs + entry["digest"][7:]))
		    config = json.load(open(blobs + manifest["config"]["digest"][7:]))
		    config["architecture"] = machine
		    manifest["config"].update(put(config))
		    entry.update(put(manifest))
		    entry["platform"]["architecture"] = machine
		json.dump(index, open("store/oci/index.json", "w"))
	END
	run --separate-stderr "$ocismith" -C "$fleet" --store "$PWD/store" smoke HelloWeb
	echo "$output $stderr"
	[ "$status" -eq 1 ]
	[[ $stderr == *"the image is for linux/$machine"* ]]
}

@test "what a service needs runs beside it, on one network" {
	smoke asks --with-needs -v --format json
	echo "$output $stderr"
	[ "$status" -eq 0 ]
	jq -e 'map([.service, .neededBy, .result]) == [["Upstream", "asks", "healthy"], ["HelloWeb", "asks", "healthy"],
		["HelloWorker", "asks", "healthy"], ["asks", null, "healthy"]] and all(.killed | not)' <<<"$output"
	[[ $stderr == *'10.9.9.5:6379 200'*'hello:8080/health 200'*'hello-web:8080/health 200'* ]]
	# its address is not all addresses, and there is no way out
	[[ $stderr == *'nobody else 101'* ]]
	# alone it finds nobody
	smoke asks
	echo "$output $stderr"
	[ "$status" -eq 1 ]
	[[ $output == *'asks '*' died '* ]]
}

@test "a need that is not well, or has the same port, is said, and the service is not run" {
	smoke wants-sick --with-needs -v --timeout 2
	echo "$output $stderr"
	[ "$status" -eq 1 ]
	[[ $output == *'sick '*' unhealthy '* ]]
	[[ $output != *wants-sick* ]]
	[[ $stderr != *'never run'* ]]
	[[ $stderr == *"service 'sick': not healthy after "* ]]
	smoke clashes --with-needs
	[ "$status" -eq 1 ]
	[[ $stderr == *"'clashes' and 'HelloWeb' both listen on port 8080"* ]]
	rm -rf other
	cp -r "$fleet" other
	sed -i '/^mirrors/d' other/fleet.yaml
	run --separate-stderr "$ocismith" -C other --store "$store" smoke asks --with-needs
	echo "$stderr"
	[ "$status" -eq 1 ]
	[[ $stderr == *"the store has no image 'docker.io/library/upstream:1'"*'skopeo copy'* ]]
}

@test "a family does under its profile what it is for, and its own program as well" {
	smoke --families family-web -v --format json
	echo "$output $stderr"
	[ "$status" -eq 0 ]
	jq -e 'map([.family, .result, .exitStatus, .profile]) == [["family-web", "healthy", 0, "baseline"]]' <<<"$output"
	[[ $stderr == *' modules are imported'*'used: uvicorn '*'baseline: works'*'own program'*'own.py: works'* ]]
}

@test "what a family's program wants beyond its profile is refused, and told" {
	smoke --families beyond
	echo "$output $stderr"
	[ "$status" -eq 1 ]
	[[ $output == 'FAMILY '*'beyond '*' died '* ]]
	[[ $stderr == *"profile 'baseline' refused shmget("*'): Function not implemented'* ]]
	[[ $stderr == *'no memory to share'* ]]
	[[ $stderr == *"'ocismith seccomp explain baseline shmget' says why"* ]]
	[[ $stderr == *"family 'beyond': ended with status 1"* ]]
}

@test "families that are not there or not built are said" {
	smoke --families family-wbe
	[ "$status" -ne 0 ]
	[[ $stderr == *"no family 'family-wbe' (did you mean 'family-web'?)"* ]]
	smoke --families
	echo "$stderr"
	[ "$status" -eq 1 ]
	[[ $stderr == *"run 'ocismith build base-python' first"* ]]
	cp -r "$fleet" other
	rm other/smoke/own.py
	run "$ocismith" -C other check
	[[ $output == *"smoke program 'smoke/own.py' of family 'base-python' does not exist"*smoke-missing* ]]
	run --separate-stderr "$ocismith" -C other --store "$store" smoke --families family-web
	[ "$status" -eq 1 ]
	[[ $stderr == *own.py* ]]
}

# gone TEXT: no process with TEXT in its command line, at the latest after five seconds
gone() {
	local i
	for ((i = 0; i < 50; i++)); do
		pgrep -u "$(id -u)" -f "$1" >/dev/null || return 0
		sleep 0.1
	done
	pgrep -u "$(id -u)" -af "$1"
	return 1
}

# interrupted SIGNAL ARGUMENT...: smoke, which gets SIGNAL when a service has said "up"
interrupted() {
	local signal=$1 i
	shift
	# what runs in the background ignores SIGINT
	env --default-signal=INT "$ocismith" -C "$fleet" --store "$store" smoke "$@" --timeout 60 -v >out 2>said 3>&- &
	local pid=$!
	for ((i = 0; i < 1200; i++)); do
		! grep -q '^up' said || break
		sleep 0.05
	done
	grep '^up' said
	kill -s "$signal" "$pid"
	wait "$pid" || true
	# what it left is taken away by the next
	rm -rf "$store"/cache/.tmp*
}

@test "Ctrl-C and SIGKILL leave no process, of the needs neither" {
	local signal
	for signal in INT KILL; do
		interrupted "$signal" sick
		gone app/sick.py
		interrupted "$signal" stays --with-needs
		grep '^steady' said
		gone app/stays.py
		gone app/steady.py
		gone ocismith-loopback
	done
}
