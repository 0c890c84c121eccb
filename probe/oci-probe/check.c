/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/oci-probe/check.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static struct talk talk;
static volatile sig_atomic_t running; /* of CHECK_EXEC */

/* What each kind wants behind its address; NULL: nothing. */
static const struct {
	const char *name;
	const char *argument;
	const char *absent; /* what it is when no more words follow */
} kinds[] = {
	[CHECK_HTTP] = {"http", "PATH", "/"},	[CHECK_TCP] = {"tcp", NULL, NULL},
	[CHECK_ZMQ] = {"zmq", "REQUEST", "{}"}, [CHECK_GRPC] = {"grpc", "SERVICE", ""},
	[CHECK_EXEC] = {"exec", NULL, NULL},
};

static int parse_exec(char **words, struct check *check, char reason[TALK_REASON])
{
	char *end = NULL;
	long count = words[1] != NULL ? strtol(words[1], &end, 10) : 0, found = 0;
	while (count > 0 && found < count && words[2 + found] != NULL)
		found++;
	if (count < 1 || *end != '\0' || found < count || count > 4096) {
		snprintf(reason, TALK_REASON,
			 "'exec' wants the number of words of its command, and those words");
		return 0;
	}
	check->command = words + 2;
	check->words = (int)count;
	return (int)count + 2;
}

/* Asked for, so that a wrong word is told before anything is connected. */
static bool begin(const struct check *check, int milliseconds)
{
	memset(&talk, 0, offsetof(struct talk, out));
	talk.out_length = 0;
	switch (check->kind) {
	case CHECK_HTTP:
		return talk_begin_http(&talk, check->address_text, check->argument);
	case CHECK_ZMQ:
		return talk_begin_zmq(&talk, check->argument);
	case CHECK_GRPC:
		return talk_begin_grpc(&talk, check->address_text, check->argument, milliseconds);
	case CHECK_TCP:
	case CHECK_EXEC:
	default:
		return true;
	}
}

int check_parse(char **words, struct check *check, char reason[TALK_REASON])
{
	size_t kind = 0, count = sizeof kinds / sizeof kinds[0];
	while (kind < count && strcmp(words[0], kinds[kind].name) != 0)
		kind++;
	if (kind == count) {
		snprintf(reason, TALK_REASON, "'%s' is no kind of check", words[0]);
		return 0;
	}
	*check = (struct check){.kind = (enum kind)kind, .kind_name = kinds[kind].name};
	if (check->kind == CHECK_EXEC)
		return parse_exec(words, check, reason);
	check->address_text = words[1] != NULL ? words[1] : "";
	if (!net_parse(check->address_text, &check->address)) {
		snprintf(reason, TALK_REASON,
			 "'%s' is no address: expected 127.0.0.1:PORT, [::1]:PORT or NAME:PORT",
			 check->address_text);
		return 0;
	}
	if (kinds[kind].argument == NULL)
		return 2;
	check->argument = words[2] != NULL ? words[2] : kinds[kind].absent;
	if (!begin(check, 1)) {
		snprintf(reason, TALK_REASON, "'%s' cannot be asked as %s of '%s'", check->argument,
			 kinds[kind].argument, kinds[kind].name);
		return 0;
	}
	return words[2] != NULL ? 3 : 2;
}

static void on_alarm(int signal_number)
{
	(void)signal_number;
	if (running > 0)
		kill(-running, SIGKILL);
}

static void start(const struct check *check)
{
	pid_t pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		/* in this process alone: what is there is another check's */
		check->command[check->words] = NULL;
		execvp(check->command[0], check->command);
		_exit(127);
	}
	if (pid > 0)
		setpgid(pid, pid);
	running = pid;
}

/* The group is killed when its time is over, so that nothing of it stays. */
static void run_command(const struct check *check, int milliseconds)
{
	struct sigaction action = {.sa_handler = on_alarm};
	struct itimerval timer = {.it_value = {milliseconds / 1000, milliseconds % 1000 * 1000},
				  .it_interval = {0, 10000}};
	int status = 0;
	start(check);
	if (running < 0) {
		talk_ill(&talk, "cannot be started");
		return;
	}
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	int64_t deadline = net_now() + milliseconds;
	while (waitpid(running, &status, 0) < 0 && errno == EINTR)
		continue;
	running = 0;
	timer = (struct itimerval){0};
	setitimer(ITIMER_REAL, &timer, NULL);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		talk_well(&talk);
	else if (WIFEXITED(status))
		talk_ill(&talk, "ended with status %d", WEXITSTATUS(status));
	else if (net_now() >= deadline)
		talk_ill(&talk, "did not end in time");
	else
		talk_ill(&talk, "was ended by signal %d", WTERMSIG(status));
}

static void ask(const struct check *check, int milliseconds)
{
	int64_t deadline = net_now() + milliseconds;
	int fd = net_connect(&talk, &check->address, deadline);
	if (fd < 0)
		return;
	if (check->kind == CHECK_TCP)
		talk_well(&talk);
	net_talk(&talk, fd, deadline);
	if (talk.has_body)
		net_drain(fd, deadline);
	close(fd);
}

static bool passes(const struct check *check, int milliseconds, char reason[TALK_REASON])
{
	begin(check, milliseconds);
	if (check->kind == CHECK_EXEC)
		run_command(check, milliseconds);
	else
		ask(check, milliseconds);
	if (talk.verdict == VERDICT_WELL)
		return true;
	int used = snprintf(reason, TALK_REASON, "%s %.60s: ", check->kind_name,
			    check->kind == CHECK_EXEC ? check->command[0] : check->address_text);
	snprintf(reason + used, TALK_REASON - (size_t)used, "%s", talk.reason);
	return false;
}

/* Each in a process of its own, with a line for its reason. */
static bool all_pass(const struct check *checks, int count, int milliseconds,
		     char reason[TALK_REASON])
{
	static char(*reasons)[TALK_REASON];
	static pid_t pids[CHECKS_MAX];
	bool well = true;
	if (reasons == NULL)
		reasons = mmap(NULL, sizeof(char[CHECKS_MAX][TALK_REASON]), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (reasons == MAP_FAILED) {
		snprintf(reason, TALK_REASON, "no memory");
		return false;
	}
	for (int i = 0; i < count; i++) {
		snprintf(reasons[i], TALK_REASON, "%s: cannot be asked", checks[i].kind_name);
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(passes(&checks[i], milliseconds, reasons[i]) ? 0 : 1);
	}
	for (int i = 0; i < count; i++) {
		int status = 1;
		while (pids[i] > 0 && waitpid(pids[i], &status, 0) < 0 && errno == EINTR)
			continue;
		if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
			continue;
		if (well)
			memcpy(reason, reasons[i], TALK_REASON);
		well = false;
	}
	return well;
}

bool checks_pass(const struct check *checks, int count, int milliseconds, char reason[TALK_REASON])
{
	return count == 1 ? passes(checks, milliseconds, reason)
			  : all_pass(checks, count, milliseconds, reason);
}
