#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# examples/ai-fleet on a real Debian 12 base that stands in for its upstream ones: podman 5.4's generator and
# systemd-analyze accept every unit of both hosts; then both machines are booted, linked by a network of their own, and
# their systemds start seven of its groups, as a rootless user, until they are healthy; what dies comes back, and so does
# all after a reboot.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154  # $out and its like are of lib.bash

hosts=(mainpc pc2)
# what needs nothing of the others; one is a container under a supervisor
declare -gA groups=(
	[mainpc]='infrastructure observability infra-core planning-execution emotion-system'
	[pc2]='pc2-infrastructure pc2-infra-core'
)

setup_file() {
	load lib
	is_root || return 0
	need_rootfs podman
	make_fleet
	fleet lock >&2
	fleet build >&2
	fleet units --output "$BATS_FILE_TMPDIR/units" >&2
	for host in "${hosts[@]}"; do
		out=$BATS_FILE_TMPDIR/$host job quadlet -u u1 -b "$BATS_FILE_TMPDIR/units/$host:/units"
	done
	make_images
	boot_all
}

fleet() { "$OCISMITH" --progress plain -C "$BATS_FILE_TMPDIR/ai" --store "$BATS_FILE_TMPDIR/store" "$@"; }

make_fleet() {
	local ai=$BATS_FILE_TMPDIR/ai tools=$top/tests/tools name pin
	cp -r "$top/examples/ai-fleet" "$ai"
	shared make-base --debs "$cache/debs-base"
	ln -s "$cache/debs-base" "$ai/base"
	shared make-wheelhouse --set check "$cache/wheels"
	PYTHONPATH=$tools PYTHONDONTWRITEBYTECODE=1 python3 "$tools/stub-wheels.py" "$ai/wheels" "$ai"/requirements/*.txt
	# what the stand-ins really use is real, in the version that is to be had here
	for name in pyzmq PyYAML; do
		rm "$ai"/wheels/"${name,,}"-*
		cp "$cache"/wheels/"$name"-*.whl "$ai/wheels/"
		pin=$(basename "$cache"/wheels/"$name"-*.whl | cut -d- -f2)
		sed -i "s/^$name==.*/$name==$pin/" "$ai"/requirements/*.txt
	done
	{
		echo 'mirrors:'
		sed -n 's|^from: \(docker.io.*\)|  "\1": "oci:base"|p' "$ai"/families.d/*.yaml
	} >>"$ai/fleet.yaml"
	# Debian's redis and nats in one image, in place of the two that are not to be had here; it has no /data
	sed -i 's|^\( *image: \)docker.io/library/.*|\1localhost/upstream:test|; s/--appendonly, "yes"/--appendonly, "no"/
		/^  nats:$/a\    app: {exec: [nats-server, -m, "8222"]}' "$ai/fleet.yaml"
}

# all images in a storage of u1's that both machines have as an additional one
make_images() {
	local at=$BATS_FILE_TMPDIR/images
	mkdir -m 1777 "$at"
	shared make-base --debs --with redis-server,redis-tools,nats-server,wget --ref upstream "$cache/upstream"
	out=$at job images -u u1 -b "$BATS_FILE_TMPDIR/store/oci:/layout" -b "$(realpath "$cache/upstream"):/upstream" \
		-b "$at:/images"
	cat "$at/log" >&2
}

# link NETNS ADDRESS NETNS ADDRESS
link() {
	ip netns add "$1"
	ip netns add "$3"
	ip link add eth0 netns "$1" type veth peer name eth0 netns "$3"
	while [ $# -gt 0 ]; do
		ip -n "$1" address add "$2/24" dev eth0
		ip -n "$1" link set lo up
		ip -n "$1" link set eth0 up
		# pasta takes the interface of the default route
		ip -n "$1" route add default dev eth0
		shift 2
	done
}

boot_all() {
	local host job pids=()
	mkdir -m 1777 "$BATS_FILE_TMPDIR/both"
	net=e2e$$
	link "$net-mainpc" 192.168.1.27 "$net-pc2" 192.168.1.2
	for host in "${hosts[@]}"; do
		job=$BATS_FILE_TMPDIR/job-$host
		mkdir -p "$job" "$BATS_FILE_TMPDIR/boot-$host"
		# shellcheck disable=SC2046,SC2086  # words are wanted
		fleet units --host "$host" $(printf -- '--group %s ' ${groups[$host]}) --output "$BATS_FILE_TMPDIR/some" >&2
		cp -r "$BATS_FILE_TMPDIR/some/$host" "$job/units"
		settle "$job/units"
		(cd "$job/units" && printf '%s\n' *.container | sed 's/\.container$//') >"$job/names"
		cp "$e2e/jobs/fleet" "$job/run.sh"
		echo ${#hosts[@]} >"$job/count"
		echo 600 >"$job/limit"
		echo ai.target >"$job/target"
		: >"$job/ask"
	done
	echo service-registry >"$BATS_FILE_TMPDIR/job-mainpc/kill"
	echo unified-system-agent >"$BATS_FILE_TMPDIR/job-mainpc/sick"
	sed -i 's/^HealthInterval=.*/HealthInterval=2s/; s/"-t","10000"/"-t","1000"/; /^HealthStartPeriod=/d' \
		"$BATS_FILE_TMPDIR/job-mainpc/units/unified-system-agent.container"
	for host in "${hosts[@]}"; do
		"$e2e/boot" -r -n "$net-$host" -N "$host" -b "$BATS_FILE_TMPDIR/images:/images" \
			-b "$BATS_FILE_TMPDIR/both:/run/e2e/both" "$rootfs" "$BATS_FILE_TMPDIR/job-$host" \
			"$BATS_FILE_TMPDIR/boot-$host" 1500 >"$BATS_FILE_TMPDIR/boot-$host/log" 2>&1 ||
			echo "boot status $?" >>"$BATS_FILE_TMPDIR/boot-$host/log" &
		pids+=($!)
	done
	wait "${pids[@]}"
	ip netns delete "$net-mainpc"
	ip netns delete "$net-pc2"
}

# settle DIR: units for machines of which the cgroup tree has neither memory nor pids, and that have no GPU
settle() {
	sed -i '/^PodmanArgs=--memory/d; /^PodmanArgs=--cpus/d; /^Memory=/d; /^PidsLimit=/d; /^AddDevice=nvidia/d
		/^\(Requires\|After\)=.*-gpu.service$/d' "$1"/*.container
}

setup() {
	load lib
	need_root
}

# on HOST: what it wrote in its boots
on() { out=$BATS_FILE_TMPDIR/boot-$1; }

# told FILE: the status in that file of every host is 0
told() {
	local host
	for host in "${hosts[@]}"; do
		on "$host"
		cat "$out/times"
		has "$1" "status 0" || {
			cat "$out/console" "$out/containers-"* "$out"/states-*
			tail -n 300 "$out"/journal-*
			return 1
		}
	done
}

@test "the generator accepts every unit of both hosts without a word" {
	for out in "$BATS_FILE_TMPDIR/mainpc" "$BATS_FILE_TMPDIR/pc2"; do
		cat "$out/generator"
		has status "status 0"
		[ ! -s "$out/generator" ]
	done
}

@test "every file becomes a unit" {
	local file
	for host in mainpc pc2; do
		out=$BATS_FILE_TMPDIR/$host
		for file in "$BATS_FILE_TMPDIR/units/$host"/*; do
			case $file in
			*.container) has generated "$(basename "$file" .container).service" ;;
			*.pod) has generated "$(basename "$file" .pod)-pod.service" ;;
			*.network) has generated "$(basename "$file" .network)-network.service" ;;
			*.volume) has generated "$(basename "$file" .volume)-volume.service" ;;
			esac
		done
	done
	[ "$(cat "$BATS_FILE_TMPDIR"/{mainpc,pc2}/generated | grep -c .)" -ge 100 ]
}

@test "systemd-analyze verify has nothing to say" {
	for host in mainpc pc2; do
		cat "$BATS_FILE_TMPDIR/$host/verify"
		[ ! -s "$BATS_FILE_TMPDIR/$host/verify" ]
	done
}

@test "systemd starts the groups on both machines in order, until all are healthy" {
	told reload
	told start
	for host in "${hosts[@]}"; do
		on "$host"
		cat "$out/containers-1"
		echo "# $host: $(grep -c . "$BATS_FILE_TMPDIR/job-$host/names") containers healthy after $(grep ^start "$out/times")" >&3
	done
	grep -F 'MoodTrackerAgent' "$BATS_FILE_TMPDIR/boot-mainpc/journal-1"
}

@test "a service that is killed comes back, alone" {
	on mainpc
	cat "$out/times"
	has killed "status 0"
	cat "$out/restarted"
	[ "$(cat "$out/restarted")" = service-registry ]
}

@test "a service that no longer answers is killed and started again" {
	on mainpc
	cat "$out/times"
	has sickened "status 0"
}

@test "stopping leaves nothing, and all can be started again" {
	told stop
	told again
	for host in "${hosts[@]}"; do
		on "$host"
		[ "$(cat "$out/left")" = "status 0" ]
		[ "$(cat "$out/left-pods")" = "status 0" ]
	done
}

@test "a reboot brings all back" {
	told reboot
}
