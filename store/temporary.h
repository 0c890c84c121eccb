/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * Directories with a name for a while, which tell whether someone still works in them: whoever has
 * made one holds a lock on its descriptor, and a process that is killed lets go of it.
 */

/* A new directory PREFIXxxxx in @dirfd, locked as long as the descriptor is open; *@name (transfer
 * full) what it is called. */
int smith_temporary_make(int dirfd, const char *prefix, mode_t mode, char **name, GError **error);

/* Hands each directory of @dirfd with the prefix that nobody works in any more to @remove, which
 * NULL is removing it. What cannot be removed stays. */
typedef void (*SmithTemporaryRemove)(int dirfd, const char *name, gpointer data);
void smith_temporary_sweep(int dirfd, const char *prefix, SmithTemporaryRemove remove,
			   gpointer data);
