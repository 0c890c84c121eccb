#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# oci-probe against real servers of each kind (Python's own HTTP, libzmq, gRPC's C core) and hostile ones.
# Debian packages: bats, python3, python3-zmq, python3-grpcio, binutils, qemu-user for other machines' programs.
# shellcheck disable=SC2030,SC2031  # a test changes its own variables

bats_require_minimum_version 1.5.0
load lib

setup_file() {
	export machine probe
	case $(uname -m) in
	x86_64) machine=amd64 ;;
	aarch64) machine=arm64 ;;
	esac
	probe=$OCISMITH_BUILD/probe/oci-probe-$machine
	[ -s "$probe" ] || skip "there is no oci-probe for this machine"
	local kind
	mkfifo "$BATS_FILE_TMPDIR/stay"
	for kind in http raw zmq grpc; do
		[ $kind != grpc ] || /usr/bin/python3 -c 'import grpc' 2>/dev/null || continue
		/usr/bin/python3 -B "$tools/health-servers.py" $kind "$BATS_FILE_TMPDIR/$kind" \
			<>"$BATS_FILE_TMPDIR/stay" >"$BATS_FILE_TMPDIR/$kind.log" 2>&1 3>&- &
		echo $! >>"$BATS_FILE_TMPDIR/pids"
	done
	for kind in http raw zmq grpc; do
		[ $kind != grpc ] || /usr/bin/python3 -c 'import grpc' 2>/dev/null || continue
		wait_until test -e "$BATS_FILE_TMPDIR/$kind"
	done
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

teardown_file() {
	[ ! -e "$BATS_FILE_TMPDIR/pids" ] || xargs kill <"$BATS_FILE_TMPDIR/pids"
}

wait_until() {
	local i
	for ((i = 0; i < 600; i++)); do
		! "$@" || return 0
		sleep 0.05
	done
	return 1
}

# at NAME: its address
at() {
	echo "127.0.0.1:$(cat "$BATS_FILE_TMPDIR"/{http,raw,zmq,grpc} 2>/dev/null | awk -v name="$1" '$1 == name { print $2 }')"
}

# A check may take what it is told, and half a second on a machine that is busy; memory is bounded.
ask() {
	run --separate-stderr timeout 10 bash -c 'ulimit -v 40000; exec "$@"' - "$probe" -t 2000 "$@"
}

well() {
	ask "$@"
	echo "$*: $status '$stderr'" >&2
	[ "$status" -eq 0 ] && [ -z "$stderr$output" ]
}

# ill REASON WORD...
ill() {
	local reason=$1
	shift
	ask "$@"
	echo "$*: $status '$stderr'" >&2
	[ "$status" -eq 1 ]
	# shellcheck disable=SC2053  # a pattern
	[[ $stderr == "oci-probe: "*": "$reason ]]
}

need_grpc() {
	[ -e "$BATS_FILE_TMPDIR/grpc" ] || skip "python3-grpcio is not installed"
}

@test "http: 200 alone is well" {
	well http "$(at http)" /health
	well http "$(at http)"
	ill 'answered 404 Not Found' http "$(at http)" /nothing
	ill 'answered 500 Internal Server Error' http "$(at http)" /ill
	ill 'answered 301 Moved Permanently' http "$(at http)" /moved
	ill 'nothing listens there' http 127.0.0.1:1 /
	well http "[::1]:$(at six | cut -d: -f2)" /health
	well http "localhost:$(at http | cut -d: -f2)" /health
	ill "'no.such.name' is not in /etc/hosts" http no.such.name:80 /
}

@test "http: the server knows for whom it is asked, and can say all that it has" {
	well http "$(at http)" /health
	python3 -c 'import sys, urllib.request; print(urllib.request.urlopen("http://%s/log" % sys.argv[1]).read().decode())' \
		"$(at http)" >log
	grep -F "$(at http) \"GET /health HTTP/1.1\" 200" log
	! grep ERROR log || false
}

