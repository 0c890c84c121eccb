/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/child.h"

#define NICE 10
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static char *args[SMITH_PLAN_STRINGS + 1];
static char *env[SMITH_PLAN_STRINGS + 1];

static void fill(char **list, const SmithPlan *plan, uint32_t offset, uint32_t n)
{
	const uint32_t *strings = (const uint32_t *)(const void *)((const char *)plan + offset);

	for (uint32_t i = 0; i < n; i++)
		list[i] = (char *)(uintptr_t)smith_plan_string(plan, strings[i]);
	list[n] = NULL;
}

static void set_limits(const SmithPlan *plan)
{
	const SmithPlanLimit *limits =
		(const SmithPlanLimit *)(const void *)((const char *)plan + plan->limits);

	for (uint32_t i = 0; i < plan->n_limits; i++) {
		struct rlimit limit;

		if (getrlimit((int)limits[i].resource, &limit) != 0)
			smith_child_die(SMITH_CHILD_FAILED, errno, "cannot read limit %u",
					limits[i].resource);
		if (limits[i].hard < limit.rlim_max)
			limit.rlim_max = limits[i].hard;
		limit.rlim_cur = limits[i].soft < limit.rlim_max ? limits[i].soft : limit.rlim_max;
		if (setrlimit((int)limits[i].resource, &limit) != 0)
			smith_child_die(SMITH_CHILD_FAILED, errno, "cannot set limit %u",
					limits[i].resource);
	}
}

static void drop_capabilities(uint64_t kept)
{
	cap_t caps = cap_init();
	bool ok = caps != NULL;

	for (cap_value_t cap = 0; ok && cap < (cap_value_t)cap_max_bits(); cap++) {
		if ((kept >> cap & 1) == 0) {
			/* one that the caller lacks cannot be given either */
			ok = cap_drop_bound(cap) == 0 || cap_get_bound(cap) == 0;
			continue;
		}
		if (cap_get_bound(cap) != 1)
			continue;
		ok = cap_set_flag(caps, CAP_PERMITTED, 1, &cap, CAP_SET) == 0 &&
		     cap_set_flag(caps, CAP_EFFECTIVE, 1, &cap, CAP_SET) == 0;
	}
	if (!ok || cap_set_proc(caps) != 0)
		smith_child_die(SMITH_CHILD_REFUSED, errno, "cannot drop capabilities");
	(void)cap_free(caps);
}

static void send_listener(int to, int listener)
{
	if (!smith_child_send_fd(to, "", 1, listener, MSG_NOSIGNAL))
		_exit(125);
}

/* Its listener, when one is wanted. */
static int load_program(const SmithPlan *plan, uint32_t offset, uint32_t n, bool listens)
{
	const struct sock_fprog program = {
		.len = (unsigned short)n,
		.filter = (struct sock_filter *)((uintptr_t)plan + offset),
	};
	unsigned flags = listens ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0;
	long fd = -1;

	errno = EINVAL;
#ifdef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
	/* a signal must not repeat a call that has been answered in part */
	if (listens)
		fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			     flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &program);
#endif
	if (fd < 0 && errno == EINVAL)
		fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
	if (fd < 0)
		smith_child_die(SMITH_CHILD_REFUSED, errno, "cannot load the seccomp filter");
	return (int)fd;
}

static void load_filter(const SmithPlan *plan, int listener_to)
{
	int fd;

	if (plan->n_filter == 0)
		return;
	fd = load_program(plan, plan->filter, plan->n_filter, listener_to >= 0);
	if (listener_to >= 0)
		send_listener(listener_to, fd);
}

/* Whatever it asks about waits from here on until the parent answers. */
static void load_last(const SmithPlan *plan, int index)
{
	const SmithChildMessage message = {.kind = SMITH_CHILD_LISTENER, .number = index};
	bool listens = (plan->flags & SMITH_PLAN_HAND_OUT) != 0;
	int fd;

	if (plan->n_program == 0)
		return;
	fd = load_program(plan, plan->program, plan->n_program, listens);
	if (listens && !smith_child_tell_fd(&message, fd))
		_exit(125);
}

/* A filter of somebody else's goes first. What it refuses never comes to be answered, and a step
 * that does not look at the result would leave another layer: so it is asked, with arguments that
 * every answer finds wrong. */
