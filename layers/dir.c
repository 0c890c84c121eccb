/* SPDX-License-Identifier: Apache-2.0 */
#include "layers/dir.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

#define MAX_DEPTH 256
#define MAX_TARGET 4096

/* The context's descriptor, shared by all contents. */
typedef struct {
	gint refs; /* atomic */
	int fd;
} Root;

typedef struct {
	SmithContent content;
	SmithContent *inner;
	Root *root;
} DirContent;

typedef struct {
	Root *root;
	const SmithIgnore *ignore;
	const char *dest;
	gsize subpath_length; /* of the paths below it, what `dest` stands for */
	GPtrArray *entries;
	const SmithIgnoreRule *hidden_by; /* the first rule that hid something */
} Walk;

static void root_unref(Root *root)
{
	if (!g_atomic_int_dec_and_test(&root->refs))
		return;
	close(root->fd);
	g_free(root);
}

static SmithSource *dir_content_open(SmithContent *content, GError **error)
{
	SmithContent *inner = ((DirContent *)content)->inner;
	return inner->ops->open(inner, error);
}

static void dir_content_free(SmithContent *content)
{
	DirContent *self = (DirContent *)content;
	smith_content_unref(self->inner);
	root_unref(self->root);
	g_free(self);
}

static guint64 nanoseconds(const struct timespec *time)
{
	return (guint64)time->tv_sec * 1000000000 + (guint64)time->tv_nsec;
}

static SmithContent *dir_content_new(Root *root, const char *path, const struct stat *st)
{
	guint64 size = (guint64)st->st_size;
	static const SmithContentOps ops = {dir_content_open, NULL, dir_content_free};
	DirContent *self = g_new0(DirContent, 1);
	self->content.ops = &ops;
	self->content.refs = 1;
	self->content.size = size;
	self->content.identity = (SmithIdentity){
		st->st_dev, st->st_ino, size, nanoseconds(&st->st_mtim), nanoseconds(&st->st_ctim)};
	self->inner = smith_content_new_file(root->fd, path, size);
	self->root = root;
	g_atomic_int_inc(&root->refs);
	return &self->content;
}

static char *join(const char *dir, const char *name)
{
	return strcmp(dir, ".") == 0 ? g_strdup(name) : g_strconcat(dir, "/", name, NULL);
}

/* Where a path of the context goes in the image. */
static char *image_path(const Walk *walk, const char *path)
{
	const char *rest = path + walk->subpath_length;
	if (strcmp(path, ".") == 0 || *rest == '\0')
		return g_strdup(walk->dest);
	return join(walk->dest, *rest == '/' ? rest + 1 : rest);
}

/* By its text: a relative target that has no more ".." than there are directories above it. */
static bool target_stays(const char *link_path, const char *target)
{
	int depth = 0;
	if (target[0] == '/')
		return false;
	for (const char *p = link_path; *p != '\0'; p++)
		depth += *p == '/';
	for (const char *p = target; depth >= 0;) {
		gsize length = strcspn(p, "/");
		if (length == 2 && p[0] == '.' && p[1] == '.')
			depth--;
		else if (length > 0 && !(length == 1 && p[0] == '.'))
			depth++;
		if (p[length] == '\0')
			break;
		p += length + 1;
	}
	return depth >= 0;
}

static SmithEntry *read_link(int dirfd, const char *name, const char *path, GError **error)
{
	char target[MAX_TARGET + 1];
	gssize length = readlinkat(dirfd, name, target, MAX_TARGET);
	if (length < 0) {
		smith_throw_errno(error, "cannot read link '%s'", path);
		return NULL;
	}
	target[length] = '\0';
	if (length == 0 || length == MAX_TARGET || !target_stays(path, target)) {
		smith_throw(error, SMITH_ERROR_INVALID,
			    "symbolic link '%s' leads out of its tree, to '%s'", path, target);
		return NULL;
	}
	return smith_entry_new_symlink(path, target);
}

static SmithEntry *read_one(const Walk *walk, int dirfd, const char *name, const char *path,
			    const struct stat *st, GError **error)
{
	g_autoptr(SmithEntry) entry = NULL;
	if (S_ISDIR(st->st_mode)) {
		entry = smith_entry_new(SMITH_ENTRY_DIR, path, 0755);
	} else if (S_ISREG(st->st_mode)) {
		entry = smith_entry_new(SMITH_ENTRY_FILE, path,
					(st->st_mode & S_IXUSR) != 0 ? 0755 : 0644);
		entry->content = dir_content_new(walk->root, path, st);
	} else if (S_ISLNK(st->st_mode)) {
		entry = read_link(dirfd, name, path, error);
		if (entry == NULL)
			return NULL;
	} else {
		const char *kind = S_ISSOCK(st->st_mode)   ? "socket"
				   : S_ISFIFO(st->st_mode) ? "fifo"
							   : "device";
		smith_throw(error, SMITH_ERROR_UNSUPPORTED,
			    "'%s' is a %s, expected files, directories and links", path, kind);
		return NULL;
	}
	entry->mtime = st->st_mtim.tv_sec;
	g_autofree char *raw = image_path(walk, path);
	g_free(entry->path);
	entry->path = smith_entry_path_normalize(raw, error);
	return entry->path != NULL ? g_steal_pointer(&entry) : NULL;
}

