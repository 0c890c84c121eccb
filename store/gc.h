/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "store/store.h"

/*
 * Removes from a store what no image in it needs and nobody has used for some time:
 *
 *   - records of steps, downloads, unpacked layers, roots, pips and logs that were last used
 *     before @before; but the record of a layer that an image has stays as long as the image,
 *   - blobs that neither an image nor a record that stays names, and files of repo/ that belong to
 *     no layer that stays,
 *   - what killed processes left.
 *
 * The caller has the store locked (smith_store_lock()), so that nobody uses what is removed. What
 * is removed loses its name first, or is looked for by whoever uses it: after a kill the store
 * works, and the next time removes the rest.
 */
typedef enum {
	SMITH_GC_BLOBS,
	SMITH_GC_RECORDS,
	SMITH_GC_DOWNLOADS,
	SMITH_GC_LAYERS, /* unpacked ones; bytes are those of their files in repo/ */
	SMITH_GC_ROOTS,
	SMITH_GC_PIPS,
	SMITH_GC_LOGS,	  /* of steps */
	SMITH_GC_REMAINS, /* of killed processes */
	SMITH_GC_KINDS,
} SmithGcKind;

typedef struct {
	guint64 kept;
	guint64 removed;
	guint64 bytes; /* of what was removed; roots are links to files of layers, and have none */
} SmithGcCount;

typedef struct {
	gint64 before; /* seconds since 1970; G_MAXINT64: whatever its age */
	bool dry;      /* only count */
	/* Makes the directory @path removable, which may have files of other users; or NULL. */
	bool (*settle)(const char *path);
} SmithGcOptions;

gboolean smith_gc(SmithStore *store, const SmithGcOptions *options,
		  SmithGcCount counts[SMITH_GC_KINDS], GError **error);
