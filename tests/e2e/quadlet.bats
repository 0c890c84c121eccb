#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# podman 5.4's generator and systemd-analyze accept units without a word: the demo's, those of all that the model can
# say (tests/data/quadlet/wide.yaml) for 5.4 and older podmans, whose keys it knows as well, and both hosts of the
# example fleet. Its own answers for each key are those that we have recorded.
# shellcheck disable=SC2030,SC2031,SC2154  # $out and its like are of lib.bash

hosts=(hello-mainpc wide-big wide-old ai-mainpc ai-pc2)
versions=(4.3 4.4 4.6 4.9 5.0 5.2 5.3)
for version in "${versions[@]}"; do hosts+=("for$version-big"); done

# on FLEET-HOST: $out is its results, $units its files
on() {
	out=$BATS_FILE_TMPDIR/out-$1
	units=$BATS_FILE_TMPDIR/units/${1%%-*}/${1#*-}
}

# run_of UNIT: the command that starts it
run_of() {
	sed -n "/^---$1---/,/^---[^-]/s/^ExecStart=//p" "$out/units" | head -n1
}

# says UNIT WORD...: its command has those words, one behind the other
says() {
	local unit=$1 command
	shift
	command=" $(run_of "$unit") "
	[[ $command == *" $* "* ]] && return
	printf 'no "%s" in the command of %s:\n%s\n' "$*" "$unit" "$command"
	return 1
}

# units_of DIR FLEET: units of what is in DIR, from a lock of its own, to units/FLEET
units_of() {
	local fleet=("$OCISMITH" --progress none -C "$1" --store "$BATS_FILE_TMPDIR/store")
	python3 "$top/tests/tools/tiny-base.py" "$1/base"
	"${fleet[@]}" lock >&2
	"${fleet[@]}" units --output "$BATS_FILE_TMPDIR/units/$2" >&2
}

# make_wide DIR VERSION: for podman VERSION on the host big
make_wide() {
	mkdir -p "$1/families.d"
	sed "s/podman: \"5.4\"/podman: \"$2\"/" "$top/tests/data/quadlet/wide.yaml" >"$1/fleet.yaml"
	touch "$1/calm.py" "$1/angry.py"
	printf 'family: base\nfrom: "oci:base:tiny:1"\n' >"$1/families.d/base.yaml"
}

# as in tests/cli/ai-fleet.bats
make_ai() {
	cp -r "$top/examples/ai-fleet" "$1"
	PYTHONPATH=$top/tests/tools PYTHONDONTWRITEBYTECODE=1 \
		python3 "$top/tests/tools/stub-wheels.py" "$1/wheels" "$1"/requirements/*.txt
	{
		echo 'mirrors:'
		sed -n 's/^from: \(docker.io.*\)/  "\1": "oci:base:tiny:1"/p' "$1"/families.d/*.yaml
	} >>"$1/fleet.yaml"
}

setup_file() {
	load lib
	is_root || return 0
	need_hello
	need_rootfs podman
	local host
	smith units --output "$BATS_FILE_TMPDIR/units/hello" >&2
	# podman does not look into what a killed run has left
	mkdir "$BATS_FILE_TMPDIR/units/hello/mainpc/mainpc.new.d"
	printf '[Container]\nImage=localhost/half:1\n' >"$BATS_FILE_TMPDIR/units/hello/mainpc/mainpc.new.d/half.container"
	make_wide "$BATS_FILE_TMPDIR/wide" 5.4
	units_of "$BATS_FILE_TMPDIR/wide" wide
	for version in "${versions[@]}"; do
		make_wide "$BATS_FILE_TMPDIR/for$version" "$version"
		units_of "$BATS_FILE_TMPDIR/for$version" "for$version"
	done
	make_ai "$BATS_FILE_TMPDIR/ai"
	units_of "$BATS_FILE_TMPDIR/ai" ai
	for host in "${hosts[@]}"; do
		on "$host"
		job quadlet -u u1 -b "$units:/units"
	done
	out=$BATS_FILE_TMPDIR/out-keys
	job quadlet-keys -u u1 -b "$top/tests/data/quadlet:/data"
}

setup() {
	load lib
	need_root
}

@test "the generator accepts every file" {
	local host
	for host in "${hosts[@]}"; do
		on "$host"
		cat "$out/generator"
		has status "status 0"
		# before 4.4 there are plain services alone
		[ "$host" != for4.3-big ] || sed -i '/No files parsed/d' "$out/generator"
		[ ! -s "$out/generator" ]
	done
}

@test "every unit is generated" {
	local host file
	for host in "${hosts[@]}"; do
		on "$host"
		for file in "$units"/*; do
			case $file in
			*.container) has generated "$(basename "$file" .container).service" ;;
			*.kube) has generated "$(basename "$file" .kube).service" ;;
			*.pod) has generated "$(basename "$file" .pod)-pod.service" ;;
			*.network) has generated "$(basename "$file" .network)-network.service" ;;
			*.volume) has generated "$(basename "$file" .volume)-volume.service" ;;
			*.yaml | */machine.env | */systemd | */seccomp | */mainpc.new.d) ;;
			*) false ;;
			esac
		done
		[ "$(grep -c . "$out/generated")" = "$(find "$units" -maxdepth 1 -type f ! -name '.*' \
			! -name '*.env' ! -name '*.yaml' | wc -l)" ]
	done
}

