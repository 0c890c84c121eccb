#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What is read in Python sources is what CPython reads in them: all of Debian's Python.
# Debian packages: bats, python3.

setup_file() {
	ROOT="$(cd "$BATS_TEST_DIRNAME/../.." && pwd)"
	case "${OCISMITH_BUILD:=out}" in
	/*) SCAN="$OCISMITH_BUILD/tests/python-scan" ;;
	*) SCAN="$ROOT/$OCISMITH_BUILD/tests/python-scan" ;;
	esac
	SOURCES=$(/usr/bin/python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
	export ROOT SCAN SOURCES
}

judge() {
	run /usr/bin/python3 "$ROOT/tests/tools/python-judge.py" "$SCAN" "$@"
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "imports are those of CPython's parser, and no good file has an error" {
	judge imports "$SOURCES" /usr/lib/python3/dist-packages
}

@test "lost brackets, moved lines and the like are seen where CPython sees them, and nowhere else" {
	judge errors 3000 "$SOURCES" /usr/lib/python3/dist-packages
}

@test "every identifier of CPython is one" {
	judge names
}

@test "the standard library is that of the interpreter" {
	judge stdlib
}

@test "the judge notices imports that are left out and errors that are not there" {
	cat >"$BATS_TEST_TMPDIR/forgetful" <<-EOF
		#!/bin/sh
		"$SCAN" | sed '/^import .* os$/d'
	EOF
	cat >"$BATS_TEST_TMPDIR/strict" <<-EOF
		#!/bin/sh
		"$SCAN" | sed '1abad 1 nonsense'
	EOF
	cat >"$BATS_TEST_TMPDIR/blind" <<-EOF
		#!/bin/sh
		"$SCAN" | sed '/^bad /d'
	EOF
	chmod +x "$BATS_TEST_TMPDIR"/*
	local judge=$ROOT/tests/tools/python-judge.py
	run /usr/bin/python3 "$judge" "$BATS_TEST_TMPDIR/forgetful" imports "$SOURCES/json"
	[ "$status" -eq 0 ]
	run /usr/bin/python3 "$judge" "$BATS_TEST_TMPDIR/forgetful" imports "$SOURCES/logging"
	[ "$status" -eq 1 ]
	run /usr/bin/python3 "$judge" "$BATS_TEST_TMPDIR/strict" imports "$SOURCES/json"
	[ "$status" -eq 1 ]
	run /usr/bin/python3 "$judge" "$BATS_TEST_TMPDIR/blind" errors 100 "$SOURCES/json"
	[ "$status" -eq 1 ]
}
