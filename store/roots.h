/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "store/store.h"

/*
 * cache/roots: directories that steps execute on. One has its name when it is whole; until then it
 * is made under another, locked by who makes it, so that what a killed process left is known by
 * its missing lock and is removed by the next. Who comes second uses what the first one made.
 *
 * A machine that lost power may have kept the names of files and not their bytes. So a root that
 * was made before the machine was started is looked through when it is first used after that;
 * NAME.boot says by which start of the machine (its boot ID) it was last found good.
 */
typedef struct {
	/* Fills the empty directory at @path, open as @fd. */
	gboolean (*fill)(int fd, const char *path, gpointer data, GError **error);
	/* Whether a root of an earlier start of the machine is whole; NULL: such a one is made
	 * anew.
	 */
	gboolean (*verify)(int fd, gpointer data, GError **error);
	/* Prepares a directory for removal; may be NULL. */
	gboolean (*settle)(const char *path, gpointer data);
	gpointer data;
} SmithRootMaker;

/* The path of the root @name, which is made when it is not there. */
char *smith_roots_make(const SmithStore *store, const char *name, const SmithRootMaker *maker,
		       GError **error);
