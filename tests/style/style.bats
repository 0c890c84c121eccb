#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The tree passes every gate, and every gate sees a violation that is planted in a small tree.

setup() {
	style=$BATS_TEST_DIRNAME
	root=$style/../..
	plant=$BATS_TEST_TMPDIR/tree
	mkdir -p "$plant/base" "$plant/oci" "$plant/tests"
	cp "$root/.clang-format" "$plant/"
}

passes() {
	run "$style/check-style" -C "$root" "$1"
	echo "$output"
	[ "$status" -eq 0 ]
}

# plant FILE TEXT: a file with a licence line and this text
plant() {
	printf '/* SPDX-License-Identifier: Apache-2.0 */\n%b' "$2" >"$plant/$1"
}

# refused GATE PATTERN
refused() {
	run "$style/check-style" -C "$plant" "$1"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *$2* ]]
}

@test "tree: format" {
	passes format
}

@test "tree: lengths" {
	passes length
}

@test "tree: no goto" {
	passes goto
}

@test "tree: banned functions" {
	passes banned
}

@test "tree: only cmd prints" {
	passes printing
}

@test "tree: error texts" {
	passes errors
}

@test "tree: licence lines" {
	passes licence
}

@test "tree: headers compile alone" {
	passes headers
}

@test "tree: shell scripts" {
	passes shell
}

@test "tree: ranks and owners" {
	run "$style/check-layers" "$root"
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "gates pass a clean file" {
	plant base/a.c '#include <glib.h>\n\n/* goto strcpy(x) printf: only words */\nconst char *text = "goto strcpy(";\n'
	plant base/a.h '#pragma once\nint a(void);\n'
	run "$style/check-style" -C "$plant" format length goto banned printing errors licence headers
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "gate: format" {
	plant base/a.c 'int  a ;\n'
	refused format base/a.c
}

@test "gate: function length" {
	plant base/a.c "int a(void)\n{\n$(printf '\\tb();\\n%.0s' {1..80})}\n"
	refused length 'a() has 82 lines'
}

@test "gate: file length" {
	plant base/a.c "$(printf 'int a;\\n%.0s' {1..801})"
	refused length 'at most 800'
}

@test "gate: goto" {
	plant base/a.c 'void a(void)\n{\n\tgoto b;\n}\n'
	refused goto base/a.c:4:
}

@test "gate: banned function" {
	plant base/a.c 'void a(void)\n{\n\tstrcpy(b, c);\n}\n'
	refused banned base/a.c:4:
}

@test "gate: printing" {
	plant base/a.c 'void a(void)\n{\n\tg_print("b");\n}\n'
	refused printing base/a.c:4:
}

@test "gate: error text begins with a capital" {
	plant base/a.c 'int a(void)\n{\n\treturn smith_throw(e, B,\n\t\t\t"Bad "\n\t\t\t"thing");\n}\n'
	refused errors base/a.c:4:
}

@test "gate: error text ends with a full stop" {
	plant base/a.c 'int a(void)\n{\n\treturn smith_throw(e, B, "bad "\n\t\t\t"thing.");\n}\n'
	refused errors 'full stop'
}

@test "gate: licence line" {
	echo 'int a;' >"$plant/base/a.c"
	refused licence base/a.c:1:
}

@test "gate: header needs another header" {
	plant base/a.h '#pragma once\ngboolean a(void);\n'
	refused headers base/a.h
}

@test "gate: shell script" {
	# shellcheck disable=SC2016
	printf '#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\ncd $1\n' >"$plant/tests/a.sh"
	refused shell tests/a.sh
}

@test "layers: a higher folder is refused" {
	plant base/a.c '#include "oci/ref.h"\n'
	run "$style/check-layers" "$plant"
	[ "$status" -eq 1 ]
	[ "$output" = 'base/a.c:2: base (rank 0) must not include oci (rank 1)' ]
}

@test "layers: somebody else's library is refused" {
	plant oci/a.c '#include <openssl/evp.h>\n#include "base/error.h"\n'
	run "$style/check-layers" "$plant"
	[ "$status" -eq 1 ]
	[ "$output" = 'oci/a.c:2: <openssl/evp.h> belongs to base' ]
}

@test "layers: a path that is not from the top is refused" {
	plant base/a.c '#include "error.h"\n'
	run "$style/check-layers" "$plant"
	[ "$status" -eq 1 ]
	[[ $output == *'not written from the top'* ]]
}

@test "fuzzing: what failed is told last, with its input" {
	mkdir "$plant/fuzz"
	printf '#!/bin/sh\necho "stat::number_of_executed_units: 7"\n' >"$plant/fuzz/fuzz-json"
	cat >"$plant/fuzz/fuzz-expr" <<-'END'
		#!/bin/sh
		for argument; do
			case $argument in
			-artifact_prefix=*) printf bad >"${argument#*=}crash" ;;
			esac
		done
		echo 'INFO: Running' >&2
		echo 'Assertion failed: a == b' >&2
		exit 77
	END
	chmod +x "$plant"/fuzz/*
	run env FUZZ_RUNS=1 "$style/../fuzz/run" "$plant/fuzz"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == 'ok fuzz-json: 7 inputs'*'FAILED fuzz-expr: exit status 77'*'Assertion failed'*'base64: YmFk' ]]
	[[ $output != *INFO:* ]]
}