@test "the profile that a unit names is installed beside it, also one of several together" {
	local host file profile count=0
	for host in "${hosts[@]}"; do
		on "$host"
		for file in "$units"/*.container; do
			[ -e "$file" ] || continue
			# where units lie flat, there is no directory of the host in it
			profile=$(sed -nE 's|^SeccompProfile=%E/containers/systemd/([^/]*/)?(seccomp/[^/]*)$|\2|p' "$file")
			[ -n "$profile" ] || continue
			jq -e '.defaultErrnoRet == 38 and (.syscalls | length) > 20' "$units/$profile" >/dev/null
			count=$((count + 1))
		done
	done
	echo "$count units"
	[ "$count" -gt 50 ]
	on ai-mainpc
	[ -f "$units/seccomp/audio+gpu.json" ]
	[[ $(run_of real-time-audio-pipeline.service) == *seccomp=*/seccomp/audio+gpu.json* ]]
}

@test "the generator knows the keys that are recorded for it, and no others" {
	out=$BATS_FILE_TMPDIR/out-keys
	cat "$out/wrong"
	has checked "status 0"
	[ "$(head -n1 "$out/checked")" -gt 150 ]
	[ ! -s "$out/wrong" ]
}

@test "systemd-analyze verify has nothing to say" {
	local host
	for host in "${hosts[@]}"; do
		on "$host"
		cat "$out/verify"
		[ ! -s "$out/verify" ]
	done
}

@test "a container of a pod has what its service asks for" {
	on wide-big
	says web.service -v web-app-cache:/app/cache:U
	says web.service -v /srv/models:/app/models:ro
	says web.service --secret token,type=mount,target=token.txt
	says web.service --device nvidia.com/gpu=0
	says web.service --cap-drop all --cap-add net_bind_service
	says web.service --memory=2g --cpus=1.5
	# as systemd writes it: one word, with "$" and "%" doubled
	# shellcheck disable=SC2016
	says web.service --env '"TEXT=100%% $$x \"q\" \\ 16 none 1000"'
	says web.service --pod-id-file %t/core-pod.pod-id
	# shellcheck disable=SC2016
	says web.service '$OCISMITH_DEVICES'
	[[ $(run_of web.service) == *--env-file\ /units/machine.env* ]]
}

@test "a container of the host's network has its numbers moved" {
	on wide-big
	says camera.service --network host
	says camera.service localhost/wide/camera:t /opt/venv/bin/python3 -m camera --port 10000
}

@test "a supervised group is one container with its address and ports" {
	on wide-big
	says mood.service --network main-net:ip=172.20.0.11
	says mood.service --userns keep-id:uid=10001,gid=10001
	says mood.service --publish 6001:5001 --publish 6002:5002
	on ai-mainpc
	says emotion-system.service --network ai-system-mainpc:ip=172.20.0.70
}

@test "an upstream image runs as it is, with fewer rights" {
	on wide-big
	says redis.service docker.io/library/redis:7-alpine redis-server --appendonly yes
	says redis.service --cap-drop all
	says redis.service --user 999:1000
	says proxy.service --network host
	[[ $(run_of proxy.service) != *--user* ]]
}

@test "a group on several networks has its address in the one that says it" {
	local host
	for host in wide-big for5.0-big; do
		on "$host"
		grep -F -- "podman pod create" "$out/units" |
			grep -F -- "--network inner --network main-net:ip=172.20.0.50"
	done
	for host in for4.3-big for4.9-big; do
		on "$host"
		grep -F -- "--network=inner --network=main-net:ip=172.20.0.50" "$units/systemd/hidden-pod.service"
	done
}
