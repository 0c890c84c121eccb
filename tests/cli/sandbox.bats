#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The sandbox: what a step sees, what it cannot reach, its limits, and that nothing of it stays. One step at a time is
# run by tests/tools/sandbox-run.c on a root that has the machine's /usr.
# Debian packages: bats, gcc, procps, python3, util-linux.

# shellcheck disable=SC2016,SC2030,SC2031,SC2154  # scripts in quotes; a test changes its own variables; run sets stderr
bats_require_minimum_version 1.5.0

setup() {
	tools=${OCISMITH_BUILD:-$BATS_TEST_DIRNAME/../../out}/tests
	box=$tools/sandbox-run
	ocismith=${OCISMITH:-$BATS_TEST_DIRNAME/../../out/ocismith}
	cd "$BATS_TEST_TMPDIR" || return
	root=$PWD/root
	mkdir -p root/{dev,etc,proc,tmp,usr,var} work
	local name
	for name in bin lib lib64 sbin; do
		[ ! -L "/$name" ] || ln -s "usr/$name" "root/$name"
	done
	[ -x "$box" ]
	"$ocismith" doctor >/dev/null 2>&1 || skip 'this machine runs no steps (ocismith doctor)'
}

# the overlay's own directory can be entered by nobody
teardown() { chmod -R u+rwx "$BATS_TEST_TMPDIR"; }

# box ARGS...: one step with the machine's /usr: $status, $output, $stderr
box() { run --separate-stderr "$box" --bind /usr:/usr "$@"; }

# ended TEXT: no process with TEXT in its command line is there, at the latest in five seconds
ended() {
	local i
	for ((i = 0; i < 50; i++)); do
		pgrep -f "$1" >/dev/null || return 0
		sleep 0.1
	done
	pgrep -af "$1"
	return 1
}

# started COMMAND: waits for a process that is it
started() {
	local i
	for ((i = 0; i < 100; i++)); do
		! pgrep -fx "$1" >/dev/null || return 0
		sleep 0.05
	done
	return 1
}

# filled FILE: waits for it to have something
filled() {
	local i
	for ((i = 0; i < 100; i++)); do
		[ ! -s "$1" ] || return 0
		sleep 0.05
	done
	return 1
}

# the machine's root, not one of a user namespace
real_root() { [ "$(id -u)" = 0 ] && grep -q ' 4294967295$' /proc/self/uid_map; }

@test "a step is root, alone, and in an own name" {
	box "$root" sh -c 'id -u; id -g; hostname; umask; pwd; echo $$; echo /proc/[0-9]*'
	[ "$status" -eq 0 ]
	[ "$output" = $'0\n0\nlocalhost\n0022\n/\n2\n/proc/1 /proc/2' ]
}

@test "nothing is inherited but what is given" {
	export SECRET=leak
	exec 9</etc/passwd
	box --env A=b --env PATH=/bin "$root" sh -c 'env; ls -l /proc/self/fd'
	[ "$status" -eq 0 ]
	[[ $output != *leak* && $output == *'A=b'* && $output != *passwd* ]]
	# the directory itself is 3
	[ "$(grep -c -- '->' <<<"$output")" -eq 4 ]
	box --env PATH=/bin "$root" python3 -c 'import os; print(os.listdir("/proc/self/fd"))'
	[ "$output" = "['0', '1', '2', '3']" ]
}

@test "status, signal and standard input" {
	box "$root" sh -c 'exit 7'
	[ "$status" -eq 7 ]
	box "$root" sh -c 'kill -9 $$'
	[ "$status" -eq 137 ]
	box --input 'some text' "$root" cat
	[ "$output" = 'some text' ]
	box "$root" cat
	[ "$status" -eq 0 ] && [ -z "$output" ]
	box "$root" no-such-command
	[ "$status" -eq 125 ]
	[[ $stderr == *"step 'sandbox-run': cannot run 'no-such-command': No such file or directory" ]]
	box "$root" /etc
	[[ $stderr == *"cannot run '/etc': Permission denied" ]]
	box --cwd /none "$root" true
	[[ $stderr == *"cannot change to directory '/none': No such file or directory" ]]
}

