#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A hostile step, a hostile root and hostile output stay inside: the ways out that other container tools once had
# (docs/security.md lists them), tried by tests/attack and by trees made for it.
# Debian packages: bats, python3.

# shellcheck disable=SC2030,SC2031  # a test changes its own variables

bats_require_minimum_version 1.5.0

setup_file() {
	build=${OCISMITH_BUILD:-$BATS_TEST_DIRNAME/../../out}
	export build
	export outside=$BATS_FILE_TMPDIR/outside
	mkdir "$outside"
	echo untouched >"$outside/secret"
	export SMITH_TEST_OF_THE_MACHINE=1
	make_root "$BATS_FILE_TMPDIR/root"
	run try "$BATS_FILE_TMPDIR/root" host-file
	# the tests say so themselves then: sandbox-refused.bats is about this
	[[ $output != *'ocismith doctor'* ]] || export no_sandbox=${output#sandbox-run: }
}

setup() {
	[ -z "${no_sandbox-}" ] || skip "$no_sandbox"
	cd "$BATS_TEST_TMPDIR" || return
	root=$BATS_TEST_TMPDIR/root
	work=$BATS_TEST_TMPDIR/work
	make_root "$root"
	mkdir "$work"
	find "$outside" -printf '%p %y %s %m %U %T@ %l\n' | sort >before
}

# whatever was tried, the machine is what it was
teardown() {
	chmod -R u+rwX "$BATS_TEST_TMPDIR"
	[ -z "${no_sandbox-}" ] || return 0
	find "$outside" -printf '%p %y %s %m %U %T@ %l\n' | sort | diff before -
	[ "$(<"$outside/secret")" = untouched ]
}

# an overlay leaves a directory that nobody may enter
new_work() {
	[ ! -e "$work" ] || chmod -R u+rwX "$work"
	rm -rf "$work"
	mkdir "$work"
}

make_root() {
	mkdir -p "$1"/{bin,tmp,etc,proc,dev}
	cp "$build/tests/attack" "$1/bin/attack"
}

# sandbox ROOT [OPTION...] -- COMMAND...
sandbox() {
	local root=$1 options=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	"$build/tests/sandbox-run" "${options[@]}" --env PATH=/bin --env "HOST_FILE=$outside/secret" \
		--env HOST_SECRET=ENIHCAM_EHT_FO_TSET_HTIMS --env HOST_SOCKET="smith-test-$$" \
		--env HOST_PORT="${port:-1}" --env "HOST_DISK=${disk:-254:0}" --env "HOST_DIRECTORY=$outside" "$root" "$@"
}

# try ROOT NAME...: the attacks of these names, in a step that may write and one that may not
try() {
	local root=$1
	shift
	sandbox "$root" -- /bin/attack "$@"
}

# held NAME... [OPTIONS in $options]: each is tried as a step that may write, that records owners, as one of the
# machine's root where the tests are run by it, and on a read-only root
held() {
	local kind kinds=('' --record) name
	[ "$(id -u)" != 0 ] || kinds+=('--mode root')
	for kind in "${kinds[@]}"; do
		new_work
		# shellcheck disable=SC2086  # words
		run sandbox "$root" --work "$work" $kind "${options[@]}" -- /bin/attack "$@"
		echo "$output"
		[ "$status" -eq 0 ] || return
		for name; do [[ $output == *"$name held"* ]] || return; done
	done
	run sandbox "$root" "${options[@]}" -- /bin/attack "$@"
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "the attacks work where there is no sandbox" {
	local name
	export HOST_FILE=$outside/secret HOST_SECRET=ENIHCAM_EHT_FO_TSET_HTIMS HOST_DISK=254:0 HOST_SOCKET=x HOST_PORT=1
	for name in environment cwd host-file capabilities other-architecture; do
		run "$build/tests/attack" "$name"
		echo "$output"
		[ "$status" -eq 1 ]
		[[ $output == "$name BROKEN: "* ]]
	done
}

@test "nothing of the machine is open to a step, and no process of ours is" {
	options=()
	held program process environment descriptors cwd host-file dev ptrace signals
}

@test "descriptors of whoever starts us stay out" {
	options=()
	exec 7<"$outside" 8<"$outside/secret" 99<"$outside"
	held descriptors cwd host-file
}

@test "no namespace, mount, chroot or cgroup leads out" {
	options=()
	held chroot namespaces mounts cgroup proc handle
}

@test "devices open nothing" {
	options=()
	disk=$(lsblk -dnro MAJ:MIN 2>/dev/null | head -n 1) || true
	disk=${disk:-254:0}
	held mknod
}

@test "what a step has no use for is refused" {
	options=()
	held kernel other-architecture capabilities
}

@test "a step is not on the machine's network, and knows none of its sockets" {
	options=()
	python3 - "smith-test-$$" >port <<-'END' &
		import socket, sys, time
		a = socket.socket(socket.AF_UNIX); a.bind("\0" + sys.argv[1]); a.listen()
		b = socket.socket(); b.bind(("127.0.0.1", 0)); b.listen()
		print(b.getsockname()[1], flush=True)
		time.sleep(60)
	END
	listener=$!
	for _ in $(seq 100); do [ -s port ] || sleep 0.05; done
	port=$(<port)
	HOST_SOCKET="smith-test-$$" HOST_PORT=$port run "$build/tests/attack" abstract-socket network
	[[ $output == *'abstract-socket BROKEN'*'network BROKEN'* ]]
	held abstract-socket network
	# one that resolves is on the network, and still no neighbour of what listens beside it
	options=(--network)
	run sandbox "$root" --network -- /bin/attack network
	[[ $output == *'network BROKEN'* ]]
	kill "$listener"
}

# recorded NAME...: attacks on who answers for owners, each in a step of its own, which comes back
recorded() {
	local name
	for name; do
		new_work
		run timeout 200 "$build/tests/sandbox-run" --work "$work" --record --seconds 150 --env PATH=/bin \
			--env "HOST_DIRECTORY=$outside" --cwd /tmp "$root" /bin/attack "$name"
		echo "$output"
		[ "$status" -eq 0 ] || return
		[ "$output" = "$name held" ] || return
		# nothing lies beside what a step leaves
		ls -A "$work"
	done
}

@test "who answers for owners is no way to what the step cannot reach" {
	recorded deputy own-descriptors attributes
	new_work
	options=()
	held devices-of-the-machine
}

@test "who answers for owners does not wait, die or forget" {
	recorded waiting bad-memory dying interrupted undumpable ids
}

@test "who answers for owners is not raced" {
	recorded race turning-descriptors
}

@test "a step that starves who answers for owners has an end" {
	run timeout 60 "$build/tests/sandbox-run" --work "$work" --record --seconds 20 --env PATH=/bin --cwd /tmp "$root" \
		/bin/attack limits-of-the-first
	echo "$status $output"
	[ "$status" -ne 124 ]
}

@test "groups of whoever starts us stay out where the kernel lets us give them up" {
	[ "$(id -u)" -eq 0 ] || skip 'only root can be in other groups at will'
	run setpriv --groups 4711,4712 "$root/bin/attack" groups
	[[ $output == 'groups BROKEN: '*4711*4712* ]]
	new_work
	run setpriv --groups 4711,4712 "$build/tests/sandbox-run" --mode root --work "$work" --env PATH=/bin "$root" /bin/attack groups
	echo "$output"
	[ "$output" = 'groups held' ]
}

@test "a step has no terminal" {
	cat >typed.py <<-'END'
		import os, pty, select, sys
		pid, fd = pty.fork()
		if pid == 0:
		    os.execvp(sys.argv[1], sys.argv[1:])
		text = b""
		while True:
		    try:
		        part = os.read(fd, 4096)
		    except OSError:
		        break
		    if not part:
		        break
		    text += part
		sys.stdout.buffer.write(text)
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	END
	local common=(--env PATH=/bin "$root" /bin/attack terminal)
	run python3 typed.py "$build/tests/sandbox-run" "${common[@]}"
	echo "$output"
	[[ $output == *'terminal held'* ]]
	run python3 typed.py "$build/tests/sandbox-run" --work "$work" --record "${common[@]}"
	echo "$output"
	[[ $output == *'terminal held'* ]]
}

@test "a working directory that is a descriptor or a link leads nowhere" {
	local fd
	exec 7<"$outside" 8</
	for fd in 3 4 5 6 7 8 9 10; do
		for cwd in "/proc/self/fd/$fd" "/proc/self/fd/$fd/../../.." "/proc/1/root" "/proc/1/cwd"; do
			run sandbox "$root" --cwd "$cwd" -- /bin/attack cwd
			echo "$cwd: $output"
			[[ $status -eq 125 || $output == 'cwd held' ]]
		done
	done
	ln -s /../../../../../../../../../.."$outside" "$root/out"
	run sandbox "$root" --cwd /out -- /bin/attack cwd
	echo "$output"
	[ "$status" -eq 125 ]
}

@test "a root whose names are links to the machine is mounted on nowhere else" {
	local name
	for name in proc dev dev/null tmp etc sys run bin/attack; do
		make_root "$root"
		rm -rf "${root:?}/$name"
		ln -s "$outside" "$root/$name"
		new_work
		run sandbox "$root" --work "$work" --network -- /bin/attack host-file
		echo "$name: $output"
		[[ $status -ne 0 || $output == 'host-file held' ]]
		diff before <(find "$outside" -printf '%p %y %s %m %U %T@ %l\n' | sort)
		rm -rf "${root:?}/$name"
	done
}

@test "a bind's target that is a link of the root's is refused" {
	mkdir data
	echo ours >data/file
	ln -s "$outside" "$root/link"
	ln -s /../../../../../../../.."$outside/secret" "$root/etc/file"
	for target in /link /link/in /link/../link/in /etc/file /proc/self/root/x /proc/1/cwd/x; do
		run sandbox "$root" --bind "$PWD/data:$target" -- /bin/attack host-file
		echo "$target: $output"
		[[ $status -eq 125 || $output == 'host-file held' ]]
		diff before <(find "$outside" -printf '%p %y %s %m %U %T@ %l\n' | sort)
	done
}

@test "a name that was made for a bind is taken away in the root alone" {
	mkdir data "$outside/made"
	echo ours >"$outside/made/below"
	find "$outside" -printf '%p %y %s %m %U %T@ %l\n' | sort >before
	run sandbox "$root" --work "$work" --bind "$PWD/data:/made/below" --env "HOST_DIRECTORY=$outside" -- /bin/attack stub
	echo "$output"
	[ "$output" = 'stub held' ]
	find "$outside" -printf '%p %y %s %m %U %T@ %l\n' | sort | diff before -
	rm -r "$outside/made"
	find "$outside" -printf '%p %y %s %m %U %T@ %l\n' | sort >before
}

# CVE-2024-9676: the users of an image are read where its links lead on the machine
@test "users of a base are its own, whatever its passwd is" {
	local tools=$BATS_TEST_DIRNAME/../tools ocismith=${OCISMITH:-$build/ocismith} blob
	printf 'leaked:x:4242:4242::/:/bin/sh\n' >"$outside/users"
	find "$outside" -printf '%p %y %s %m %U %T@ %l\n' | sort >before
	mkdir fleet fleet/families.d tools
	cp "$tools/base-layer.py" tools
	sed -E "s@root.make\('etc/(passwd|group)', .*@root.link('etc/\1', '../../../../../../../..$outside/users')@" \
		"$tools/tiny-base.py" >tools/tiny-base.py
	[ "$(grep -c "$outside" tools/tiny-base.py)" -eq 2 ]
	PYTHONDONTWRITEBYTECODE=1 python3 tools/tiny-base.py fleet/base
	printf 'family: base\nfrom: "oci:base:tiny:1"\n' >fleet/families.d/base.yaml
	echo 'print(1)' >fleet/web.py
	printf '%s\n' 'fleet: tiny' 'registry: localhost' 'tag: test' 'platform: linux/amd64' \
		'hosts: {one: {podman: "5.4"}}' 'groups: {main: {host: one, services: [Web]}}' \
		'services: {Web: {family: base, app: {script: web.py, files: [web.py]}}}' >fleet/fleet.yaml
	# that it is built or that it is refused is both good
	run "$ocismith" -q -C fleet --store "$PWD/store" lock
	echo "$status $output"
	run "$ocismith" -q -C fleet --store "$PWD/store" build
	echo "$status $output"
	for blob in store/oci/blobs/sha256/*; do
		zcat -f "$blob"
	done >all
	[ "$status" -ne 0 ] || grep -qa appuser all
	run -1 grep -a leaked all
	rm "$outside/users"
	find "$outside" -printf '%p %y %s %m %U %T@ %l\n' | sort >before
}

@test "a command that is a link to /proc runs nothing of ours" {
	ln -s /proc/self/exe "$root/bin/self"
	ln -s /proc/1/exe "$root/bin/first"
	cp "$build/tests/sandbox-run" ./program
	sha256sum program >sum
	for command in /bin/self /bin/first /proc/self/exe /proc/1/exe /proc/self/fd/3 /proc/self/fd/4; do
		run ./program --env PATH=/bin "$root" "$command"
		echo "$command: $status $output"
		[ "$status" -ne 0 ]
	done
	sha256sum -c sum
}
