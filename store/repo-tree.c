/* SPDX-License-Identifier: Apache-2.0 */
#include "store/repo-tree.h"

#include <string.h>

#include "base/error.h"

#define WHITEOUT ".wh."
#define OPAQUE ".wh..wh..opq"
#define MAX_LINKS 40

SmithRepoNode *smith_repo_node_new(SmithRepoKind kind)
{
	SmithRepoNode *node = g_new0(SmithRepoNode, 1);
	node->refs = 1;
	node->kind = kind;
	if (kind == SMITH_REPO_DIR)
		node->children = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						       (GDestroyNotify)smith_repo_node_free);
	return node;
}

SmithRepoNode *smith_repo_node_ref(SmithRepoNode *node)
{
	node->refs++;
	return node;
}

void smith_repo_node_free(SmithRepoNode *node)
{
	if (node == NULL || --node->refs > 0)
		return;
	g_clear_pointer(&node->children, g_hash_table_unref);
	g_free(node->target);
	g_free(node);
}

void smith_repo_node_put(SmithRepoNode *dir, const char *name, SmithRepoNode *child)
{
	g_hash_table_replace(dir->children, g_strdup(name), child);
}

SmithRepoNode *smith_repo_node_get(const SmithRepoNode *dir, const char *name)
{
	return dir->kind == SMITH_REPO_DIR ? g_hash_table_lookup(dir->children, name) : NULL;
}

static int compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *smith_repo_node_names(const SmithRepoNode *dir)
{
	GPtrArray *names = g_ptr_array_sized_new(g_hash_table_size(dir->children));
	GHashTableIter iter;
	gpointer name;
	g_hash_table_iter_init(&iter, dir->children);
	while (g_hash_table_iter_next(&iter, &name, NULL))
		g_ptr_array_add(names, name);
	g_ptr_array_sort(names, compare_names);
	return names;
}

/* A walk from the root: the directories on the way, so that ".." can go back. */
typedef struct {
	SmithRepoNode *root;
	GPtrArray *stack; /* (element-type SmithRepoNode*, borrowed) */
	guint links;
	bool make;
} Walk;

static SmithRepoNode *walk_top(const Walk *walk)
{
	return walk->stack->pdata[walk->stack->len - 1];
}

static bool walk_path(Walk *walk, const char *path);

static bool walk_step(Walk *walk, const char *name)
{
	SmithRepoNode *at = walk_top(walk);
	if (strcmp(name, ".") == 0 || name[0] == '\0')
		return true;
	if (strcmp(name, "..") == 0) {
		if (walk->stack->len > 1)
			g_ptr_array_set_size(walk->stack, (int)walk->stack->len - 1);
		return true;
	}
	SmithRepoNode *next = smith_repo_node_get(at, name);
	if (next != NULL && next->kind == SMITH_REPO_LINK) {
		if (++walk->links > MAX_LINKS)
			return false;
		if (next->target[0] == '/')
			g_ptr_array_set_size(walk->stack, 1);
		return walk_path(walk, next->target);
	}
	if (next == NULL || next->kind != SMITH_REPO_DIR) {
		if (!walk->make)
			return false;
		next = smith_repo_node_new(SMITH_REPO_DIR);
		next->implied = true;
		/* a layer that comes through a link speaks of none of these */
		smith_repo_implied_id(next->object.id);
		smith_repo_node_put(at, name, next);
	}
	g_ptr_array_add(walk->stack, next);
	return true;
}

/* Recursion goes as deep as links lead to links. */
static bool walk_path(Walk *walk, const char *path)
{
	g_auto(GStrv) names = g_strsplit(path, "/", -1);
	for (char **name = names; *name != NULL; name++)
		if (!walk_step(walk, *name))
			return false;
	return true;
}

static SmithRepoNode *walk_from(SmithRepoNode *root, const char *path, bool make)
{
	g_autoptr(GPtrArray) stack = g_ptr_array_new();
	Walk walk = {.root = root, .stack = stack, .make = make};
	g_ptr_array_add(stack, root);
	return walk_path(&walk, path) ? walk_top(&walk) : NULL;
}

