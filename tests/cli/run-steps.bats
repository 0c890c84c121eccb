#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What executes for a family: its own steps, and pip in the place of our installer.
# Debian packages: bats, python3; make-base's and make-wheelhouse's for the real fleet.
# shellcheck disable=SC2030,SC2031,SC2094  # a test changes its own variables; ocismith does not write what it reads

bats_require_minimum_version 1.5.0
load lib
load real

setup_file() {
	made=$BATS_FILE_TMPDIR/made
	mkdir -p "$made"/{app,families.d}
	"$tools/make-base" --debs --with python3-venv "$made/base" >&2
	"$tools/make-wheelhouse" --set demo "$made/wheels" >&2
	printf 'print("a")\n' >"$made/app/a.py"
	printf 'data\n' >"$made/model.txt"
	cat >"$made/fleet.yaml" <<-'END'
		fleet: steps
		registry: localhost
		tag: test
		wheels: {find_links: [wheels]}
		services:
		  A: {family: web, app: {script: app/a.py, files: [app]}}
	END
	cat >"$made/families.d/web.yaml" <<-'END'
		family: web
		from: "oci:base:debian-python:12"
		pip: [click==8.1.3, h11==0.14.0, pyyaml==6.0, python-dotenv==0.21.0]
		run:
		  - name: model
		    env: {WORD: hello}
		    inputs: model.txt
		    outputs: [/opt/model, /srv/one]
		    script: |
		      umask 077
		      mkdir -p /opt/model/deep
		      python3 -c 'import click, yaml; print(yaml.dump({"a": 1}), end="")' >/opt/model/deep/out
		      echo "$WORD $HOME $SOURCE_DATE_EPOCH" >>/opt/model/deep/out
		      cp /run/inputs/model.txt /srv/one
		      chown 7:8 /srv/one
		      chmod 4755 /srv/one
		      if [ -n "$(ls /sys/class/net 2>/dev/null | grep -v '^lo$')" ]; then exit 9; fi
		      echo noise >/root/noise
	END
	"$ocismith" -q -C "$made" --store "$BATS_FILE_TMPDIR/store" lock >/dev/null
	if ! "$ocismith" --progress plain -C "$made" --store "$BATS_FILE_TMPDIR/store" --format json build \
		>"$BATS_FILE_TMPDIR/json" 2>"$BATS_FILE_TMPDIR/events"; then
		grep -q 'ocismith doctor' "$BATS_FILE_TMPDIR/events" || {
			cat "$BATS_FILE_TMPDIR/events"
			return 1
		}
		no_sandbox="the machine does not let us execute steps: $(tail -n 1 "$BATS_FILE_TMPDIR/events")"
		export no_sandbox
	fi
}

setup() {
	[ -z "${no_sandbox-}" ] || skip "$no_sandbox"
	cd "$BATS_TEST_TMPDIR" || return
	fleet=$BATS_TEST_TMPDIR/fleet store=$BATS_FILE_TMPDIR/store
	cp -r "$BATS_FILE_TMPDIR/made" "$fleet"
}

built() { "$ocismith" --progress plain -C "$fleet" --store "$store" --format json build 2>events >json; }

# tree LIST... of the image's files, a line each
tree() {
	python3 "$tools/image-tree.py" "$store/oci" localhost/a:test >tree.json
	python3 -c '
import json, sys
for e in json.load(open("tree.json")):
    if e["path"].startswith(tuple(sys.argv[1:])):
        print(e["path"], e["type"], e["mode"], e["uid"], e["gid"], e["mtime"], e.get("sha256"), e.get("target"))' "$@"
}

@test "outputs are kept with their owners, and nothing else" {
	local sum
	[[ $(<"$BATS_FILE_TMPDIR/events") == *"run web model changed 1 file outside of its outputs, which is not kept: '/root/noise'"* ]]
	built
	sum=$(printf 'a: 1\nhello /root 315532800\n' | sha256sum)
	tree opt/model srv root >found
	cat found
	grep -q "^opt/model/deep/out file .* 0 0 315532800 ${sum%% *} None$" found
	grep -q "^srv/one file .* 7 8 315532800 $(sha256sum <"$fleet/model.txt" | cut -d' ' -f1) None$" found
	run ! grep -q noise found
	"$ocismith" --store "$store" ls -l localhost/a:test srv/one | grep -q '^-rwsr-xr-x *7:8 '
}

@test "nothing is run twice, and each input makes it run again" {
	built
	[[ $(<json) == *'"stepsMade": 0,'* ]]
	local change
	for change in "echo more >>model.txt" "sed -i s/hello/bye/ families.d/web.yaml" "sed -i 's/noise$/other/' families.d/web.yaml" \
		"sed -i 's|, /srv/one|, /srv/one, /root|' families.d/web.yaml"; do
		(cd "$fleet" && eval "$change")
		built
		grep -q '^done *run web model' events
		[[ $(<json) == *'"stepsMade": 1,'* ]]
	done
	# what is no input of it does not
	printf 'print("b")\n' >"$fleet/app/a.py"
	built
	run ! grep -q 'run web model, ' events
}