static gboolean visit(Walk *walk, int dirfd, const char *name, const char *path, guint depth,
		      GError **error);

static gboolean visit_children(Walk *walk, const char *path, guint depth, GError **error)
{
	smith_autofd int fd = smith_fd_open_beneath(walk->root->fd, path,
						    O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, error);
	if (fd < 0)
		return FALSE;
	if (depth >= MAX_DEPTH)
		return smith_throw(error, SMITH_ERROR_LIMIT,
				   "directory '%s' is more than %d levels deep", path, MAX_DEPTH);
	g_autoptr(GPtrArray) names = smith_fd_list_dir(fd, error);
	if (names == NULL)
		return FALSE;
	for (guint i = 0; i < names->len; i++) {
		g_autofree char *child = join(path, names->pdata[i]);
		if (!visit(walk, fd, names->pdata[i], child, depth + 1, error))
			return FALSE;
	}
	return TRUE;
}

/* Appends the entries of @path, the directory before its content. */
static gboolean visit(Walk *walk, int dirfd, const char *name, const char *path, guint depth,
		      GError **error)
{
	struct stat st;
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return smith_throw_errno(error, "cannot look at '%s'", path);
	bool is_dir = S_ISDIR(st.st_mode);
	const SmithIgnoreRule *rule = smith_ignore_match(walk->ignore, path, is_dir);
	if (rule != NULL && walk->hidden_by == NULL)
		walk->hidden_by = rule;
	if (rule != NULL && !(is_dir && smith_ignore_has_exceptions(walk->ignore)))
		return TRUE;

	SmithEntry *entry = read_one(walk, dirfd, name, path, &st, error);
	if (entry == NULL)
		return FALSE;
	g_ptr_array_add(walk->entries, entry);
	guint before = walk->entries->len;
	if (is_dir && !visit_children(walk, path, depth, error))
		return FALSE;
	/* hidden, and nothing in it was brought back */
	if (rule != NULL && walk->entries->len == before)
		g_ptr_array_set_size(walk->entries, (int)before - 1);
	return TRUE;
}

static gboolean walk_from(Walk *walk, const char *subpath, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(subpath);
	g_autofree char *name = g_path_get_basename(subpath);
	smith_autofd int fd = smith_fd_open_beneath(walk->root->fd, parent,
						    O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, error);
	if (fd < 0)
		return FALSE;
	if (!visit(walk, fd, name, subpath, 0, error))
		return FALSE;
	if (walk->entries->len == 0 && walk->hidden_by != NULL)
		return smith_throw(error, SMITH_ERROR_NOT_FOUND,
				   "'%s' is hidden by %s:%u: pattern '%s'", subpath,
				   walk->hidden_by->file, walk->hidden_by->line,
				   walk->hidden_by->text);
	return TRUE;
}

SmithEntryIter *smith_dir_read(int context_dirfd, const char *subpath, const char *dest,
			       const SmithIgnore *ignore, GError **error)
{
	g_autofree char *from = smith_entry_path_normalize(subpath, error);
	if (from == NULL)
		return NULL;
	g_autofree char *to = smith_entry_path_normalize(dest, error);
	if (to == NULL)
		return NULL;
	int fd = fcntl(context_dirfd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0) {
		smith_throw_errno(error, "cannot duplicate a descriptor");
		return NULL;
	}

	g_autoptr(GPtrArray) entries =
		g_ptr_array_new_with_free_func((GDestroyNotify)smith_entry_free);
	Walk walk = {.root = g_new0(Root, 1), .ignore = ignore, .dest = to, .entries = entries};
	walk.root->refs = 1;
	walk.root->fd = fd;
	walk.subpath_length = strcmp(from, ".") == 0 ? 0 : strlen(from);
	gboolean ok = walk_from(&walk, from, error);
	/* the contents hold it from here on */
	root_unref(walk.root);
	if (!ok)
		return NULL;
	/* the root of the image is no file of ours */
	if (entries->len > 0 && strcmp(((SmithEntry *)entries->pdata[0])->path, ".") == 0)
		g_ptr_array_remove_index(entries, 0);
	return smith_entry_iter_new_array(g_steal_pointer(&entries));
}
