#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# examples/ai-fleet on a real Debian 12 base that stands in for its upstream ones: podman 5.4's generator and
# systemd-analyze accept every unit of both hosts; then both machines are booted, linked by a network of their own, and
# their systemds start all of it, as a rootless user, until it is healthy; what dies comes back, and so does all after a
# reboot. Some of its groups are started from their manifests and by the script, too.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154  # $out and its like are of lib.bash

hosts=(mainpc pc2)
# pods of pc2 that are played, one with a GPU; and of mainpc what the script starts
plays=(pc2-infrastructure pc2-infra-core pc2-core-hubs error-bus)
scripted=(infrastructure infra-core)

setup_file() {
	load lib
	is_root || return 0
	need_rootfs podman
	make_fleet
	fleet lock >&2
	fleet build >&2
	local began
	began=$(date +%s%N)
	fleet units --output "$BATS_FILE_TMPDIR/units" >&2
	echo "$((($(date +%s%N) - began) / 1000000)) ms" >"$BATS_FILE_TMPDIR/units-time"
	fleet units --format kube --host pc2 --output "$BATS_FILE_TMPDIR/kube" >&2
	fleet units --format shell --host mainpc --output "$BATS_FILE_TMPDIR/shell" >&2
	for host in "${hosts[@]}"; do
		out=$BATS_FILE_TMPDIR/$host job quadlet -u u1 -b "$BATS_FILE_TMPDIR/units/$host:/units"
	done
	make_images
	make_gpu
	make_jobs
	boot_all
}

fleet() { "$OCISMITH" --progress plain -C "$BATS_FILE_TMPDIR/ai" --store "$BATS_FILE_TMPDIR/store" "$@"; }

