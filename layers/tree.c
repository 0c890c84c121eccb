/* SPDX-License-Identifier: Apache-2.0 */
#include "layers/tree.h"

#include <string.h>

#include "base/error.h"
#include "layers/tar-read.h"

#define WHITEOUT ".wh."
#define OPAQUE ".wh..wh..opq"

struct SmithTree {
	GHashTable *entries; /* path -> SmithEntry* */
	gsize kept;	     /* bytes that were read to be kept */
};

/* What one layer says of those below it. */
typedef struct {
	GPtrArray *entries;  /* (element-type SmithEntry*) */
	GHashTable *hidden;  /* paths that are gone, with all that is in them */
	GHashTable *emptied; /* directories whose former content is gone */
} Layer;

static void layer_clear(Layer *layer)
{
	g_clear_pointer(&layer->entries, g_ptr_array_unref);
	g_clear_pointer(&layer->hidden, g_hash_table_unref);
	g_clear_pointer(&layer->emptied, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Layer, layer_clear)

SmithTree *smith_tree_new(void)
{
	SmithTree *tree = g_new0(SmithTree, 1);
	tree->entries = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
					      (GDestroyNotify)smith_entry_free);
	return tree;
}

void smith_tree_free(SmithTree *tree)
{
	if (tree == NULL)
		return;
	g_hash_table_unref(tree->entries);
	g_free(tree);
}

/* "a/b/.wh.c" hides "a/b/c" in the layers below; the opaque marker hides what is in "a/b". */
static bool take_whiteout(Layer *layer, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	if (!g_str_has_prefix(name, WHITEOUT))
		return false;
	gsize parent = (gsize)(name - path);
	if (strcmp(name, OPAQUE) == 0)
		g_hash_table_add(layer->emptied,
				 parent > 0 ? g_strndup(path, parent - 1) : g_strdup("."));
	else if (!g_str_has_prefix(name, WHITEOUT WHITEOUT))
		g_hash_table_add(layer->hidden, g_strdup_printf("%.*s%s", (int)parent, path,
								name + strlen(WHITEOUT)));
	return true;
}

static gboolean keep_content(SmithTree *tree, SmithEntry *entry, GError **error)
{
	SMITH_AUTO_PREFIX("content of", entry->path, error);
	g_autoptr(SmithSource) source = entry->content->ops->open(entry->content, error);
	gsize limit = MIN(SMITH_TREE_MAX_FILE, SMITH_TREE_MAX_KEPT - tree->kept);
	g_autoptr(GBytes) bytes =
		source != NULL ? smith_source_read_all(source, limit, error) : NULL;
	if (bytes == NULL)
		return FALSE;
	tree->kept += g_bytes_get_size(bytes);
	smith_content_unref(entry->content);
	entry->content = smith_content_new_bytes(bytes);
	return TRUE;
}

/* The size stays known when the content goes. */
static void drop_content(SmithEntry *entry)
{
	if (entry->content != NULL)
		entry->content->once = true;
}

static gboolean read_layer(SmithTree *tree, Layer *layer, SmithEntryIter *iter, SmithTreeWant want,
			   GError **error)
{
	for (;;) {
		g_autoptr(SmithEntry) entry = NULL;
		if (!smith_entry_iter_next(iter, &entry, error))
			return FALSE;
		if (entry == NULL)
			return TRUE;
		if (take_whiteout(layer, entry->path))
			continue;
		bool wanted = entry->type == SMITH_ENTRY_FILE && entry->content != NULL &&
			      want != NULL && want(entry);
		if (wanted && !keep_content(tree, entry, error))
			return FALSE;
		if (!wanted)
			drop_content(entry);
		g_ptr_array_add(layer->entries, g_steal_pointer(&entry));
	}
}

/* Does an ancestor of @path, or with @self the path itself, stand in @set? */
static bool is_below(GHashTable *set, const char *path, bool self)
{
	if (g_hash_table_size(set) == 0)
		return false;
	if (self && g_hash_table_contains(set, path))
		return true;
	g_autofree char *parent = g_strdup(path);
	for (char *slash = strrchr(parent, '/'); slash != NULL; slash = strrchr(parent, '/')) {
		*slash = '\0';
		if (g_hash_table_contains(set, parent))
			return true;
	}
	return !self && strcmp(path, ".") != 0 && g_hash_table_contains(set, ".");
}