@test "another store, one worker, no overlay: the same digests, and a note" {
	"${OCISMITH_BUILD:-$BATS_TEST_DIRNAME/../../out}/tests/refuse" overlay=EINVAL "$ocismith" --progress plain -C "$fleet" \
		--store "$BATS_TEST_TMPDIR/store" --format json build -j1 >json 2>events
	[ "$(grep -c "no overlay in store '.*store': each step has a copy of its root" events)" -eq 1 ]
	run ! grep -q 'no overlay' "$BATS_FILE_TMPDIR/events"
	named json >again
	named "$BATS_FILE_TMPDIR/json" | diff - again
}

@test "root's ids: the same digests, and others must not ask for them" {
	if [ "$(id -u)" = 0 ] && ! grep -q ' 4294967295$' /proc/self/uid_map; then
		skip 'root of a user namespace alone'
	fi
	if [ "$(id -u)" != 0 ]; then
		run --separate-stderr "$ocismith" -C "$fleet" --store "$store" build --users root
		[ "$status" -eq 1 ]
		[[ $stderr == *"--users=root is for root"* ]]
		return
	fi
	"$ocismith" --progress plain -C "$fleet" --store "$BATS_TEST_TMPDIR/store" --format json build --users root >json 2>events
	[ -n "$(find "$BATS_TEST_TMPDIR/store/cache/roots" -maxdepth 1 -name '*-root')" ]
	named json >again
	named "$BATS_FILE_TMPDIR/json" | diff - again
}

@test "many ids that nobody has given are told" {
	! grep -qE "^($(id -un)|$(id -u)):" /etc/subuid 2>/dev/null || skip 'there are subordinate ids'
	run --separate-stderr "$ocismith" --progress none -C "$fleet" --store "$BATS_TEST_TMPDIR/store" build --users many
	[ "$status" -eq 1 ]
	[[ $stderr == *subuid* ]]
}

@test "all that a step says is kept" {
	step <<<'  - {name: talk, script: "seq 20000; mkdir /srv/x", outputs: [/srv/x]}'
	built
	seq 20000 | diff - "$store/cache/logs/steps.run-web-talk.log"
	step <<<'  - {name: talk, script: "seq 30000; exit 4", outputs: [/srv/x]}'
	run --separate-stderr "$ocismith" --progress plain -C "$fleet" --store "$store" build
	[ "$status" -eq 1 ]
	[[ $stderr == *"all that step 'run web talk' said is in '$store/cache/logs/steps.run-web-talk.log'"* ]]
	seq 30000 | diff - "$store/cache/logs/steps.run-web-talk.log"
}

# fails TEXT: the build fails with that
fails() {
	run --separate-stderr "$ocismith" --progress none -C "$fleet" --store "$store" build
	echo "$stderr"
	[ "$status" -eq "${2-1}" ] && [[ $stderr == *$1* ]] && [ -z "$(ls "$store/cache/work" 2>/dev/null)" ]
}

step() {
	sed -i '/^run:/,$d' "$fleet/families.d/web.yaml"
	{ echo run: && cat; } >>"$fleet/families.d/web.yaml"
}

@test "what goes wrong in a step is told in its words" {
	step <<<'  - {name: bad, command: [sh, -c, "echo the reason >&2; exit 3"], outputs: [/srv/x]}'
	fails "run web bad"
	[[ $stderr == *"the reason"* && $stderr == *"status 3"* ]]
	step <<<'  - {name: none, command: ["true"], outputs: [/srv/x]}'
	fails "run web none left nothing new in its output '/srv/x'"
	step <<<'  - {name: lost, command: [no-such-program], outputs: [/srv/x]}'
	fails "no-such-program"
	step <<<'  - {name: in, command: ["true"], inputs: [nowhere], outputs: [/srv/x]}'
	fails "nowhere"
	printf 'model.txt\n' >"$fleet/.containerignore"
	step <<<'  - {name: in, command: ["true"], inputs: [model.txt], outputs: [/srv/x]}'
	fails ".containerignore:1"
}

@test "inputs cannot be written, and there is no network" {
	step <<-'END'
		  - name: look
		    inputs: [model.txt]
		    outputs: [/srv/x]
		    script: |
		      ! sh -c 'echo x >/run/inputs/model.txt' || exit 4
		      ! python3 -c 'import socket; socket.create_connection(("192.0.2.1", 80), 2)' 2>/srv/y || exit 5
		      grep -q unreachable /srv/y
		      touch /srv/x
	END
	built
	[ "$(cat "$fleet/model.txt")" = data ]
}

