/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/upper-entry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "sandbox/owner.h"
#include "sandbox/record.h"

#define CAPABILITY "security.capability"
#define MAX_TARGET 4096
#define MAX_XATTRS (64 * 1024)
#define LINKS_LIMIT (256 * 1024 * 1024)
#define PIECE (64 * 1024)
#define VFS_CAP_REVISION_MASK 0xff000000u
#define VFS_CAP_REVISION_2 0x02000000u
#define VFS_CAP_REVISION_3 0x03000000u
#define VFS_CAP_LENGTH_2 20
#define VFS_CAP_LENGTH_3 24

typedef struct {
	gint64 seconds; /* of birth */
	guint32 nanoseconds;
	guint32 uid;
	guint32 gid;
	guint32 mode;
	guint32 major;
	guint32 minor;
} Row;

static gboolean read_rows(SmithUpperTree *tree, int fd, GError **error)
{
	g_autoptr(GBytes) bytes = smith_fd_read_all(fd, "links", LINKS_LIMIT, error);
	if (bytes == NULL)
		return FALSE;
	g_autofree char *text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	for (char *line = text, *end; line != NULL && *line != '\0'; line = end) {
		guint64 inode;
		Row row;
		end = strchr(line, '\n');
		if (end != NULL)
			*end++ = '\0';
		if (sscanf(line, "%" G_GUINT64_FORMAT " %" G_GINT64_FORMAT " %u %u %u %o %u %u",
			   &inode, &row.seconds, &row.nanoseconds, &row.uid, &row.gid, &row.mode,
			   &row.major, &row.minor) != 8)
			return smith_throw(error, SMITH_ERROR_INVALID,
					   "the table of links is damaged at '%s'", line);
		g_hash_table_replace(tree->links, g_memdup2(&inode, sizeof inode),
				     g_memdup2(&row, sizeof row));
	}
	return TRUE;
}

SmithUpperTree *smith_upper_tree_new(int fd, int links_fd, GError **error)
{
	g_autoptr(SmithUpperTree) tree = g_new0(SmithUpperTree, 1);
	tree->refs = 1;
	tree->fd = fd;
	tree->links = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	if (links_fd >= 0 && !read_rows(tree, links_fd, error))
		return NULL;
	return g_steal_pointer(&tree);
}

SmithUpperTree *smith_upper_tree_ref(SmithUpperTree *tree)
{
	g_atomic_int_inc(&tree->refs);
	return tree;
}

void smith_upper_tree_unref(SmithUpperTree *tree)
{
	if (tree == NULL || !g_atomic_int_dec_and_test(&tree->refs))
		return;
	smith_fd_clear(&tree->fd);
	g_hash_table_unref(tree->links);
	g_free(tree);
}

typedef struct {
	SmithContent base;
	SmithUpperTree *tree;
	SmithContent *file;
} UpperContent;

static SmithSource *content_open(SmithContent *content, GError **error)
{
	UpperContent *self = (UpperContent *)content;
	return self->file->ops->open(self->file, error);
}

static void content_free(SmithContent *content)
{
	UpperContent *self = (UpperContent *)content;
	smith_content_unref(self->file);
	smith_upper_tree_unref(self->tree);
	g_free(self);
}

static SmithContent *content_new(SmithUpperTree *tree, const char *path, guint64 size)
{
	static const SmithContentOps ops = {content_open, NULL, content_free};
	UpperContent *self = g_new0(UpperContent, 1);
	self->base.ops = &ops;
	self->base.refs = 1;
	self->base.size = size;
	self->tree = smith_upper_tree_ref(tree);
	self->file = smith_content_new_file(tree->fd, path, size);
	return &self->base;
}

/* A path that the calls without a descriptor of their own understand. */
static char *proc_path(int dirfd, const char *name)
{
	return g_strdup_printf("/proc/self/fd/%d/%s", dirfd, name);
}

static bool is_wanted(const char *name)
{
	if (strcmp(name, CAPABILITY) == 0)
		return true;
	return g_str_has_prefix(name, "user.") && strcmp(name, SMITH_RECORD_XATTR) != 0 &&
	       !g_str_has_prefix(name, "user.overlay.");
}

static guint32 get_le32(const guint8 *at)
{
	return at[0] | (guint32)at[1] << 8 | (guint32)at[2] << 16 | (guint32)at[3] << 24;
}

/* What is set within a namespace names that namespace's root (capabilities(7), version 3). */
static void add_capability(SmithEntry *entry, const guint8 *value, gsize length)
{
	guint8 plain[VFS_CAP_LENGTH_2];
	guint32 magic = length >= 4 ? get_le32(value) : 0;
	if (length != VFS_CAP_LENGTH_3 || (magic & VFS_CAP_REVISION_MASK) != VFS_CAP_REVISION_3) {
		smith_entry_add_xattr(entry, CAPABILITY, value, length);
		return;
	}
	memcpy(plain, value, sizeof plain);
	plain[3] = (guint8)(VFS_CAP_REVISION_2 >> 24);
	smith_entry_add_xattr(entry, CAPABILITY, plain, sizeof plain);
}

