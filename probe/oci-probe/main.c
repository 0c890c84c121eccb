/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "probe/oci-probe/check.h"

/*
 * oci-probe: asks services whether they are well. docs/man/oci-probe.1 says how.
 */
#define DEFAULT_MILLISECONDS 5000
#define MILLISECONDS_MAX 3600000
#define SECONDS_MAX 86400
#define PAUSE_MILLISECONDS 100

enum { EXIT_WELL, EXIT_ILL, EXIT_USAGE };

struct plan {
	int milliseconds; /* for each attempt */
	int wait_seconds; /* 0: one attempt */
	int count;
	struct check checks[CHECKS_MAX];
};

static const char usage[] =
	"usage: oci-probe [-t MILLISECONDS] [wait SECONDS] CHECK [and CHECK]...\n"
	"\n"
	"  http ADDRESS PATH       GET answers 200\n"
	"  tcp ADDRESS             a connection is accepted\n"
	"  zmq ADDRESS REQUEST     a REP socket answers with JSON\n"
	"  grpc ADDRESS SERVICE    grpc.health.v1 answers SERVING\n"
	"  exec COUNT WORD...      a command of COUNT words ends with status 0\n"
	"\n"
	"ADDRESS is 127.0.0.1:PORT, [::1]:PORT or NAME:PORT, of a name in /etc/hosts.\n"
	"Status 0: all are well, 1: one is not, 2: wrong usage.\n";

static void say(int fd, const char *text)
{
	size_t length = strlen(text);
	while (length > 0) {
		ssize_t written = write(fd, text, length);
		if (written <= 0)
			return;
		text += written;
		length -= (size_t)written;
	}
}

static int fail(int status, const char *reason)
{
	char line[TALK_REASON + 16];
	snprintf(line, sizeof line, "oci-probe: %s\n", reason);
	say(STDERR_FILENO, line);
	return status;
}

static bool read_number(const char *text, long most, int *number)
{
	char *end = NULL;
	long value = text != NULL ? strtol(text, &end, 10) : 0;
	*number = (int)value;
	return value >= 1 && value <= most && *end == '\0';
}

/* Moves behind the words in front of the checks. */
static bool read_options(char ***words, struct plan *plan)
{
	for (; **words != NULL; *words += 2) {
		if (strcmp(**words, "-t") == 0) {
			if (!read_number((*words)[1], MILLISECONDS_MAX, &plan->milliseconds))
				return false;
		} else if (strcmp(**words, "wait") == 0) {
			if (!read_number((*words)[1], SECONDS_MAX, &plan->wait_seconds))
				return false;
		} else {
			return true;
		}
	}
	return true;
}

static bool read_plan(char **words, struct plan *plan, char reason[TALK_REASON])
{
	plan->milliseconds = DEFAULT_MILLISECONDS;
	snprintf(reason, TALK_REASON, "see 'oci-probe --help'");
	if (!read_options(&words, plan) || *words == NULL)
		return false;
	for (;;) {
		int used = check_parse(words, &plan->checks[plan->count], reason);
		if (used == 0)
			return false;
		plan->count++;
		words += used;
		if (*words == NULL)
			return true;
		snprintf(reason, TALK_REASON, "'%s' is one word too many", *words);
		if (strcmp(*words, "and") != 0 || plan->count == CHECKS_MAX || *++words == NULL)
			return false;
	}
}

static void pause_before(int64_t deadline)
{
	int64_t left = deadline - net_now();
	int64_t pause = left < PAUSE_MILLISECONDS ? left : PAUSE_MILLISECONDS;
	struct timespec time = {0, (long)(pause > 0 ? pause : 0) * 1000000};
	nanosleep(&time, NULL);
}

static bool wait_until_well(const struct plan *plan, char reason[TALK_REASON])
{
	int64_t deadline = net_now() + (int64_t)plan->wait_seconds * 1000;
	for (;;) {
		int64_t left = deadline - net_now();
		int milliseconds = left < plan->milliseconds ? (int)left : plan->milliseconds;
		if (milliseconds <= 0)
			return false;
		if (checks_pass(plan->checks, plan->count, milliseconds, reason))
			return true;
		pause_before(deadline);
	}
}

int main(int argc, char **argv)
{
	static struct plan plan;
	char reason[TALK_REASON] = "";
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		say(STDOUT_FILENO, usage);
		return EXIT_WELL;
	}
	if (argc < 2 || !read_plan(argv + 1, &plan, reason))
		return fail(EXIT_USAGE, argc < 2 ? "see 'oci-probe --help'" : reason);
	bool well = plan.wait_seconds > 0
			    ? wait_until_well(&plan, reason)
			    : checks_pass(plan.checks, plan.count, plan.milliseconds, reason);
	return well ? EXIT_WELL : fail(EXIT_ILL, reason);
}
