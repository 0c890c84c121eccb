/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "oci/layout.h"

/*
 * Blobs that nothing names any more.
 *
 *   live = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL)
 *   smith_layout_mark_index (layout, live, error)
 *   smith_layout_mark (layout, "sha256:...", live, error)
 *   smith_layout_remove_unnamed (layout, live, error)
 *   smith_layout_sweep (layout, live, FALSE, &swept, error)
 *
 * @live has the hex digits of digests. What a document names is named by whoever names the
 * document, whatever kind it is of: also signatures and what else others keep in the layout. A
 * document that is missing names nothing; one that is damaged is SMITH_ERROR_VERIFY, for what it
 * named is not known then. The caller sees to it that nobody writes images meanwhile.
 */
typedef struct {
	guint64 kept;
	guint64 removed;
	guint64 bytes; /* of what was removed */
} SmithSwept;

/* What images with a name need. */
gboolean smith_layout_mark_index(const SmithLayout *layout, GHashTable *live, GError **error);
gboolean smith_layout_mark(const SmithLayout *layout, const char *digest, GHashTable *live,
			   GError **error);
/* Removes all blobs but those in @live; with @dry they are counted only. */
gboolean smith_layout_sweep(const SmithLayout *layout, GHashTable *live, bool dry,
			    SmithSwept *swept, GError **error);
