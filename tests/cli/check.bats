#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `ocismith check`: its rules, what is allowed, and the forms of findings.

load lib
bats_require_minimum_version 1.5.0

setup() {
	unset SOURCE_DATE_EPOCH NO_COLOR GITHUB_WORKSPACE
	cd "$BATS_TEST_TMPDIR" || return
	mkdir families.d
	printf 'family: base\nfrom: oci:base:py\n' >families.d/base.yaml
	fleet '"0"'
}

# fleet USER [MORE]: one service that runs as USER
fleet() {
	cat >fleet.yaml <<-EOF
		fleet: t
		${2-}
		services:
		  A: {family: base, app: {exec: [x]}, user: $1}
		groups: {g: {host: h, services: [A]}}
		hosts: {h: {}}
	EOF
}

@test "the table of rules has each rule that a source reports, and each is reported" {
	"$OCISMITH" check --rules --format json |
		python3 -c 'import json, sys; [print(r["id"]) for r in json.load(sys.stdin)]' >table
	sort -c table
	root=$BATS_TEST_DIRNAME/../..
	# ids are literals; a function that passes one on has it at its call
	cat "$root"/{base,python,seccomp,fleet,lint,quadlet,cmd}/*.c | grep -vE '^	\{"[a-z-]+", SMITH_SEVERITY' |
		grep -oE '"[a-z]+(-[a-z]+)*"' | tr -d '"' | sort -u >literals
	comm -23 table literals >unreported
	cat unreported
	[ ! -s unreported ]
	cat "$root"/{base,python,seccomp,fleet,lint,quadlet}/*.c |
		tr '\n\t' '  ' | grep -oE '(smith_lint_report|smith_diag_add|smith_diag_add_about|REPORT|TELL) ?\([^;"]*"[a-z]+(-[a-z]+)*",' |
		grep -oE '"[^"]*"' | tr -d '"' | sort -u >reported
	comm -13 table reported >unknown
	cat unknown
	[ "$(wc -l <reported)" -gt 60 ]
	[ ! -s unknown ]
}

@test "a rule is explained" {
	run -0 "$OCISMITH" check --explain port-duplicate
	[[ $output == "port-duplicate (error)"* ]]
	run -2 "$OCISMITH" check --explain port-duplicat
	[[ $output == *"no rule 'port-duplicat' (did you mean 'port-duplicate'?)"* ]]
	run -0 "$OCISMITH" check --explain user-root --format json
	[[ $output == *'"canBeAllowed": true'* ]]
	[ "$("$OCISMITH" check --rules | wc -l)" -gt 130 ]
}

@test "findings have their line and a caret" {
	run -0 "$OCISMITH" check --context
	[[ $output == *"fleet.yaml:4:45: warning: service 'A' runs as root in its container [user-root]"* ]]
	[[ $output == *"      4 |   A: {family: base"* ]]
	[[ $output == *$'\n        |                                             ^\n'* ]]
	run -0 "$OCISMITH" check
	[[ $output != *"|"* ]]
	run -0 "$OCISMITH" check --color always
	[[ $output == *$'\033[1;35mwarning:\033[0m'* ]]
	NO_COLOR=1 run -0 "$OCISMITH" check
	[[ $output != *$'\033'* ]]
}

@test "warnings are errors with --strict" {
	run -0 "$OCISMITH" check
	run -3 "$OCISMITH" check --strict
	[[ $output == *"2 warnings, with --strict"* ]]
	run -0 "$OCISMITH" check --strict --allow user-root --allow no-lock
	[[ $output == *"0 errors, 0 warnings, 2 allowed"* ]]
}

@test "findings are allowed by rule and subject" {
	run -0 "$OCISMITH" check --allow user-root:A
	[[ $output != *user-root* ]]
	run -0 "$OCISMITH" check --allow user-root:B
	[[ $output == *user-root* ]]
	run -2 "$OCISMITH" check --allow user-rot
	[[ $output == *"no rule 'user-rot' to allow (did you mean 'user-root'?)"* ]]
	run -2 "$OCISMITH" check --allow unknown-key
	[[ $output == *"cannot be allowed"* ]]
}

@test "what the fleet allows holds until its day" {
	fleet '"0"' 'allow: [{rule: user-root, subject: A, reason: raw sockets, until: 2026-11-21}]'
	SOURCE_DATE_EPOCH=1795305599 run -0 "$OCISMITH" check
	[[ $output != *user-root* && $output == *"1 allowed"* ]]
	SOURCE_DATE_EPOCH=1795305600 run -0 "$OCISMITH" check
	[[ $output == *"user-root]"* && $output == *"was allowed until 2026-11-21: raw sockets [allow-expired]"* ]]
	SOURCE_DATE_EPOCH=x run -1 "$OCISMITH" check
}

@test "allowed findings do not stop other commands" {
	printf 'import gone.part\n' >a.py
	mkdir gone && : >gone/__init__.py
	cat >fleet.yaml <<-EOF
		fleet: t
		services: {A: {family: base, app: {script: a.py, files: [a.py, gone]}}}
		groups: {g: {host: h, services: [A]}}
		hosts: {h: {}}
	EOF
	run -3 "$OCISMITH" lock --store store
	[[ $output == *"[module-missing]"* ]]
	echo 'allow: [{rule: module-missing, subject: A, reason: made at run time}]' >>fleet.yaml
	run "$OCISMITH" lock --store store
	[[ $output != *module-missing* ]]
	# the base is missing, which comes after the checks
	[ "$status" -eq 1 ]
}

@test "sarif" {
	fleet '"0"' 'allow: [{rule: no-lock, reason: "an example"}]'
	mv fleet.yaml f && sed 's/family: base/family: bsae/' f >fleet.yaml
	run -3 --separate-stderr "$OCISMITH" check --format sarif
	# shellcheck disable=SC2016
	printf '%s' "$output" | python3 -c '
import json, sys
d = json.load(sys.stdin)
assert d["version"] == "2.1.0" and d["$schema"].endswith("sarif-2.1.0.json")
run = d["runs"][0]
driver = run["tool"]["driver"]
assert driver["name"] == "ocismith" and driver["version"]
assert run["columnKind"] == "unicodeCodePoints"
rules = driver["rules"]
for rule in rules:
    assert rule["shortDescription"]["text"] and rule["help"]["text"]
    assert rule["defaultConfiguration"]["level"] in ("note", "warning", "error")
results = run["results"]
for r in results:
    assert rules[r["ruleIndex"]]["id"] == r["ruleId"]
    assert r["level"] in ("note", "warning", "error") and r["message"]["text"]
    place = r["locations"][0]["physicalLocation"]
    uri = place["artifactLocation"]["uri"]
    assert not uri.startswith("/") and ":" not in uri, uri
    assert all(v >= 1 for v in place.get("region", {"startLine": 1}).values())
ids = [r["ruleId"] for r in results]
assert ids == ["unknown-family", "user-root"], ids
'
	fleet '"0"' 'allow: [{rule: user-root, reason: "it opens raw sockets"}]'
	run -0 --separate-stderr "$OCISMITH" check --format sarif
	printf '%s' "$output" | python3 -c '
import json, sys
results = json.load(sys.stdin)["runs"][0]["results"]
allowed = [r for r in results if r.get("suppressions")]
assert [r["ruleId"] for r in allowed] == ["user-root"], results
assert allowed[0]["suppressions"] == [{"kind": "external", "justification": "it opens raw sockets"}]
'
}

@test "workflow commands of github" {
	mkdir -p sub
	mv families.d fleet.yaml sub
	sed -i 's/user: "0"/user: "a%b,c"/' sub/fleet.yaml
	run -3 --separate-stderr env GITHUB_WORKSPACE="$PWD" "$OCISMITH" -C sub check --format github
	[ "${lines[0]}" = "::error file=sub/fleet.yaml,line=4,col=45,title=bad-value::user 'a%25b,c' of service 'A' must be 'UID[:GID]'" ]
	run -3 --separate-stderr "$OCISMITH" -C sub check --format github
	[[ ${lines[0]} == "::error file=fleet.yaml,line=4,"* ]]
	run -2 "$OCISMITH" version --format sarif
	[[ $output == *"'version' has no findings"* ]]
}

@test "a fleet that is no yaml is a finding" {
	printf 'fleet: {\n' >fleet.yaml
	run -3 --separate-stderr "$OCISMITH" check --format json
	[[ $output == *'"rule": "yaml-parse-error"'* && $output == *'"file": "fleet.yaml"'* ]]
	printf 'fleet: t\nfleet: u\n' >fleet.yaml
	run -3 --separate-stderr "$OCISMITH" check --format json
	[[ $output == *'"rule": "yaml-duplicate-key"'* ]]
	run -2 "$OCISMITH" check fleet.yaml
	[[ $output == *"'fleet.yaml' is a fleet"* ]]
	rm fleet.yaml
	run -1 "$OCISMITH" check
}

@test "nothing that a file says reaches the terminal raw" {
	printf 'fleet: t\n"a\\e[31m\\nb": 1\nservices: {}\ngroups: {}\nhosts: {}\n' >fleet.yaml
	run -3 "$OCISMITH" check --context --color never
	[[ $output != *$'\033'* ]]
}