@test "without work nothing of the root can be written" {
	mkdir -p in out
	echo 1 >in/file
	box --bind "$PWD/in:/in" --bind-rw "$PWD/out:/new/out" "$root" sh -c '
		for name in /etc/x /in/x /in/file /new/x /usr/x /x; do ! (echo 2 >$name) 2>/dev/null || echo wrote $name; done
		! chmod 700 /etc 2>/dev/null || echo changed
		echo tmp >/tmp/x && mv /tmp/x /new/out/x && cat /in/file && mkdir /new/out/d && mv /new/out/x /new/out/d/y'
	[ "$status" -eq 0 ]
	[ "$output" = 1 ]
	[ "$(cat out/d/y)" = tmp ]
	[ "$(ls root)" = "$(printf '%s\n' bin dev etc lib lib64 proc sbin tmp usr var)" ]
}

@test "with work everything can, and only changes are left" {
	mkdir in
	echo old >root/etc/old
	echo gone >root/etc/gone
	box --work work --bind "$PWD/in:/inputs/deep/in" --bind /etc/passwd:/inputs/file "$root" sh -c '
		echo new >/etc/new && rm /etc/gone && echo tmp >/tmp/x && ls /inputs/deep'
	[ "$status" -eq 0 ]
	[ "$output" = in ]
	[ "$(cat work/upper/etc/new)" = new ]
	[ "$(stat -c %F work/upper/etc/gone)" = 'character special file' ]
	# /inputs was made to have something to mount upon, and is no change
	[ "$(ls work/upper)" = etc ]
	[ "$(cat root/etc/gone)" = gone ]
}

@test "a copy serves as well as an overlay" {
	echo gone >root/etc/gone
	ln -s gone root/etc/link
	mkdir -m 700 root/var/private
	touch -d @1000000000 root/var/private root/etc/link
	box --copy --work work --bind /etc/passwd:/inputs/file "$root" sh -c 'echo new >/etc/new && rm /etc/gone'
	[ "$status" -eq 0 ]
	[ -e work/copied ]
	run diff -r --no-dereference root work/upper
	[ "$output" = "Only in root/etc: gone"$'\n'"Only in work/upper/etc: new" ]
	[ "$(stat -c '%a %Y' work/upper/var/private)" = '700 1000000000' ]
	[ "$(cat root/etc/gone)" = gone ]
}

@test "paths with the quoting of options in them" {
	mv root 'r,o:o\t'
	mv work 'w,o:r\k'
	box --work 'w,o:r\k' 'r,o:o\t' sh -c 'echo 1 >/etc/x'
	[ "$status" -eq 0 ]
	[ "$(cat 'w,o:r\k/upper/etc/x')" = 1 ]
}

@test "a link in the root leads no mount away" {
	mkdir outside in
	ln -s "$PWD/outside" root/link
	ln -s ../../../../../.. root/up
	ln -s /etc root/etc/inside
	local target
	for target in /link /link/new /up/tmp /up /etc/inside/x; do
		box --work "$(mktemp -d "$PWD/w.XXX")" --bind "$PWD/in:$target" "$root" true
		[ "$status" -eq 125 ]
		[[ $stderr == *"cannot mount on '$target', at '"* ]]
	done
	[ -z "$(ls outside)" ]
	for target in /../x /in/../x relative /in//x; do
		box --bind "$PWD/in:$target" "$root" true
		[ "$status" -eq 125 ]
		[[ $stderr == *'a target is no absolute path in normal form' ]]
	done
	# nor do those of the sandbox's own mounts
	rmdir root/dev && ln -s ../outside root/dev
	box "$root" true
	[ "$status" -eq 125 ]
	[[ $stderr == *"cannot mount on '/dev', at 'dev'"* ]]
}

