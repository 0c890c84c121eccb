/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "base/entry.h"
#include "oci/layout.h"

/*
 * SmithTree: the files that an image shows, without unpacking it: its layers laid over one another
 * with their whiteouts (image-spec layer.md "Applying Changesets").
 *
 * Contents are dropped, but for the files that the caller wants: these are kept in memory and can
 * be read any number of times. The work is linear in the entries of all layers, also for layers
 * that are all whiteouts.
 */
typedef struct SmithTree SmithTree;

/* TRUE if the content of @entry (a regular file) is to be kept. */
typedef gboolean (*SmithTreeWant)(const SmithEntry *entry);

#define SMITH_TREE_MAX_FILE (64 * 1024 * 1024)	/* of a content that is kept */
#define SMITH_TREE_MAX_KEPT (256 * 1024 * 1024) /* of all that are read to be kept */

SmithTree *smith_tree_new(void);
void smith_tree_free(SmithTree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithTree, smith_tree_free)

/* Lays the entries of one layer over what is there. @want may be NULL: nothing. */
gboolean smith_tree_apply(SmithTree *tree, SmithEntryIter *layer, SmithTreeWant want,
			  GError **error);
/* All layers of an image, each blob verified. */
gboolean smith_tree_apply_image(SmithTree *tree, const SmithLayout *layout,
				const SmithManifest *manifest, SmithTreeWant want, GError **error);

const SmithEntry *smith_tree_get(const SmithTree *tree, const char *path); /* or NULL */
/* In layer order (element-type SmithEntry*, borrowed). */
GPtrArray *smith_tree_list(const SmithTree *tree);
/* The content that was kept of @path, with a NUL behind it; NULL: not there, or not kept. */
char *smith_tree_read(const SmithTree *tree, const char *path);
