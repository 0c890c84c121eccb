/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)

void smith_child_keep(void)
{
}

static bool is_command;

void smith_child_be_command(void)
{
	is_command = true;
}

void smith_child_die(SmithChildKind kind, int error_number, const char *format, ...)
{
	SmithChildMessage message = {.kind = kind, .number = error_number};
	va_list args;

	va_start(args, format);
	(void)vsnprintf(message.text, sizeof message.text, format, args);
	va_end(args);
	if (is_command) {
		(void)dprintf(STDERR_FILENO, "%s: %s\n", message.text, strerror(error_number));
		_exit(127);
	}
	smith_child_tell(&message);
	_exit(125);
}

static const SmithPlan *map_plan(void)
{
	struct stat info;
	void *data;
	const char *wrong;

	if (fstat(SMITH_CHILD_PLAN, &info) != 0 || info.st_size <= 0 ||
	    info.st_size > SMITH_PLAN_MAX)
		_exit(125);
	data = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, SMITH_CHILD_PLAN, 0);
	if (data == MAP_FAILED)
		smith_child_die(SMITH_CHILD_FAILED, errno, "cannot read the plan");
	close(SMITH_CHILD_PLAN);
	wrong = smith_plan_check(data, (size_t)info.st_size);
	if (wrong != NULL)
		smith_child_die(SMITH_CHILD_FAILED, 0, "the plan is no good: %s", wrong);
	return data;
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	size_t length = strlen(text);

	if (fd < 0 || write(fd, text, length) != (ssize_t)length)
		smith_child_die(SMITH_CHILD_REFUSED, errno, "cannot write %s", path);
	close(fd);
}

static void map_own_ids(const SmithPlan *plan)
{
	char text[48];

	/* a group's map needs this from one who is not root outside */
	write_file("/proc/self/setgroups", "deny");
	(void)snprintf(text, sizeof text, "%u %u 1", plan->inside_uid, plan->uid);
	write_file("/proc/self/uid_map", text);
	(void)snprintf(text, sizeof text, "%u %u 1", plan->inside_gid, plan->gid);
	write_file("/proc/self/gid_map", text);
}

static void ask_for_map(void)
{
	SmithChildMessage message = {.kind = SMITH_CHILD_MAP, .number = getpid()};
	char answer;

	smith_child_tell(&message);
	if (recv(SMITH_CHILD_CONTROL, &answer, 1, 0) != 1)
		_exit(125);
	if (setresgid(0, 0, 0) != 0 || setresuid(0, 0, 0) != 0)
		smith_child_die(SMITH_CHILD_REFUSED, errno, "cannot become root of the map");
}

static void join(uint32_t process, const char *kind, int type)
{
	char path[48];
	int fd;

	(void)snprintf(path, sizeof path, "/proc/%u/ns/%s", process, kind);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, type) != 0)
		smith_child_die(SMITH_CHILD_REFUSED, errno, "cannot join the network of others");
	close(fd);
}

static void enter_namespaces(const SmithPlan *plan)
{
	int flags = NAMESPACES;

	if (plan->network_of != 0) {
		/* that of users gives the right to the other */
		join(plan->network_of, "user", CLONE_NEWUSER);
		join(plan->network_of, "net", CLONE_NEWNET);
	}

	if ((plan->flags & SMITH_PLAN_NETWORK) == 0)
		flags |= CLONE_NEWNET;
	/* apart, so that the answer tells which of them is refused */
	if ((plan->flags & SMITH_PLAN_OWN_USERS) != 0) {
		if (unshare(CLONE_NEWUSER) != 0)
			smith_child_die(SMITH_CHILD_REFUSED, errno, "cannot make a user namespace");
		if ((plan->flags & SMITH_PLAN_MANY_USERS) != 0)
			ask_for_map();
		else
			map_own_ids(plan);
	}
	if (unshare(flags) != 0)
		smith_child_die(SMITH_CHILD_REFUSED, errno,
				"cannot make mount, process and network namespaces");
}

/* Until init has ended, or the parent has. */
static void wait_for(pid_t init, int ended)
{
	struct pollfd fds[2] = {{.fd = ended, .events = POLLIN},
				{.fd = SMITH_CHILD_CONTROL, .events = POLLIN}};

	while (fds[0].revents == 0 && fds[1].revents == 0)
		(void)poll(fds, 2, -1);
	if (fds[0].revents == 0)
		(void)kill(init, SIGKILL);
	while (waitpid(init, NULL, 0) < 0 && errno == EINTR)
		continue;
}

static _Noreturn void run_outer(void)
{
	const SmithPlan *plan;
	sigset_t child;
	pid_t init;
	bool runs;
	int ended;

	plan = map_plan();
	runs = (plan->flags & SMITH_PLAN_RUN) != 0;
	if (close_range(runs ? SMITH_CHILD_FIRST_FREE : SMITH_CHILD_REQUESTS, ~0U, 0) != 0)
		smith_child_die(SMITH_CHILD_REFUSED, errno, "cannot close descriptors");
	(void)fcntl(SMITH_CHILD_CONTROL, F_SETFD, FD_CLOEXEC);
	if (runs)
		(void)fcntl(SMITH_CHILD_REQUESTS, F_SETFD, FD_CLOEXEC);
	(void)umask(022);
	enter_namespaces(plan);
	/* after the namespace of users, whose new credentials would undo it */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		smith_child_die(SMITH_CHILD_FAILED, errno, "cannot be bound to the parent");
	(void)sigemptyset(&child);
	(void)sigaddset(&child, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &child, NULL);
	ended = signalfd(-1, &child, SFD_CLOEXEC);
	if (ended < 0)
		smith_child_die(SMITH_CHILD_FAILED, errno, "cannot watch processes");
	init = fork();
	if (init < 0)
		smith_child_die(SMITH_CHILD_REFUSED, errno, "cannot start a process");
	if (init == 0) {
		close(ended);
		smith_init_run(plan);
	}
	wait_for(init, ended);
	_exit(0);
}

/* Before main(), so that every program that runs steps can be the child, too. */
static __attribute__((constructor)) void become_child(int argc, char **argv)
{
	if (argc == 1 && strcmp(argv[0], SMITH_CHILD_NAME) == 0)
		run_outer();
	if (argc == 2 && strcmp(argv[0], SMITH_LOOPBACK_NAME) == 0)
		smith_loopback_child(argv[1]);
	if (argc == 3 && strcmp(argv[0], SMITH_PROBE_NAME) == 0)
		smith_probe_child(argv[1], argv[2]);
}
