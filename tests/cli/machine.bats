#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a machine lacks to be a host of the fleet: all of it told at once, and no unit written. podman is one
# that answers from files here; tests/e2e/machine.bats has the real one.
# shellcheck disable=SC2154

bats_require_minimum_version 1.5.0

setup_file() {
	load lib
	make_pristine
}

setup() {
	load lib
	use_fleet
	bin=$BATS_TEST_TMPDIR/bin
	answers=$BATS_TEST_TMPDIR/answers
	export HOME=$BATS_TEST_TMPDIR/home XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run
	unset XDG_CONFIG_HOME XDG_DATA_HOME
	mkdir -p "$bin" "$answers" "$HOME" "$XDG_RUNTIME_DIR/systemd"
	: >"$XDG_RUNTIME_DIR/systemd/private"
	cat >"$bin/podman" <<-END
		#!/bin/sh
		echo "\$*" >>$answers/asked
		[ -e "$answers/\$1" ] && exec /bin/cat "$answers/\$1"
		echo "Error: no answer to \$1" >&2
		exit 125
	END
	cp "$bin/podman" "$bin/newuidmap"
	cp "$bin/podman" "$bin/newgidmap"
	chmod 755 "$bin"/*
	info 5.4.2
	echo '[]' | tee "$answers/ps" "$answers/images" >"$answers/network"
	: >"$answers/secret"
	# what depends on who runs the tests, and where
	cat >>"$fleet/fleet.yaml" <<-END
		allow:
		  - {rule: machine-linger, reason: a test}
		  - {rule: machine-quadlet, reason: a test}
		  - {rule: machine-subids, reason: a test}
		  - {rule: machine-image, reason: a test}
	END
}

info() { # VERSION [CONTROLLERS]
	echo "{\"version\": {\"Version\": \"$1\"}, \"host\": {\"cgroupControllers\": [${2-\"pids\"}]}}" >"$answers/info"
}

# change PATTERN TEXT: in the fleet
change() {
	grep -q "$1" "$fleet/fleet.yaml"
	sed -i "s|$1|$2|" "$fleet/fleet.yaml"
}

# asked ARGS...: as smith, with nothing on PATH but what the test has put there
asked() {
	run --separate-stderr env PATH="$bin" "$ocismith" --progress none -C "$fleet" --store "$store" "$@"
	echo "ocismith $* -> $status; stdout: $output; stderr: $stderr"
}

here() { asked units --here --output "$BATS_TEST_TMPDIR/units" "$@"; }

# lacks TEXT...: exit 3, a line with each TEXT, and nothing written
lacks() {
	local text
	here
	[ "$status" -eq 3 ]
	[ -z "$output" ]
	for text in "$@"; do
		text=${text//[][]/?}
		# shellcheck disable=SC2053
		[[ $stderr == *$text* ]]
	done
	[ ! -e "$BATS_TEST_TMPDIR/units" ]
}

free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("0.0.0.0", 0)); print(s.getsockname()[1])'
}

# listen ADDRESS [udp]: $port is one that a program of ours has bound
listen() {
	python3 -c '
import socket, sys, time
s = socket.socket(type=socket.SOCK_DGRAM if sys.argv[2:] else socket.SOCK_STREAM)
s.bind((sys.argv[1], 0))
if not sys.argv[2:]:
    s.listen()
print(s.getsockname()[1], flush=True)
time.sleep(600)' "$@" >"$BATS_TEST_TMPDIR/port" 3>&- &
	listener=$!
	until [ -s "$BATS_TEST_TMPDIR/port" ]; do sleep 0.05; done
	port=$(<"$BATS_TEST_TMPDIR/port")
}

teardown() {
	[ -z "${listener-}" ] || kill "$listener"
}

# what of the fleet's own has it already will be replaced
check_taken() { # PROTOCOL
	change 'service: 8080' "service: {port: $port, protocol: $1}"
	lacks "fleet.yaml:*: error: port $port*of 'Web' is taken by something else: 'ss -lnp" machine-port-taken
	cat >"$answers/ps" <<-END
		[{"Names": ["web"], "State": "running", "Labels": {"PODMAN_SYSTEMD_UNIT": "web.service"},
		  "Ports": [{"host_ip": "", "host_port": $((port - 1)), "range": 2, "protocol": "$1"}]}]
	END
	here
	[ "$status" -eq 0 ]
	rm -r "$BATS_TEST_TMPDIR/units"
	sed -i s/running/exited/ "$answers/ps"
	lacks machine-port-taken
}

@test "a machine that has all gets its units" {
	change 'service: 8080' "service: $(free_port)"
	here
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ -e "$BATS_TEST_TMPDIR/units/one/main.pod" ]
}

@test "no podman, one that fails, one that speaks no JSON" {
	change 'service: 8080' "service: $(free_port)"
	rm "$answers/info"
	lacks "podman cannot be used: 'podman info' failed: no answer to info [machine-podman]"
	echo '{"version": ' >"$answers/info"
	lacks 'podman cannot be used: podman info:'
	echo '[]' >"$answers/info"
	lacks 'podman does not say its version'
	rm "$bin/podman"
	lacks "error: podman cannot be used: 'podman' is not installed on this machine [machine-podman]"
}

@test "a podman older than the units" {
	change 'service: 8080' "service: $(free_port)"
	info 4.9.3
	lacks 'podman 4.9.3 is older than the 5.4 that the units of host '"'one'"' are for: say '"'podman: \"4.9\"'"
	info 5.4.0-dev
	here
	[ "$status" -eq 0 ]
}

@test "a port that something else has" {
	listen 0.0.0.0
	check_taken tcp
}

@test "a port that something else has on one address" {
	listen 127.0.0.1
	check_taken tcp
}

@test "a port of udp that something else has" {
	listen 0.0.0.0 udp
	check_taken udp
}

@test "a directory that is missing, and one that is closed" {
	change 'service: 8080' "service: $(free_port)"
	echo 'volumes: {data: {path: /no/such/place, target: /data}}' >>"$fleet/fleet.yaml"
	change 'ports: {' 'volumes: [data]\n    ports: {'
	lacks "fleet.yaml:*: error: directory '/no/such/place' of service 'Web' is missing: make it" machine-volume
	[ "$(id -u)" = 0 ] && return
	mkdir -m 555 "$BATS_TEST_TMPDIR/data"
	change /no/such/place "$BATS_TEST_TMPDIR/data"
	lacks "service 'Web' cannot write to '$BATS_TEST_TMPDIR/data', which has mode 0555 and is of uid $(id -u)"
	chmod 755 "$BATS_TEST_TMPDIR/data"
	here
	[ "$status" -eq 0 ]
}

@test "a secret, a network, a cgroup controller, a device" {
	change 'service: 8080' "service: $(free_port)"
	change 'podman: "5.4",' 'podman: "5.4", network: net, devices: {cam: /dev/no-such, gpu: x.com/gpu=0},'
	change 'ports: {' 'secrets: [key]\n    devices: [cam, gpu]\n    limits: {memory: 64MiB}\n    ports: {'
	cat >>"$fleet/fleet.yaml" <<-END
		secrets: {key: {as: env, target: KEY}}
		networks: {net: {subnet: 10.9.0.0/16}}
	END
	printf 'other\nkeys\n' >"$answers/secret"
	echo '[{"name": "theirs", "subnets": [{"subnet": "10.9.8.0/24"}]}]' >"$answers/network"
	lacks "podman has no secret 'key', which service 'Web' needs: 'podman secret create key FILE' [machine-secret]" \
		"subnet 10.9.0.0/16 of network 'net' overlaps with 10.9.8.0/24 of podman's network 'theirs' [machine-network]" \
		"limit of memory, and the cgroup controller 'memory' is not delegated" \
		"device '/dev/no-such' of service 'Web' is missing [machine-device]" \
		"no CDI device 'x.com/gpu=0' for service 'Web', and none of its kind"
	[ "$(wc -l <<<"$stderr")" -eq 5 ]
	# what is there is not told
	echo key >"$answers/secret"
	echo '[{"name": "net", "subnets": [{"subnet": "10.9.0.0/16"}]}]' >"$answers/network"
	info 5.4.2 '"cpu", "memory", "pids"'
	change /dev/no-such /dev/null
	mkdir -p "$HOME/.config/cdi"
	printf -- '---\ncdiVersion: 0.5.0\nkind: x.com/gpu\ndevices:\n- name: "1"\n- name: 2\n' >"$HOME/.config/cdi/x.yaml"
	lacks "no CDI device 'x.com/gpu=0' for service 'Web': there are 'x.com/gpu=1', 'x.com/gpu=2'"
	[ "$(wc -l <<<"$stderr")" -eq 1 ]
	sed -i 's/2$/0/' "$HOME/.config/cdi/x.yaml"
	here
	[ "$status" -eq 0 ]
	# a network that is there keeps its subnet
	echo '[{"name": "net", "subnets": [{"subnet": "10.7.0.0/16"}]}]' >"$answers/network"
	rm -r "$BATS_TEST_TMPDIR/units"
	lacks "podman's network 'net' is there with another subnet than 10.9.0.0/16, and keeps it: 'podman network rm net'"
}

@test "an image that cannot be pulled" {
	change 'service: 8080' "service: $(free_port)"
	sed -i /machine-image/d "$fleet/fleet.yaml"
	lacks "podman has no image 'localhost/web:test' of service 'Web', and cannot pull it" 'localhost/worker:test'
	echo '[{"Id": "a", "Names": ["localhost/web:test"]}, {"Id": "b", "Names": ["localhost/worker:test"]}]' \
		>"$answers/images"
	here
	[ "$status" -eq 0 ]
}

@test "a unit or container of another owner in the way" {
	local units=$HOME/.config/containers/systemd
	change 'service: 8080' "service: $(free_port)"
	mkdir -p "$units/app/deep" "$HOME/.config/systemd/user"
	printf '[Container]\nImage=x\n' >"$units/app/deep/web.container"
	printf '[Unit]\n' >"$HOME/.config/systemd/user/worker.service"
	printf '[Pod]\n' >"$units/other.pod"
	ln -s /dev/zero "$units/main.pod"
	echo '[{"Names": ["worker"], "State": "exited"}]' >"$answers/ps"
	lacks "'$units/app/deep/web.container' is there, is not of this fleet, and makes the unit 'web.service'" \
		"'$HOME/.config/systemd/user/worker.service' is there" "'$units/main.pod' is there" \
		"a container 'worker' is there that is not run by 'worker.service', which would replace it"
	[ "$(wc -l <<<"$stderr")" -eq 4 ]
	# what this fleet has written there is no stranger
	rm -r "$units" "$HOME/.config/systemd" "$answers/ps"
	echo '[]' >"$answers/ps"
	here
	[ "$status" -eq 0 ]
	mkdir -p "$units"
	cp -r "$BATS_TEST_TMPDIR/units/one/." "$units/"
	here
	[ "$status" -eq 0 ]
}

@test "no systemd of the user" {
	change 'service: 8080' "service: $(free_port)"
	rm "$XDG_RUNTIME_DIR/systemd/private"
	lacks "no systemd of user $(id -un) runs here: '$XDG_RUNTIME_DIR/systemd/private' is missing [machine-systemd]"
}

@test "which host the machine is" {
	change '  one:' '  two: {podman: "5.4"}\n  one:'
	change 'service: 8080' "service: $(free_port)"
	here
	[ "$status" -eq 2 ]
	[[ $stderr == *"this machine is none of the fleet's 2 hosts: say which with --host"* ]]
	here --host one --host two
	[ "$status" -eq 2 ]
	here --host three
	[ "$status" -eq 2 ]
	here --host one
	[ "$status" -eq 0 ]
	change 'two: {podman: "5.4"}' 'two: {podman: "5.4", address: 127.0.0.1}'
	rm -r "$BATS_TEST_TMPDIR/units"
	here
	[ "$status" -eq 0 ]
	[ ! -e "$BATS_TEST_TMPDIR/units/one" ]
}

@test "doctor --host tells the same, and all is asked once" {
	local port
	port=$(free_port)
	change 'service: 8080' "service: $port"
	asked doctor --host one
	[ "$status" -eq 0 ]
	[ "$output" = "host 'one': nothing is missing" ]
	info 4.3.1
	: >"$answers/asked"
	asked doctor --host one --format json
	[ "$status" -eq 3 ]
	[ -z "$stderr" ]
	[ "$(python3 -c 'import json, sys; print([f["rule"] for f in json.load(sys.stdin)])' <<<"$output")" = "['machine-podman-old']" ]
	[ -z "$(sort "$answers/asked" | uniq -d)" ]
	asked doctor --host two
	[ "$status" -eq 2 ]
}

@test "ps, logs and status say why they cannot tell" {
	local command
	for command in ps status logs; do
		asked "$command"
		[ "$status" -eq 1 ]
		[[ $stderr == "ocismith: error: '"*"' is not installed on this machine" ]]
		asked "$command" --ssh -oProxyCommand=x
		[ "$status" -eq 2 ]
		asked "$command" Wbe
		[ "$status" -eq 2 ]
		[[ $stderr == *"no service or group 'Wbe' (did you mean 'Web'?)"* ]]
	done
	printf '#!/bin/sh\necho "Failed to connect to bus: No medium found" >&2\nexit 1\n' >"$bin/systemctl"
	printf '#!/bin/sh\necho "ssh: connect to host x port 22: Connection refused" >&2\nexit 255\n' >"$bin/ssh"
	chmod 755 "$bin/systemctl" "$bin/ssh"
	asked ps
	[ "$status" -eq 1 ]
	[[ $stderr == *"the user's systemd is not there: log in anew, or keep it running with 'loginctl enable-linger'"* ]]
	asked status --ssh u@x
	[ "$status" -eq 1 ]
	[[ $stderr == *"ssh to 'u@x' failed: ssh: connect to host x port 22: Connection refused"* ]]
}
