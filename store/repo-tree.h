/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "store/repo-object.h"

/*
 * The files of a layer or of a root as a tree in memory, of names and objects, without contents.
 *
 * Entries come in any order, twice, with parents missing, and with files where directories were:
 * the last one counts, as for every layer reader. A path is resolved within the tree: links on the
 * way to a parent are followed as if the tree were the root of a file system, never out of it.
 */
typedef struct SmithRepoNode SmithRepoNode;

typedef enum {
	SMITH_REPO_DIR,
	SMITH_REPO_FILE,
	SMITH_REPO_LINK,
	SMITH_REPO_SPECIAL, /* a device or FIFO, while a layer is read */
} SmithRepoKind;

struct SmithRepoNode {
	guint refs;
	SmithRepoKind kind;
	bool implied;		/* DIR: no entry spoke of it */
	SmithRepoObject object; /* FILE, LINK; DIR: id of its metadata */
	char *target;		/* LINK */
	GHashTable *children;	/* DIR: char* -> SmithRepoNode* */
};

SmithRepoNode *smith_repo_node_new(SmithRepoKind kind);
SmithRepoNode *smith_repo_node_ref(SmithRepoNode *node);
void smith_repo_node_free(SmithRepoNode *node); /* one reference */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithRepoNode, smith_repo_node_free)

/* Takes @child; replaces one of that name. */
void smith_repo_node_put(SmithRepoNode *dir, const char *name, SmithRepoNode *child);
SmithRepoNode *smith_repo_node_get(const SmithRepoNode *dir, const char *name); /* or NULL */
/* Sorted bytewise (element-type char*, borrowed). */
GPtrArray *smith_repo_node_names(const SmithRepoNode *dir);

/* The directory at @path ("." or below); what is missing is made as an implied directory, and so is
 * what stands in its place as a file. NULL when links lead in a circle. */
SmithRepoNode *smith_repo_node_make_dir(SmithRepoNode *root, const char *path, GError **error);
/* What is at @path, with links followed on the way but not at its end, or NULL. */
SmithRepoNode *smith_repo_node_find(SmithRepoNode *root, const char *path);

/* Lays @layer (taken) over @root: its whiteouts hide what was below, and are gone then. */
gboolean smith_repo_node_apply(SmithRepoNode *root, SmithRepoNode *layer, GError **error);
