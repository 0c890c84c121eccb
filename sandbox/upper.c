/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/upper.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "sandbox/owners.h"
#include "sandbox/upper-entry.h"

/* made by sandbox/mounts.c */
#define COPIED "copied"

/*
 * The layer is a function of two trees, the root and what the step left of it, and not of the way
 * from one to the other: an overlay copies up what was touched and put back, marks directories that
 * were made anew, and a copy has no marks at all. So everything is compared with the root, and
 * whether names are hidden one by one or all at once depends on the names alone.
 */
#define WHITEOUT ".wh."
#define OPAQUE ".wh..wh..opq"

typedef struct {
	SmithEntry *entry;
	guint64 device; /* of a file with several names */
	guint64 inode;
} Found;

typedef struct {
	SmithUpperTree *upper;
	SmithUpperTree *root;
	GArray *found; /* (element-type Found) */
} Reader;

/* A directory of both trees. */
typedef struct {
	int upper;
	int root; /* -1: the root has none */
	/* what of the root is not in the upper directory is gone */
	bool opaque;
	const char *path;
} Level;

static void found_clear(gpointer data)
{
	smith_entry_free(((Found *)data)->entry);
}

static void reader_clear(Reader *reader)
{
	g_clear_pointer(&reader->upper, smith_upper_tree_unref);
	g_clear_pointer(&reader->root, smith_upper_tree_unref);
	g_clear_pointer(&reader->found, g_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Reader, reader_clear)

static char *join(const char *dir, const char *name)
{
	return strcmp(dir, ".") == 0 ? g_strdup(name) : g_strconcat(dir, "/", name, NULL);
}

static void add(Reader *reader, SmithEntry *entry, const struct stat *st)
{
	Found found = {.entry = entry};
	if (st != NULL && S_ISREG(st->st_mode) && st->st_nlink > 1) {
		found.device = st->st_dev;
		found.inode = st->st_ino;
	}
	g_array_append_val(reader->found, found);
}

static bool is_whiteout(const Level *level, const char *name)
{
	struct stat st;
	if (fstatat(level->upper, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	if (S_ISCHR(st.st_mode))
		return st.st_rdev == 0;
	return S_ISREG(st.st_mode) && st.st_size == 0 &&
	       smith_upper_has_mark(level->upper, name, "whiteout", '\0');
}

/* Names that are in the sorted @names of the root and no more. */
static GPtrArray *list_hidden(const Level *level, const GPtrArray *names, GHashTable *whiteouts,
			      GHashTable *present)
{
	GPtrArray *hidden = g_ptr_array_new();
	for (guint i = 0; names != NULL && i < names->len; i++) {
		gpointer name = names->pdata[i];
		if (g_hash_table_contains(whiteouts, name) ||
		    (level->opaque && !g_hash_table_contains(present, name)))
			g_ptr_array_add(hidden, name);
	}
	return hidden;
}

static void add_whiteouts(Reader *reader, const Level *level, const GPtrArray *hidden, bool all)
{
	for (guint i = 0; i < (all ? 1 : hidden->len); i++) {
		g_autofree char *name =
			all ? g_strdup(OPAQUE) : g_strconcat(WHITEOUT, hidden->pdata[i], NULL);
		g_autofree char *path = join(level->path, name);
		add(reader, smith_entry_new(SMITH_ENTRY_FILE, path, 0644), NULL);
	}
}

static gboolean visit_level(Reader *reader, const Level *level, GError **error);

static int open_child(int dirfd, const char *name, const char *path, GError **error)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 ? fd : smith_throw_errno_fd(error, "cannot open directory '%s'", path);
}

/* @below: what the root has of that name, or NULL. */
static gboolean visit_dir(Reader *reader, const Level *level, const char *name, SmithEntry *taken,
			  const SmithEntry *below, GError **error)
{
	g_autoptr(SmithEntry) entry = taken;
	g_autofree char *path = g_strdup(entry->path);
	bool merged = below != NULL && below->type == SMITH_ENTRY_DIR;
	bool same = false;
	smith_autofd int upper = open_child(level->upper, name, path, error);
	smith_autofd int root =
		upper >= 0 && merged ? open_child(level->root, name, path, error) : -1;
	if (upper < 0 || (merged && root < 0) ||
	    (merged && !smith_upper_same(entry, below, &same, error)))
		return FALSE;
	Level child = {.upper = upper, .root = root, .path = path};
	child.opaque = level->opaque || smith_upper_has_mark(level->upper, name, "opaque", 'y');
	guint before = reader->found->len;
	add(reader, g_steal_pointer(&entry), NULL);
	if (!visit_level(reader, &child, error))
		return FALSE;
	if (same && reader->found->len == before + 1)
		g_array_set_size(reader->found, before);
	return TRUE;
}

static gboolean visit_name(Reader *reader, const Level *level, const char *name, bool in_root,
			   GError **error)
{
	struct stat st, root_st;
	g_autofree char *path = join(level->path, name);
	g_autoptr(SmithEntry) below = NULL;
	GError *failure = NULL;
	g_autoptr(SmithEntry) entry =
		smith_upper_entry(reader->upper, level->upper, name, path, &st, &failure);
	if (failure == NULL && in_root && entry != NULL)
		below = smith_upper_entry(reader->root, level->root, name, path, &root_st,
					  &failure);
	if (failure != NULL) {
		g_propagate_error(error, failure);
		return FALSE;
	}
	if (entry == NULL)
		return TRUE;
	if (entry->type == SMITH_ENTRY_DIR)
		return visit_dir(reader, level, name, g_steal_pointer(&entry), below, error);
	bool same = false;
	if (below != NULL && !smith_upper_same(entry, below, &same, error))
		return FALSE;
	if (!same)
		add(reader, g_steal_pointer(&entry), &st);
	return TRUE;
}

static gboolean visit_level(Reader *reader, const Level *level, GError **error)
{
	g_autoptr(GPtrArray) names = smith_fd_list_dir(level->upper, error);
	if (names == NULL)
		return FALSE;
	g_autoptr(GPtrArray) below =
		level->root >= 0 ? smith_fd_list_dir(level->root, error) : NULL;
	if (level->root >= 0 && below == NULL)
		return FALSE;
	g_autoptr(GHashTable) present = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GHashTable) whiteouts = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GHashTable) in_root = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = 0; i < names->len; i++)
		g_hash_table_add(is_whiteout(level, names->pdata[i]) ? whiteouts : present,
				 names->pdata[i]);
	for (guint i = 0; below != NULL && i < below->len; i++)
		g_hash_table_add(in_root, below->pdata[i]);
	g_autoptr(GPtrArray) hidden = list_hidden(level, below, whiteouts, present);
	add_whiteouts(reader, level, hidden, hidden->len > 1 && hidden->len == below->len);
	for (guint i = 0; i < names->len; i++)
		if (g_hash_table_contains(present, names->pdata[i]) &&
		    !visit_name(reader, level, names->pdata[i],
				g_hash_table_contains(in_root, names->pdata[i]), error))
			return FALSE;
	return TRUE;
}