SmithRepoNode *smith_repo_node_make_dir(SmithRepoNode *root, const char *path, GError **error)
{
	SmithRepoNode *dir = walk_from(root, path, true);
	if (dir == NULL)
		smith_throw(error, SMITH_ERROR_INVALID, "links lead in a circle at '%s'", path);
	return dir;
}

SmithRepoNode *smith_repo_node_find(SmithRepoNode *root, const char *path)
{
	const char *slash = strrchr(path, '/');
	g_autofree char *parent =
		slash != NULL ? g_strndup(path, (gsize)(slash - path)) : g_strdup(".");
	SmithRepoNode *dir = walk_from(root, parent, false);
	return dir != NULL ? smith_repo_node_get(dir, slash != NULL ? slash + 1 : path) : NULL;
}

static bool is_whiteout(const char *name)
{
	return g_str_has_prefix(name, WHITEOUT);
}

static void hide(SmithRepoNode *dir, const SmithRepoNode *layer)
{
	if (smith_repo_node_get(layer, OPAQUE) != NULL)
		g_hash_table_remove_all(dir->children);
	GHashTableIter iter;
	gpointer name;
	g_hash_table_iter_init(&iter, layer->children);
	while (g_hash_table_iter_next(&iter, &name, NULL))
		if (is_whiteout(name))
			g_hash_table_remove(dir->children, (char *)name + strlen(WHITEOUT));
}

typedef struct {
	SmithRepoNode *root;
	GString *path; /* of the directory */
} Apply;

static gboolean apply_dir(Apply *apply, SmithRepoNode *dir, SmithRepoNode *layer, GError **error);

/* An implied directory goes where a link of the layers below leads. */
static SmithRepoNode *target_dir(Apply *apply, SmithRepoNode *dir, const char *name,
				 const SmithRepoNode *from, GError **error)
{
	SmithRepoNode *there = smith_repo_node_get(dir, name);
	if (from->implied && there != NULL && there->kind == SMITH_REPO_LINK)
		return smith_repo_node_make_dir(apply->root, apply->path->str, error);
	if (there == NULL || there->kind != SMITH_REPO_DIR) {
		there = smith_repo_node_new(SMITH_REPO_DIR);
		there->implied = true;
		smith_repo_node_put(dir, name, there);
	}
	return there;
}

static gboolean apply_child(Apply *apply, SmithRepoNode *dir, const char *name,
			    SmithRepoNode *child, GError **error)
{
	g_autoptr(SmithRepoNode) owned = child;
	if (child->kind != SMITH_REPO_DIR) {
		smith_repo_node_put(dir, name, g_steal_pointer(&owned));
		return TRUE;
	}
	gsize length = apply->path->len;
	g_string_append_printf(apply->path, "/%s", name);
	SmithRepoNode *to = target_dir(apply, dir, name, child, error);
	gboolean ok = to != NULL && apply_dir(apply, to, child, error);
	g_string_truncate(apply->path, length);
	return ok;
}

static gboolean apply_dir(Apply *apply, SmithRepoNode *dir, SmithRepoNode *layer, GError **error)
{
	/* through a link, something in it may come to replace it */
	g_autoptr(SmithRepoNode) held = smith_repo_node_ref(dir);
	hide(held, layer);
	if (!layer->implied || dir->implied) {
		dir->implied = layer->implied;
		dir->object = layer->object;
	}
	/* links before what may have to go through them */
	for (guint pass = 0; pass < 2; pass++) {
		g_autoptr(GPtrArray) names = smith_repo_node_names(layer);
		for (guint i = 0; i < names->len; i++) {
			const char *name = names->pdata[i];
			const SmithRepoNode *child = smith_repo_node_get(layer, name);
			gpointer key = NULL, value = NULL;
			if (is_whiteout(name) || (child->kind == SMITH_REPO_DIR) != (pass == 1))
				continue;
			g_hash_table_steal_extended(layer->children, name, &key, &value);
			g_autofree char *owned = key;
			if (!apply_child(apply, dir, owned, value, error))
				return FALSE;
		}
	}
	return TRUE;
}

gboolean smith_repo_node_apply(SmithRepoNode *root, SmithRepoNode *layer, GError **error)
{
	g_autoptr(SmithRepoNode) owned = layer;
	g_autoptr(GString) path = g_string_new(NULL);
	Apply apply = {.root = root, .path = path};
	return apply_dir(&apply, root, owned, error);
}