static bool has_xattr(const SmithEntry *entry, const char *name)
{
	for (guint i = 0; entry->xattrs != NULL && i < entry->xattrs->len; i++)
		if (strcmp(g_array_index(entry->xattrs, SmithXattr, i).name, name) == 0)
			return true;
	return false;
}

static void add_xattr(SmithEntry *entry, const char *name, const void *value, gsize length)
{
	if (!is_wanted(name) || has_xattr(entry, name))
		return;
	if (strcmp(name, CAPABILITY) == 0)
		add_capability(entry, value, length);
	else
		smith_entry_add_xattr(entry, name, value, length);
}

static SmithEntryType type_of(guint32 mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return SMITH_ENTRY_DIR;
	case S_IFLNK:
		return SMITH_ENTRY_SYMLINK;
	case S_IFCHR:
		return SMITH_ENTRY_CHAR;
	case S_IFBLK:
		return SMITH_ENTRY_BLOCK;
	case S_IFIFO:
		return SMITH_ENTRY_FIFO;
	default:
		return SMITH_ENTRY_FILE;
	}
}

/* Of its type a record knows only what a file of ours cannot be: a device or FIFO stands on disk as
 * an empty file. */
static void apply_mode(SmithEntry *entry, const struct stat *st, guint32 mode)
{
	SmithEntryType type = type_of(mode);
	bool stands_in =
		S_ISREG(st->st_mode) && st->st_size == 0 &&
		(type == SMITH_ENTRY_CHAR || type == SMITH_ENTRY_BLOCK || type == SMITH_ENTRY_FIFO);
	if (stands_in)
		entry->type = type;
	entry->mode = entry->type == SMITH_ENTRY_SYMLINK ? 0777 : mode & 07777;
}

/* A record holds as long as the file's own mode is what is put on disk for it, by the repository or
 * by the supervisor. A step without a supervisor changes the one and not the other. */
static bool is_stale(const SmithRecord *record, const struct stat *st)
{
	mode_t disk = st->st_mode & 07777;
	mode_t full = record->mode & 07777;
	if (S_ISDIR(st->st_mode))
		return disk != ((full & 0777) | 0700) && disk != full &&
		       disk != (smith_owner_real_mode(record->mode) & 07777);
	return disk != ((full & 0775) | 0400) && disk != full &&
	       disk != (smith_owner_real_mode(record->mode) & 07777);
}

static void apply_record(SmithEntry *entry, const struct stat *st, const void *data, gsize length)
{
	SmithRecord record;
	if (!smith_record_decode(data, length, &record))
		return;
	entry->uid = record.uid;
	entry->gid = record.gid;
	entry->major = record.major;
	entry->minor = record.minor;
	if (!is_stale(&record, st))
		apply_mode(entry, st, record.mode);
	for (unsigned i = 0; i < record.n_xattrs; i++)
		add_xattr(entry, record.xattrs[i].name, record.xattrs[i].value,
			  record.xattrs[i].length);
}

static gssize get_xattr(const char *path, const char *name, guint8 **value, GError **error)
{
	*value = g_malloc(MAX_XATTRS);
	gssize length = lgetxattr(path, name, *value, MAX_XATTRS);
	if (length < 0)
		smith_throw_errno(error, "cannot read attribute '%s'", name);
	return length;
}

static gboolean read_xattrs(SmithEntry *entry, const struct stat *st, const char *path,
			    GError **error)
{
	char names[4096];
	g_autofree char *many = NULL;
	char *list = names;
	gssize length = llistxattr(path, names, sizeof names);
	if (length < 0 && errno == ERANGE) {
		list = many = g_malloc(MAX_XATTRS);
		length = llistxattr(path, list, MAX_XATTRS);
	}
	if (length < 0)
		return errno == ENOTSUP || smith_throw_errno(error, "cannot list attributes");
	g_autofree guint8 *record = NULL;
	gssize record_length = 0;
	for (const char *name = list; name < list + length; name += strlen(name) + 1) {
		g_autofree guint8 *value = NULL;
		bool is_record = strcmp(name, SMITH_RECORD_XATTR) == 0;
		if (!is_record && !is_wanted(name))
			continue;
		gssize size = get_xattr(path, name, &value, error);
		if (size < 0)
			return FALSE;
		add_xattr(entry, name, value, (gsize)size);
		if (is_record) {
			record = g_steal_pointer(&value);
			record_length = size;
		}
	}
	/* last, for what is set on the file is younger than what a layer had of that name */
	if (record != NULL)
		apply_record(entry, st, record, (gsize)record_length);
	return TRUE;
}

/* The row of a file's inode, unless the inode was another's when it was written. */
static void apply_row(const SmithUpperTree *tree, SmithEntry *entry, int dirfd, const char *name,
		      const struct stat *st)
{
	struct statx info;
	guint64 inode = st->st_ino;
	const Row *row = g_hash_table_lookup(tree->links, &inode);
	if (row == NULL || statx(dirfd, name, AT_SYMLINK_NOFOLLOW, STATX_BTIME, &info) < 0 ||
	    info.stx_btime.tv_sec != row->seconds || info.stx_btime.tv_nsec != row->nanoseconds)
		return;
	entry->uid = row->uid;
	entry->gid = row->gid;
	entry->major = row->major;
	entry->minor = row->minor;
	apply_mode(entry, st, row->mode);
}

