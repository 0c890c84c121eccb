#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Versions, specifiers, markers, requirements and tags agree with Python's `packaging`.
# Debian packages: bats, python3, python3-packaging.

setup_file() {
	ROOT="$(cd "$BATS_TEST_DIRNAME/../.." && pwd)"
	case "${OCISMITH_BUILD:=out}" in
	/*) PEP_EVAL="$OCISMITH_BUILD/tests/pep-eval" ;;
	*) PEP_EVAL="$ROOT/$OCISMITH_BUILD/tests/pep-eval" ;;
	esac
	export ROOT PEP_EVAL
}

judge() {
	run /usr/bin/python3 "$ROOT/tests/tools/packaging-judge.py" "$PEP_EVAL" "$1"
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "versions are read, normalised and ordered as packaging does" {
	judge versions
}

@test "specifiers admit what packaging admits" {
	judge specifiers
}

@test "markers evaluate as in packaging" {
	judge markers
}

@test "requirements are read as packaging reads them" {
	judge requirements
}

@test "tags of 280 targets come in packaging's order" {
	judge tags
}

@test "the judge notices a wrong answer" {
	cat >"$BATS_TEST_TMPDIR/liar" <<-'EOF'
		#!/bin/sh
		exec sed s/.*/true/
	EOF
	chmod +x "$BATS_TEST_TMPDIR/liar"
	run /usr/bin/python3 "$ROOT/tests/tools/packaging-judge.py" "$BATS_TEST_TMPDIR/liar" markers
	[ "$status" -eq 1 ]
}
