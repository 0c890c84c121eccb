/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/*
 * timer LOG: runs the commands that it reads, one for each line, arguments parted by 0x1f, and
 * answers each with "WALL USER SYS PEAK STATUS": seconds by the monotonic clock from before the
 * fork to after the reaping, seconds of processor time and the peak of the resident memory in KiB
 * of the process and all that it waited for, and the wait status. What they print goes to LOG.
 *
 * It is small, so that a child's peak is the child's own: the kernel counts from the fork on.
 */
#define MAX_LINE (64 * 1024)
#define MAX_ARGS 512
#define SEPARATOR "\x1f"

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void split(char *line, char **args)
{
	char *save = NULL;
	int n = 0;
	line[strcspn(line, "\n")] = '\0';
	for (char *p = strtok_r(line, SEPARATOR, &save); p != NULL && n < MAX_ARGS - 1;
	     p = strtok_r(NULL, SEPARATOR, &save))
		args[n++] = p;
	args[n] = NULL;
}

static void become(const char *log, char **args)
{
	if (freopen("/dev/null", "r", stdin) == NULL || freopen(log, "w", stdout) == NULL)
		_exit(126);
	dup2(STDOUT_FILENO, STDERR_FILENO);
	execvp(args[0], args);
	fprintf(stderr, "timer: cannot run '%s': %s\n", args[0], strerror(errno));
	fflush(stderr);
	_exit(127);
}

int main(int argc, char **argv)
{
	static char line[MAX_LINE];
	char *args[MAX_ARGS];
	if (argc != 2)
		return 2;
	while (fgets(line, sizeof line, stdin) != NULL) {
		struct rusage usage;
		int status = 0;
		split(line, args);
		double before = now();
		pid_t pid = fork();
		if (pid == 0)
			become(argv[1], args);
		if (pid < 0 || wait4(pid, &status, 0, &usage) < 0)
			return 1;
		double wall = now() - before;
		printf("%.6f %.6f %.6f %ld %d\n", wall, seconds(usage.ru_utime),
		       seconds(usage.ru_stime), usage.ru_maxrss, status);
		fflush(stdout);
	}
	return 0;
}
