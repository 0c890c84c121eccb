/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * A directory that is replaced in one step: a new one is filled beside it, and then they change
 * places.
 *
 *   smith_stage_recover (dirfd, "mainpc", error);
 *   int fd = smith_stage_begin (dirfd, "mainpc", error);
 *   smith_stage_carry (dirfd, "mainpc", fd, drop, data, error);    what stays
 *   ... files are written below fd ...
 *   smith_stage_swap (dirfd, "mainpc", error);
 *
 * Whoever does this holds a lock on @dirfd. Names must not be what smith_stage_is_name() says.
 */

/* A name that a stage has while it is made, or what it replaces. */
bool smith_stage_is_name(const char *name);

/* TRUE for what does not stay; @path is relative to the directory, @dirfd is the old one. */
typedef bool SmithStageDrop(int dirfd, const char *path, gpointer data);

/* Puts back what an interrupted smith_stage_swap() had moved away. */
gboolean smith_stage_recover(int dirfd, const char *name, GError **error);

/* An empty directory with mode and owner of the old one, if there is one; -1 on error. */
int smith_stage_begin(int dirfd, const char *name, GError **error);

/* Links everything of the old directory into the new one, but what @drop drops. A directory of
 * which all is dropped goes, too. */
gboolean smith_stage_carry(int dirfd, const char *name, int stagefd, SmithStageDrop *drop,
			   gpointer data, GError **error);

/* The new directory takes the name, the old one is removed. */
gboolean smith_stage_swap(int dirfd, const char *name, GError **error);
/* Removes the new one; errors are not told. */
void smith_stage_abort(int dirfd, const char *name);
