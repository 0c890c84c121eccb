#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Where the kernel, a hardened machine or a container runtime refuses a call (tests/tools/refuse.c), a step leaves the
# layer that it leaves elsewhere, or does not run and says what is missing; nothing in between. What is assembled needs
# none of it.
# Debian packages: bats, python3, libseccomp-dev.

bats_require_minimum_version 1.5.0
load lib

setup_file() {
	build=${OCISMITH_BUILD:-$BATS_TEST_DIRNAME/../../out}
	export build
	export root=$BATS_FILE_TMPDIR/root
	mkdir -p "$root"/{bin,tmp,etc,proc,dev}
	touch "$root"/etc/{changed,removed,renamed}
	cp "$build/tests/attack" "$root/bin/attack"
	mkdir "$BATS_FILE_TMPDIR/work"
	# the tests say so themselves then
	"$build/tests/sandbox-run" --work "$BATS_FILE_TMPDIR/work" --record --tree "$root" /bin/attack none \
		>"$BATS_FILE_TMPDIR/golden-tree" 2>"$BATS_FILE_TMPDIR/error" || {
		grep -F 'ocismith doctor' "$BATS_FILE_TMPDIR/error" || return
		export no_sandbox
		no_sandbox=$(<"$BATS_FILE_TMPDIR/error")
	}
	make_pristine
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	golden_tree=$BATS_FILE_TMPDIR/golden-tree
	work=$BATS_TEST_TMPDIR/work
	refuse=$build/tests/refuse
}

teardown() { chmod -R u+rwX "$BATS_TEST_TMPDIR"; }

teardown_file() { chmod -R u+rwX "$BATS_FILE_TMPDIR"; }

# an overlay leaves a directory that nobody may enter
new_work() {
	[ ! -e "$work" ] || chmod -R u+rwX "$work"
	rm -rf "$work"
	mkdir "$work"
}

# step REFUSED [OPTION...]: what the step leaves where that is refused; $status, $output, $stderr
step() {
	local refused=$1
	shift
	new_work
	run --separate-stderr timeout 60 "$refuse" "$refused" "$build/tests/sandbox-run" --work "$work" --tree "$@" \
		"$root" /bin/attack none
	echo "$refused: $status $stderr"
}

same() {
	[ "$status" -eq 0 ] || return
	diff "$golden_tree" - <<<"$output"
}

# missing TEXT: it did not run, and the error has TEXT and where to go
missing() {
	[ "$status" -eq 125 ] || return
	[ -z "$output" ] || return
	[[ $stderr == "sandbox-run: step 'sandbox-run': "*$1*"; 'ocismith doctor' tells what this machine allows" ]]
}

with_sandbox() { [ -z "${no_sandbox-}" ] || skip "$no_sandbox"; }

@test "the tool refuses what it is told to" {
	local name
	for name in userns listener filter mount openat2 landlock_create_ruleset clone3; do
		[ "$("$refuse" "$name=ENOSYS" "$refuse" --probe "$name")" = ENOSYS ]
		[ "$("$refuse" --probe "$name")" != ENOSYS ]
	done
	[ "$("$refuse" "mount,pivot_root=EACCES" "$refuse" --probe pivot_root)" = EACCES ]
	run "$refuse" nonsense true
	[ "$status" -eq 125 ]
}

@test "what can be done without is done without" {
	with_sandbox
	local name
	for name in clone3=ENOSYS landlock_create_ruleset=ENOSYS landlock_create_ruleset=EPERM landlock_add_rule \
		landlock_restrict_self pidfd_open=ENOSYS \
		pidfd_open=EPERM statx=ENOSYS process_vm_readv=ENOSYS process_vm_readv=EPERM process_vm_writev=EPERM \
		process_vm_readv,process_vm_writev=ENOSYS execveat=ENOSYS renameat2=ENOSYS copy_file_range=ENOSYS \
		faccessat2=ENOSYS name_to_handle_at open_by_handle_at userfaultfd setns pidfd_send_signal pidfd_getfd setpriority \
		rseq=ENOSYS membarrier=ENOSYS flock=ENOSYS ptrace kcmp vfork overlay overlay=EINVAL; do
		step "$name" --record
		same
	done
}

