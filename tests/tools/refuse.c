/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a command where the kernel refuses what is named, as old kernels, hardened machines and
 * container runtimes do.
 *
 *   refuse NAME[=ERROR][,NAME[=ERROR]...] COMMAND ARGS...
 *
 * NAME is a system call, or "userns" (whatever would make a user namespace), "mountns", "pidns",
 * "ipcns", "utsns", "netns", "cgroupns" (to unshare one of these, be it among others), "listener"
 * (a seccomp filter with notifications), "filter" (any seccomp filter), "overlay" (an overlay for a
 * user, which alone has an option without a value); ERROR is EPERM (which it is without), ENOSYS,
 * ENOSPC, EINVAL, EBUSY or EACCES. The last filter that a process loads does not hide the first:
 * what is refused stays refused for all that the command starts.
 *
 *   refuse --probe NAME    tries it with arguments that mean nothing and prints what it got
 *
 * Debian packages: libseccomp-dev.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char *what, int error)
{
	fprintf(stderr, "refuse: %s: %s\n", what, strerror(error));
	exit(125);
}

static void add(scmp_filter_ctx filter, int error, const char *name, unsigned n_matches,
		struct scmp_arg_cmp match)
{
	int number = seccomp_syscall_resolve_name(name);
	if (number == __NR_SCMP_ERROR)
		die(name, EINVAL);
	/* a negative number is one that this architecture does not have */
	if (number < 0)
		return;
	int result = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO((uint32_t)error), number,
					    n_matches, &match);
	if (result != 0)
		die(name, -result);
}

static const struct {
	const char *name;
	int error;
} errors[] = {
	{"EPERM", EPERM},   {"ENOSYS", ENOSYS}, {"ENOSPC", ENOSPC},
	{"EINVAL", EINVAL}, {"EBUSY", EBUSY},	{"EACCES", EACCES},
};

static int error_of(const char *text)
{
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		if (strcmp(text, errors[i].name) == 0)
			return errors[i].error;
	die(text, EINVAL);
	return 0;
}

static const struct {
	const char *name;
	uint64_t flag;
} namespaces[] = {
	{"mountns", CLONE_NEWNS}, {"pidns", CLONE_NEWPID}, {"ipcns", CLONE_NEWIPC},
	{"utsns", CLONE_NEWUTS},  {"netns", CLONE_NEWNET}, {"cgroupns", CLONE_NEWCGROUP},
};

static bool refuse_namespace(scmp_filter_ctx filter, const char *name, int error)
{
	for (size_t i = 0; i < sizeof namespaces / sizeof *namespaces; i++) {
		if (strcmp(name, namespaces[i].name) != 0)
			continue;
		add(filter, error, "unshare", 1,
		    SCMP_A0(SCMP_CMP_MASKED_EQ, namespaces[i].flag, namespaces[i].flag));
		return true;
	}
	return false;
}

static void refuse(scmp_filter_ctx filter, char *item)
{
	const struct scmp_arg_cmp none = {0};
	char *equal = strchr(item, '=');
	int error = EPERM;
	if (equal != NULL) {
		*equal = '\0';
		error = error_of(equal + 1);
	}
	if (strcmp(item, "userns") == 0) {
		const struct scmp_arg_cmp user =
			SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER);
		add(filter, error, "unshare", 1, user);
		add(filter, error, "clone", 1, user);
		/* its flags are in memory, where a filter cannot look */
		add(filter, ENOSYS, "clone3", 0, none);
	} else if (strcmp(item, "listener") == 0) {
		add(filter, error, "seccomp", 1,
		    SCMP_A1(SCMP_CMP_MASKED_EQ, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			    SECCOMP_FILTER_FLAG_NEW_LISTENER));
	} else if (strcmp(item, "overlay") == 0) {
		add(filter, error, "fsconfig", 1, SCMP_A1(SCMP_CMP_EQ, FSCONFIG_SET_FLAG));
	} else if (strcmp(item, "filter") == 0) {
		add(filter, error, "seccomp", 0, none);
		add(filter, error, "prctl", 1, SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP));
	} else if (!refuse_namespace(filter, item, error)) {
		add(filter, error, item, 0, none);
	}
}

static void load(char *list)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	char *rest = NULL;
	int result;
	if (filter == NULL)
		die("seccomp_init", ENOMEM);
	for (char *item = strtok_r(list, ",", &rest); item != NULL;
	     item = strtok_r(NULL, ",", &rest))
		refuse(filter, item);
	result = seccomp_load(filter);
	if (result != 0)
		die("seccomp_load", -result);
	seccomp_release(filter);
}

static const char *error_name(int error)
{
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		if (error == errors[i].error)
			return errors[i].name;
	return error == 0 ? "allowed" : "other";
}

/* Whether a namespace can be made, in a child that is thrown away. */
static int try_userns(void)
{
	int status = 0;
	pid_t child = fork();
	if (child == 0)
		_exit(unshare(CLONE_NEWUSER) == 0 ? 0 : errno);
	return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

static int probe(const char *name)
{
	int number = seccomp_syscall_resolve_name(name);
	int error = 0;
	if (strcmp(name, "userns") == 0)
		error = try_userns();
	else if (strcmp(name, "listener") == 0)
		error = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
				SECCOMP_FILTER_FLAG_NEW_LISTENER, NULL) < 0
				? errno
				: 0;
	else if (strcmp(name, "filter") == 0)
		error = prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) < 0 ? errno : 0;
	else if (number >= 0)
		error = syscall(number, -1, NULL, NULL, NULL, NULL, NULL) < 0 ? errno : 0;
	else
		error = EINVAL;
	puts(error_name(error));
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--probe") == 0)
		return probe(argv[2]);
	if (argc < 3) {
		fprintf(stderr, "usage: refuse NAME[=ERROR][,...] COMMAND ARGS...\n");
		return 2;
	}
	load(argv[1]);
	execvp(argv[2], argv + 2);
	die(argv[2], errno);
}
