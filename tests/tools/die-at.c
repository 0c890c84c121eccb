/* SPDX-License-Identifier: Apache-2.0 */
/*
 * die-at NUMBER SIGNAL COMMAND ARGS...: runs a command and sends it SIGNAL (9, 2) before its
 * NUMBER-th system call that changes a file system. Exits 0 when it was, 1 when the command ended
 * by itself before, and 125 on trouble.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char *what)
{
	perror(what);
	exit(125);
}

static bool changes(const struct __ptrace_syscall_info *info)
{
	switch (info->entry.nr) {
	case SYS_openat:
		return (info->entry.args[2] & (O_CREAT | O_TRUNC)) != 0;
	case SYS_write:
		return info->entry.args[0] > 2;
	case SYS_mkdirat:
	case SYS_linkat:
	case SYS_symlinkat:
	case SYS_renameat2:
	case SYS_unlinkat:
	case SYS_fsync:
	case SYS_fdatasync:
	case SYS_ftruncate:
	case SYS_fchmod:
#ifdef SYS_renameat
	case SYS_renameat:
#endif
#ifdef SYS_rename
	case SYS_rename:
#endif
#ifdef SYS_mkdir
	case SYS_mkdir:
#endif
		return true;
	default:
		return false;
	}
}

static bool is_change(pid_t thread)
{
	struct __ptrace_syscall_info info;
	memset(&info, 0, sizeof info);
	return ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) > 0 &&
	       info.op == PTRACE_SYSCALL_INFO_ENTRY && changes(&info);
}

/* What it is started again with: a signal that was meant for it. */
static int signal_of(int status)
{
	int stopped = WSTOPSIG(status);
	bool is_ours = stopped == (SIGTRAP | 0x80) || stopped == SIGTRAP || stopped == SIGSTOP;
	return is_ours ? 0 : stopped;
}

static int watch(pid_t child, long number, int signal)
{
	long seen = 0;
	bool sent = false;
	for (;;) {
		int status = 0;
		pid_t thread = waitpid(-1, &status, __WALL);
		if (thread < 0)
			die("waitpid");
		if (thread == child && (WIFEXITED(status) || WIFSIGNALED(status)))
			return sent ? 0 : 1;
		if (!WIFSTOPPED(status))
			continue;
		if (!sent && WSTOPSIG(status) == (SIGTRAP | 0x80) && is_change(thread) &&
		    ++seen == number) {
			sent = true;
			kill(child, signal);
		}
		ptrace(PTRACE_SYSCALL, thread, NULL, (void *)(long)signal_of(status));
	}
}

int main(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "usage: die-at NUMBER SIGNAL COMMAND ARGS...\n");
		return 125;
	}
	pid_t child = fork();
	if (child < 0)
		die("fork");
	if (child == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			die("ptrace");
		raise(SIGSTOP);
		execvp(argv[3], argv + 3);
		die(argv[3]);
	}
	int status = 0;
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
	if (waitpid(child, &status, 0) < 0 || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, child, NULL, (void *)options) < 0)
		die("ptrace");
	ptrace(PTRACE_SYSCALL, child, NULL, NULL);
	return watch(child, strtol(argv[1], NULL, 10), atoi(argv[2]));
}
