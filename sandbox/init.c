/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/child.h"
#include "sandbox/supervisor.h"
#include "sandbox/watch.h"

#define REAPED_AT_ONCE 256

typedef struct {
	SmithTree tree;
	pid_t step;
	int status; /* of the step, once it has ended */
	bool ended;
	long memory; /* KiB of the largest process */
	int listener;
	SmithWatch watch;
	SmithSupervisor *supervisor; /* NULL: nothing is handed over */
} Init;

void smith_child_raise_loopback(void)
{
	struct ifreq request = {.ifr_flags = IFF_UP | IFF_RUNNING};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)snprintf(request.ifr_name, sizeof request.ifr_name, "lo");
	/* a kernel without IPv4 has nothing to raise */
	if (fd < 0)
		return;
	(void)ioctl(fd, SIOCSIFFLAGS, &request);
	close(fd);
}

static int receive_listener(int from)
{
	char byte;
	int fd;

	/* the step ends without a word here when it has told its own error */
	if (smith_child_receive_fd(from, &byte, 1, &fd) != 1)
		_exit(125);
	return fd;
}

/* False when there may be more: what starts and ends processes without a pause keeps nobody from
 * looking at it. */
static bool reap(Init *init)
{
	struct rusage usage;
	pid_t pid;
	int status;

	for (unsigned n = 0; n < REAPED_AT_ONCE; n++) {
		int code;

		pid = wait4(-1, &status, WNOHANG, &usage);
		if (pid <= 0)
			return true;
		code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);

		if (smith_requests_ended(pid, code))
			continue;
		if (usage.ru_maxrss > init->memory)
			init->memory = usage.ru_maxrss;
		if (pid != init->step)
			continue;
		init->ended = true;
		init->status = code;
	}
	return false;
}

static void serve(Init *init, int children)
{
	bool runs = (init->tree.plan->flags & SMITH_PLAN_RUN) != 0;
	struct pollfd fds[4] = {{.fd = children, .events = POLLIN},
				{.fd = SMITH_CHILD_CONTROL, .events = POLLIN},
				{.fd = init->listener, .events = POLLIN},
				{.fd = runs ? SMITH_CHILD_REQUESTS : -1, .events = POLLIN}};
	bool all = true; /* that have ended are reaped */

	while (!init->ended) {
		struct signalfd_siginfo info;

		if (poll(fds, 4, all ? smith_watch_wait(&init->watch) : 0) < 0 && errno != EINTR)
			_exit(125);
		/* the parent has gone, or wants an end; with us the kernel ends all the rest */
		if (fds[1].revents != 0)
			_exit(125);
		if (fds[0].revents != 0)
			(void)!read(children, &info, sizeof info);
		if (fds[0].revents != 0 || !all)
			all = reap(init);
		smith_watch_look(&init->watch);
		if (fds[2].revents != 0 && !smith_supervisor_answer(init->supervisor))
			fds[2].fd = -1;
		if (!init->ended && fds[3].revents != 0 &&
		    !smith_requests_serve(init->tree.plan, init->step))
			fds[3].fd = -1;
	}
}

/* Whatever the command has left behind does not outlive it. */
static void end_all(void)
{
	(void)kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		continue;
}

static int watch_children(void)
{
	sigset_t set;
	int fd;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		smith_child_die(SMITH_CHILD_FAILED, errno, "cannot watch processes");
	return fd;
}

static void start_step(Init *init)
{
	bool listens = (init->tree.plan->flags & SMITH_PLAN_LISTEN) != 0;
	int pair[2] = {-1, -1};

	if (listens && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		smith_child_die(SMITH_CHILD_FAILED, errno, "cannot make a pair of sockets");
	init->step = fork();
	if (init->step < 0)
		smith_child_die(SMITH_CHILD_REFUSED, errno, "cannot start a process");
	if (init->step == 0)
		smith_child_exec(init->tree.plan, -1, pair[1]);
	if (listens) {
		close(pair[1]);
		init->listener = receive_listener(pair[0]);
		close(pair[0]);
		init->supervisor =
			smith_supervisor_init(init->listener, init->tree.upper,
					      smith_plan_owners_are_real(init->tree.plan));
		if (init->supervisor == NULL)
			smith_child_die(
				SMITH_CHILD_REFUSED, 0,
				"the kernel's seccomp notifications are of an unknown kind");
	}
}

/* For what can carry no record, in `work`. */
static void write_links(const Init *init)
{
	int fd;

	if (init->supervisor == NULL || init->tree.work < 0 ||
	    smith_plan_owners_are_real(init->tree.plan))
		return;
	fd = openat(init->tree.work, "links", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 || !smith_supervisor_write_links(init->supervisor, fd))
		smith_child_die(SMITH_CHILD_FAILED, errno, "cannot write the owners of links");
	close(fd);
}

void smith_init_run(const SmithPlan *plan)
{
	static Init init = {.listener = -1};
	const char *hostname =
		plan->hostname != 0 ? smith_plan_string(plan, plan->hostname) : "localhost";
	SmithChildMessage message = {.kind = SMITH_CHILD_ENDED};
	int children;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		smith_child_die(SMITH_CHILD_FAILED, errno, "cannot be bound to the parent");
	/* a service is the first process of its own, as it is in a container: signals that it does
	 * not handle do nothing; and /proc is of those that are to come */
	if ((plan->flags & SMITH_PLAN_RUN) != 0 && unshare(CLONE_NEWPID) != 0)
		smith_child_die(SMITH_CHILD_REFUSED, errno, "cannot make a process namespace");
	smith_tree_build(&init.tree, plan);
	if (sethostname(hostname, strlen(hostname)) != 0)
		smith_child_die(SMITH_CHILD_REFUSED, errno, "cannot name the host");
	if ((plan->flags & SMITH_PLAN_NETWORK) == 0)
		smith_child_raise_loopback();
	/* nothing of this process can be opened through its /proc, whoever asks: the program that
	 * it runs is the machine's */
	if (prctl(PR_SET_DUMPABLE, 0) != 0)
		smith_child_die(SMITH_CHILD_FAILED, errno, "cannot be closed to others");
	children = watch_children();
	smith_watch_start(&init.watch, plan, init.tree.work);
	start_step(&init);
	/* the last writer of the output is to be the step */
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
	serve(&init, children);
	end_all();
	write_links(&init);
	smith_tree_unmake(&init.tree);
	if (init.supervisor != NULL)
		message.answered = smith_supervisor_answered(init.supervisor);
	message.number = init.status;
	message.memory = (uint32_t)init.memory;
	smith_child_tell(&message);
	_exit(0);
}
