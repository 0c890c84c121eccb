#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A booted systemd 257 starts the demo's group from its units, as a rootless user, until it is healthy; members are
# killed and frozen, and all of it is stopped. Then programs are started that are given nasty words.
# shellcheck disable=SC2154  # $out and its like are of lib.bash

setup_file() {
	load lib
	is_root || return 0
	need_hello
	need_rootfs podman
	local job=$BATS_FILE_TMPDIR/job
	mkdir -p "$job" "$out"
	archives "$job/images"
	smith units --output "$job/units" >&2
	# of the cgroup controllers there may be neither memory nor pids
	sed -i '/^PodmanArgs=--memory/d; /^PidsLimit=/d' "$job"/units/mainpc/*.container
	basename "$(grep -l '^WantedBy=default.target' "$job"/units/mainpc/systemd/*.target)" >"$job/target"
	cp "$e2e/jobs/systemd" "$job/run.sh"
	# the host's address is on lo there
	sed -n 's/^ *address: //p' "$hello/fleet.yaml" >"$job/addresses"
	sed 's|.*|http://&:8080/health|' "$job/addresses" >"$job/urls"
	hostile "$job/hostile"
	gpu "$job/gpu"
	"$e2e/boot" "$rootfs" "$job" "$out" 240 >"$out/log" 2>&1 ||
		echo "boot status $?" >>"$out/log"
}

# hostile DIR: units of a fleet whose values are nasty; $HOSTILE_SEED makes others
hostile() {
	local fleet=$BATS_FILE_TMPDIR/hostile seed=${HOSTILE_SEED:-1}
	mkdir -p "$fleet" "$1"
	python3 "$top/tests/tools/hostile-fleet.py" "$fleet" "$seed"
	"$OCISMITH" --progress none -C "$fleet" --store "$fleet/store" lock >&2
	"$OCISMITH" --progress none -C "$fleet" --store "$fleet/store" units --output "$1/units" >&2
	cp "$fleet/say.py" "$1/"
	cp "$e2e/jobs/hostile" "$1/run"
}

# gpu DIR: units of two services whose family needs a driver, and a CDI device that harms nobody
gpu() {
	local fleet=$BATS_FILE_TMPDIR/gpu
	mkdir -p "$fleet/families.d" "$1"
	python3 "$top/tests/tools/tiny-base.py" "$fleet/base"
	printf 'family: base\nfrom: "oci:base:tiny:1"\ngpu: {min_driver: "525.60.13"}\n' >"$fleet/families.d/base.yaml"
	cat >"$fleet/fleet.yaml" <<-'END'
		fleet: gpu
		registry: localhost
		tag: gpu
		hosts: {box: {podman: "5.4", gpu: {device: nvidia.com/gpu=0}}}
		groups: {gpus: {host: box, mode: host, services: [Must, May]}}
		services:
		  Must: {family: base, app: {exec: [/x]}, gpu: required}
		  May: {family: base, app: {exec: [/x]}, gpu: optional}
	END
	echo '{"cdiVersion": "0.5.0", "kind": "nvidia.com/gpu", "devices": [{"name": "0", "containerEdits":
		{"deviceNodes": [{"path": "/dev/snd/null"}]}}]}' >"$1/nvidia.json"
	"$OCISMITH" --progress none -C "$fleet" --store "$fleet/store" lock >&2
	"$OCISMITH" --progress none -C "$fleet" --store "$fleet/store" units --output "$1/units" >&2
	# of the cgroup controllers there may be neither memory nor pids
	sed -i '/^PidsLimit=/d' "$1"/units/box/*.container
	cp "$e2e/jobs/gpu" "$1/run"
}

setup() {
	load lib
	need_root
}

# number FILE: the first line of a job's result
number() { grep -m1 '^[0-9]' "$out/$1"; }

@test "the units start without an error" {
	has enable "status 0"
	has reload "status 0"
	has start "status 0"
	sed "s/^/# /" "$out/time" >&3
	grep -F hello-web "$out/state" || { cat "$out/log" "$out/journal" && false; }
	run grep -E 'failed|dead' "$out/state"
	[ "$status" = 1 ]
}

@test "the host's target is part of the default one, and has all" {
	grep -F hello-fleet.target "$out/dependencies"
	grep -F hello-worker.service "$out/dependencies"
}

@test "the worker starts once the web service is healthy" {
	local web worker
	web=$(number active-hello-web.service)
	worker=$(number inactive-hello-worker.service)
	echo "web active at $web us, worker left its rest at $worker us"
	[ "$web" -gt 0 ]
	[ "$worker" -ge "$web" ]
}

@test "both services become healthy in one pod" {
	cat "$out/containers" "$out/pods"
	[ "$(grep -c '(healthy)' "$out/containers")" = 2 ]
	grep -E '^[a-z-]*hello[a-z-]* Running$' "$out/pods"
}

@test "the published port answers, and the machine's variables are there" {
	has url-http---192-0-2-10-8080-health 200
	has url-http---192-0-2-10-8080-health '{"status":"ok"}'
	has environment mainpc
}

@test "one that is killed is started again, alone" {
	cat "$out/killed-one"
	has killed-one "hello-web.service new"
	has killed-one "hello-worker.service same"
	has killed-one "hello-pod.service same"
}

@test "all members that are killed come back, and the pod stays" {
	cat "$out/killed-all"
	has killed-all "hello-web.service new"
	has killed-all "hello-worker.service new"
	has killed-all "hello-pod.service same"
	[ "$(grep -c '(healthy)' "$out/containers-again")" = 2 ]
}

@test "one that is no longer healthy is killed and started again, with a limit" {
	cat "$out/frozen" "$out/why"
	has frozen "hello-web.service new"
	has frozen "hello-worker.service same"
	has why StartLimitBurst=5
}

@test "stopping the target stops the needing first, and leaves nothing" {
	has stop "status 0"
	[ "$(number stopped-hello-worker.service)" -le "$(number stopped-hello-web.service)" ]
	cat "$out/left" "$out/left-pods" "$out/failed"
	[ "$(cat "$out/left")" = "status 0" ]
	[ "$(cat "$out/left-pods")" = "status 0" ]
	[ "$(cat "$out/failed")" = "status 0" ]
}

@test "commands, health checks, variables and labels arrive as they were written, byte for byte" {
	has hostile-reload "status 0"
	has hostile-start "status 0"
	sed "s/^/# /" "$out/hostile-time" >&3
	run python3 "$top/tests/tools/hostile-fleet.py" judge "$BATS_FILE_TMPDIR/hostile" "$out/said"
	echo "$output"
	[ "$status" = 0 ]
	[ "${output% the same}" -gt 600 ]
}

@test "with a driver that will do both services have the GPU" {
	has gpu-start-new "status 0"
	has gpu-new "must active device true "
	has gpu-new "may active device false "
}

@test "with one that is too old the one that requires it fails at once, the other goes without" {
	cat "$out"/gpu-{start-old,old,restarts,why}
	has gpu-start-old "status 1"
	grep -xE 'must (inactive|failed) ' "$out/gpu-old"
	has gpu-old "may active none false "
	has gpu-restarts 0
	grep -F 'Must needs the NVIDIA driver 525.60.13, and there is 525.60.9' "$out/gpu-why"
}

@test "without any the same" {
	has gpu-start-none "status 1"
	grep -xE 'must (inactive|failed) ' "$out/gpu-none"
	has gpu-none "may active none false "
}
