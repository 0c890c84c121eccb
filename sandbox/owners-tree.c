/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/owners-tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "sandbox/record.h"

#define CAPABILITY "security.capability"
#define LINKS "links"
#define OPEN_DIR (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static gboolean throw_file(const char *name, GError **error)
{
	return smith_throw_errno(error, "cannot give '%s' its owner", name);
}

/* The record of @fd; FALSE when there is none. */
static bool get_record(int fd, guint8 *data, SmithRecord *record)
{
	gssize length = fgetxattr(fd, SMITH_RECORD_XATTR, data, SMITH_RECORD_MAX);
	return length > 0 && smith_record_decode(data, (gsize)length, record);
}

/* Owner first: it takes away setuid bits and capabilities. */
static gboolean apply(int fd, const SmithRecord *record, const struct stat *st, const char *name,
		      GError **error)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, st->st_mtim};
	if (fchown(fd, record->uid, record->gid) < 0)
		return throw_file(name, error);
	for (unsigned i = 0; i < record->n_xattrs; i++) {
		const SmithRecordXattr *xattr = &record->xattrs[i];
		if (strcmp(xattr->name, CAPABILITY) != 0 && !g_str_has_prefix(xattr->name, "user."))
			continue;
		if (fsetxattr(fd, xattr->name, xattr->value, xattr->length, 0) < 0)
			return throw_file(name, error);
	}
	if (fchmod(fd, record->mode & 07777) < 0 || futimens(fd, times) < 0)
		return throw_file(name, error);
	return TRUE;
}

static gboolean finish(int from, int to, const char *name, GError **error)
{
	guint8 data[SMITH_RECORD_MAX];
	struct stat st;
	SmithRecord record;
	if (fstat(from, &st) < 0)
		return throw_file(name, error);
	if (!get_record(from, data, &record))
		record = (SmithRecord){.mode = st.st_mode};
	return apply(to, &record, &st, name, error);
}

typedef struct {
	GHashTable *names; /* inode -> path below the new root, of files with several names */
	int to;
	GString *path;
} Copy;

static gboolean copy_bytes(Copy *copy, int from_dir, int to_dir, const char *name, GError **error)
{
	smith_autofd int from = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	smith_autofd int to =
		openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct stat st;
	if (from < 0 || to < 0 || fstat(from, &st) < 0)
		return smith_throw_errno(error, "cannot copy '%s'", copy->path->str);
	for (guint64 left = (guint64)st.st_size; left > 0;) {
		gssize n = copy_file_range(from, NULL, to, NULL, left, 0);
		if (n <= 0)
			return smith_throw_errno(error, "cannot copy '%s'", copy->path->str);
		left -= (guint64)n;
	}
	return finish(from, to, copy->path->str, error);
}

/* A file with several names stays one, as the overlay over the other root shows it. */
static gboolean copy_file(Copy *copy, int from_dir, int to_dir, const char *name,
			  const struct stat *st, GError **error)
{
	guint64 inode = st->st_ino;
	const char *there = st->st_nlink > 1 ? g_hash_table_lookup(copy->names, &inode) : NULL;
	if (there != NULL && linkat(copy->to, there, to_dir, name, 0) == 0)
		return TRUE;
	if (there != NULL && errno != EMLINK)
		return smith_throw_errno(error, "cannot link '%s'", copy->path->str);
	if (!copy_bytes(copy, from_dir, to_dir, name, error))
		return FALSE;
	if (st->st_nlink > 1)
		g_hash_table_replace(copy->names, g_memdup2(&inode, sizeof inode),
				     g_strdup(copy->path->str));
	return TRUE;
}

