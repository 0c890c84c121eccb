/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "store/repo-private.h"

typedef struct {
	const SmithRepo *repo;
	SmithRepoNode *root;
} Import;

static gboolean write_meta(const SmithRepo *repo, GVariant *meta, SmithRepoNode *node,
			   GError **error)
{
	g_autoptr(GVariant) owned = meta;
	g_autofree guchar *id = NULL;
	if (!repo->lib->ostree_repo_write_metadata(repo->repo, OSTREE_OBJECT_TYPE_DIR_META, NULL,
						   owned, &id, NULL, error))
		return FALSE;
	memcpy(node->object.id, id, SMITH_SHA256_SIZE);
	return TRUE;
}

static gboolean take_dir(Import *import, const SmithEntry *entry, SmithRepoNode *parent,
			 const char *name, GError **error)
{
	/* the root is its own parent */
	SmithRepoNode *dir = name[0] == '\0' ? parent : smith_repo_node_get(parent, name);
	if (dir == NULL || dir->kind != SMITH_REPO_DIR) {
		dir = smith_repo_node_new(SMITH_REPO_DIR);
		smith_repo_node_put(parent, name, dir);
	}
	dir->implied = false;
	return write_meta(import->repo, smith_repo_dir_meta(entry), dir, error);
}

static gboolean take_hardlink(Import *import, const SmithEntry *entry, SmithRepoNode *parent,
			      const char *name, GError **error)
{
	const SmithRepoNode *there = smith_repo_node_find(import->root, entry->target);
	if (there == NULL || there->kind == SMITH_REPO_DIR)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "hard link to '%s', which is no file of the layer",
				   entry->target);
	SmithRepoNode *node = smith_repo_node_new(there->kind);
	node->object = there->object;
	node->target = g_strdup(there->target);
	smith_repo_node_put(parent, name, node);
	return TRUE;
}

static gboolean take_file(Import *import, const SmithEntry *entry, SmithRepoNode *parent,
			  const char *name, GError **error)
{
	bool is_link = entry->type == SMITH_ENTRY_SYMLINK;
	if (is_link && !g_utf8_validate(entry->target, -1, NULL))
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
				   "the target of a symbolic link is not UTF-8");
	g_autoptr(SmithRepoNode) node =
		smith_repo_node_new(is_link ? SMITH_REPO_LINK : SMITH_REPO_FILE);
	if (!smith_repo_object_write(import->repo->objects_fd, entry, &node->object, error))
		return FALSE;
	node->target = g_strdup(entry->target);
	smith_repo_node_put(parent, name, g_steal_pointer(&node));
	return TRUE;
}

static gboolean take_entry(Import *import, const SmithEntry *entry, GError **error)
{
	SMITH_AUTO_PREFIX("unpacking", entry->path, error);
	const char *slash = strrchr(entry->path, '/');
	const char *name = slash != NULL ? slash + 1 : entry->path;
	g_autofree char *above = slash != NULL
					 ? g_strndup(entry->path, (gsize)(slash - entry->path))
					 : g_strdup(".");
	SmithRepoNode *parent = smith_repo_node_make_dir(import->root, above, error);
	if (parent == NULL)
		return FALSE;
	if (strcmp(name, ".") == 0)
		name = "";
	if (name[0] == '\0' && entry->type != SMITH_ENTRY_DIR)
		return smith_throw(error, SMITH_ERROR_INVALID, "the root is a %s",
				   smith_entry_type_name(entry->type));
	switch (entry->type) {
	case SMITH_ENTRY_DIR:
		return take_dir(import, entry, parent, name, error);
	case SMITH_ENTRY_HARDLINK:
		return take_hardlink(import, entry, parent, name, error);
	case SMITH_ENTRY_FILE:
	case SMITH_ENTRY_SYMLINK:
		return take_file(import, entry, parent, name, error);
	case SMITH_ENTRY_CHAR:
	case SMITH_ENTRY_BLOCK:
	case SMITH_ENTRY_FIFO:
	default:
		smith_repo_node_put(parent, name, smith_repo_node_new(SMITH_REPO_SPECIAL));
		return TRUE;
	}
}

static gboolean take_all(Import *import, SmithEntryIter *layer, GError **error)
{
	for (;;) {
		g_autoptr(SmithEntry) entry = NULL;
		if (!smith_entry_iter_next(layer, &entry, error))
			return FALSE;
		if (entry == NULL)
			return TRUE;
		if (!take_entry(import, entry, error))
			return FALSE;
	}
}

/* A device is not unpacked, but hides what the layers below have there. */
static gboolean hide_special(const SmithRepo *repo, SmithRepoNode *dir, const char *name,
			     GError **error)
{
	g_autofree char *whiteout = g_strconcat(".wh.", name, NULL);
	g_autoptr(SmithEntry) entry = smith_entry_new(SMITH_ENTRY_FILE, whiteout, 0644);
	g_autoptr(SmithRepoNode) node = smith_repo_node_new(SMITH_REPO_FILE);
	if (!smith_repo_object_write(repo->objects_fd, entry, &node->object, error))
		return FALSE;
	g_hash_table_remove(dir->children, name);
	smith_repo_node_put(dir, whiteout, g_steal_pointer(&node));
	return TRUE;
}

/* Gives all directories their metadata, and leaves nothing that OSTree cannot say. */
static gboolean complete(const SmithRepo *repo, SmithRepoNode *dir, GError **error)
{
	if (dir->implied && !write_meta(repo, smith_repo_implied_meta(), dir, error))
		return FALSE;
	g_autoptr(GPtrArray) names = smith_repo_node_names(dir);
	for (guint i = 0; i < names->len; i++) {
		SmithRepoNode *node = smith_repo_node_get(dir, names->pdata[i]);
		if (node->kind == SMITH_REPO_DIR && !complete(repo, node, error))
			return FALSE;
		if (node->kind == SMITH_REPO_SPECIAL &&
		    !hide_special(repo, dir, names->pdata[i], error))
			return FALSE;
	}
	return TRUE;
}

static gboolean import_all(const SmithRepo *repo, const char *ref, SmithEntryIter *layer,
			   GError **error)
{
	g_autoptr(SmithRepoNode) root = smith_repo_node_new(SMITH_REPO_DIR);
	Import import = {repo, root};
	root->implied = true;
	return take_all(&import, layer, error) && complete(repo, root, error) &&
	       smith_repo_write_tree(repo, root, ref, error);
}

gboolean smith_repo_import(const SmithStore *store, const char *diff_id, SmithEntryIter *layer,
			   GError **error)
{
	SMITH_AUTO_PREFIX("layer", diff_id, error);
	g_auto(SmithRepo) repo = SMITH_REPO_INIT;
	if (!smith_repo_open(&repo, store, error) ||
	    !repo.lib->ostree_repo_prepare_transaction(repo.repo, NULL, NULL, error))
		return FALSE;
	g_autofree char *ref = smith_repo_layer_ref(diff_id);
	if (import_all(&repo, ref, layer, error))
		return repo.lib->ostree_repo_commit_transaction(repo.repo, NULL, NULL, error);
	repo.lib->ostree_repo_abort_transaction(repo.repo, NULL, NULL);
	return FALSE;
}
