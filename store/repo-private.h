/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "store/ostree-lib.h"
#include "store/repo-tree.h"
#include "store/repo.h"

/*
 * An open repository: what the files of store/repo share. One for each import and checkout, since
 * a libostree object has one transaction at a time.
 */
typedef struct {
	const SmithOstreeLib *lib;
	OstreeRepo *repo;
	int fd;		/* repo/ */
	int objects_fd; /* repo/objects */
} SmithRepo;

#define SMITH_REPO_INIT                                                                            \
	{                                                                                          \
		NULL, NULL, -1, -1                                                                 \
	}

/* Made when it is not there. */
gboolean smith_repo_open(SmithRepo *repo, const SmithStore *store, GError **error);
void smith_repo_close(SmithRepo *repo);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SmithRepo, smith_repo_close)

/* "layer/sha256/HEX" */
char *smith_repo_layer_ref(const char *diff_id);
/* The layer counts as not imported from here on. */
void smith_repo_forget(const SmithRepo *repo, const char *diff_id);

/* Writes a tree as a commit, which is named by @ref; within a transaction. */
gboolean smith_repo_write_tree(const SmithRepo *repo, SmithRepoNode *root, const char *ref,
			       GError **error);
/* The tree of a layer. What is read is checked against its digests. */
SmithRepoNode *smith_repo_read_tree(const SmithRepo *repo, const char *diff_id, GError **error);
/* A metadata object, checked against its digest. */
GVariant *smith_repo_load(const SmithRepo *repo, OstreeObjectType type, const guint8 *id,
			  GError **error);