static int compare_found(gconstpointer a, gconstpointer b)
{
	return smith_entry_path_compare(((const Found *)a)->entry->path,
					((const Found *)b)->entry->path);
}

static guint inode_hash(gconstpointer data)
{
	const Found *found = data;
	return (guint)(found->inode ^ (found->inode >> 32));
}

static gboolean inode_equal(gconstpointer a, gconstpointer b)
{
	const Found *x = a, *y = b;
	return x->inode == y->inode && x->device == y->device;
}

/* Of a file's names the first is the file, the others are links to it. */
static void link_names(GArray *found)
{
	g_autoptr(GHashTable) first = g_hash_table_new(inode_hash, inode_equal);
	for (guint i = 0; i < found->len; i++) {
		Found *each = &g_array_index(found, Found, i);
		const Found *file = each->inode != 0 ? g_hash_table_lookup(first, each) : NULL;
		if (each->inode != 0 && file == NULL)
			g_hash_table_add(first, each);
		if (file == NULL)
			continue;
		each->entry->type = SMITH_ENTRY_HARDLINK;
		each->entry->target = g_strdup(file->entry->path);
		g_clear_pointer(&each->entry->content, smith_content_unref);
		g_clear_pointer(&each->entry->xattrs, g_array_unref);
	}
}

static GPtrArray *finish(Reader *reader)
{
	GPtrArray *entries = g_ptr_array_new();
	g_array_sort(reader->found, compare_found);
	link_names(reader->found);
	for (guint i = 0; i < reader->found->len; i++)
		g_ptr_array_add(entries,
				g_steal_pointer(&g_array_index(reader->found, Found, i).entry));
	return entries;
}