@test "tcp: a connection is enough" {
	well tcp "$(at silent)"
	well tcp "$(at closing)"
	ill 'nothing listens there' tcp 127.0.0.1:1
	ill 'nothing listens there' tcp '[::1]:1'
}

@test "zmq: JSON from libzmq's REP and ROUTER" {
	well zmq "$(at rep)" '{"action": "health_check"}'
	well zmq "$(at rep)" "$(printf '{"a": "%0500d"}' 1)"
	well zmq "$(at frames)" '{}'
	well zmq "$(at long)" '{}'
	well zmq "$(at router)" '{}'
	well zmq "$(at beats)" '{}'
	ill 'the reply is not JSON' zmq "$(at text)" '{}'
	ill 'the reply is not JSON' zmq "$(at second)" '{}'
	ill 'the reply is not JSON' zmq "$(at empty)" '{}'
	ill 'no answer in time' -t 300 zmq "$(at mute)" '{}'
	ill 'is a socket of kind PUB, which answers no request' zmq "$(at pub)" '{}'
	ill '*' zmq "$(at plain)" '{}'
}

@test "zmq: a REP that was asked by the probe still answers others" {
	local i
	for i in 1 2 3 4 5; do
		well zmq "$(at rep)" '{}'
	done
	/usr/bin/python3 - "$(at rep)" <<-'PY'
		import sys, zmq
		own = zmq.Context().socket(zmq.REQ)
		own.rcvtimeo = 5000
		own.connect('tcp://' + sys.argv[1])
		own.send(b'7')
		assert own.recv_json() == {'status': 'ok', 'asked': 7}
	PY
}

@test "grpc: SERVING from gRPC's C core" {
	need_grpc
	local server
	for server in grpc packed small; do
		well grpc "$(at $server)" ''
		well grpc "$(at $server)" well
		ill 'is NOT_SERVING' grpc "$(at $server)" sick
		ill 'answered NOT_FOUND (5): no service of that name' grpc "$(at $server)" absent
	done
	ill 'answered UNIMPLEMENTED (12)*' grpc "$(at none)"
	# whose time is over first, the server's or ours
	ill '*' -t 300 grpc "$(at grpc)" slow
}

@test "one protocol is not another" {
	ill 'the answer is not HTTP/1' http "$(at rep)" /
	ill 'the answer is not HTTP/1' http "$(at garbage)" /
	ill "the answer is not ZeroMQ's" zmq "$(at garbage)" '{}'
	ill 'the answer is not HTTP/2' grpc "$(at garbage)"
	ill '*' -t 500 grpc "$(at http)"
	ill '*' -t 500 zmq "$(at http)" '{}'
	[ ! -e "$BATS_FILE_TMPDIR/grpc" ] || ill 'the answer is not HTTP/1' http "$(at grpc)" /
}

@test "who says nothing, little or too much is ill in time" {
	local name start=$EPOCHREALTIME
	for name in silent closing garbage cut drips interim headers; do
		ill '*' -t 500 http "$(at $name)" /
	done
	for name in silent closing cut zmq-greeting zmq-commands zmq-frames zmq-huge zmq-megabyte; do
		ill '*' -t 500 zmq "$(at $name)" '{}'
	done
	for name in silent closing cut grpc-pings grpc-partial grpc-headers grpc-data; do
		ill '*' -t 500 grpc "$(at $name)"
	done
	well -t 5000 http "$(at drip)" /
	well http "$(at body)" /
	awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { print "# hostile servers:", b - a, "s"; exit !(b - a < 30) }' >&3
}

@test "several checks at once: all must be well, and the first that is not is told" {
	well http "$(at http)" /health and tcp "$(at silent)" and zmq "$(at rep)" '{}' and exec 2 true and and tcp "$(at rep)"
	ill 'answered 404*' http "$(at http)" /health and http "$(at http)" /no and tcp 127.0.0.1:1
	ill 'nothing listens there' tcp "$(at rep)" and tcp 127.0.0.1:1 and zmq "$(at rep)" '{}'
	local start=$EPOCHREALTIME
	ill 'no answer in time' -t 700 http "$(at silent)" / and http "$(at silent)" / and http "$(at silent)" / and \
		http "$(at silent)" / and http "$(at silent)" / and http "$(at silent)" /
	awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { exit !(b - a < 3) }'
}