@test "no network but loopback, unless asked for" {
	cat >listen.py <<-'END'
		import socket, sys, time
		tcp = socket.create_server(("127.0.0.1", 0))
		print(tcp.getsockname()[1], flush=True)
		time.sleep(60)
	END
	python3 listen.py >port 3>&- &
	local listener=$! port
	filled port
	port=$(<port)
	cat >root/etc/ask.py <<-'END'
		import socket, sys
		own = socket.create_server(("127.0.0.1", 0))
		socket.create_connection(own.getsockname()).close()
		print(sorted(n for _, n in socket.if_nameindex()) == ["lo"])
		try:
		    socket.create_connection(("127.0.0.1", int(sys.argv[1])), 3)
		    print("reached")
		except OSError as error:
		    print(error.strerror)
	END
	box "$root" python3 /etc/ask.py "$port"
	[ "$output" = $'True\nConnection refused' ]
	box --network "$root" python3 /etc/ask.py "$port"
	[[ $output == *reached ]]
	kill "$listener"
}

@test "the machine's resolv.conf, also where the root's is a link to what is not there" {
	[ -s /etc/resolv.conf ] || skip 'no resolv.conf'
	box --network --work work "$root" cat /etc/resolv.conf
	[ "$output" = "$(cat /etc/resolv.conf)" ]
	ln -s ../run/./resolve/../resolve/stub.conf root/etc/resolv.conf
	mkdir w2 w3
	box --network --work w2 "$root" sh -c 'cat /run/resolve/stub.conf && ls -A /run'
	[ "$output" = "$(cat /etc/resolv.conf)"$'\n'resolve ]
	[ -z "$(find work/upper w2/upper -mindepth 1 ! -path work/upper/etc)" ]
	ln -sfn ../../../../../../new.conf root/etc/resolv.conf
	box --network --work w3 "$root" cat /new.conf
	[ "$output" = "$(cat /etc/resolv.conf)" ]
}

@test "abstract sockets of the machine are not reached through its network" {
	python3 - <<-'END' || skip 'landlock has no scopes on this kernel'
		import ctypes
		raise SystemExit(ctypes.CDLL(None).syscall(444, None, 0, 1) < 6)
	END
	local name=ocismith-test-$$
	python3 -c "import socket, time; s = socket.socket(socket.AF_UNIX); s.bind('\0$name'); s.listen(); print(1, flush=True); time.sleep(60)" >ready 3>&- &
	local listener=$!
	filled ready
	box --network "$root" python3 -c "import socket; socket.socket(socket.AF_UNIX).connect('\0$name')"
	[ "$status" -eq 1 ]
	[[ $output == *'Operation not permitted' ]]
	kill "$listener"
}

@test "what could reach the machine is refused" {
	box "$root" sh -c 'unshare -U true'
	[[ $output == *'Operation not permitted' ]]
	box "$root" sh -c 'mount -t tmpfs none /tmp'
	[ "$status" -ne 0 ]
	box "$root" sh -c 'echo x >/proc/sys/kernel/core_pattern'
	[ "$status" -ne 0 ]
	box "$root" sh -c 'echo x >/proc/sysrq-trigger'
	[ "$status" -ne 0 ]
	box "$root" sh -c 'cat /proc/kcore /proc/keys 2>/dev/null | wc -c'
	[ "$output" = 0 ]
	box "$root" sh -c 'grep -E "^(NoNewPrivs|Seccomp|CapInh|CapAmb|CapBnd):" /proc/self/status'
	[ "$output" = $'CapInh:\t0000000000000000\nCapBnd:\t00000000880405fb\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2' ]
}

@test "the first process shows nothing of itself" {
	box "$root" sh -c 'for name in exe root cwd ns/mnt fd/0 fd/4; do ! ls -L /proc/1/$name 2>/dev/null || echo open $name; done
		for name in mem maps environ; do ! head -c 1 /proc/1/$name 2>/dev/null || echo read $name; done; kill -9 1 2>/dev/null; echo alive'
	[ "$output" = alive ]
}