@test "a step that cannot be is a finding" {
	step <<-'END'
		  - {name: a, command: [x], script: y, outputs: [/x]}
		  - {name: a, command: [x], outputs: [/run/x], inputs: [../x]}
		  - {name: b, outputs: [x]}
	END
	fails "step 'a' has both: one of 'command' and 'script' is needed" 3
	[[ $stderr == *"step 'a' is there twice"* && $stderr == *"output '/run/x' of step 'a'"* ]]
	[[ $stderr == *"input '../x' of step 'a'"* && $stderr == *"step 'b' has neither"* && $stderr == *"output 'x'"* ]]
}

@test "pip installs what we install" {
	local bytecode
	for bytecode in none unchecked-hash; do
		sed -i -e '/^bytecode:/d' -e '/^installer:/d' "$fleet/families.d/web.yaml"
		printf 'bytecode: %s\n' "$bytecode" >>"$fleet/families.d/web.yaml"
		built
		tree opt/venv >ours
		printf 'installer: pip\n' >>"$fleet/families.d/web.yaml"
		built
		grep -q '^done *pip web' events
		tree opt/venv >theirs
		# RECORD and INSTALLER tell who it was, REQUESTED that it was asked for
		diff <(grep -v '\.dist-info/\(RECORD\|INSTALLER\) ' ours) \
			<(grep -v '\.dist-info/\(RECORD\|INSTALLER\|REQUESTED\) ' theirs)
		grep -q 'dist-info/REQUESTED' theirs
		run ! grep -q direct_url theirs
	done
	built
	[[ $(<json) == *'"stepsMade": 0,'* ]]
}

@test "what pip installs with bytecode and an override is a sound venv, and the same twice" {
	PYTHONPATH=$tools PYTHONDONTWRITEBYTECODE=1 python3 "$tools/pip-packages.py" "$fleet/wheels" a==1 a==2 'b==1:a<2'
	sed -i -e '/^run:/,$d' -e 's/^pip: \[/pip: [a==2, /' "$fleet/families.d/web.yaml"
	printf 'bytecode: unchecked-hash\ninstaller: pip\n' >>"$fleet/families.d/web.yaml"
	sed -i -e 's|^  A: {|&health: {exec: [/usr/bin/test, -e, /tmp/sound], interval: 1s, start_period: 60s}, |' \
		-e 's/^  A: {/&pip: {requirements: [a==1, b==1], override: a}, /' -e 's|app/a.py|app/sound.py|' "$fleet/fleet.yaml"
	rm "$fleet/app/a.py"
	cat >"$fleet/app/sound.py" <<-'END'
		import base64, glob, hashlib, importlib.metadata as metadata, subprocess, sys, time
		import a, b, click, dotenv, h11, yaml
		names = sorted(d.metadata["Name"].lower() for d in metadata.distributions(path=[p for p in sys.path if "venv" in p]))
		assert names == ["a", "b", "click", "h11", "python-dotenv", "pyyaml"], names
		assert (a.VERSION, b.VERSION) == ("1", "1")
		for module in (a, b, click, dotenv, h11, yaml):
		    with open(module.__spec__.cached, "rb") as file:
		        assert file.read(8)[4:] == b"\1\0\0\0", module
		for name in names:
		    dist = metadata.distribution(name)
		    assert dist.read_text("INSTALLER").strip() == "pip", name
		    for entry in dist.files:
		        data = entry.locate().read_bytes()
		        if entry.hash is None:
		            assert entry.name == "RECORD", entry
		            continue
		        wanted = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
		        assert (entry.hash.mode, entry.hash.value, entry.size) == ("sha256", wanted, len(data)), entry
		pip = glob.glob("/usr/share/python-wheels/pip-*.whl")[0] + "/pip"
		subprocess.run([sys.executable, pip, "check"], check=True)
		open("/tmp/sound", "w").close()
		time.sleep(600)
	END
	"$ocismith" -q -C "$fleet" --store "$store" lock >/dev/null
	built
	# one layer of the family without what is overridden, one of the service
	"$ocismith" --store "$store" history localhost/a:test >layers
	[ "$(grep -c ' pip ' layers)" -eq 2 ]
	run --separate-stderr "$ocismith" -C "$fleet" --store "$store" smoke A -v
	echo "$stderr"
	[ "$status" -eq 0 ]
	[[ $stderr == *'No broken requirements found.'* ]]
	mv "$fleet" elsewhere
	"$ocismith" --progress none -C elsewhere --store "$BATS_TEST_TMPDIR/store" --format json build -j1 >again
	diff <(named json) <(named again)
}

@test "an image without pip says what it lacks" {
	rm -rf "$fleet/base" "$fleet/build-lock.json"
	"$tools/make-base" --debs "$fleet/base" >&2
	printf 'installer: pip\n' >>"$fleet/families.d/web.yaml"
	store=$BATS_TEST_TMPDIR/store
	"$ocismith" -q -C "$fleet" --store "$store" lock >/dev/null
	fails "the image has no pip: it comes with the Debian packages python3-pip and python3-venv"
}
