#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Bad input: each gets its exit status and one clear sentence, leaves nothing behind, and the store intact.

bats_require_minimum_version 1.5.0
load lib

setup_file() { make_pristine; }
setup() { use_fleet; }

@test "the tiny fleet builds, and again without writing" {
	intact
	intact
	relock
	[[ $output == *unchanged* ]]
}
