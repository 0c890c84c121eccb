#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The JSON schemas: the files in docs are what the program prints, and they agree with the loader.

bats_require_minimum_version 1.5.0

setup() {
	ocismith=${OCISMITH:-$BATS_TEST_DIRNAME/../../out/ocismith}
	build=${OCISMITH_BUILD:-$BATS_TEST_DIRNAME/../../out}
	docs=$BATS_TEST_DIRNAME/../../docs
	cd "$BATS_TEST_TMPDIR" || return
}

@test "the schemas in docs are those of the program" {
	for kind in fleet family; do
		diff -u "$docs/$kind.schema.json" <("$ocismith" schema "$kind")
	done
	diff <("$ocismith" schema fleet) <("$ocismith" schema)
}

@test "an unknown schema is refused" {
	run --separate-stderr "$ocismith" schema lock
	[ "$status" -eq 2 ]
	[ -z "$output" ]
	[[ $stderr == *"no schema 'lock', expected one of fleet, family"* ]]
}

@test "what the schemas refer to is in them" {
	/usr/bin/python3 - "$docs"/{fleet,family}.schema.json <<-'END'
		import json, re, sys
		for name in sys.argv[1:]:
		    text = open(name).read()
		    known = set(json.loads(text)['$defs'])
		    named = set(re.findall(r'"\$ref": "#/\$defs/([^"]*)"', text))
		    assert named and named <= known, (name, named - known)
	END
}

@test "the schemas accept the examples" {
	cat >judge.py <<-'END'
		import json, sys, jsonschema, yaml
		with open(sys.argv[1]) as schema:
		    judge = jsonschema.Draft202012Validator(json.load(schema))
		for name in sys.argv[2:]:
		    with open(name) as document:
		        for error in judge.iter_errors(yaml.safe_load(document)):
		            sys.exit('%s: %s: %s' % (name, list(error.absolute_path), error.message))
	END
	/usr/bin/python3 judge.py "$docs/fleet.schema.json" "$docs"/../examples/*/fleet.yaml
	/usr/bin/python3 judge.py "$docs/family.schema.json" "$docs"/../examples/*/families.d/*.yaml
}

@test "the schemas accept and refuse what the loader does" {
	run /usr/bin/python3 "$BATS_TEST_DIRNAME/../tools/fleet-corpus.py" "$docs" "$build/tests/fleet-shape" work
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(find work -name fleet.yaml | wc -l)" -gt 300 ]
}