static void check_answers(void)
{
	static const struct {
		int number;
		const char *name;
	} calls[] = {
		{SYS_fchown, "fchown"},	      {SYS_fchownat, "fchownat"},
		{SYS_fchmodat, "fchmodat"},   {SYS_mknodat, "mknodat"},
		{SYS_setxattr, "setxattr"},   {SYS_setgroups, "setgroups"},
		{SYS_setresuid, "setresuid"}, {SYS_setresgid, "setresgid"},
		{SYS_setuid, "setuid"},	      {SYS_setgid, "setgid"},
		{SYS_fchmod, "fchmod"},	      {SYS_lsetxattr, "lsetxattr"},
		{SYS_fsetxattr, "fsetxattr"},
#ifdef SYS_chown
		{SYS_chown, "chown"},	      {SYS_lchown, "lchown"},
		{SYS_mknod, "mknod"},	      {SYS_chmod, "chmod"},
#endif
	};

	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
		if (syscall(calls[i].number, -1L, -1L, -1L, -1L, 0L) != 0 &&
		    (errno == EPERM || errno == ENOSYS || errno == EACCES))
			smith_child_die(SMITH_CHILD_REFUSED, errno, "a filter refuses %s",
					calls[i].name);
	/* where there is none (ENOSYS), libraries know another */
	if (syscall(SYS_statx, -1L, -1L, -1L, -1L, -1L) != 0 && (errno == EPERM || errno == EACCES))
		smith_child_die(SMITH_CHILD_REFUSED, errno, "a filter refuses statx");
}

static const char *find_path(const SmithPlan *plan)
{
	for (uint32_t i = 0; i < plan->n_env; i++)
		if (strncmp(env[i], "PATH=", 5) == 0)
			return env[i] + 5;
	return DEFAULT_PATH;
}

static bool is_program(const char *file)
{
	struct stat info;

	if (stat(file, &info) != 0)
		return false;
	if (S_ISREG(info.st_mode))
		return access(file, X_OK) == 0;
	errno = EACCES;
	return false;
}

/* Before the last filter is loaded, which may refuse to look. */
static const char *find_program(const SmithPlan *plan)
{
	static char file[PATH_MAX];
	const char *path = find_path(plan);
	int error_number = ENOENT;

	if (strchr(args[0], '/') != NULL) {
		if (is_program(args[0]))
			return args[0];
		smith_child_die(SMITH_CHILD_FAILED, errno, "cannot run '%s'", args[0]);
	}
	while (*path != '\0') {
		size_t length = strcspn(path, ":");

		(void)snprintf(file, sizeof file, "%.*s/%s", (int)length, path, args[0]);
		if (length > 0 && is_program(file))
			return file;
		if (length > 0 && errno != ENOENT && errno != ENOTDIR)
			error_number = errno;
		path += length + (path[length] == ':');
	}
	smith_child_die(SMITH_CHILD_FAILED, error_number, "cannot run '%s'", args[0]);
}

void smith_child_exec(const SmithPlan *plan, int index, int listener_to)
{
	const char *cwd = smith_plan_string(plan, plan->cwd);
	const SmithPlanCommand own = {plan->args, plan->n_args, 0};
	const SmithPlanCommand *command = index < 0 ? &own : &smith_plan_commands(plan)[index];
	const char *program;
	sigset_t none;

	fill(args, plan, command->args, command->n_args);
	fill(env, plan, plan->env, plan->n_env);
	(void)setsid();
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	/* all else ends at execve() */
	if (close_range(SMITH_CHILD_PLAN, ~0U, CLOSE_RANGE_CLOEXEC) != 0)
		smith_child_die(SMITH_CHILD_REFUSED, errno, "cannot close descriptors");
	if (chdir(cwd) != 0)
		smith_child_die(SMITH_CHILD_FAILED, errno, "cannot change to directory '%s'", cwd);
	if (smith_plan_owners_are_real(plan) && setgroups(0, NULL) != 0)
		smith_child_die(SMITH_CHILD_REFUSED, errno, "cannot drop groups");
	set_limits(plan);
	/* who watches it is not to wait for thousands of it, nor is the rest of the machine */
	if ((plan->flags & SMITH_PLAN_WATCH) != 0)
		(void)setpriority(PRIO_PROCESS, 0, NICE);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		smith_child_die(SMITH_CHILD_REFUSED, errno, "cannot renounce new privileges");
	drop_capabilities(plan->capabilities);
	smith_landlock_restrict(plan);
	load_filter(plan, listener_to);
	if (listener_to >= 0)
		check_answers();
	program = find_program(plan);
	if (command->free == 0)
		load_last(plan, index);
	(void)execve(program, args, env);
	smith_child_die(SMITH_CHILD_FAILED, errno, "cannot run '%s'", args[0]);
}
