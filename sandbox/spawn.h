/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <sys/types.h>

/*
 * Starts this program anew as the child of a step (sandbox/child.h): from a sealed copy in memory,
 * so that whatever the step gets hold of is not the file that the machine runs (CVE-2019-5736), and
 * with no environment, no open file but those given, and no blocked or ignored signal.
 */
typedef struct {
	int input; /* its stdin */
	int output;
	int plan;
	int control;
	int requests; /* -1: none */
} SmithSpawn;

pid_t smith_spawn(const SmithSpawn *files, GError **error);
/* The same with other arguments, by whose first one it knows what it is, and with @files as its
 * descriptors 0 and up, at most 6 of them. */
pid_t smith_spawn_self(const int *files, guint n_files, char *const *argv, GError **error);

/* Runs a program to its end, with the given arguments, no environment and no input; its exit
 * status, or -1 with errno. */
int smith_spawn_wait(const char *file, char *const *argv);

/* A sealed file in memory with these bytes, at its beginning. */
int smith_spawn_sealed(const void *data, gsize length, GError **error);

/* Gives the user namespace of @pid the ids 0..65535: the caller's as 0 and a range of
 * /etc/subuid and /etc/subgid, by newuidmap and newgidmap. */
gboolean smith_spawn_map(pid_t pid, GError **error);
