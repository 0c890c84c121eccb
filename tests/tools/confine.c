/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs one program as an unprivileged container of a CI system would, and worse: seccomp refuses
 * it namespaces, mounts, processes, other programs, tracing, sockets, changes of owner and devices.
 * Threads are allowed.
 *
 *   confine PROGRAM ARGS...          what is refused fails with EPERM
 *   confine --kill PROGRAM ARGS...   it kills the process: to prove that it is not even tried
 *   confine --old PROGRAM ARGS...    EPERM, and also for openat2, statx and other young system
 *                                    calls, as container runtimes did that knew none of them
 *   confine --probe                  tries it all and prints a line each, "NAME refused" or
 *                                    "NAME allowed"; for itself: confine confine --probe
 *
 * Debian packages: libseccomp-dev.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* where PROGRAM is open while it is executed: the only thing that may be, and only from here */
#define PROGRAM_FD 1000
static const char no_path[] = "";

static const char *const refused[] = {
	"unshare",
	"setns",
	"fork",
	"vfork",
	"execve",
	"mount",
	"umount",
	"umount2",
	"pivot_root",
	"chroot",
	"open_tree",
	"move_mount",
	"fsopen",
	"fspick",
	"fsconfig",
	"fsmount",
	"mount_setattr",
	"ptrace",
	"process_vm_readv",
	"process_vm_writev",
	"socket",
	"socketpair",
	"chown",
	"fchown",
	"lchown",
	"fchownat",
	"mknod",
	"mknodat",
	"setuid",
	"setgid",
	"setreuid",
	"setregid",
	"setresuid",
	"setresgid",
	"setgroups",
	"setfsuid",
	"setfsgid",
	"capset",
	"bpf",
	"perf_event_open",
	"userfaultfd",
	"keyctl",
	"add_key",
	"request_key",
	"io_uring_setup",
	"sethostname",
	"setdomainname",
	"init_module",
	"finit_module",
	"delete_module",
	"kexec_load",
	"reboot",
	"swapon",
	"swapoff",
	"quotactl",
};

static const char *const young[] = {
	"openat2", "statx", "close_range", "faccessat2", "copy_file_range", "pidfd_open", "rseq",
};

static void die(const char *what)
{
	fprintf(stderr, "confine: %s: %s\n", what, strerror(errno));
	exit(125);
}

static void check(int result, const char *what)
{
	if (result == 0)
		return;
	errno = -result;
	die(what);
}

static void refuse(scmp_filter_ctx filter, uint32_t action, const char *name)
{
	int number = seccomp_syscall_resolve_name(name);
	/* a negative number is one that this architecture does not have */
	if (number >= 0)
		check(seccomp_rule_add(filter, action, number, 0), name);
}

static void confine(uint32_t action, bool old)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		refuse(filter, action, refused[i]);
	for (size_t i = 0; old && i < sizeof young / sizeof *young; i++)
		refuse(filter, SCMP_ACT_ERRNO(EPERM), young[i]);
	/* its flags are in memory, where a filter cannot look; the C library goes on with clone */
	check(seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0), "clone3");
	check(seccomp_rule_add(filter, action, SCMP_SYS(clone), 1,
			       SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0)),
	      "clone");
	check(seccomp_rule_add(filter, action, SCMP_SYS(execveat), 1,
			       SCMP_A0(SCMP_CMP_NE, PROGRAM_FD)),
	      "execveat");
	check(seccomp_rule_add(filter, action, SCMP_SYS(execveat), 1,
			       SCMP_A1(SCMP_CMP_NE, (scmp_datum_t)(uintptr_t)no_path)),
	      "execveat");
	check(seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS), "badarch");
	check(seccomp_load(filter), "seccomp_load");
	seccomp_release(filter);
}

/* --- what --probe tries; each returns false when it was refused */

static bool try_thread(void)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, (void *(*)(void *))(void (*)(void))getpid, NULL) != 0)
		return false;
	return pthread_join(thread, NULL) == 0;
}

static bool ended(pid_t child)
{
	if (child == 0)
		_exit(0);
	return child > 0 && waitpid(child, NULL, 0) == child;
}

static bool try_fork(void)
{
	return ended(fork());
}

static bool try_clone(void)
{
	return ended((pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL));
}