@test "what cannot is named" {
	with_sandbox
	local row
	for row in 'userns=EPERM user namespace' 'userns=ENOSPC user namespace' 'userns=ENOSYS user namespace' \
		'unshare user namespace' 'mountns namespaces' 'pidns=EINVAL namespaces' 'ipcns=EINVAL namespaces' \
		'utsns namespaces' 'netns=ENOSPC namespaces' 'cgroupns=EINVAL namespaces' 'mount mounts private' \
		'fsopen /proc' 'fsopen=ENOSYS /proc' 'fsmount /proc' \
		'move_mount mount' 'open_tree=ENOSYS /dev/null' 'mount_setattr=ENOSYS restrict' 'pivot_root root' \
		'umount2 old root' 'listener=EPERM seccomp filter' 'listener=EBUSY seccomp filter' \
		'listener=EINVAL seccomp filter' 'filter=EPERM seccomp filter' 'openat2=ENOSYS mount on' 'openat2 mount on' \
		'close_range=ENOSYS descriptors' 'memfd_create=ENOSYS memory' 'memfd_create memory' \
		'fcntl memory' 'ioctl calls' 'prlimit64 limit' 'clone3=EPERM process' \
		'clone process' 'capset capabilities' 'prctl parent' 'setsid process' 'signalfd4=ENOSYS watch' \
		'socketpair sockets' 'sethostname host'; do
		step "${row%% *}" --record
		missing "${row#* }"
	done
}

@test "doctor says of the same calls that no step runs, and of the others that one does" {
	with_sandbox
	local name
	for name in userns=EPERM userns=ENOSPC unshare mountns pidns=EINVAL netns mount fsopen=ENOSYS fsmount move_mount open_tree=ENOSYS \
		mount_setattr=ENOSYS pivot_root umount2 listener=EBUSY filter openat2=ENOSYS close_range=ENOSYS \
		memfd_create=ENOSYS prlimit64 capset socketpair sethostname chown mknodat setxattr statx; do
		run --separate-stderr "$refuse" "$name" "$ocismith" --store "$PWD/store" doctor
		echo "$name: $status $output"
		[ "$status" -eq 1 ]
		line=$(grep -E '^step  ' <<<"$output")
		[[ $line != *' yes' ]]
		[[ $stderr == *'images of wheels and files are built all the same'* ]]
	done
	for name in clone3=ENOSYS landlock_create_ruleset=ENOSYS pidfd_open statx=ENOSYS process_vm_readv; do
		run --separate-stderr "$refuse" "$name" "$ocismith" --store "$PWD/store" doctor
		echo "$name: $status $output"
		[ "$status" -eq 0 ]
	done
}

@test "a filter that goes before ours does not make another layer" {
	with_sandbox
	local name
	for name in chown lchown fchown fchownat chmod fchmod mknod mknodat setxattr lsetxattr fsetxattr setgroups setuid \
		setgid setresuid setresgid; do
		step "$name" --record
		missing "a filter refuses $name"
		step "$name=ENOSYS" --record
		missing "a filter refuses $name"
	done
	# who has no such call uses another; who has it and is refused may leave something else, as we would
	for name in statx statx=EACCES; do
		step "$name" --record
		missing "a filter refuses statx"
	done
}

@test "a step that changes no owner needs no listener" {
	with_sandbox
	new_work
	run "$refuse" listener "$build/tests/sandbox-run" --work "$work" "$root" /bin/attack descriptors
	[ "$output" = 'descriptors held' ]
}

@test "refused, nothing is left behind" {
	with_sandbox
	local name
	find "$root" -printf '%p %T@\n' | sort >before
	for name in userns pivot_root filter; do
		step "$name" --record
		[ "$status" -eq 125 ]
		find "$root" -printf '%p %T@\n' | sort | diff before -
	done
}

@test "what is assembled needs none of it" {
	use_fleet
	rm "$fleet/build-lock.json"
	refused_calls='userns,listener,filter,mount,fsopen,open_tree,move_mount,mount_setattr,pivot_root,umount2,openat2,close_range=ENOSYS'
	refused_calls+=',landlock_create_ruleset,pidfd_open,statx=ENOSYS,process_vm_readv,chown,fchown,lchown,fchownat,mknodat'
	run --separate-stderr "$refuse" "$refused_calls" "$ocismith" -q -C "$fleet" --store "$store" lock
	echo "$stderr"
	[ "$status" -eq 0 ]
	cmp "$fleet/build-lock.json" "$pristine/build-lock.json"
	json=$("$refuse" "$refused_calls" "$ocismith" --progress none -C "$fleet" --store "$store" --format json build)
	diff <(grep -E '^ *"(name|manifest)": ' <<<"$json") "$BATS_FILE_TMPDIR/golden"
}