# CVE-2019-5736: a step that becomes the program that started it holds its file, and writes into it afterwards
@test "the program that starts a step cannot be overwritten by it" {
	cat >evil.c <<-'END'
		#define _GNU_SOURCE
		#include <fcntl.h>
		#include <stdio.h>
		#include <unistd.h>
		static __attribute__((constructor)) void hold(void)
		{
			char *argv[] = {"sh", "-c", "(exec 8>/proc/self/fd/7) 2>/dev/null && echo opened 7; readlink /proc/self/fd/7", NULL};
			char *envp[] = {"PATH=/bin", NULL};
			int fd = open("/proc/self/exe", O_PATH);
			if (open("/proc/self/exe", O_WRONLY) >= 0)
				puts("opened");
			dup2(fd, 7);
			execve("/bin/sh", argv, envp);
		}
	END
	${CC:-gcc} -shared -fPIC -o root/evil.so evil.c
	local before
	before=$(sha256sum <"$box")
	box --env LD_PRELOAD=/evil.so "$root" /proc/self/exe
	[[ $output != *opened* ]]
	# it did become that program: what it held is the copy in memory
	[[ $output == *'memfd:ocismith'* || $output == *'ASan runtime'* ]]
	printf '#!/proc/self/exe\n' >root/script
	chmod 755 root/script
	box --env LD_PRELOAD=/evil.so "$root" /script
	[[ $output != *opened* ]]
	[ "$(sha256sum <"$box")" = "$before" ]
}

@test "limits" {
	SECONDS=0
	box --seconds 1 "$root" sleep 424201
	[ "$status" -eq 125 ]
	[[ $stderr == *"step 'sandbox-run': it ran longer than 1 seconds" ]]
	[ "$SECONDS" -lt 10 ]
	ended 'sleep 424201'
	box --output 100000 "$root" yes
	[[ $stderr == *'it wrote more than 100000 bytes of output' ]]
	[ "${#output}" -le 200000 ]
	box --work work --file 100000 "$root" sh -c 'exec head -c 1000000 /dev/zero >/etc/large'
	[[ $stderr == *'it wrote a file of more than 100000 bytes' ]]
	box --address 200000000 "$root" python3 -c 'x = bytearray(400000000)'
	[[ $output == *MemoryError ]]
}

# over TEXT ARGS...: the step is killed for that
over() {
	rm -rf work
	mkdir work
	box --work work --seconds 60 "${@:2}"
	[ "$status" -eq 125 ] || return
	[[ $stderr == *"step 'sandbox-run': it $1" ]]
}

@test "limits of all processes together" {
	over 'had more than 300 processes and threads' --processes 300 "$root" python3 -c 'import os
while True:
    try:
        os.fork()
    except OSError:
        pass'
	over 'had more than 300 processes and threads' --processes 300 "$root" python3 -c 'import threading, time
while True:
    threading.Thread(target=time.sleep, args=(424203,)).start()'
	over 'held more than 100000000 bytes of memory' --memory 100000000 "$root" python3 -c 'import os, time
for i in range(20):
    if os.fork() == 0:
        x = bytearray(10000000)
        time.sleep(424203)
time.sleep(424203)'
	# what is shared is counted once
	box --memory 150000000 "$root" python3 -c 'import os, time
x = bytearray(80000000)
for i in range(10):
    if os.fork() == 0:
        time.sleep(0.3)
        os._exit(0)
print([os.wait()[1] for i in range(10)])'
	[ "$status" -eq 0 ]
}

@test "limits of files, in memory and on disk" {
	over 'held more than 100000000 bytes of memory' --memory 100000000 "$root" python3 -c 'import os
f = os.memfd_create("x")
while True:
    os.write(f, bytes(1000000))'
	over 'held more than 100000000 bytes of memory' --memory 100000000 "$root" sh -c 'cat /dev/zero >/dev/shm/x; sleep 424203'
	over 'wrote more than 100000000 bytes of files' --disk 100000000 "$root" python3 -c 'import os
i = 0
while True:
    i += 1
    os.mkdir("/var/%d" % i)
    with open("/var/%d/x" % i, "wb") as f:
        f.write(bytes(1000000))'
	over 'wrote more than 100000000 bytes of files' --disk 100000000 "$root" python3 -c 'import os
f = open("/tmp/x", "wb", 0)
os.unlink("/tmp/x")
while True:
    f.write(bytes(1000000))'
	ended 'sleep 424203'
}

