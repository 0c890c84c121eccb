#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocismith init: what it writes can be checked, locked, built and run at once, and it writes over nothing.

bats_require_minimum_version 1.5.0

setup() {
	ocismith=${OCISMITH:-$BATS_TEST_DIRNAME/../../out/ocismith}
	tools=$BATS_TEST_DIRNAME/../tools
	export OCISMITH_STORE=$BATS_TEST_TMPDIR/store
	mkdir "$BATS_TEST_TMPDIR/work"
	cd "$BATS_TEST_TMPDIR/work" || return
}

# run ocismith: $status, $output (stdout), $stderr
smith() {
	run --separate-stderr "$ocismith" --progress none "$@"
	echo "ocismith $* -> $status; stdout: $output; stderr: $stderr"
}

@test "a new fleet is checked, locked, built and made into units" {
	python3 "$tools/tiny-base.py" base
	smith init some/hello --from oci:base:tiny:1
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "${lines[0]}" = some/hello/fleet.yaml ]
	cd some/hello
	grep -qx 'fleet: hello' fleet.yaml
	grep -qx 'from: oci:../../base:tiny:1' families.d/base.yaml
	smith check
	[ "$status" -eq 0 ]
	[[ $output != *": error:"* ]]
	warnings=$(grep ': warning:' <<<"$output" | grep -v '\[no-lock\]' || true)
	[ -z "$warnings" ]
	smith lock
	[ "$status" -eq 0 ]
	smith check
	[ "$status" -eq 0 ]
	[[ $output != *": error:"* && $output != *": warning:"* ]]
	smith build
	[ "$status" -eq 0 ]
	smith ls localhost/hello/hello:latest app
	[[ $output == *app/hello.py* ]]
	smith units -o units
	[ "$status" -eq 0 ]
	grep -q '^Environment=.*PORT=8080' units/here/*.container
}

@test "the schemas accept a new fleet" {
	smith init .
	python3 - "$BATS_TEST_DIRNAME/../../docs" <<-'END'
		import json, sys, jsonschema, yaml
		for kind, name in (('fleet', 'fleet.yaml'), ('family', 'families.d/base.yaml')):
		    schema = json.load(open('%s/%s.schema.json' % (sys.argv[1], kind)))
		    jsonschema.Draft202012Validator(schema).validate(yaml.safe_load(open(name)))
	END
}

@test "the program answers, and ends on SIGTERM" {
	smith init .
	PORT=0 GREETING='good day' python3 - <<-'END'
		import http.server, os, runpy, signal, sys, threading, urllib.request
		answers = []
		class Server(http.server.ThreadingHTTPServer):
		    def serve_forever(self, *args):
		        def ask():
		            for path in '/health', '/':
		                with urllib.request.urlopen('http://127.0.0.1:%d%s' % (self.server_port, path)) as answer:
		                    answers.append((answer.status, answer.read()))
		            os.kill(os.getpid(), signal.SIGTERM)
		        threading.Thread(target=ask).start()
		        super().serve_forever(*args)
		http.server.ThreadingHTTPServer = Server
		try:
		    runpy.run_path('app/hello.py', run_name='__main__')
		except SystemExit as end:
		    assert end.code == 0
		assert answers == [(200, b'ok\n'), (200, b'good day\n')], answers
	END
}

@test "nothing is overwritten" {
	for name in fleet.yaml families.d/base.yaml .gitignore; do
		mkdir -p there/families.d
		echo mine >"there/$name"
		smith init there
		[ "$status" -eq 1 ]
		[ -z "$output" ]
		[[ $stderr == "ocismith: error: 'there/$name' exists, and nothing is overwritten" ]]
		[ "$(cat "there/$name")" = mine ]
		[ "$(find there -type f | wc -l)" -eq 1 ]
		rm -r there
	done
	mkdir there
	ln -s /nowhere there/fleet.yaml
	smith init there
	[ "$status" -eq 1 ]
	[ "$(find there | wc -l)" -eq 2 ]
}

@test "names and references are what YAML takes for the same text" {
	for name in true 'a: b' '12' 'x # y' 'Äpfel & "Birnen"' "a"$'\n'"b"; do
		rm -rf new
		smith init new --name "$name" --from /nowhere
		[ "$status" -ne 0 ]
		smith init new --name "$name" --from 'ghcr.io/acme/base@sha256:0000000000000000000000000000000000000000000000000000000000000000'
		[ "$status" -eq 0 ]
		NAME=$name python3 -c 'import os, yaml; assert yaml.safe_load(open("new/fleet.yaml"))["fleet"] == os.environ["NAME"]'
		smith -C new check
		[ "$status" -eq 0 ]
	done
	smith init other --name '--'
	[ "$status" -eq 2 ]
	[ ! -e other ]
	mkdir ++
	smith init ++
	[ "$status" -eq 0 ]
	grep -qx 'fleet: fleet' ++/fleet.yaml
}

@test "as JSON" {
	smith --format json init new
	[ "$status" -eq 0 ]
	python3 -c 'import json, sys; d = json.loads(sys.argv[1])
assert d["directory"] == "new" and "fleet.yaml" in d["files"]' "$output"
}

@test "a base may be beside, above or anywhere" {
	smith init a/b --from oci:./a/base:x
	grep -qx 'from: oci:../base:x' a/b/families.d/base.yaml
	smith init n --from oci:@NAME@
	grep -qx 'from: oci:../@NAME@' n/families.d/base.yaml
	smith init c --from oci-archive:/srv/base.tar
	grep -qx 'from: oci-archive:/srv/base.tar' c/families.d/base.yaml
	smith init d --from docker-archive:d/base.tar
	grep -qx 'from: docker-archive:base.tar' d/families.d/base.yaml
	smith init e --from docker.io/library/python:3.11-slim
	grep -qx 'from: docker.io/library/python:3.11-slim' e/families.d/base.yaml
}

# what nobody has to bring; tests/e2e/bootstrap.bats locks and builds it
@test "without a base it is one of Debian packages" {
	smith init e
	[ "$status" -eq 0 ]
	python3 -c 'import yaml
assert yaml.safe_load(open("e/families.d/base.yaml"))["from"] == {
    "debian": {"suite": "bookworm", "packages": ["python3", "tini", "ca-certificates"]}}'
	smith -C e check
	[ "$status" -eq 0 ]
	[[ $output != *": error:"* ]]
}
