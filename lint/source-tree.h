/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * The files that entry scripts are looked for in: a directory, or a list of paths.
 */
typedef struct SmithSourceTree SmithSourceTree;

/* @dirfd is borrowed. */
SmithSourceTree *smith_source_tree_new(int dirfd);
/* @text has one path a line. */
SmithSourceTree *smith_source_tree_new_list(const char *text);
void smith_source_tree_free(SmithSourceTree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithSourceTree, smith_source_tree_free)

bool smith_source_tree_has(const SmithSourceTree *tree, const char *path);

/* The file's text, at most @limit bytes; NULL when there is none to read, as in a list. */
GBytes *smith_source_tree_read(const SmithSourceTree *tree, const char *path, gsize limit);

/* Where a file is that may have been meant by @path, which is none: the same in other case, or
 * (@is_below) below one of the tree's own directories; NULL for neither. Only so many are looked
 * for: a tree without any of a large fleet's scripts is not read for each. */
char *smith_source_tree_find(SmithSourceTree *tree, const char *path, bool *is_below);
