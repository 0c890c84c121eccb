/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <limits.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The task whose call is being answered: its memory and its entries in /proc.
 *
 * It may die at any time, and its number be another's: what has been read from it counts only when
 * smith_target_alive() says so afterwards. Results are 0 or a descriptor, or a negative errno.
 */
typedef struct {
	int listener;
	int proc; /* /proc of the sandbox */
	uint64_t id;
	pid_t tid;
	const struct seccomp_data *data;
} SmithTarget;

bool smith_target_alive(const SmithTarget *target);
int smith_target_read(const SmithTarget *target, uint64_t from, void *buffer, size_t length);
/* A string with its NUL; its length, -ENAMETOOLONG when it does not fit. */
int smith_target_read_string(const SmithTarget *target, uint64_t from, char *buffer, size_t size);
int smith_target_write(const SmithTarget *target, uint64_t to, const void *data, size_t length);
/* An O_PATH descriptor of /proc/TID/@what, whose links are followed. */
int smith_target_open(const SmithTarget *target, const char *what);
/* ... of what its descriptor @fd is open on; -EBADF. */
int smith_target_open_fd(const SmithTarget *target, int fd);
/* Whether it was opened with O_PATH. */
bool smith_target_is_path_fd(const SmithTarget *target, int fd);
/* A number of /proc/TID/status; @field with its colon. */
int smith_target_status(const SmithTarget *target, const char *field, int base, unsigned *value);

/* A path of our own to an open file, for the calls that take no descriptor of O_PATH. */
typedef struct {
	char path[32];
} SmithFdPath;
SmithFdPath smith_fd_path(int fd);
