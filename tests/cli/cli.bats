#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The command line itself: help, errors of usage, completions and man pages, for every command that
# the table has.

bats_require_minimum_version 1.5.0

setup() {
	ocismith=${OCISMITH:-$BATS_TEST_DIRNAME/../../out/ocismith}
	build=${OCISMITH_BUILD:-$BATS_TEST_DIRNAME/../../out}
	mkdir "$BATS_TEST_TMPDIR/work"
	cd "$BATS_TEST_TMPDIR/work" || return
	export OCISMITH_STORE=$BATS_TEST_TMPDIR/store
}

commands() {
	"$ocismith" help | awk '/^Commands:/ { on = 1; next } /^$/ { on = 0 } on { print $1 }'
}

# run ocismith; its stdout goes to $output, its stderr to $stderr
ocismith() {
	run --separate-stderr "$ocismith" "$@"
	echo "status $status; stdout: $output; stderr: $stderr"
}

@test "help lists the commands that ocismith is made of" {
	run commands
	for name in version completion help; do
		[[ " ${lines[*]} " == *" $name "* ]]
	done
}

@test "every command explains itself on stdout, in three ways" {
	for name in $(commands); do
		ocismith "$name" --help
		[ "$status" -eq 0 ]
		[ -z "$stderr" ]
		[[ $output == "usage: ocismith [OPTION...] $name"* ]]
		first=$output
		ocismith help "$name"
		[ "$status" -eq 0 ]
		[ "$output" = "$first" ]
		ocismith --help "$name"
		[ "$status" -eq 0 ]
		[ "$output" = "$first" ]
	done
}

@test "help is at most 80 columns wide and has no trailing white space" {
	for name in '' $(commands); do
		# shellcheck disable=SC2086
		run awk 'length > 80 || /[ \t]$/' <("$ocismith" help $name)
		[ -z "$output" ]
	done
}

@test "every command refuses an unknown option, with a suggestion, and writes nothing" {
	for name in $(commands); do
		ocismith "$name" --formt=json
		[ "$status" -eq 2 ]
		[ -z "$output" ]
		[[ $stderr == *"unknown option '--formt' (did you mean '--format'?)"* ]]
		[[ $stderr == *"see 'ocismith $name --help'"* ]]
	done
	[ -z "$(ls -A)" ]
}

@test "every command refuses a value that an option cannot have" {
	for name in $(commands); do
		ocismith "$name" --format xml
		[ "$status" -eq 2 ]
		[[ $stderr == *"option '--format' got 'xml', expected one of text, json"* ]]
		ocismith -j 0 "$name"
		[ "$status" -eq 2 ]
	done
}

@test "every command refuses more operands than it takes" {
	for name in $(commands); do
		"$ocismith" help "$name" | head -n 1 | grep -q '\.\.\.\]$' && continue
		ocismith "$name" a b c d
		[ "$status" -eq 2 ]
		[ -z "$output" ]
	done
}

@test "every command has a man page with all its sections" {
	for name in $(commands); do
		page=$build/man/ocismith-$name.1
		[ -s "$page" ]
		for section in NAME SYNOPSIS DESCRIPTION OPTIONS 'EXIT STATUS' EXAMPLES 'SEE ALSO'; do
			grep -qx "\.SH $section" "$page"
		done
	done
	[ -s "$build/man/ocismith.1" ]
}

@test "man pages are good roff" {
	command -v groff >/dev/null || skip 'no groff'
	for page in "$build"/man/*.1; do
		run groff -ww -man -Tutf8 -z "$page"
		echo "$page: $output"
		[ "$status" -eq 0 ]
		[ -z "$output" ]
	done
}

@test "every command and option is in every completion" {
	for shell in bash zsh fish; do
		script=$build/completions/ocismith.$shell
		[ -s "$script" ]
		for name in $(commands); do
			grep -qw -- "$name" "$script"
			for option in $("$ocismith" help "$name" | grep -oE '^ {2}(-.,|   ) --[a-z-]+' | grep -oE '[a-z-]+$'); do
				grep -qe "${option#--}" "$script"
			done
		done
	done
}

@test "the bash completion completes" {
	# shellcheck source=/dev/null
	. "$build/completions/ocismith.bash"
	compopt() { :; }
	complete_words() {
		COMP_WORDS=("$@")
		COMP_CWORD=$(($# - 1))
		COMPREPLY=()
		_ocismith
		echo "${COMPREPLY[*]}"
	}
	[ "$(complete_words ocismith compl)" = completion ]
	[ "$(complete_words ocismith completion f)" = fish ]
	[ "$(complete_words ocismith version --format = j)" = json ]
	[ "$(complete_words ocismith --progress n)" = none ]
	[ "$(complete_words ocismith version --verb)" = --verbose ]
}

@test "other shells' completions parse" {
	bash -n "$build/completions/ocismith.bash"
	! command -v zsh >/dev/null || zsh -n "$build/completions/ocismith.zsh"
	! command -v fish >/dev/null || fish -n "$build/completions/ocismith.fish"
}

@test "a mistyped command is refused with a suggestion" {
	ocismith verison
	[ "$status" -eq 2 ]
	[ -z "$output" ]
	[[ $stderr == *"unknown command 'verison' (did you mean 'version'?)"* ]]
}

@test "no command is an error of usage" {
	ocismith
	[ "$status" -eq 2 ]
	[ -z "$output" ]
	[[ $stderr == *"no command is given"* ]]
}

@test "global options stand before or after the command" {
	ocismith --format json version
	[ "$status" -eq 0 ]
	before=$output
	ocismith version --format=json
	[ "$status" -eq 0 ]
	[ "$output" = "$before" ]
	[[ $output == *'"version"'* ]]
}

@test "a directory that is not there is named" {
	ocismith -C nowhere version
	[ "$status" -eq 1 ]
	[[ $stderr == *"cannot change to directory 'nowhere'"* ]]
}

@test "a result that cannot be written is an error" {
	[ -c /dev/full ] || skip 'no /dev/full'
	run bash -c '"$0" help >/dev/full' "$ocismith"
	[ "$status" -eq 1 ]
	[[ $output == *'cannot write to stdout'* ]]
}

@test "a reader that goes away is no error to talk about" {
	run bash -c 'set -o pipefail; { "$0" help; echo "status $?" >&2; } | true' "$ocismith"
	[[ $output != *'ocismith: error'* ]]
}

@test "closed standard streams: only a lost result is a failure" {
	"$ocismith" version <&- 2>&- | grep -q ocismith
	local status=0
	"$ocismith" version <&- >&- 2>&- || status=$?
	((status == 1))
}

@test "colour only when asked for" {
	ocismith verison
	[[ $stderr != *$'\033'* ]]
	ocismith --color always verison
	[[ $stderr == *$'\033'* ]]
	NO_COLOR=1 ocismith --color never verison
	[[ $stderr != *$'\033'* ]]
}

@test "the terminal is safe from what is on the command line" {
	ocismith $'bad\033[31m\nname'
	[ "$status" -eq 2 ]
	[[ $stderr == *'bad\x1b[31m\x0aname'* ]]
}

@test "a command that needs a fleet says where it looked" {
	for name in $(commands); do
		case $name in lock | build | units | check) ;; *) continue ;; esac
		ocismith "$name"
		[ "$status" -eq 1 ]
		[[ $stderr == *"fleet.yaml"* ]]
	done
}
