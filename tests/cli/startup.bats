#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocismith check FILE...: startup configurations of others, with no fleet anywhere. What is found in the real ones is
# judged by tests/unit/test-lint-startup.c.

# shellcheck disable=SC2154  # run sets stderr
bats_require_minimum_version 1.5.0

setup() {
	ocismith=${OCISMITH:-$BATS_TEST_DIRNAME/../../out/ocismith}
	data=$BATS_TEST_DIRNAME/../data/startup
	cd "$BATS_TEST_TMPDIR" || return
}

@test "both machines of a system at once" {
	cp "$data"/versions/598f63af/*.yaml .
	run --separate-stderr "$ocismith" check mainpc.startup_config.yaml pc2.startup_config.yaml
	[ "$status" -eq 3 ]
	[ "$(grep -c ' error: ' <<<"$output")" -eq 27 ]
	[ "$(grep -c ' warning: ' <<<"$output")" -eq 38 ]
	[[ $output == *"mainpc.startup_config.yaml:618:3: error: 'docker_groups' is nested"*"[docker-groups-misnested]"* ]]
	[[ $output == *"'StreamingTTSAgent', which is defined on 'mainpc' only [dependency-cross-host]"* ]]
}

@test "one machine alone does not know the other's agents" {
	cp "$data"/versions/598f63af/pc2.startup_config.yaml .
	run --separate-stderr "$ocismith" check pc2.startup_config.yaml
	[ "$status" -eq 3 ]
	[[ $output == *"needs 'StreamingTTSAgent', which is no service [dependency-undefined]"* ]]
}

@test "the order of the files does not matter to what is found" {
	cp "$data"/versions/ac76164c/*.yaml .
	run --separate-stderr "$ocismith" check --format json mainpc.startup_config.yaml pc2.startup_config.yaml
	[ "$status" -eq 3 ]
	[ "$(grep -o '"rule"' <<<"$output" | wc -l)" -gt 70 ]
	first=$output
	run --separate-stderr "$ocismith" check --format json pc2.startup_config.yaml mainpc.startup_config.yaml
	[ "$output" == "$first" ]
}

@test "a file without errors is good, whatever its warnings" {
	cp "$data"/variants/config__unified_startup.yaml x.yaml
	run --separate-stderr "$ocismith" check x.yaml
	[ "$status" -eq 0 ]
	[[ $output == *"[localhost-reference]"* ]]
}

@test "scripts are looked for where the sources are" {
	mkdir -p repo/pc/config repo/agents
	touch repo/agents/a.py
	cat >repo/pc/config/startup_config.yaml <<-'END'
		agents:
		- {name: A, script_path: agents/a.py, port: 1, health_check_port: 1001, required: true, dependencies: []}
		- {name: B, script_path: agents/B.py, port: 2, health_check_port: 1002, required: true, dependencies: []}
	END
	run --separate-stderr "$ocismith" check repo/pc/config/startup_config.yaml
	[ "$status" -eq 3 ]
	[[ $output == *":3:3: error: script 'agents/B.py' of service 'B' does not exist [script-missing]"* ]]
	mv repo/agents/a.py repo/agents/b.py
	touch repo/agents/a.py
	run --separate-stderr "$ocismith" check repo/pc/config/startup_config.yaml
	[[ $output == *"'agents/b.py' does [script-case-mismatch]"* ]]
}

@test "what is no startup configuration is an error at its place" {
	printf 'a: [\n' >bad.yaml
	run --separate-stderr "$ocismith" check bad.yaml
	[ "$status" -eq 3 ]
	[[ $output == *"bad.yaml:2:1: error: "*"[yaml-parse-error]"* ]]
	printf 'a: b\n' >other.yaml
	run --separate-stderr "$ocismith" check other.yaml
	[ "$status" -eq 3 ]
	[[ $output == *"other.yaml: error: no agents here"*"[startup-unknown-shape]"* ]]
	run --separate-stderr "$ocismith" check missing.yaml
	[ "$status" -eq 1 ]
	[[ $stderr == *"cannot open 'missing.yaml'"* ]]
}
