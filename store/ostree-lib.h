/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <ostree.h>

/*
 * libostree as a table of functions, loaded when the repository is first used: it comes with sixty
 * shared objects, and most runs unpack nothing.
 */
#define SMITH_OSTREE_FUNCTIONS(X)                                                                  \
	X(ostree_repo_abort_transaction)                                                           \
	X(ostree_repo_commit_transaction)                                                          \
	X(ostree_repo_copy_config)                                                                 \
	X(ostree_repo_create_at)                                                                   \
	X(ostree_repo_fsck_object)                                                                 \
	X(ostree_repo_load_variant)                                                                \
	X(ostree_repo_open_at)                                                                     \
	X(ostree_repo_prepare_transaction)                                                         \
	X(ostree_repo_prune_from_reachable)                                                        \
	X(ostree_repo_resolve_rev)                                                                 \
	X(ostree_repo_transaction_set_ref)                                                         \
	X(ostree_repo_traverse_commit_union)                                                       \
	X(ostree_repo_traverse_new_reachable)                                                      \
	X(ostree_repo_write_config)                                                                \
	X(ostree_repo_write_metadata)

#define SMITH_OSTREE_MEMBER(name) __typeof__(&(name)) name;
typedef struct {
	SMITH_OSTREE_FUNCTIONS(SMITH_OSTREE_MEMBER)
} SmithOstreeLib;
#undef SMITH_OSTREE_MEMBER

/* The table, loaded once for the process; NULL with SMITH_ERROR_UNSUPPORTED when the library is not
 * installed. */
const SmithOstreeLib *smith_ostree_lib(GError **error);
