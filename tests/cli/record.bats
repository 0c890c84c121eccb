#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Profiles that are recorded, and services that are checked under theirs.
# Debian packages: bats, jq, python3; make-base's and make-wheelhouse's.
# shellcheck disable=SC2154  # run sets stderr

bats_require_minimum_version 1.5.0
load lib
load real

setup_file() {
	local fleet=$BATS_FILE_TMPDIR/fleet store=$BATS_FILE_TMPDIR/fleet.store
	make_hello "$fleet"
	# a service that calls what no other does when it starts, when it is asked, and when it stops
	cat >"$fleet/app/odd.py" <<-'END'
		import ctypes, os, signal, socket, sys, time
		libc = ctypes.CDLL(None, use_errno=True)
		os.getpriority(os.PRIO_PROCESS, 0)
		def stop(number, frame):
		    os.getloadavg() and os.sched_getparam(0)
		    sys.exit(0)
		signal.signal(signal.SIGTERM, stop)
		def asked(number, frame):
		    os.sched_rr_get_interval(0)
		    open("/run/asked", "w").close()
		signal.signal(signal.SIGUSR1, asked)
		socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).bind("/run/ready")
		while True:
		    time.sleep(0.05)
	END
	# one of threads, of children that die by signals, of a daemon, and of another program
	cat >"$fleet/app/many.py" <<-'END'
		import os, signal, subprocess, sys, threading, time
		threads = [threading.Thread(target=os.sched_rr_get_interval, args=(0,)) for _ in range(8)]
		for thread in threads:
		    thread.start()
		for end in (os.abort, lambda: os.kill(os.getpid(), signal.SIGKILL), lambda: os.kill(os.getpid(), signal.SIGTERM)):
		    child = os.fork()
		    if child == 0:
		        os.sched_getscheduler(0)
		        end()
		    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
		subprocess.run([sys.executable, "-I", "-S", "-c", "import os; os.getpgid(0)"], check=True)
		if os.fork() == 0:
		    os.setsid()
		    if os.fork() == 0:
		        os.getpriority(os.PRIO_PROCESS, 0)
		        open("/run/many", "w").close()
		        time.sleep(60)
		    os._exit(0)
		while True:
		    time.sleep(60)
	END
	cat >"$fleet/more" <<-'END'
		  many:
		    family: base-python
		    app: {script: app/many.py, files: [app/many.py]}
		    health: {exec: [/usr/bin/test, -e, /run/many], interval: 1s, timeout: 5s, start_period: 60s}
		  odd:
		    family: base-python
		    app: {script: app/odd.py, files: [app/odd.py]}
		    health: {exec: [/usr/bin/test, -S, /run/ready], interval: 1s, timeout: 5s, retries: 3}
	END
	sed -i "/^services:/r $fleet/more" "$fleet/fleet.yaml"
	"$ocismith" -q -C "$fleet" --store "$store" lock >/dev/null
	"$ocismith" -q -C "$fleet" --store "$store" build >/dev/null
	if ! "$ocismith" doctor >/dev/null 2>&1; then
		no_sandbox='this machine runs no sandbox (ocismith doctor)'
		export no_sandbox
	fi
}

setup() {
	[ -z "${no_sandbox-}" ] || skip "$no_sandbox"
	store=$BATS_FILE_TMPDIR/fleet.store fleet=$BATS_TEST_TMPDIR/fleet
	cp -r "$BATS_FILE_TMPDIR/fleet" "$fleet"
	cd "$BATS_TEST_TMPDIR" || return
}

seccomp() { run --separate-stderr "$ocismith" -C "$fleet" --store "$store" seccomp "$@"; }

# reason CALL: what the profile says of it
reason() { jq -r --arg name "$1" '.syscalls[] | select(.names == [$name]).comment' "$fleet/seccomp/odd.json"; }

ask='import os, signal, time
os.kill(1, signal.SIGUSR1)
while not os.path.exists("/run/asked"): time.sleep(0.02)'

@test "start-up, run, stop and health are told apart, and a second recording adds" {
	seccomp record odd
	echo "$output $stderr"
	[ "$status" -eq 0 ]
	[[ $output == 'seccomp/odd.json: '*' calls' ]]
	[[ $stderr == *"say 'seccomp: odd' in service 'odd' to use it"* ]]
	[[ $(reason getpriority) == 'start-up; libc.so.6; 1 recording' ]]
	[[ $(reason sched_getparam) == 'stop; libc.so.6; 1 recording' ]]
	[[ $(reason newfstatat) == *health* ]]
	[[ $(reason tgkill) == 'abort() and raise()' ]]
	[ -z "$(reason sched_rr_get_interval)" ]
	seccomp record odd -- python3 -c "$ask"
	echo "$output $stderr"
	[ "$status" -eq 0 ]
	[[ $output == *', merged' ]]
	reason sched_rr_get_interval
	[[ $(reason sched_rr_get_interval) == 'run; '*'; 1 recording' ]]
	[[ $(reason getpriority) == 'start-up; libc.so.6; 2 recordings' ]]
	# of sockets and namespaces only what was there
	jq -e '[.syscalls[] | select(.names == ["socket"]).args[0].valueTwo] == [1]' "$fleet/seccomp/odd.json"
	jq -e 'all(.syscalls[] | select(.names == ["clone"]); .args == null or .args[0].valueTwo == 0)' "$fleet/seccomp/odd.json"
	[ "$(jq '[.syscalls[].names[]] | unique | length' "$fleet/seccomp/odd.json")" -lt 100 ]
}

