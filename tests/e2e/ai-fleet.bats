#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# examples/ai-fleet on a real Debian 12 base that stands in for its upstream ones: podman 5.4's generator and
# systemd-analyze accept every unit of both hosts, and a booted systemd runs five of its groups until they are healthy.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154  # $out and its like are of lib.bash

setup_file() {
	load lib
	is_root || return 0
	need_rootfs podman
	local ai=$BATS_FILE_TMPDIR/ai tools=$top/tests/tools name pin
	cp -r "$top/examples/ai-fleet" "$ai"
	"$tools/make-base" --debs "$cache/debs-base" >&2
	ln -s "$cache/debs-base" "$ai/base"
	"$tools/make-wheelhouse" --set check "$cache/wheels" >&2
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
	fleet lock >&2
	fleet build >&2
	fleet units --output "$BATS_FILE_TMPDIR/units" >&2
	for host in mainpc pc2; do
		out=$BATS_FILE_TMPDIR/$host job quadlet -u u1 -b "$BATS_FILE_TMPDIR/units/$host:/units"
	done
	run_groups
}

fleet() { "$OCISMITH" --progress plain -C "$BATS_FILE_TMPDIR/ai" --store "$BATS_FILE_TMPDIR/store" "$@"; }

# what needs nothing beyond these, on one network; the last is one container under a supervisor
groups=(infrastructure observability infra-core planning-execution emotion-system)
services=(unified-observability-center service-registry system-digital-twin unified-system-agent)

# upstream DIR: Debian's redis and nats in one image, in place of the two that are not to be had here
upstream() {
	"$top/tests/tools/make-base" --debs --with redis-server,redis-tools,nats-server,wget --ref upstream \
		"$cache/upstream" >&2
	skopeo copy -q "oci:$cache/upstream:upstream" "oci-archive:$1/upstream.tar:localhost/upstream:test" >&2
}

run_groups() {
	local job=$BATS_FILE_TMPDIR/job name
	mkdir -p "$job/images" "$out"
	for name in "${services[@]}"; do
		fleet build "$name@mainpc" --output "oci-archive:$job/images/$name.tar" >&2
	done
	fleet build emotion-system --output "oci-archive:$job/images/emotion-system.tar" >&2
	upstream "$job/images"
	# shellcheck disable=SC2046  # words are wanted
	fleet units --host mainpc $(printf -- '--group %s ' "${groups[@]}") --output "$BATS_FILE_TMPDIR/some" >&2
	cp -r "$BATS_FILE_TMPDIR/some/mainpc" "$job/units"
	# the images are in no registry, and Debian's have other programs' paths and no /data
	sed -i '/^Image=/a Pull=never' "$job"/units/*.container
	sed -i 's|^Image=.*|Image=localhost/upstream:test|; s|"--appendonly" "yes"|"--appendonly" "no"|
		s|--appendonly yes|--appendonly no|' "$job"/units/{redis,nats}.container
	# of the cgroup controllers there may be neither memory nor pids
	sed -i '/^PodmanArgs=--memory/d; /^PidsLimit=/d' "$job"/units/*.container
	sed -i '/^Image=/a Exec=nats-server -m 8222' "$job/units/nats.container"
	cp "$e2e/jobs/systemd" "$job/run.sh"
	echo 192.168.1.27 >"$job/addresses"
	echo tcp://192.168.1.27:9110 >"$job/urls"
	"$e2e/boot" "$rootfs" "$job" "$out" 300 >"$out/log" 2>&1 || echo "boot status $?" >>"$out/log"
}

setup() {
	load lib
	need_root
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

@test "five groups with redis and nats start in order and become healthy" {
	has reload "status 0"
	has start "status 0"
	cat "$out/containers" "$out/pods"
	for name in "${services[@]}" emotion-system redis nats; do
		grep -E "^$name .*\(healthy\)" "$out/containers" || { cat "$out/journal" && false; }
	done
	run grep -E 'failed|dead|activating' "$out/state"
	[ "$status" = 1 ]
	grep -F 'MoodTrackerAgent' "$out/journal"
}
