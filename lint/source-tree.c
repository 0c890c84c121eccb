/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/source-tree.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/entry.h"
#include "base/fd.h"

#define FINDS_MAX 200
#define ROOTS_MAX 1000

struct SmithSourceTree {
	int dirfd;
	GHashTable *paths;  /* or NULL: the directory is asked */
	GHashTable *folded; /* lower case -> path */
	GPtrArray
		*roots; /* (element-type char*) directories at the top, sorted; made when needed */
	guint finds;
};

SmithSourceTree *smith_source_tree_new(int dirfd)
{
	SmithSourceTree *tree = g_new0(SmithSourceTree, 1);
	tree->dirfd = dirfd;
	return tree;
}

static int compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_path(SmithSourceTree *tree, GHashTable *seen, const char *path)
{
	const char *slash = strchr(path, '/');
	g_autofree char *root = slash != NULL ? g_strndup(path, (gsize)(slash - path)) : NULL;
	char *copy = g_strdup(path), *folded = g_ascii_strdown(path, -1);
	g_hash_table_add(tree->paths, copy);
	if (g_hash_table_contains(tree->folded, folded))
		g_free(folded);
	else
		g_hash_table_insert(tree->folded, folded, copy);
	if (root == NULL || tree->roots->len >= ROOTS_MAX || g_hash_table_contains(seen, root))
		return;
	g_ptr_array_add(tree->roots, root);
	g_hash_table_add(seen, g_steal_pointer(&root));
}

SmithSourceTree *smith_source_tree_new_list(const char *text)
{
	SmithSourceTree *tree = smith_source_tree_new(-1);
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	tree->paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	tree->folded = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	tree->roots = g_ptr_array_new_with_free_func(g_free);
	for (char **line = lines; *line != NULL; line++)
		if (**line != '\0' && !g_hash_table_contains(tree->paths, *line))
			add_path(tree, seen, *line);
	g_ptr_array_sort(tree->roots, compare_names);
	return tree;
}

void smith_source_tree_free(SmithSourceTree *tree)
{
	if (tree == NULL)
		return;
	g_clear_pointer(&tree->folded, g_hash_table_unref);
	g_clear_pointer(&tree->paths, g_hash_table_unref);
	g_clear_pointer(&tree->roots, g_ptr_array_unref);
	g_free(tree);
}

bool smith_source_tree_has(const SmithSourceTree *tree, const char *path)
{
	struct stat st;
	g_autofree char *normal = smith_entry_path_normalize(path, NULL);
	if (normal == NULL || *path == '/')
		return false;
	if (tree->paths != NULL)
		return g_hash_table_contains(tree->paths, normal);
	smith_autofd int fd =
		smith_fd_open_beneath(tree->dirfd, normal, O_PATH | O_CLOEXEC, 0, NULL);
	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

GBytes *smith_source_tree_read(const SmithSourceTree *tree, const char *path, gsize limit)
{
	g_autofree char *normal = smith_entry_path_normalize(path, NULL);
	if (tree->paths != NULL || normal == NULL || !smith_source_tree_has(tree, path))
		return NULL;
	smith_autofd int fd =
		smith_fd_open_beneath(tree->dirfd, normal, O_RDONLY | O_CLOEXEC, 0, NULL);
	return fd >= 0 ? smith_fd_read_all(fd, path, limit, NULL) : NULL;
}

/* The names at @path below the directory, or NULL. */
static GPtrArray *list_names(int dirfd, const char *path)
{
	smith_autofd int fd =
		smith_fd_open_beneath(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, NULL);
	return fd >= 0 ? smith_fd_list_dir(fd, NULL) : NULL;
}

static const char *match(const GPtrArray *names, const char *part)
{
	const char *found = NULL;
	for (guint i = 0; names != NULL && i < names->len; i++) {
		const char *name = names->pdata[i];
		if (strcmp(name, part) == 0)
			return name;
		if (found == NULL && g_ascii_strcasecmp(name, part) == 0)
			found = name;
	}
	return found;
}

/* Part by part, each as the directory has it. */
static char *find_other_case(const SmithSourceTree *tree, const char *path)
{
	if (tree->paths != NULL) {
		g_autofree char *folded = g_ascii_strdown(path, -1);
		return g_strdup(g_hash_table_lookup(tree->folded, folded));
	}
	g_auto(GStrv) parts = g_strsplit(path, "/", -1);
	g_autoptr(GString) found = g_string_new(NULL);
	for (char **part = parts; *part != NULL; part++) {
		g_autoptr(GPtrArray) names =
			list_names(tree->dirfd, found->len > 0 ? found->str : ".");
		const char *name = match(names, *part);
		if (name == NULL)
			return NULL;
		g_string_append_printf(found, "%s%s", found->len > 0 ? "/" : "", name);
	}
	return smith_source_tree_has(tree, found->str) ? g_strdup(found->str) : NULL;
}

static void find_roots(SmithSourceTree *tree)
{
	g_autoptr(GPtrArray) names = list_names(tree->dirfd, ".");
	tree->roots = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; names != NULL && i < names->len && tree->roots->len < ROOTS_MAX; i++) {
		struct stat st;
		const char *name = names->pdata[i];
		if (fstatat(tree->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISDIR(st.st_mode))
			g_ptr_array_add(tree->roots, g_strdup(name));
	}
}

static char *find_below(SmithSourceTree *tree, const char *path)
{
	if (tree->roots == NULL)
		find_roots(tree);
	for (guint i = 0; i < tree->roots->len; i++) {
		const char *root = tree->roots->pdata[i];
		g_autofree char *full = g_strconcat(root, "/", path, NULL);
		if (smith_source_tree_has(tree, full))
			return g_steal_pointer(&full);
	}
	return NULL;
}

char *smith_source_tree_find(SmithSourceTree *tree, const char *path, bool *is_below)
{
	g_autofree char *normal = smith_entry_path_normalize(path, NULL);
	*is_below = false;
	if (normal == NULL || *path == '/' || tree->finds++ >= FINDS_MAX)
		return NULL;
	char *found = find_other_case(tree, normal);
	if (found != NULL)
		return found;
	*is_below = true;
	return find_below(tree, normal);
}
