/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/watch.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "sandbox/child.h"

#define PACE 100000	/* microseconds */
#define PACE_NEAR 20000 /* when more than half of the memory is taken */
#define PACE_FILES 1000000
#define PACE_DISK 500000
#define FEW 512 /* processes */
#define SHARE 9 /* so many times as long as a look takes, there is none */

static uint64_t now(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

/* 0 at an error: the process may have gone. */
static size_t read_text(int proc, const char *pid, const char *name, char *text, size_t size)
{
	char path[300];
	ssize_t length;
	int fd;

	(void)snprintf(path, sizeof path, "%s%s%s", pid, *pid != '\0' ? "/" : "", name);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	length = read(fd, text, size - 1);
	close(fd);
	text[length > 0 ? length : 0] = '\0';
	return length > 0 ? (size_t)length : 0;
}

static uint64_t resident(int proc, const char *pid)
{
	char text[256];
	const char *second;

	if (read_text(proc, pid, "statm", text, sizeof text) == 0)
		return 0;
	second = strchr(text, ' ');
	return second != NULL ? strtoull(second, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

/* What is shared is divided among those who share it; all of it where the kernel does not say. */
static uint64_t proportional(int proc, const char *pid)
{
	char text[2048];
	const char *line;

	if (read_text(proc, pid, "smaps_rollup", text, sizeof text) == 0)
		return resident(proc, pid);
	line = strstr(text, "\nPss:");
	return line != NULL ? strtoull(line + strlen("\nPss:"), NULL, 10) * 1024 : 0;
}

/* The kernel gives it as the number of links of a directory with one for each thread. */
static uint64_t threads(int proc, const char *pid)
{
	struct stat info;
	char path[300];

	(void)snprintf(path, sizeof path, "%s/task", pid);
	if (fstatat(proc, path, &info, 0) != 0 || info.st_nlink < 3)
		return 0;
	return info.st_nlink - 2;
}

static bool is_of_step(const struct dirent *entry)
{
	/* the first process of the namespace is this one; that of a run has another's number */
	return isdigit((unsigned char)entry->d_name[0]) && strcmp(entry->d_name, "1") != 0;
}

static DIR *open_list(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *list = fd >= 0 ? fdopendir(fd) : NULL;

	if (fd >= 0 && list == NULL)
		close(fd);
	return list;
}

typedef uint64_t (*Measure)(int proc, const char *pid);

/* Of all processes; not much more than @enough. */
static uint64_t sum(const SmithWatch *watch, Measure measure, uint64_t enough)
{
	DIR *list = open_list(watch->proc, ".");
	const struct dirent *entry;
	uint64_t all = 0;

	while (list != NULL && all <= enough && (entry = readdir(list)) != NULL)
		if (is_of_step(entry))
			all += measure(watch->proc, entry->d_name);
	if (list != NULL)
		(void)closedir(list);
	return all;
}

/* Segments of System V that nobody has attached are of no process. */
static uint64_t segments(const SmithWatch *watch)
{
	static char text[65536];
	uint64_t all = 0;
	char *line;

	if (read_text(watch->proc, "", "sysvipc/shm", text, sizeof text) == 0)
		return 0;
	line = strchr(text, '\n');
	while (line != NULL && line[1] != '\0') {
		unsigned long long bytes;

		if (sscanf(line + 1, "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu",
			   &bytes) == 1)
			all += bytes;
		line = strchr(line + 1, '\n');
	}
	return all;
}

static uint64_t in_memory(const SmithWatch *watch)
{
	uint64_t all = segments(watch) + watch->hidden_memory;

	for (unsigned i = 0; i < watch->n_memories; i++) {
		struct statfs info;

		if (fstatfs(watch->memories[i], &info) == 0)
			all += (uint64_t)(info.f_blocks - info.f_bfree) * (uint64_t)info.f_bsize;
	}
	return all;
}

static uint64_t one(int proc, const char *pid)
{
	(void)proc;
	(void)pid;
	return 1;
}

/* Thousands that run leave little time to look at each. */
static bool are_few(const SmithWatch *watch)
{
	return sum(watch, one, FEW) <= FEW;
}

static void look_at_processes(const SmithWatch *watch, bool each)
{
	if (watch->processes != 0 &&
	    (sum(watch, one, watch->processes) > watch->processes ||
	     (each && sum(watch, threads, watch->processes) > watch->processes)))
		smith_child_die(SMITH_CHILD_LIMIT, 0,
				"it had more than %" PRIu64 " processes and threads",
				watch->processes);
}

/* Bytes that all programs of the machine have taken, but for what the kernel gives away when it is
 * asked. */
static uint64_t used(const SmithWatch *watch)
{
	static const char *const names[] = {"MemTotal:", "\nMemAvailable:"};
	uint64_t kib[2] = {0, 0};
	char text[2048];

	if (read_text(watch->proc, "", "meminfo", text, sizeof text) == 0)
		return UINT64_MAX;
	for (size_t i = 0; i < 2; i++) {
		const char *at = strstr(text, names[i]);

		if (at == NULL)
			return UINT64_MAX;
		kib[i] = strtoull(at + strlen(names[i]), NULL, 10);
	}
	return kib[0] > kib[1] ? (kib[0] - kib[1]) * 1024 : 0;
}

/* What is shared is counted for each that shares it, first; and exactly, if it has to be, where the
 * kernel need not wait for thousands to let go of their memory. */
static void look_at_memory(SmithWatch *watch, bool few)
{
	uint64_t machine = used(watch);
	uint64_t more;
	uint64_t files;

	if (machine < watch->used)
		watch->used = machine;
	more = machine != UINT64_MAX ? machine - watch->used : UINT64_MAX;
	watch->pace = more > watch->memory / 2 ? PACE_NEAR : PACE;
	files = in_memory(watch);
	if (files <= watch->memory && more <= watch->memory)
		return;
	if (files > watch->memory ||
	    (files + sum(watch, resident, watch->memory) > watch->memory &&
	     (!few || files + sum(watch, proportional, watch->memory) > watch->memory)))
		smith_child_die(SMITH_CHILD_LIMIT, 0,
				"it held more than %" PRIu64 " bytes of memory", watch->memory);
}

/* What all programs of the machine have taken since: a step that is alone has written less. */
static uint64_t taken(const SmithWatch *watch)
{
	uint64_t all = 0;

	for (unsigned i = 0; i < watch->n_dirs; i++) {
		const SmithWatchDir *dir = &watch->dirs[i];
		struct statfs info;
		uint64_t left;
		bool counted = false;

		for (unsigned j = 0; j < i; j++)
			counted = counted || watch->dirs[j].device == dir->device;
		if (counted || fstatfs(dir->fd, &info) != 0)
			continue;
		left = (uint64_t)info.f_bfree * (uint64_t)info.f_bsize;
		all += left < dir->free ? dir->free - left : 0;
	}
	return all;
}

static void look_at_disk(SmithWatch *watch, uint64_t time)
{
	uint64_t all;

	if (time < watch->next_disk || taken(watch) <= watch->disk)
		return;
	all = watch->hidden_disk;
	for (unsigned i = 0; i < watch->n_dirs && all <= watch->disk; i++)
		all += smith_watch_tree(watch->dirs[i].fd, watch->disk - all);
	if (all > watch->disk)
		smith_child_die(SMITH_CHILD_LIMIT, 0,
				"it wrote more than %" PRIu64 " bytes of files", watch->disk);
	time = now() - time;
	watch->next_disk = now() + (time * SHARE > PACE_DISK ? time * SHARE : PACE_DISK);
}

static void add_dir(SmithWatch *watch, int fd)
{
	SmithWatchDir *dir = &watch->dirs[watch->n_dirs];
	struct stat info;
	struct statfs fs;

	if (fd < 0)
		return;
	if (watch->n_dirs == SMITH_WATCH_DIRS || fstat(fd, &info) != 0 || fstatfs(fd, &fs) != 0 ||
	    !S_ISDIR(info.st_mode)) {
		close(fd);
		return;
	}
	dir->fd = fd;
	dir->device = info.st_dev;
	dir->free = (uint64_t)fs.f_bfree * (uint64_t)fs.f_bsize;
	watch->n_dirs++;
}

static void add_memory(SmithWatch *watch, const char *path)
{
	struct statfs info;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return;
	if (watch->n_memories < SMITH_WATCH_DIRS && fstatfs(fd, &info) == 0 &&
	    info.f_type == TMPFS_MAGIC)
		watch->memories[watch->n_memories++] = fd;
	else
		close(fd);
}

static void add_dirs(SmithWatch *watch, const SmithPlan *plan, int work)
{
	add_dir(watch, work >= 0 ? openat(work, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1);
	for (uint32_t i = 0; i < plan->n_ops; i++) {
		const SmithOp *op = &smith_plan_ops(plan)[i];

		if (op->kind == SMITH_OP_BIND && (op->flags & SMITH_OP_WRITABLE) != 0)
			add_dir(watch,
				open(smith_plan_string(plan, op->target),
				     O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
		if (op->kind == SMITH_OP_TMP)
			add_memory(watch, smith_plan_string(plan, op->target));
	}
	add_memory(watch, "/dev/shm");
	/* a part of what is free, so that others have the rest */
	if (watch->disk == 0 && watch->n_dirs > 0)
		watch->disk = watch->dirs[0].free / 4 * 3;
}

void smith_watch_start(SmithWatch *watch, const SmithPlan *plan, int work)
{
	*watch = (SmithWatch){.memory = plan->watch_memory,
			      .disk = plan->watch_disk,
			      .processes = plan->watch_processes,
			      .proc = -1,
			      .pace = PACE};
	if ((plan->flags & SMITH_PLAN_WATCH) == 0)
		return;
	watch->proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (watch->proc < 0)
		smith_child_die(SMITH_CHILD_REFUSED, errno, "cannot watch processes");
	add_dirs(watch, plan, work);
	watch->used = used(watch);
	watch->next = now() + PACE;
	watch->next_files = now() + PACE_FILES;
}

int smith_watch_wait(const SmithWatch *watch)
{
	uint64_t time = now();

	if (watch->proc < 0)
		return -1;
	return time < watch->next ? (int)((watch->next - time) / 1000 + 1) : 0;
}

void smith_watch_look(SmithWatch *watch)
{
	uint64_t began = now();
	uint64_t cost;
	bool few;

	if (watch->proc < 0 || began < watch->next)
		return;
	few = are_few(watch);
	look_at_processes(watch, few || began >= watch->next_files);
	if (began >= watch->next_files) {
		smith_watch_files(watch->proc, &watch->hidden_memory, &watch->hidden_disk);
		cost = (now() - began) * SHARE;
		watch->next_files = began + (cost > PACE_FILES ? cost : PACE_FILES);
	}
	if (watch->memory != 0)
		look_at_memory(watch, few);
	if (watch->disk != 0)
		look_at_disk(watch, now());
	cost = (now() - began) * SHARE;
	watch->next = now() + (cost > watch->pace ? cost : watch->pace);
}