@test "under its own profile nothing is refused; what it lacks is named, with arguments and files" {
	seccomp record odd
	[ "$status" -eq 0 ]
	sed -i 's/^  odd:/&\n    seccomp: odd/' "$fleet/fleet.yaml"
	seccomp check odd
	echo "$output $stderr"
	[ "$status" -eq 0 ]
	[[ $output == *"nothing that it calls is refused by 'odd'"* ]]
	jq '.syscalls |= map(select(.names != ["socket"]))' "$fleet/seccomp/odd.json" >less
	cp less "$fleet/seccomp/odd.json"
	seccomp check odd --timeout 5
	echo "$output $stderr"
	[ "$status" -eq 1 ]
	[[ $stderr == *"profile 'odd' refused socket(AF_UNIX, SOCK_"*"): Function not implemented"* ]]
	[[ $stderr == *'called by libc.so.6 < '*python3* ]]
	[[ $stderr == *"profile 'odd' refuses socket, which it calls"* ]]
	seccomp check odd --timeout 5 --format json
	jq -e '.refused[0] | .call == "socket" and .files[0] == "libc.so.6" and .times >= 1' <<<"$output"
	# smoke tells it, too, since it is why
	run --separate-stderr "$ocismith" -C "$fleet" --store "$store" smoke odd --timeout 5
	[ "$status" -eq 1 ]
	[[ $stderr == *"profile 'odd' refused socket("* ]]
	[[ $stderr == *"'ocismith seccomp check odd' tells all that is refused"* ]]
}

@test "threads, children, daemons and other programs are recorded and checked" {
	local call
	seccomp record many
	echo "$output $stderr"
	[ "$status" -eq 0 ]
	sed -i 's/^  many:/&\n    seccomp: many/' "$fleet/fleet.yaml"
	seccomp check many
	echo "$output $stderr"
	[ "$status" -eq 0 ]
	cp "$fleet/seccomp/many.json" whole
	# of a thread, a child, another program and a daemon
	for call in sched_rr_get_interval sched_getscheduler getpgid getpriority; do
		jq --arg call $call '.syscalls |= map(select(.names != [$call]))' whole >"$fleet/seccomp/many.json"
		run cmp -s whole "$fleet/seccomp/many.json"
		[ "$status" -eq 1 ]
		seccomp check many --timeout 20 --format json
		echo "$output $stderr"
		[ "$status" -eq 1 ]
		jq -e --arg call $call '.refused[0] | .call == $call and (.text | startswith($call + "(0")) and
			.files[0] == "libc.so.6" and (.files | length > 1)' <<<"$output"
	done
}

@test "a recording on one machine holds on the other" {
	local call
	seccomp record many
	[ "$status" -eq 0 ]
	jq -r '.syscalls[].names[]' "$fleet/seccomp/many.json" | sort -u >calls
	# what glibc for arm64 calls where that for amd64 does what was recorded
	while read -r own other; do
		! grep -qx "$own" calls || {
			echo "$own $other"
			seccomp simulate many "$other" --arch arm64
			echo "$output $stderr"
			# a rule with arguments may want some
			[ "$output" = ALLOW ] || [ "$other" = clone ]
		}
	done <<-'END'
		access faccessat
		dup2 dup3
		epoll_wait epoll_pwait
		fork clone
		open openat
		pipe pipe2
		poll ppoll
		readlink readlinkat
		select pselect6
		stat newfstatat
		unlink unlinkat
		vfork clone
	END
	seccomp simulate many clone 0x11 --arch arm64
	[ "$output" = ALLOW ]
	# and with a base as well
	rm "$fleet/seccomp/many.json"
	printf '{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW"}]}' \
		>"$fleet/seccomp/little.json"
	seccomp record many --base little
	[ "$status" -eq 0 ]
	seccomp simulate many readlinkat --arch arm64
	[ "$output" = ALLOW ]
	seccomp simulate many faccessat --arch arm64
	[ "$output" = ALLOW ]
}

@test "the test command is not confined and not recorded" {
	seccomp record odd -- python3 -c 'import os; os.sched_get_priority_max(0); os.getsid(0)'
	[ "$status" -eq 0 ]
	[ -z "$(reason sched_get_priority_max)" ]
	seccomp record odd -- python3 -c 'print("this went wrong"); raise SystemExit(3)'
	echo "$output $stderr"
	[ "$status" -eq 1 ]
	[[ $stderr == *'this went wrong'*'the command ended with status 3'* ]]
}

@test "a base, a replacement, and rules by hand" {
	seccomp record odd --base baseline
	[ "$status" -eq 0 ]
	jq -e '.include == ["baseline"]' "$fleet/seccomp/odd.json"
	jq '.syscalls += [{names: ["ptrace"], action: "SCMP_ACT_ERRNO", errnoRet: 1}]' "$fleet/seccomp/odd.json" >own
	cp own "$fleet/seccomp/odd.json"
	seccomp record odd
	echo "$stderr"
	[ "$status" -eq 1 ]
	[[ $stderr == *"a rule of 'ptrace' was written by hand"* ]]
	cmp own "$fleet/seccomp/odd.json"
	seccomp record odd --replace
	[ "$status" -eq 0 ]
	jq -e '.include == null and all(.syscalls[]; .action == "SCMP_ACT_ALLOW")' "$fleet/seccomp/odd.json"
}
