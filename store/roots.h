/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "store/store.h"

/*
 * cache/roots: directories that steps execute on. One has its name when it is whole; until then it
 * is made under another, locked by who makes it, so that what a killed process left is known by
 * its missing lock and is removed by the next. Who comes second uses what the first one made.
 */
typedef struct {
	/* Fills the empty directory at @path, open as @fd. */
	gboolean (*fill)(int fd, const char *path, gpointer data, GError **error);
	/* Prepares a directory for removal; may be NULL. */
	gboolean (*settle)(const char *path, gpointer data);
	gpointer data;
} SmithRootMaker;

/* The path of the root @name, which is made when it is not there. */
char *smith_roots_make(const SmithStore *store, const char *name, const SmithRootMaker *maker,
		       GError **error);
