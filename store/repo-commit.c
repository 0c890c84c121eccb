/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "store/repo-private.h"

/*
 * Trees as OSTree's commits and back.
 *
 * A directory of OSTree names its files and their objects, and nothing else. What kind each is and
 * how large its object has to be stands in the commit, in the order of a walk (the files of a
 * directory, then its directories, each sorted), so that a checkout needs not look into the objects
 * and sees one that a machine left truncated.
 */
#define SIZES "ocismith.sizes" /* "at": size * 4 + kind */
/* OSTree's names are UTF-8; others stand as this and their hex */
#define ESCAPE ".ocismith-bytes-"
#define MAX_DEPTH 2048

static char *escape(const char *name)
{
	if (g_utf8_validate(name, -1, NULL) && !g_str_has_prefix(name, ESCAPE))
		return g_strdup(name);
	g_autofree char *hex = smith_digest_to_hex((const guint8 *)name, strlen(name));
	return g_strconcat(ESCAPE, hex, NULL);
}

static char *unescape(const char *name)
{
	if (!g_str_has_prefix(name, ESCAPE))
		return g_strdup(name);
	GString *out = g_string_new(NULL);
	for (const char *p = name + strlen(ESCAPE); p[0] != '\0' && p[1] != '\0'; p += 2)
		g_string_append_c(
			out, (char)(g_ascii_xdigit_value(p[0]) * 16 + g_ascii_xdigit_value(p[1])));
	return g_string_free(out, FALSE);
}

typedef struct {
	char *name; /* escaped */
	SmithRepoNode *node;
} Child;

static void child_clear(gpointer data)
{
	g_free(((Child *)data)->name);
}

static int compare_children(gconstpointer a, gconstpointer b)
{
	return strcmp(((const Child *)a)->name, ((const Child *)b)->name);
}

static GArray *children_of(const SmithRepoNode *dir, bool dirs)
{
	GArray *children = g_array_new(FALSE, FALSE, sizeof(Child));
	GHashTableIter iter;
	gpointer name, node;
	g_array_set_clear_func(children, child_clear);
	g_hash_table_iter_init(&iter, dir->children);
	while (g_hash_table_iter_next(&iter, &name, &node)) {
		Child child = {NULL, node};
		if ((child.node->kind == SMITH_REPO_DIR) != dirs)
			continue;
		child.name = escape(name);
		g_array_append_val(children, child);
	}
	g_array_sort(children, compare_children);
	return children;
}

static GVariant *id_new(const guint8 *id)
{
	return g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, id, SMITH_SHA256_SIZE, 1);
}

static gboolean write_variant(const SmithRepo *repo, OstreeObjectType type, GVariant *variant,
			      guint8 *id, GError **error)
{
	g_autoptr(GVariant) owned = g_variant_ref_sink(variant);
	g_autofree guchar *checksum = NULL;
	if (!repo->lib->ostree_repo_write_metadata(repo->repo, type, NULL, owned, &checksum, NULL,
						   error))
		return FALSE;
	memcpy(id, checksum, SMITH_SHA256_SIZE);
	return TRUE;
}

static gboolean write_dir(const SmithRepo *repo, const SmithRepoNode *dir, GVariantBuilder *sizes,
			  guint8 *id, GError **error)
{
	g_autoptr(GArray) files = children_of(dir, false);
	g_autoptr(GArray) dirs = children_of(dir, true);
	g_auto(GVariantBuilder) tree = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a(say)"));
	g_auto(GVariantBuilder) subdirs = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a(sayay)"));
	for (guint i = 0; i < files->len; i++) {
		const Child *child = &g_array_index(files, Child, i);
		g_variant_builder_add(
			sizes, "t",
			GUINT64_TO_LE(child->node->object.size * 4 + (guint64)child->node->kind));
		g_variant_builder_add(&tree, "(s@ay)", child->name, id_new(child->node->object.id));
	}
	for (guint i = 0; i < dirs->len; i++) {
		const Child *child = &g_array_index(dirs, Child, i);
		guint8 child_id[SMITH_SHA256_SIZE];
		if (!write_dir(repo, child->node, sizes, child_id, error))
			return FALSE;
		g_variant_builder_add(&subdirs, "(s@ay@ay)", child->name, id_new(child_id),
				      id_new(child->node->object.id));
	}
	return write_variant(repo, OSTREE_OBJECT_TYPE_DIR_TREE,
			     g_variant_new("(a(say)a(sayay))", &tree, &subdirs), id, error);
}