make_fleet() {
	local ai=$BATS_FILE_TMPDIR/ai tools=$top/tests/tools name pin
	cp -r "$top/examples/ai-fleet" "$ai"
	shared make-base "$cache/base"
	ln -s "$cache/base" "$ai/base"
	shared make-wheelhouse --set check "$cache/wheels"
	PYTHONPATH=$tools PYTHONDONTWRITEBYTECODE=1 python3 "$tools/stub-wheels.py" "$ai/wheels" "$ai"/requirements/*.txt
	# what the stand-ins really use is real, in the version that is to be had here
	for name in pyzmq PyYAML uvicorn click h11 uvloop websockets; do
		rm "$ai"/wheels/"${name,,}"-*
		cp "$cache"/wheels/"$name"-*.whl "$ai/wheels/"
		pin=$(basename "$cache"/wheels/"$name"-*.whl | cut -d- -f2)
		sed -i "s/^$name==.*/$name==$pin/" "$ai"/requirements/*.txt
	done
	# Debian's uvicorn needs it
	cp "$cache"/wheels/asgiref-*.whl "$ai/wheels/"
	# nothing is compiled at each of so many starts
	{
		echo 'bytecode: unchecked-hash'
		echo 'mirrors:'
		sed -n 's|^from: \(docker.io.*\)|  "\1": "oci:base"|p' "$ai"/families.d/*.yaml
	} >>"$ai/fleet.yaml"
	# two cores are enough for all else
	sed -i 's/UVICORN_WORKERS: .*/UVICORN_WORKERS: 2/' "$ai/fleet.yaml"
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

# what stands in for a driver and a GPU
make_gpu() {
	mkdir "$BATS_FILE_TMPDIR/cdi"
	cat >"$BATS_FILE_TMPDIR/cdi/nvidia.yaml" <<-'CDI'
		cdiVersion: 0.5.0
		kind: nvidia.com/gpu
		devices:
		  - name: "0"
		    containerEdits: {deviceNodes: [{path: /dev/nvidia0}]}
	CDI
	printf '#!/bin/sh\necho 535.154.05\n' >"$BATS_FILE_TMPDIR/nvidia-smi"
	chmod 755 "$BATS_FILE_TMPDIR/nvidia-smi"
}

# settle DIR: units for machines of which the cgroup tree has no controllers
settle() {
	sed -i '/^PodmanArgs=--memory/d; /^PodmanArgs=--cpus/d; /^Memory=/d; /^PidsLimit=/d' "$1"/*.container
}

# what is done on each of the two machines: jobs/fleet
make_jobs() {
	local host job group ip
	for host in "${hosts[@]}"; do
		job=$BATS_FILE_TMPDIR/job-$host
		mkdir -p "$job"
		cp -r "$BATS_FILE_TMPDIR/units/$host" "$job/units"
		settle "$job/units"
		(cd "$job/units" && printf '%s\n' *.container | sed 's/\.container$//') >"$job/names"
		cp "$e2e/jobs/fleet" "$job/run.sh"
		echo ${#hosts[@]} >"$job/count"
		echo 400 >"$job/limit"
		echo ai.target >"$job/target"
		mkdir "$job/ask"
		ask_podman >"$job/ask/self-healing-supervisor.py"
	done
	job=$BATS_FILE_TMPDIR/job-mainpc
	echo pc2 >"$job/after"
	echo service-registry >"$job/kill"
	echo unified-system-agent >"$job/sick"
	sed -i 's/^HealthInterval=.*/HealthInterval=2s/; s/"-t","10000"/"-t","1000"/; /^HealthStartPeriod=/d' \
		"$job/units/unified-system-agent.container"
	echo "${scripted[*]}" >"$job/groups"
	cp -r "$BATS_FILE_TMPDIR/shell/mainpc" "$job/shell"
	sed -i '/^\t*--memory=/d; /^\t*--cpus=/d; /^\t*--pids-limit=/d' "$job/shell/ai.sh"
	job=$BATS_FILE_TMPDIR/job-pc2
	ask_tts >"$job/ask/speech-relay-service.py"
	echo "speech-relay-service speech-relay-service-wait-streaming-tts-agent.service" >"$job/late"
	echo tutoring-service-agent >"$job/often"
	mkdir "$job/kube"
	cp -r "$BATS_FILE_TMPDIR/kube/pc2/seccomp" "$job/kube/"
	for group in "${plays[@]}"; do
		sed '/^ *memory:/d; /^ *cpu:/d' "$BATS_FILE_TMPDIR/kube/pc2/$group.yaml" >"$job/kube/$group.yaml"
		ip=$(sed -n 's/^Network=.*:\(ip=.*\)/\1/p' "$job/units/$group.pod")
		echo "$group.yaml ai-system-pc2:$ip" >>"$job/plays"
	done
}

# what its socket of podman shows of the fleet, and whether it could put another one there
ask_podman() {
	cat <<-'ASK'
		import http.client, json, os, socket
		path = os.environ["DOCKER_HOST"].removeprefix("unix://")
		connection = http.client.HTTPConnection("podman")
		connection.sock = socket.socket(socket.AF_UNIX)
		connection.sock.connect(path)
		connection.request("GET", "/v5.0.0/libpod/containers/json")
		answer = json.load(connection.getresponse())
		print(sum(c["Labels"].get("io.ocismith.fleet") == "ai" for c in answer))
		print("read-only" if os.statvfs(path).f_flag & os.ST_RDONLY else "writable")
	ASK
}

ask_tts() {
	cat <<-'ASK'
		import os, zmq
		asked = zmq.Context().socket(zmq.REQ)
		asked.setsockopt(zmq.RCVTIMEO, 20000)
		asked.connect(os.environ["TTS_ENDPOINT"])
		asked.send_json({"action": "health_check"})
		answer = asked.recv_json()
		print(os.environ["MACHINE_TYPE"], "asked", answer["machine"], answer["name"])
	ASK
}

boot_all() {
	local host pids=()
	mkdir -m 1777 "$BATS_FILE_TMPDIR/both"
	net=e2e$$
	link "$net-mainpc" 192.168.1.27 "$net-pc2" 192.168.1.2
	for host in "${hosts[@]}"; do
		mkdir "$BATS_FILE_TMPDIR/boot-$host"
		"$e2e/boot" -r -n "$net-$host" -N "$host" -b "$BATS_FILE_TMPDIR/images:/images" \
			-b "$BATS_FILE_TMPDIR/both:/run/e2e/both" -b "$BATS_FILE_TMPDIR/cdi:/etc/cdi" \
			-b "$BATS_FILE_TMPDIR/nvidia-smi:/usr/local/bin/nvidia-smi" "$rootfs" "$BATS_FILE_TMPDIR/job-$host" \
			"$BATS_FILE_TMPDIR/boot-$host" 1500 >"$BATS_FILE_TMPDIR/boot-$host/log" 2>&1 ||
			echo "boot status $?" >>"$BATS_FILE_TMPDIR/boot-$host/log" &
		pids+=($!)
	done
	wait "${pids[@]}"
	ip netns delete "$net-mainpc"
	ip netns delete "$net-pc2"
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
	echo "# units of both hosts generated in $(cat "$BATS_FILE_TMPDIR/units-time")" >&3
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

# containers HOST: how many there are on it
containers() { grep -c . "$BATS_FILE_TMPDIR/job-$1/names"; }

@test "systemd starts all of the fleet on both machines, until it is healthy" {
	told reload
	told start
	for host in "${hosts[@]}"; do
		on "$host"
		cat "$out/containers-1"
		echo "# $host: $(containers "$host") containers healthy after $(grep ^start "$out/times")" >&3
	done
	[ $(($(containers mainpc) + $(containers pc2))) -ge 66 ]
	grep -F 'MoodTrackerAgent' "$BATS_FILE_TMPDIR/boot-mainpc/journal-1"
}

@test "each starts when what it needs is there" {
	local name began needed ready order pairs=0
	for host in "${hosts[@]}"; do
		on "$host"
		order=$(<"$out/order")
		while read -r name began _; do
			while read -r needed; do
				ready=$(sed -n "s/^$needed [0-9]* //p" <<<"$order")
				echo "$host: $name left its rest at $began us, $needed was ready at $ready us"
				[ "$ready" -gt 0 ]
				[ "$began" -ge "$ready" ]
				pairs=$((pairs + 1))
			done < <(sed -n 's/^After=\(.*\)\.service$/\1/p' "$BATS_FILE_TMPDIR/job-$host/units/$name.container" |
				grep -xFf "$BATS_FILE_TMPDIR/job-$host/names")
		done <<<"$order"
	done
	[ "$pairs" -ge 50 ]
}

@test "what another host has is waited for while that host is down, and then answers" {
	on pc2
	cat "$out/times" "$out/containers-waiting"
	has others "status 0"
	[ "$(cat "$out/waiting")" = $'inactive\nactivating' ]
	cat "$out/ask-speech-relay-service"
	has ask-speech-relay-service "pc2 asked mainpc StreamingTTSAgent"
	[ "$(sed -n 's/^speech-relay-service \([0-9]*\) .*/\1/p' "$out/order")" -gt \
		"$(sed -n 's/^streaming-tts-agent \([0-9]*\) .*/\1/p' "$BATS_FILE_TMPDIR/boot-mainpc/order")" ]
}

@test "the supervisor sees all containers by podman's socket, which it cannot replace" {
	for host in "${hosts[@]}"; do
		on "$host"
		cat "$out/ask-self-healing-supervisor"
		has ask-self-healing-supervisor read-only
		[ "$(head -n 1 "$out/ask-self-healing-supervisor")" = "$(containers "$host")" ]
	done
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

@test "a service that dies again and again is given up, alone" {
	on pc2
	cat "$out/often-state" "$out/often-others"
	has often "status 0"
	has often-state NRestarts=5
	[ ! -s "$out/often-others" ]
}

@test "stopping leaves nothing" {
	told stop
	for host in "${hosts[@]}"; do
		on "$host"
		cat "$out/left" "$out/left-pods"
		[ "$(cat "$out/left")" = "status 0" ]
		[ "$(cat "$out/left-pods")" = "status 0" ]
	done
	# nats ends with 1 when it is stopped, and redis has nowhere to write here; where other work is done on the same
	# processors forty stops at once can take podman, for the lock of its storage, longer than a unit may take
	on mainpc
	cat "$out/left-failed"
	run grep -vE '^(nats|redis)\.service exit-code$| timeout$' "$out/left-failed"
	[ "$status" = 1 ]
}

@test "podman plays groups from their manifests, healthy, and takes them down again" {
	on pc2
	cat "$out"/play-* "$out/played"
	has play "status 0"
	for group in "${plays[@]}"; do
		has "play-$group.yaml" "status 0"
		has "down-$group.yaml" "status 0"
	done
	[ "$(cat "$out/left-others")" = "status 0" ]
	[ "$(cat "$out/left-others-pods")" = "status 0" ]
}

@test "the script starts groups, healthy, and takes them down again" {
	on mainpc
	cat "$out"/script*
	has script "status 0"
	has script-status "status 0"
	has script-down "status 0"
	[ "$(cat "$out/left-others")" = "status 0" ]
	[ "$(cat "$out/left-others-pods")" = "status 0" ]
}

@test "a reboot brings all back" {
	told reboot
	for host in "${hosts[@]}"; do
		on "$host"
		sed "s/^/# $host: /" "$out/times" >&3
	done
}
