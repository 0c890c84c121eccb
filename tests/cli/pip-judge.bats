#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Wheels are laid out as real pip lays them out (tests/tools/pip-judge.py holds the table of allowed
# differences), and the venv skeleton is one that Python accepts.
# Debian packages: bats, python3, python3-venv, python3-pip-whl, and make-wheelhouse's.
# OCISMITH_WHEELHOUSE: a directory of wheels, made by make-wheelhouse --set check when unset.

bats_require_minimum_version 1.5.0

setup_file() {
	ROOT="$(cd "$BATS_TEST_DIRNAME/../.." && pwd)"
	case "${OCISMITH_BUILD:=build}" in
	/*) WHEEL_TREE="$OCISMITH_BUILD/tests/wheel-tree" ;;
	*) WHEEL_TREE="$ROOT/$OCISMITH_BUILD/tests/wheel-tree" ;;
	esac
	if [ -z "${OCISMITH_WHEELHOUSE:-}" ]; then
		OCISMITH_WHEELHOUSE="$BATS_FILE_TMPDIR/wheels"
		"$ROOT/tests/tools/make-wheelhouse" --set check "$OCISMITH_WHEELHOUSE" >&2
	fi
	export ROOT WHEEL_TREE OCISMITH_WHEELHOUSE
}

# our venv in $1, at the prefix where it stands
make_venv() {
	"$WHEEL_TREE" venv "$1" 3.11 "$(/usr/bin/python3 -c 'import platform; print(platform.python_version())')" \
		/usr/bin/python3.11 "$1"
}

@test "the wheelhouse has at least 40 wheels" {
	run -0 find "$OCISMITH_WHEELHOUSE/" -maxdepth 1 -name '*.whl'
	[ "${#lines[@]}" -ge 40 ]
}

@test "every wheel's tree equals real pip's" {
	run /usr/bin/python3 "$ROOT/tests/tools/pip-judge.py" "$WHEEL_TREE" "$OCISMITH_WHEELHOUSE"/*.whl
	echo "$output" | grep -v '^ok '
	[ "$status" -eq 0 ]
}

@test "the judge notices a difference" {
	cat >"$BATS_TEST_TMPDIR/liar" <<-EOF
		#!/bin/sh
		"$WHEEL_TREE" "\$@" && find "\$5" -name METADATA -exec chmod 0600 {} +
	EOF
	chmod +x "$BATS_TEST_TMPDIR/liar"
	wheel=$(find "$OCISMITH_WHEELHOUSE/" -maxdepth 1 -name '*.whl' | sort | head -n 1)
	run /usr/bin/python3 "$ROOT/tests/tools/pip-judge.py" "$BATS_TEST_TMPDIR/liar" "$wheel"
	[ "$status" -eq 1 ]
	[[ "$output" == *"METADATA: pip"* ]]
}

@test "the venv skeleton is the venv module's, but for bin/activate" {
	ours="$BATS_TEST_TMPDIR/venv"
	make_venv "$ours"
	mkdir "$BATS_TEST_TMPDIR/keep"
	mv "$ours" "$BATS_TEST_TMPDIR/keep/ours"
	(umask 022 && /usr/bin/python3 -m venv --without-pip "$ours")
	sed -i 's|^command = .*|command = /usr/bin/python3 -m venv --without-pip '"$ours"'|' "$ours/pyvenv.cfg"
	rm "$ours"/bin/activate.csh "$ours"/bin/activate.fish "$ours"/bin/Activate.ps1
	list() {
		(cd "$1" && find . ! -name . -printf '%P %y %m %l\n' | sort)
	}
	diff <(list "$ours") <(list "$BATS_TEST_TMPDIR/keep/ours")
	diff "$ours/pyvenv.cfg" "$BATS_TEST_TMPDIR/keep/ours/pyvenv.cfg"
}

@test "Python takes the skeleton for a venv, and activate works in sh and bash" {
	ours="$BATS_TEST_TMPDIR/a venv's"
	make_venv "$ours"
	run -0 "$ours/bin/python" -c 'import sys; print(sys.prefix != sys.base_prefix, sys.prefix)'
	[ "$output" = "True $ours" ]
	for shell in sh bash; do
		# shellcheck disable=SC2016  # for the inner shell
		run -0 env VENV="$ours" "$shell" -euc '
			before=$PATH
			. "$VENV/bin/activate"
			[ "$(command -v python)" = "$VENV/bin/python" ]
			. "$VENV/bin/activate"
			deactivate
			[ "$PATH" = "$before" ]
			[ -z "${VIRTUAL_ENV:-}" ]'
	done
}
