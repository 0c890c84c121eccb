/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sandbox/ops.h"

/*
 * What init watches of a step: how many processes it has, how much memory they hold together, and
 * how much it writes to disk. The kernel has limits for one process and for one user, none for all
 * of a namespace without a cgroup of ours.
 *
 *   smith_watch_start(&watch, plan, work);     in the step's tree, before its command runs
 *   poll(..., smith_watch_wait(&watch))
 *   smith_watch_look(&watch);
 *
 * A look is cheap as long as what can be counted at once is within the limits, and exact only
 * beyond: shared pages and files are then counted once. At most a tenth of the time is spent on
 * looks. What a step does between two is not seen: a limit is overshot by what can be taken in a
 * few hundredths of a second.
 */
#define SMITH_WATCH_DIRS 16

typedef struct {
	int fd;
	uint64_t device;
	uint64_t free; /* bytes of its file system when the step began */
} SmithWatchDir;

typedef struct {
	uint64_t memory; /* limits; 0: none */
	uint64_t disk;
	uint64_t processes;
	int proc;
	SmithWatchDir dirs[SMITH_WATCH_DIRS]; /* that the step writes to */
	unsigned n_dirs;
	int memories[SMITH_WATCH_DIRS]; /* file systems in memory */
	unsigned n_memories;
	uint64_t used; /* bytes of the machine, the least that it had in use since the beginning */
	uint64_t pace; /* microseconds between two looks */
	uint64_t next; /* of the monotonic clock */
	uint64_t next_files;
	uint64_t next_disk;
	uint64_t hidden_memory; /* bytes of open files without a name, when these were looked at */
	uint64_t hidden_disk;
} SmithWatch;

/* @work: the directory of what changes, -1: none. */
void smith_watch_start(SmithWatch *watch, const SmithPlan *plan, int work);
/* Milliseconds until the next look; -1: there is nothing to watch. */
int smith_watch_wait(const SmithWatch *watch);
/* Ends the process, and with it the step, when there is too much of something. Nothing happens
 * before the time has come. */
void smith_watch_look(SmithWatch *watch);

/* watch-disk.c: bytes on disk below the directory @fd; stops counting beyond @enough. */
uint64_t smith_watch_tree(int fd, uint64_t enough);
/* The same of what only open files hold, for each process of @proc. */
void smith_watch_files(int proc, uint64_t *memory, uint64_t *disk);