@test "who ignores all signals ends in time" {
	box --seconds 1 "$root" python3 -c 'import signal, time
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
time.sleep(424204)'
	[[ $stderr == *'it ran longer than 1 seconds' ]]
	ended 424204
}

@test "what a step leaves running ends with it" {
	box --work work "$root" sh -c 'setsid sleep 424202 & (setsid setsid sh -c "trap : TERM HUP; sleep 424202" &) ; sleep 0.2'
	[ "$status" -eq 0 ]
	ended 'sleep 424202'
}

# killed SIGNAL: sends it to a sandbox-run that leads a group of its own, as a terminal does, while its
# step runs. A shell's background jobs would ignore an interrupt.
killed() {
	local nap="sleep 4242$$"
	python3 -c 'import os, signal, sys
os.setsid()
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$box" --bind /usr:/usr --work work "$root" \
		sh -c "$nap & setsid $nap & wait" >/dev/null 2>&1 3>&- &
	local pid=$!
	started "$nap"
	kill "-$1" -- "-$pid"
	! wait "$pid" || return
	ended "$nap"
	ended "$PWD/root"
	! grep -l "$PWD/root" /proc/[0-9]*/mountinfo 2>/dev/null
}

@test "killed, nothing stays" {
	killed KILL
}

@test "interrupted, nothing stays" {
	killed INT
}

@test "in another user namespace, and in one of that" {
	run --separate-stderr unshare -Ur "$box" --work work --record --bind /usr:/usr "$root" sh -c 'id -u; echo 1 >/etc/x'
	[ "$status" -eq 0 ]
	[ "$output" = 0 ]
	[ -e work/upper/etc/x ]
	run --separate-stderr unshare -Ur unshare -U --map-user=77 --map-group=77 "$box" --bind /usr:/usr "$root" id -u
	[ "$status" -eq 0 ]
	[ "$output" = 0 ]
}

@test "many at once on one root" {
	local i pids=()
	for ((i = 0; i < 16; i++)); do
		mkdir "w$i"
		"$box" --bind /usr:/usr --work "w$i" "$root" sh -c "echo $i >/etc/mine" 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i"; done
	for ((i = 0; i < 16; i++)); do
		[ "$(cat "w$i/upper/etc/mine")" = "$i" ]
	done
}

@test "as real root" {
	real_root || skip 'this is not root'
	box --mode root --work work "$root" sh -c 'echo 1 >/etc/x; chown 5:6 /etc/x; mknod /etc/null c 1 3; (: </etc/null) 2>&1; cat /proc/self/uid_map'
	[ "$status" -eq 0 ]
	[[ $output == *'Permission denied'*4294967295 ]]
	[ "$(stat -c %u:%g work/upper/etc/x)" = 5:6 ]
	[ "$(stat -c %t:%T work/upper/etc/null)" = 1:3 ]
	box --mode root "$root" sh -c 'echo x >/proc/sys/kernel/core_pattern'
	[ "$status" -ne 0 ]
	# where the machine's mounts are shared, as systemd makes them, those of a step are not
	mkdir other
	run -0 unshare -m --propagation shared sh -ec 'cat /proc/self/mounts >before
		"$0" --bind /usr:/usr --mode root --work other "$1" true
		diff before /proc/self/mounts' "$box" "$root"
}

@test "with many users" {
	"$ocismith" --format json doctor | python3 -c 'import json, sys; sys.exit(not any(a["there"] for a in json.load(sys.stdin)["abilities"] if a["name"] == "many-users"))' ||
		skip 'no newuidmap, or no subordinate ids'
	box --mode many --work work "$root" sh -c 'echo 1 >/etc/x; chown 5:6 /etc/x; stat -c %u:%g /etc/x; rm /etc/x'
	[ "$status" -eq 0 ]
	[ "$output" = 5:6 ]
}