static void hide_lower(SmithTree *tree, const Layer *layer)
{
	GHashTableIter iter;
	gpointer path;
	g_hash_table_iter_init(&iter, tree->entries);
	while (g_hash_table_iter_next(&iter, &path, NULL))
		if (is_below(layer->hidden, path, true) || is_below(layer->emptied, path, false))
			g_hash_table_iter_remove(&iter);
}

gboolean smith_tree_apply(SmithTree *tree, SmithEntryIter *iter, SmithTreeWant want, GError **error)
{
	g_auto(Layer) layer = {NULL, NULL, NULL};
	layer.entries = g_ptr_array_new_with_free_func((GDestroyNotify)smith_entry_free);
	layer.hidden = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	layer.emptied = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	if (!read_layer(tree, &layer, iter, want, error))
		return FALSE;
	/* what is no directory takes the place of one with all that was in it */
	for (guint i = 0; i < layer.entries->len; i++) {
		const SmithEntry *entry = layer.entries->pdata[i];
		const SmithEntry *old = g_hash_table_lookup(tree->entries, entry->path);
		if (entry->type != SMITH_ENTRY_DIR && old != NULL && old->type == SMITH_ENTRY_DIR)
			g_hash_table_add(layer.hidden, g_strdup(entry->path));
	}
	if (g_hash_table_size(layer.hidden) > 0 || g_hash_table_size(layer.emptied) > 0)
		hide_lower(tree, &layer);
	for (guint i = 0; i < layer.entries->len; i++) {
		SmithEntry *entry = g_steal_pointer(&layer.entries->pdata[i]);
		g_hash_table_replace(tree->entries, entry->path, entry);
	}
	return TRUE;
}

static gboolean apply_blob(SmithTree *tree, const SmithLayout *layout, const SmithDescriptor *layer,
			   SmithTreeWant want, GError **error)
{
	SMITH_AUTO_PREFIX("layer", layer->digest, error);
	SmithSource *blob = smith_layout_open_blob(layout, layer, error);
	if (blob == NULL)
		return FALSE;
	g_autoptr(SmithEntryIter) iter = smith_tar_read(blob, NULL, layer->digest, error);
	return iter != NULL && smith_tree_apply(tree, iter, want, error);
}

gboolean smith_tree_apply_image(SmithTree *tree, const SmithLayout *layout,
				const SmithManifest *manifest, SmithTreeWant want, GError **error)
{
	for (guint i = 0; i < manifest->layers->len; i++)
		if (!apply_blob(tree, layout, manifest->layers->pdata[i], want, error))
			return FALSE;
	return TRUE;
}

const SmithEntry *smith_tree_get(const SmithTree *tree, const char *path)
{
	return g_hash_table_lookup(tree->entries, path);
}

static int compare_entries(gconstpointer a, gconstpointer b)
{
	const SmithEntry *const *x = a, *const *y = b;
	return smith_entry_path_compare((*x)->path, (*y)->path);
}

GPtrArray *smith_tree_list(const SmithTree *tree)
{
	GPtrArray *list = g_ptr_array_sized_new(g_hash_table_size(tree->entries));
	GHashTableIter iter;
	gpointer entry;
	g_hash_table_iter_init(&iter, tree->entries);
	while (g_hash_table_iter_next(&iter, NULL, &entry))
		g_ptr_array_add(list, entry);
	g_ptr_array_sort(list, compare_entries);
	return list;
}

char *smith_tree_read(const SmithTree *tree, const char *path)
{
	const SmithEntry *entry = smith_tree_get(tree, path);
	if (entry == NULL || entry->content == NULL || entry->content->once)
		return NULL;
	g_autoptr(SmithSource) source = entry->content->ops->open(entry->content, NULL);
	g_autoptr(GBytes) bytes =
		source != NULL ? smith_source_read_all(source, SMITH_TREE_MAX_FILE, NULL) : NULL;
	return bytes != NULL ? g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes))
			     : NULL;
}
