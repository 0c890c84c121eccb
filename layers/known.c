/* SPDX-License-Identifier: Apache-2.0 */
#include "layers/known.h"

#include <string.h>

#include "base/digest.h"
#include "oci/spec.h"

/* The words of a record, which is one line. */
enum {
	RECORD_MEDIA_TYPE,
	RECORD_DIGEST,
	RECORD_SIZE,
	RECORD_DIFF_ID,
	RECORD_UNPACKED_SIZE,
	RECORD_ENTRIES,
	RECORD_FIELDS,
};

/* NULL when the text is not what smith_known_layer_add() writes. */
static SmithLayer *parse(GBytes *record)
{
	g_autofree char *text = g_strndup(g_bytes_get_data(record, NULL), g_bytes_get_size(record));
	g_auto(GStrv) words = g_strsplit(text, " ", RECORD_FIELDS);
	guint64 size = 0, unpacked = 0, entries = 0;
	if (g_strv_length(words) != RECORD_FIELDS ||
	    !smith_spec_is_layer(words[RECORD_MEDIA_TYPE]) ||
	    !smith_digest_is_sha256(words[RECORD_DIGEST]) ||
	    !smith_digest_is_sha256(words[RECORD_DIFF_ID]) ||
	    !g_ascii_string_to_unsigned(words[RECORD_SIZE], 10, 0, G_MAXINT64, &size, NULL) ||
	    !g_ascii_string_to_unsigned(words[RECORD_UNPACKED_SIZE], 10, 0, G_MAXINT64, &unpacked,
					NULL) ||
	    !g_ascii_string_to_unsigned(g_strchomp(words[RECORD_ENTRIES]), 10, 0, G_MAXINT64,
					&entries, NULL))
		return NULL;
	SmithLayer *layer = g_new0(SmithLayer, 1);
	layer->media_type = g_strdup(words[RECORD_MEDIA_TYPE]);
	layer->digest = g_strdup(words[RECORD_DIGEST]);
	layer->size = size;
	layer->diff_id = g_strdup(words[RECORD_DIFF_ID]);
	layer->unpacked_size = unpacked;
	layer->entries = entries;
	return layer;
}

SmithLayer *smith_known_layer(SmithStore *store, const char *key)
{
	g_autoptr(GBytes) record = smith_store_get_step(store, key);
	g_autoptr(SmithLayer) layer = record != NULL ? parse(record) : NULL;
	if (layer == NULL ||
	    !smith_layout_has_blob(smith_store_layout(store), layer->digest, (gint64)layer->size))
		return NULL;
	return g_steal_pointer(&layer);
}

gboolean smith_known_layer_add(SmithStore *store, const char *key, const SmithLayer *layer,
			       GError **error)
{
	g_autofree char *text = g_strdup_printf(
		"%s %s %" G_GUINT64_FORMAT " %s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "\n",
		layer->media_type, layer->digest, layer->size, layer->diff_id, layer->unpacked_size,
		layer->entries);
	return smith_store_put_step(store, key, text, strlen(text), error);
}
