/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/child.h"

/* of the commands, as long as they run */
static pid_t running[SMITH_PLAN_COMMANDS];

/* Above the three that it becomes. */
#define FIRST_FD 16

static _Noreturn void become(const SmithPlan *plan, uint32_t index, int output)
{
	int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int moved_input = input >= 0 ? fcntl(input, F_DUPFD_CLOEXEC, FIRST_FD) : -1;
	int moved_output = fcntl(output, F_DUPFD_CLOEXEC, FIRST_FD);

	if (moved_input < 0 || moved_output < 0 || dup2(moved_input, STDIN_FILENO) < 0 ||
	    dup2(moved_output, STDOUT_FILENO) < 0 || dup2(moved_output, STDERR_FILENO) < 0)
		_exit(125);
	smith_child_be_command();
	smith_child_exec(plan, (int)index, -1);
}

static void tell_ended(uint32_t index, int status)
{
	const SmithChildMessage message = {
		.kind = SMITH_CHILD_COMMAND, .number = status, .index = index};

	smith_child_tell(&message);
}

static void start(const SmithPlan *plan, uint32_t index, int output)
{
	pid_t pid = output >= 0 && running[index] == 0 ? fork() : -1;

	if (pid == 0)
		become(plan, index, output);
	if (pid < 0)
		tell_ended(index, 125);
	else
		running[index] = pid;
}

bool smith_requests_ended(pid_t pid, int status)
{
	for (uint32_t i = 0; i < SMITH_PLAN_COMMANDS; i++) {
		if (running[i] != pid)
			continue;
		running[i] = 0;
		tell_ended(i, status);
		return true;
	}
	return false;
}

bool smith_requests_serve(const SmithPlan *plan, pid_t step)
{
	SmithRequest request;
	int fd;
	ssize_t n = smith_child_receive_fd(SMITH_CHILD_REQUESTS, &request, sizeof request, &fd);

	if (n < 0 && errno == EINTR)
		return true;
	if (n != (ssize_t)sizeof request)
		return false;
	if (request.kind == SMITH_REQUEST_SIGNAL)
		(void)kill(step, request.number);
	else if (request.index < plan->n_commands && request.kind == SMITH_REQUEST_COMMAND)
		start(plan, request.index, fd);
	else if (request.index < plan->n_commands && running[request.index] > 0) {
		(void)kill(running[request.index], SIGKILL);
		(void)kill(-running[request.index], SIGKILL);
	}
	if (fd >= 0)
		close(fd);
	return true;
}