/* Attributes and contents are refused to an owner who may not read. */
static gboolean make_readable(int dirfd, const char *name, const struct stat *st, GError **error)
{
	mode_t need = S_ISDIR(st->st_mode) ? 0500 : S_ISREG(st->st_mode) ? 0400 : 0;
	if ((st->st_mode & need) == need || geteuid() == 0)
		return TRUE;
	if (fchmodat(dirfd, name, (st->st_mode & 07777) | need, 0) < 0)
		return smith_throw_errno(error, "cannot make it readable");
	return TRUE;
}

static gboolean read_target(SmithEntry *entry, int dirfd, const char *name, GError **error)
{
	char target[MAX_TARGET + 1];
	gssize length = readlinkat(dirfd, name, target, MAX_TARGET);
	if (length < 0)
		return smith_throw_errno(error, "cannot read the link");
	target[length] = '\0';
	entry->target = g_strdup(target);
	return TRUE;
}

SmithEntry *smith_upper_entry(SmithUpperTree *tree, int dirfd, const char *name, const char *path,
			      struct stat *st, GError **error)
{
	SMITH_AUTO_PREFIX("file", path, error);
	if (fstatat(dirfd, name, st, AT_SYMLINK_NOFOLLOW) < 0)
		return smith_throw_errno_null(error, "cannot look at it");
	if (S_ISSOCK(st->st_mode))
		return NULL;
	if (!make_readable(dirfd, name, st, error))
		return NULL;
	g_autoptr(SmithEntry) entry = smith_entry_new(type_of(st->st_mode), path, 0);
	entry->mtime = st->st_mtim.tv_sec;
	entry->major = major(st->st_rdev);
	entry->minor = minor(st->st_rdev);
	apply_mode(entry, st, st->st_mode);
	if (entry->type == SMITH_ENTRY_SYMLINK && !read_target(entry, dirfd, name, error))
		return NULL;
	apply_row(tree, entry, dirfd, name, st);
	if (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode)) {
		g_autofree char *proc = proc_path(dirfd, name);
		if (!read_xattrs(entry, st, proc, error))
			return NULL;
	}
	if (entry->type != SMITH_ENTRY_CHAR && entry->type != SMITH_ENTRY_BLOCK)
		entry->major = entry->minor = 0;
	if (entry->type == SMITH_ENTRY_FILE && st->st_size > 0)
		entry->content = content_new(tree, path, (guint64)st->st_size);
	return g_steal_pointer(&entry);
}

bool smith_upper_has_mark(int dirfd, const char *name, const char *mark, char value)
{
	static const char *const classes[] = {"user", "trusted"};
	g_autofree char *path = proc_path(dirfd, name);
	for (guint i = 0; i < G_N_ELEMENTS(classes); i++) {
		char got = '\0';
		g_autofree char *attribute = g_strconcat(classes[i], ".overlay.", mark, NULL);
		gssize length = lgetxattr(path, attribute, &got, 1);
		if (length >= 0 && (value == '\0' || (length == 1 && got == value)))
			return true;
	}
	return false;
}

static bool same_xattrs(const GArray *a, const GArray *b)
{
	guint length = a != NULL ? a->len : 0;
	if (length != (b != NULL ? b->len : 0))
		return false;
	for (guint i = 0; i < length; i++) {
		const SmithXattr *x = &g_array_index(a, SmithXattr, i);
		const SmithXattr *y = &g_array_index(b, SmithXattr, i);
		if (strcmp(x->name, y->name) != 0 || !g_bytes_equal(x->value, y->value))
			return false;
	}
	return true;
}

static gboolean same_bytes(SmithContent *a, SmithContent *b, bool *same, GError **error)
{
	g_autoptr(SmithSource) x = a->ops->open(a, error);
	g_autoptr(SmithSource) y = x != NULL ? b->ops->open(b, error) : NULL;
	g_autofree guint8 *buffer = g_malloc(2 * PIECE);
	if (y == NULL)
		return FALSE;
	for (;;) {
		gssize n = smith_source_read_full(x, buffer, PIECE, error);
		gssize m = n >= 0 ? smith_source_read_full(y, buffer + PIECE, PIECE, error) : -1;
		if (m < 0)
			return FALSE;
		*same = n == m && memcmp(buffer, buffer + PIECE, (gsize)n) == 0;
		if (!*same || n == 0)
			return TRUE;
	}
}

gboolean smith_upper_same(const SmithEntry *a, const SmithEntry *b, bool *same, GError **error)
{
	*same = a->type == b->type && a->mode == b->mode && a->uid == b->uid && a->gid == b->gid &&
		a->major == b->major && a->minor == b->minor &&
		g_strcmp0(a->target, b->target) == 0 && same_xattrs(a->xattrs, b->xattrs) &&
		smith_entry_size(a) == smith_entry_size(b);
	if (!*same || smith_entry_size(a) == 0)
		return TRUE;
	return same_bytes(a->content, b->content, same, error);
}