gboolean smith_repo_write_tree(const SmithRepo *repo, SmithRepoNode *root, const char *ref,
			       GError **error)
{
	guint8 tree[SMITH_SHA256_SIZE], commit[SMITH_SHA256_SIZE];
	g_auto(GVariantBuilder) sizes = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("at"));
	g_auto(GVariantDict) metadata = G_VARIANT_DICT_INIT(NULL);
	if (!write_dir(repo, root, &sizes, tree, error))
		return FALSE;
	g_variant_dict_insert_value(&metadata, SIZES, g_variant_builder_end(&sizes));
	/* no parent, nothing related, no text, no time: a function of the layer alone */
	GVariant *variant =
		g_variant_new("(@a{sv}@ay@a(say)sst@ay@ay)", g_variant_dict_end(&metadata),
			      g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, NULL, 0, 1),
			      g_variant_new_array(G_VARIANT_TYPE("(say)"), NULL, 0), "", "",
			      (guint64)0, id_new(tree), id_new(root->object.id));
	if (!write_variant(repo, OSTREE_OBJECT_TYPE_COMMIT, variant, commit, error))
		return FALSE;
	g_autofree char *hex = smith_digest_to_hex(commit, sizeof commit);
	repo->lib->ostree_repo_transaction_set_ref(repo->repo, NULL, ref, hex);
	return TRUE;
}

GVariant *smith_repo_load(const SmithRepo *repo, OstreeObjectType type, const guint8 *id,
			  GError **error)
{
	g_autofree char *hex = smith_digest_to_hex(id, SMITH_SHA256_SIZE);
	g_autoptr(GVariant) variant = NULL;
	g_autoptr(GError) cause = NULL;
	if (!repo->lib->ostree_repo_load_variant(repo->repo, type, hex, &variant, &cause))
		return smith_throw_null(error, SMITH_ERROR_VERIFY, "object '%s': %s", hex,
					cause->message);
	g_autoptr(SmithHasher) hasher = smith_hasher_new();
	guint8 got[SMITH_SHA256_SIZE];
	smith_hasher_update(hasher, g_variant_get_data(variant), g_variant_get_size(variant));
	smith_hasher_finish_raw(hasher, got);
	if (memcmp(got, id, sizeof got) != 0)
		return smith_throw_null(error, SMITH_ERROR_VERIFY,
					"object '%s' is damaged, %" G_GSIZE_FORMAT
					" bytes of another digest",
					hex, g_variant_get_size(variant));
	return g_steal_pointer(&variant);
}

typedef struct {
	const SmithRepo *repo;
	const guint64 *sizes;
	gsize n_sizes;
	gsize at;
	guint depth;
	guint8 implied[SMITH_SHA256_SIZE]; /* the metadata of all implied directories */
} Reader;

static gboolean copy_id(GVariant *bytes, guint8 *id)
{
	gsize length = 0;
	const void *data = g_variant_get_fixed_array(bytes, &length, 1);
	if (length == SMITH_SHA256_SIZE)
		memcpy(id, data, length);
	return length == SMITH_SHA256_SIZE;
}

static gboolean throw_damage(GError **error)
{
	return smith_throw(error, SMITH_ERROR_VERIFY, "its tree is damaged");
}

static gboolean read_files(Reader *reader, GVariant *files, SmithRepoNode *dir, GError **error)
{
	for (gsize i = 0; i < g_variant_n_children(files); i++) {
		const char *name = NULL;
		g_autoptr(GVariant) id = NULL;
		g_autoptr(GVariant) row = g_variant_get_child_value(files, i);
		g_variant_get(row, "(&s@ay)", &name, &id);
		if (reader->at >= reader->n_sizes)
			return throw_damage(error);
		guint64 size = GUINT64_FROM_LE(reader->sizes[reader->at++]);
		g_autoptr(SmithRepoNode) node = smith_repo_node_new((SmithRepoKind)(size & 3));
		node->object.size = size / 4;
		g_autofree char *real = unescape(name);
		if (node->kind == SMITH_REPO_DIR || !copy_id(id, node->object.id))
			return throw_damage(error);
		smith_repo_node_put(dir, real, g_steal_pointer(&node));
	}
	return TRUE;
}