@test "exec: the status of a command, and nothing of it stays" {
	well exec 3 sh -c 'exit 0'
	ill 'ended with status 3' exec 3 sh -c 'exit 3'
	ill 'ended with status 127' exec 1 /no/such/program
	ill 'was ended by signal 9' exec 3 sh -c 'kill -9 $$'
	ill 'did not end in time' -t 300 exec 3 sh -c "sleep 1000 & echo \$! >$PWD/pid; wait"
	wait_until sh -c "! kill -0 $(<pid) 2>/dev/null"
}

@test "wait: until it is well, and no longer" {
	ill 'nothing listens there' wait 1 tcp 127.0.0.1:1
	(
		sleep 0.3
		touch there
	) 3>&- &
	well wait 10 exec 3 test -e there
	ill 'ended with status 1' wait 1 exec 3 test -e never
}

@test "what is wrong on the command line has status 2" {
	local words
	for words in '' 'http' 'http 127.0.0.1 /' 'http 127.0.0.1:80 path' 'tcp 127.0.0.1:0' 'tcp 127.0.0.1:80 more' \
		'udp 127.0.0.1:80' '-t x tcp 127.0.0.1:80' '-t 0 tcp 127.0.0.1:80' 'wait tcp 127.0.0.1:80' 'exec 2 true' \
		'exec true' 'tcp 127.0.0.1:80 and' 'tcp ::1:80' 'tcp 1.2.3:80' '-t'; do
		# shellcheck disable=SC2086  # words
		run --separate-stderr "$probe" $words
		echo "$words: $status $stderr" >&2
		[ "$status" -eq 2 ]
		[[ $stderr == 'oci-probe: '* ]]
	done
	run "$probe" --help
	[ "$status" -eq 0 ]
	[[ $output == usage:* ]]
}

@test "it is static, small, and starts at once" {
	! readelf -l "$probe" | grep INTERP || false
	! readelf -n "$probe" | grep 'Build ID' || false
	! strings -a "$probe" | grep -F "$OCISMITH_BUILD" || false
	[ "$(wc -c <"$probe")" -lt 1048576 ]
	python3 - "$probe" "$(at silent)" <<-'PY'
		import os, subprocess, sys, time
		times = []
		for _ in range(50):
		    start = time.perf_counter()
		    pid = os.posix_spawn(sys.argv[1], [sys.argv[1], 'tcp', sys.argv[2]], {})
		    assert os.waitpid(pid, 0)[1] == 0
		    times.append(time.perf_counter() - start)
		print('%.3f ms' % (min(times) * 1000), file=sys.stderr)
		assert min(times) < 0.002, times
	PY
}

@test "the same bytes come out again" {
	make -C "$BATS_TEST_DIRNAME/../.." BUILD="$PWD/again" "$PWD/again/probe/oci-probe-$machine" >/dev/null
	cmp "$probe" "$PWD/again/probe/oci-probe-$machine"
}

@test "the other architecture's runs, too" {
	local other=$OCISMITH_BUILD/probe/oci-probe-arm64
	[ "$machine" = amd64 ] || other=$OCISMITH_BUILD/probe/oci-probe-amd64
	[ -s "$other" ] || skip "there is no compiler for it"
	local emulator=qemu-aarch64
	[ "$machine" = amd64 ] || emulator=qemu-x86_64
	command -v $emulator >/dev/null || emulator+=-static
	command -v $emulator >/dev/null || skip "qemu-user is not installed"
	$emulator "$other" http "$(at http)" /health and zmq "$(at rep)" '{}'
	! $emulator "$other" http "$(at http)" /nothing || false
}
