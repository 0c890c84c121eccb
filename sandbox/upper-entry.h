/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "base/entry.h"

/*
 * One file of a root or of an upper directory as root would see it: what stat(2) and its attributes
 * say, corrected by its record (sandbox/record.h) or by its row in the table of links.
 *
 * Of the attributes, user.* and security.capability (as version 2, with no root of a namespace in
 * it) are an image's; marks of the overlay, the record, access lists and other modules' are not.
 */

/* A directory that contents are read from; reference counted, since contents may outlive a walk. */
typedef struct {
	gint refs; /* atomic */
	int fd;
	GHashTable *links; /* inode -> row of the supervisor's table */
} SmithUpperTree;

/* Takes @fd. @links_fd: the supervisor's table (borrowed), or -1. */
SmithUpperTree *smith_upper_tree_new(int fd, int links_fd, GError **error);
SmithUpperTree *smith_upper_tree_ref(SmithUpperTree *tree);
void smith_upper_tree_unref(SmithUpperTree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithUpperTree, smith_upper_tree_unref)

/* @name in the directory @dirfd of @tree, which is @path of the tree; *st is what is on disk. What
 * its owner may not read is made readable. NULL without an error for a socket. */
SmithEntry *smith_upper_entry(SmithUpperTree *tree, int dirfd, const char *name, const char *path,
			      struct stat *st, GError **error);

/* The value of an attribute of the overlay, user.overlay.NAME or trusted.overlay.NAME. */
bool smith_upper_has_mark(int dirfd, const char *name, const char *mark, char value);

/* The same type, owner, mode, attributes, target and bytes; times do not count. */
gboolean smith_upper_same(const SmithEntry *a, const SmithEntry *b, bool *same, GError **error);
