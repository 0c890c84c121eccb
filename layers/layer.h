/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/entry.h"
#include "layers/compress.h"

/*
 * The one pipe: entries become a layer blob (image-spec layer.md), in a single pass with constant
 * memory.
 *
 *   entries → tar → diff ID → compressed → digest → file of the blob directory
 *
 * Sorting, clamping, owners and excludes are the business of base/entry-filter.h; the writer only
 * refuses what would not be a canonical layer: entries out of smith_entry_path_compare() order,
 * duplicates, and hard links whose target does not come earlier.
 *
 * The bytes depend on the entries and the compression alone, whatever the options. With `split` a
 * helper thread does the hashing and writing while the caller's thread reads and inflates; the
 * result is the same.
 */
typedef struct {
	char *media_type;
	char *digest;
	guint64 size;
	char *diff_id;
	guint64 unpacked_size;
	guint64 entries;
} SmithLayer;

typedef struct {
	SmithCompression compression;
	bool split;
	int blobs_dirfd;  /* borrowed */
	const char *like; /* digest of a layer of the same compression that may be there and have
			   * much in common with this one: only what is new is deflated.
			   * NULL: none */
} SmithLayerOptions;

/* Consumes @iter (borrowed) to its end. The blob appears, with mode 0444 and its digest's hex as
 * its name, in @blobs_dirfd when all went well; one that is there already stays. */
SmithLayer *smith_layer_write(SmithEntryIter *iter, const SmithLayerOptions *options,
			      GError **error);
void smith_layer_free(SmithLayer *layer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithLayer, smith_layer_free)