static SmithUpperTree *open_tree(const char *path, int links_fd, GError **error)
{
	int fd = smith_fd_open_dir(AT_FDCWD, path, error);
	return fd >= 0 ? smith_upper_tree_new(fd, links_fd, error) : NULL;
}

SmithEntryIter *smith_upper_read(const SmithSandboxStep *step, GError **error)
{
	SMITH_AUTO_PREFIX("step", step->name, error);
	g_auto(Reader) reader = {0};
	if (!smith_owners_settle(step->work, step->mode, error))
		return NULL;
	smith_autofd int work = smith_fd_open_dir(AT_FDCWD, step->work, error);
	if (work < 0)
		return NULL;
	smith_autofd int links = openat(work, "links", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	g_autofree char *upper = g_build_filename(step->work, "upper", NULL);
	reader.found = g_array_new(FALSE, FALSE, sizeof(Found));
	g_array_set_clear_func(reader.found, found_clear);
	reader.upper = open_tree(upper, links, error);
	if (reader.upper == NULL)
		return NULL;
	reader.root = open_tree(step->root, -1, error);
	if (reader.root == NULL)
		return NULL;
	Level top = {.upper = reader.upper->fd, .root = reader.root->fd, .path = "."};
	top.opaque = faccessat(work, COPIED, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	if (!visit_level(&reader, &top, error))
		return NULL;
	return smith_entry_iter_new_array(finish(&reader));
}

static gboolean is_as_in_root(SmithUpperTree *root, const SmithEntry *entry, bool *same,
			      GError **error)
{
	struct stat st;
	GError *failure = NULL;
	g_autofree char *parent = g_path_get_dirname(entry->path);
	g_autofree char *name = g_path_get_basename(entry->path);
	*same = false;
	smith_autofd int dirfd = openat(root->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (strcmp(parent, ".") != 0) {
		smith_fd_clear(&dirfd);
		/* where the root has a link or nothing, the directory is new */
		dirfd = smith_fd_open_beneath(root->fd, parent, O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
					      0, NULL);
	}
	if (dirfd < 0 || fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return TRUE;
	g_autoptr(SmithEntry) below =
		smith_upper_entry(root, dirfd, name, entry->path, &st, &failure);
	if (failure != NULL) {
		g_propagate_error(error, failure);
		return FALSE;
	}
	return below == NULL || smith_upper_same(entry, below, same, error);
}

SmithEntryIter *smith_upper_prune(const SmithSandboxStep *step, SmithEntryIter *sorted,
				  GError **error)
{
	g_autoptr(SmithEntryIter) taken = sorted;
	g_autoptr(GPtrArray) entries = smith_entry_iter_collect(taken, error);
	if (entries == NULL)
		return NULL;
	g_autoptr(SmithUpperTree) root = open_tree(step->root, -1, error);
	if (root == NULL)
		return NULL;
	const char *next = ""; /* the path of the entry behind, of those that stay */
	for (guint i = entries->len; i-- > 0;) {
		const SmithEntry *entry = entries->pdata[i];
		gsize length = strlen(entry->path);
		bool holds = strncmp(next, entry->path, length) == 0 && next[length] == '/';
		bool same = false;
		if (entry->type == SMITH_ENTRY_DIR && !holds &&
		    !is_as_in_root(root, entry, &same, error))
			return NULL;
		if (same)
			g_ptr_array_remove_index(entries, i);
		else
			next = entry->path;
	}
	return smith_entry_iter_new_array(g_steal_pointer(&entries));
}

char *smith_upper_make(const char *parent, GError **error)
{
	for (guint tries = 0; tries < 100; tries++) {
		g_autofree char *path = g_strdup_printf("%s/" SMITH_UPPER_PREFIX "%08x%08x", parent,
							g_random_int(), g_random_int());
		if (mkdir(path, 0700) == 0)
			return g_steal_pointer(&path);
		if (errno != EEXIST)
			break;
	}
	return smith_throw_errno_null(error, "cannot make a work directory in '%s'", parent);
}

bool smith_upper_is_copy(const char *work)
{
	g_autofree char *mark = g_build_filename(work, COPIED, NULL);
	return access(mark, F_OK) == 0;
}

gboolean smith_upper_remove(const char *work, SmithSandboxMode mode, GError **error)
{
	return smith_owners_settle(work, mode, error) &&
	       smith_fd_remove_tree(AT_FDCWD, work, error);
}
