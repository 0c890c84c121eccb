#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# TOML is read as Python's tomllib reads it.
# Debian packages: bats, python3.

setup_file() {
	ROOT="$(cd "$BATS_TEST_DIRNAME/../.." && pwd)"
	case "${OCISMITH_BUILD:=out}" in
	/*) READER="$OCISMITH_BUILD/tests/toml-json" ;;
	*) READER="$ROOT/$OCISMITH_BUILD/tests/toml-json" ;;
	esac
	export ROOT READER
}

@test "good and bad documents, and thousands between them" {
	run /usr/bin/python3 "$ROOT/tests/tools/toml-judge.py" "$READER" 10000
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "the judge notices another value and an error that is not there" {
	printf '#!/bin/sh\n"%s" | sed "s/first/last/"\n' "$READER" >"$BATS_TEST_TMPDIR/wrong"
	printf '#!/bin/sh\n"%s" | sed "s/^ok .*null.*/bad x/"\n' "$READER" >"$BATS_TEST_TMPDIR/strict"
	printf '#!/bin/sh\n"%s" | sed "s/^bad .*duplicate.*/ok {}/"\n' "$READER" >"$BATS_TEST_TMPDIR/lax"
	chmod +x "$BATS_TEST_TMPDIR"/*
	for reader in wrong strict lax; do
		run /usr/bin/python3 "$ROOT/tests/tools/toml-judge.py" "$BATS_TEST_TMPDIR/$reader" 0
		echo "$output"
		[ "$status" -eq 1 ]
	done
}