static bool try_clone3(void)
{
	uint64_t arguments[8] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD};
	return ended((pid_t)syscall(SYS_clone3, arguments, sizeof arguments));
}

/* in a child where there can be one, for what changes the process for good */
static bool in_child(bool (*attempt)(void))
{
	int status;
	pid_t child = fork();
	if (child < 0)
		return attempt();
	if (child == 0)
		_exit(attempt() ? 0 : 1);
	return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool unshare_user(void)
{
	return unshare(CLONE_NEWUSER) == 0;
}

static bool try_unshare(void)
{
	return in_child(unshare_user);
}

/* an argument is wrong on purpose: only EPERM means that the call was refused as such */
static bool no_eperm(long result)
{
	return result >= 0 || errno != EPERM;
}

static bool try_setns(void)
{
	return no_eperm(setns(-1, 0));
}

static bool try_mount(void)
{
	return no_eperm(syscall(SYS_mount, "none", "/nowhere", "nothing", 0, NULL));
}

static bool try_fsopen(void)
{
	return no_eperm(syscall(SYS_fsopen, "nothing", 0));
}

static bool try_pivot_root(void)
{
	return no_eperm(syscall(SYS_pivot_root, "/nowhere", "/nowhere"));
}

static bool try_chroot(void)
{
	return no_eperm(chroot("/nowhere"));
}

static bool trace_me(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
}

static bool try_ptrace(void)
{
	return in_child(trace_me);
}

static bool try_execve(void)
{
	return no_eperm(execve("/nowhere", (char *[]){NULL}, (char *[]){NULL}));
}

static bool try_execveat(void)
{
	char *const none[] = {NULL};
	return no_eperm(syscall(SYS_execveat, -1, no_path, none, none, AT_EMPTY_PATH)) ||
	       no_eperm(syscall(SYS_execveat, PROGRAM_FD, "elsewhere", none, none, AT_EMPTY_PATH));
}

static bool try_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
}

static bool try_chown(void)
{
	return no_eperm(chown("/nowhere", 0, 0));
}

static bool try_mknod(void)
{
	return no_eperm(mknod("/nowhere/device", S_IFCHR, 0));
}

static bool try_openat2(void)
{
	struct open_how how = {.flags = O_RDONLY};
	return no_eperm(syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof how));
}

static int probe(void)
{
	static const struct {
		const char *name;
		bool (*attempt)(void);
	} probes[] = {
		{"thread", try_thread},		{"fork", try_fork},
		{"clone", try_clone},		{"clone3", try_clone3},
		{"unshare", try_unshare},	{"setns", try_setns},
		{"mount", try_mount},		{"fsopen", try_fsopen},
		{"pivot_root", try_pivot_root}, {"chroot", try_chroot},
		{"ptrace", try_ptrace},		{"execve", try_execve},
		{"execveat", try_execveat},	{"socket", try_socket},
		{"chown", try_chown},		{"mknod", try_mknod},
		{"openat2", try_openat2},
	};
	for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
		fflush(stdout);
		printf("%s %s\n", probes[i].name, probes[i].attempt() ? "allowed" : "refused");
	}
	return 0;
}

int main(int argc, char **argv)
{
	uint32_t action = SCMP_ACT_ERRNO(EPERM);
	bool old = false;

	if (argc == 2 && strcmp(argv[1], "--probe") == 0)
		return probe();
	if (argc > 1 && strcmp(argv[1], "--kill") == 0)
		action = SCMP_ACT_KILL_PROCESS;
	else if (argc > 1 && strcmp(argv[1], "--old") == 0)
		old = true;
	argv += action == SCMP_ACT_KILL_PROCESS || old ? 2 : 1;
	if (*argv == NULL) {
		fprintf(stderr, "usage: confine [--kill|--old] PROGRAM ARGS...\n");
		return 2;
	}
	int program = open(*argv, O_RDONLY | O_CLOEXEC);
	if (program < 0)
		die(*argv);
	if (dup3(program, PROGRAM_FD, O_CLOEXEC) < 0)
		die("dup3");
	confine(action, old);
	syscall(SYS_execveat, PROGRAM_FD, no_path, argv, environ, AT_EMPTY_PATH);
	die(*argv);
}