static gboolean copy_link(const Copy *copy, int from_dir, int to_dir, const char *name,
			  const struct stat *st, GError **error)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, st->st_mtim};
	char target[4097];
	gssize length = readlinkat(from_dir, name, target, sizeof target - 1);
	target[MAX(length, 0)] = '\0';
	if (length < 0 || symlinkat(target, to_dir, name) < 0 ||
	    utimensat(to_dir, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return smith_throw_errno(error, "cannot copy link '%s'", copy->path->str);
	return TRUE;
}

static gboolean copy_dir(Copy *copy, int from, int to, GError **error);

static gboolean copy_child_dir(Copy *copy, int from_dir, int to_dir, const char *name,
			       GError **error)
{
	smith_autofd int from = openat(from_dir, name, OPEN_DIR);
	if (from < 0 || mkdirat(to_dir, name, 0700) < 0)
		return smith_throw_errno(error, "cannot copy directory '%s'", copy->path->str);
	smith_autofd int to = openat(to_dir, name, OPEN_DIR);
	if (to < 0)
		return smith_throw_errno(error, "cannot copy directory '%s'", copy->path->str);
	return copy_dir(copy, from, to, error);
}

static gboolean copy_name(Copy *copy, int from, int to, const char *name, GError **error)
{
	struct stat st;
	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return smith_throw_errno(error, "cannot look at '%s'", copy->path->str);
	if (S_ISDIR(st.st_mode))
		return copy_child_dir(copy, from, to, name, error);
	if (S_ISLNK(st.st_mode))
		return copy_link(copy, from, to, name, &st, error);
	return copy_file(copy, from, to, name, &st, error);
}

static gboolean copy_dir(Copy *copy, int from, int to, GError **error)
{
	g_autoptr(GPtrArray) names = smith_fd_list_dir(from, error);
	if (names == NULL)
		return FALSE;
	gsize length = copy->path->len;
	for (guint i = 0; i < names->len; i++) {
		g_string_append_printf(copy->path, "%s%s", length > 0 ? "/" : "",
				       (const char *)names->pdata[i]);
		gboolean ok = copy_name(copy, from, to, names->pdata[i], error);
		g_string_truncate(copy->path, length);
		if (!ok)
			return FALSE;
	}
	return finish(from, to, length > 0 ? copy->path->str : ".", error);
}

gboolean smith_owners_copy_tree(const char *from, const char *to, GError **error)
{
	smith_autofd int from_fd = smith_fd_open_dir(AT_FDCWD, from, error);
	smith_autofd int to_fd = from_fd >= 0 ? smith_fd_open_dir(AT_FDCWD, to, error) : -1;
	if (to_fd < 0)
		return FALSE;
	g_autoptr(GString) path = g_string_new(NULL);
	g_autoptr(GHashTable) names =
		g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	Copy copy = {.names = names, .to = to_fd, .path = path};
	return copy_dir(&copy, from_fd, to_fd, error);
}

static char *proc_path(int dirfd, const char *name)
{
	return g_strdup_printf("/proc/self/fd/%d/%s", dirfd, name);
}

typedef struct {
	GString *rows;
	GHashTable *done; /* inodes of files with several names */
} Settle;

/* Its other names are ours already when it is found again. */
static bool is_done(Settle *settle, const struct stat *st)
{
	guint64 inode = st->st_ino;
	if (S_ISDIR(st->st_mode) || st->st_nlink < 2)
		return false;
	return !g_hash_table_add(settle->done, g_memdup2(&inode, sizeof inode));
}

static bool is_ours(const struct stat *st)
{
	return st->st_uid == 0 && st->st_gid == 0;
}

static gboolean add_row(GString *rows, int dirfd, const char *name, const struct stat *st,
			GError **error)
{
	struct statx info;
	if (statx(dirfd, name, AT_SYMLINK_NOFOLLOW, STATX_BTIME, &info) < 0)
		return throw_file(name, error);
	g_string_append_printf(
		rows, "%" G_GUINT64_FORMAT " %" G_GINT64_FORMAT " %u %u %u %o %u %u\n",
		(guint64)st->st_ino, (gint64)info.stx_btime.tv_sec, info.stx_btime.tv_nsec,
		st->st_uid, st->st_gid, st->st_mode, major(st->st_rdev), minor(st->st_rdev));
	return TRUE;
}

/* What will not be there any more when the file is ours. */
static gboolean write_record(const char *path, const struct stat *st, const char *name,
			     GError **error)
{
	guint8 capability[64];
	guint8 data[SMITH_RECORD_MAX];
	SmithRecord record = {.uid = st->st_uid, .gid = st->st_gid, .mode = st->st_mode};
	gssize length = lgetxattr(path, CAPABILITY, capability, sizeof capability);
	if (length >= 0)
		record.xattrs[record.n_xattrs++] =
			(SmithRecordXattr){CAPABILITY, capability, (gsize)length};
	gsize size = smith_record_encode(&record, data, sizeof data);
	if (lsetxattr(path, SMITH_RECORD_XATTR, data, size, 0) < 0)
		return smith_throw_errno(error, "cannot set the record of '%s'", name);
	return TRUE;
}

static gboolean settle_file(Settle *settle, int dirfd, const char *name, const struct stat *st,
			    GError **error)
{
	bool has_modes = S_ISREG(st->st_mode) || S_ISDIR(st->st_mode);
	g_autofree char *path = proc_path(dirfd, name);
	if (is_done(settle, st))
		return TRUE;
	if (!has_modes && !is_ours(st) && !add_row(settle->rows, dirfd, name, st, error))
		return FALSE;
	if (has_modes && !write_record(path, st, name, error))
		return FALSE;
	if (!is_ours(st) && fchownat(dirfd, name, 0, 0, AT_SYMLINK_NOFOLLOW) < 0)
		return throw_file(name, error);
	mode_t mode =
		S_ISDIR(st->st_mode) ? (st->st_mode & 0777) | 0700 : (st->st_mode & 0777) | 0400;
	if (has_modes && fchmodat(dirfd, name, mode, 0) < 0)
		return throw_file(name, error);
	return TRUE;
}

/* A directory after what is in it. */
static gboolean settle_dir(Settle *settle, int fd, GError **error)
{
	g_autoptr(GPtrArray) names = smith_fd_list_dir(fd, error);
	if (names == NULL)
		return FALSE;
	for (guint i = 0; i < names->len; i++) {
		const char *name = names->pdata[i];
		struct stat st;
		if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return throw_file(name, error);
		if (S_ISDIR(st.st_mode)) {
			smith_autofd int child = openat(fd, name, OPEN_DIR);
			if (child < 0)
				return throw_file(name, error);
			if (!settle_dir(settle, child, error))
				return FALSE;
		}
		if (!settle_file(settle, fd, name, &st, error))
			return FALSE;
	}
	return TRUE;
}

gboolean smith_owners_settle_tree(const char *dir, GError **error)
{
	smith_autofd int fd = smith_fd_open_dir(AT_FDCWD, dir, error);
	g_autoptr(GString) rows = g_string_new(NULL);
	if (fd < 0)
		return FALSE;
	if (faccessat(fd, LINKS, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return TRUE;
	g_autoptr(GHashTable) done =
		g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	Settle settle = {rows, done};
	return settle_dir(&settle, fd, error) &&
	       smith_fd_write_file(fd, LINKS, rows->str, rows->len, 0644, error);
}