static gboolean read_dir(Reader *reader, const guint8 *tree, SmithRepoNode *dir, GError **error);

static gboolean read_dirs(Reader *reader, GVariant *dirs, SmithRepoNode *dir, GError **error)
{
	for (gsize i = 0; i < g_variant_n_children(dirs); i++) {
		const char *name = NULL;
		guint8 tree_id[SMITH_SHA256_SIZE];
		g_autoptr(GVariant) tree = NULL;
		g_autoptr(GVariant) meta = NULL;
		g_autoptr(GVariant) row = g_variant_get_child_value(dirs, i);
		g_variant_get(row, "(&s@ay@ay)", &name, &tree, &meta);
		g_autofree char *real = unescape(name);
		SmithRepoNode *node = smith_repo_node_new(SMITH_REPO_DIR);
		smith_repo_node_put(dir, real, node);
		if (!copy_id(tree, tree_id) || !copy_id(meta, node->object.id))
			return throw_damage(error);
		node->implied = memcmp(node->object.id, reader->implied, SMITH_SHA256_SIZE) == 0;
		if (!read_dir(reader, tree_id, node, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean read_dir(Reader *reader, const guint8 *tree, SmithRepoNode *dir, GError **error)
{
	g_autoptr(GVariant) variant =
		smith_repo_load(reader->repo, OSTREE_OBJECT_TYPE_DIR_TREE, tree, error);
	if (variant == NULL)
		return FALSE;
	if (reader->depth++ >= MAX_DEPTH)
		return throw_damage(error);
	g_autoptr(GVariant) files = g_variant_get_child_value(variant, 0);
	g_autoptr(GVariant) dirs = g_variant_get_child_value(variant, 1);
	gboolean ok = read_files(reader, files, dir, error) && read_dirs(reader, dirs, dir, error);
	reader->depth--;
	return ok;
}

static GVariant *load_commit(const SmithRepo *repo, const char *diff_id, GError **error)
{
	g_autofree char *ref = smith_repo_layer_ref(diff_id);
	g_autofree char *hex = NULL;
	guint8 id[SMITH_SHA256_SIZE];
	if (!repo->lib->ostree_repo_resolve_rev(repo->repo, ref, TRUE, &hex, error))
		return NULL;
	if (hex == NULL)
		return smith_throw_null(error, SMITH_ERROR_NOT_FOUND,
					"it has not been unpacked into the repository");
	for (guint i = 0; i < sizeof id; i++)
		id[i] = (guint8)(g_ascii_xdigit_value(hex[2 * i]) * 16 +
				 g_ascii_xdigit_value(hex[2 * i + 1]));
	return smith_repo_load(repo, OSTREE_OBJECT_TYPE_COMMIT, id, error);
}

SmithRepoNode *smith_repo_read_tree(const SmithRepo *repo, const char *diff_id, GError **error)
{
	SMITH_AUTO_PREFIX("layer", diff_id, error);
	g_autoptr(GVariant) commit = load_commit(repo, diff_id, error);
	if (commit == NULL)
		return NULL;
	guint8 tree_id[SMITH_SHA256_SIZE];
	g_autoptr(GVariant) metadata = g_variant_get_child_value(commit, 0);
	g_autoptr(GVariant) tree = g_variant_get_child_value(commit, 6);
	g_autoptr(GVariant) meta = g_variant_get_child_value(commit, 7);
	g_autoptr(GVariant) sizes = g_variant_lookup_value(metadata, SIZES, G_VARIANT_TYPE("at"));
	g_autoptr(SmithRepoNode) root = smith_repo_node_new(SMITH_REPO_DIR);
	if (sizes == NULL || !copy_id(tree, tree_id) || !copy_id(meta, root->object.id)) {
		throw_damage(error);
		return NULL;
	}
	Reader reader = {.repo = repo};
	smith_repo_implied_id(reader.implied);
	root->implied = memcmp(root->object.id, reader.implied, SMITH_SHA256_SIZE) == 0;
	reader.sizes = g_variant_get_fixed_array(sizes, &reader.n_sizes, sizeof(guint64));
	return read_dir(&reader, tree_id, root, error) ? g_steal_pointer(&root) : NULL;
}
