/* SPDX-License-Identifier: Apache-2.0 */
#include "quadlet/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

#define DEPTH_LIMIT 16
#define COPY_LIMIT (16 * 1024 * 1024)

/* podman takes units also from what has a dot in front; it leaves out what ends in ".d", and before
 * 5.0, when it did not, took the first of two that have one name. */
#define NEW ".new.d"
#define OLD ".old.d"

static char *new_name(const char *name)
{
	return g_strconcat(name, NEW, NULL);
}

static char *old_name(const char *name)
{
	return g_strconcat(name, OLD, NULL);
}

bool smith_stage_is_name(const char *name)
{
	return g_str_has_suffix(name, NEW) || g_str_has_suffix(name, OLD);
}

static bool exists(int dirfd, const char *name)
{
	struct stat st;
	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

gboolean smith_stage_recover(int dirfd, const char *name, GError **error)
{
	g_autofree char *old = old_name(name);
	if (!exists(dirfd, old))
		return TRUE;
	if (exists(dirfd, name))
		return smith_fd_remove_tree(dirfd, old, error);
	if (renameat(dirfd, old, dirfd, name) < 0)
		return smith_throw_errno(error, "cannot put '%s' back", name);
	return TRUE;
}

/* Of somebody else's directory root keeps the owner; anybody else cannot change it. */
static gboolean take_after(int dirfd, const char *name, int fd, GError **error)
{
	struct stat old, new;
	if (fstatat(dirfd, name, &old, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT || smith_throw_errno(error, "cannot look at '%s'", name);
	if (!S_ISDIR(old.st_mode))
		return smith_throw(error, SMITH_ERROR_CONFLICT, "'%s' is no directory", name);
	if (fstat(fd, &new) < 0 || fchmod(fd, old.st_mode & 07777) < 0)
		return smith_throw_errno(error, "cannot set the mode of '%s'", name);
	if ((old.st_uid != new.st_uid || old.st_gid != new.st_gid) &&
	    fchown(fd, old.st_uid, old.st_gid) < 0 && errno != EPERM)
		return smith_throw_errno(error, "cannot set the owner of '%s'", name);
	return TRUE;
}

int smith_stage_begin(int dirfd, const char *name, GError **error)
{
	g_autofree char *new = new_name(name);
	if (exists(dirfd, new) && !smith_fd_remove_tree(dirfd, new, error))
		return -1;
	if (mkdirat(dirfd, new, 0755) < 0) {
		smith_throw_errno(error, "cannot make '%s'", new);
		return -1;
	}
	smith_autofd int fd = smith_fd_open_dir(dirfd, new, error);
	if (fd < 0 || !take_after(dirfd, name, fd, error))
		return -1;
	int result = fd;
	fd = -1;
	return result;
}

/* --- what stays */

typedef struct {
	int from, to; /* the old and the new directory, or the same one below both */
	const char *prefix;
	SmithStageDrop *drop;
	gpointer data;
	int rootfd; /* the old one */
	int depth;
} Carry;

typedef struct {
	guint kept;
	guint dropped;
} Count;

static gboolean carry_all(const Carry *carry, Count *count, GError **error);

/* A link to somebody else's file may be refused to those who cannot write it. */
static gboolean carry_copy(const Carry *carry, const char *name, const struct stat *st,
			   GError **error)
{
	g_autoptr(GBytes) bytes = smith_fd_read_file(carry->from, name, COPY_LIMIT, error);
	if (bytes == NULL)
		return FALSE;
	gsize length = 0;
	const void *data = g_bytes_get_data(bytes, &length);
	return smith_fd_write_file(carry->to, name, data, length, st->st_mode & 0777, error);
}

static gboolean carry_link(const Carry *carry, const char *name, const char *path,
			   const struct stat *st, GError **error)
{
	/* a symbolic link is linked itself */
	if (linkat(carry->from, name, carry->to, name, 0) == 0)
		return TRUE;
	if (errno == EPERM && S_ISREG(st->st_mode))
		return carry_copy(carry, name, st, error);
	return smith_throw_errno(error, "cannot keep '%s'", path);
}

static gboolean carry_dir(const Carry *carry, const char *name, const char *path, Count *count,
			  GError **error)
{
	g_autofree char *prefix = g_strconcat(path, "/", NULL);
	Count below = {0};
	if (carry->depth >= DEPTH_LIMIT)
		return smith_throw(error, SMITH_ERROR_LIMIT, "'%s' has too many directories in it",
				   path);
	if (mkdirat(carry->to, name, 0755) < 0)
		return smith_throw_errno(error, "cannot make '%s'", path);
	smith_autofd int from = smith_fd_open_dir(carry->from, name, error);
	smith_autofd int to = from >= 0 ? smith_fd_open_dir(carry->to, name, error) : -1;
	if (to < 0 || !take_after(carry->from, name, to, error))
		return FALSE;
	const Carry inner = {.from = from,
			     .to = to,
			     .prefix = prefix,
			     .drop = carry->drop,
			     .data = carry->data,
			     .rootfd = carry->rootfd,
			     .depth = carry->depth + 1};
	if (!carry_all(&inner, &below, error))
		return FALSE;
	bool is_over = below.kept == 0 && below.dropped > 0;
	count->kept += !is_over;
	count->dropped += is_over;
	if (is_over && unlinkat(carry->to, name, AT_REMOVEDIR) < 0)
		return smith_throw_errno(error, "cannot remove '%s'", path);
	return TRUE;
}

static gboolean carry_all(const Carry *carry, Count *count, GError **error)
{
	g_autoptr(GPtrArray) names = smith_fd_list_dir(carry->from, error);
	if (names == NULL)
		return FALSE;
	for (guint i = 0; i < names->len; i++) {
		const char *name = names->pdata[i];
		g_autofree char *path = g_strconcat(carry->prefix, name, NULL);
		struct stat st;
		if (fstatat(carry->from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return smith_throw_errno(error, "cannot look at '%s'", path);
		if (S_ISDIR(st.st_mode)) {
			if (!carry_dir(carry, name, path, count, error))
				return FALSE;
			continue;
		}
		if (carry->drop(carry->rootfd, path, carry->data)) {
			count->dropped++;
			continue;
		}
		if (!carry_link(carry, name, path, &st, error))
			return FALSE;
		count->kept++;
	}
	return TRUE;
}

gboolean smith_stage_carry(int dirfd, const char *name, int stagefd, SmithStageDrop *drop,
			   gpointer data, GError **error)
{
	Count count = {0};
	if (!exists(dirfd, name))
		return TRUE;
	smith_autofd int oldfd = smith_fd_open_dir(dirfd, name, error);
	if (oldfd < 0)
		return FALSE;
	const Carry carry = {.from = oldfd,
			     .to = stagefd,
			     .prefix = "",
			     .drop = drop,
			     .data = data,
			     .rootfd = oldfd};
	return carry_all(&carry, &count, error);
}

/* --- in one step */

/* Where two names cannot be exchanged there is a moment with neither: smith_stage_recover(). */
static gboolean swap_slowly(int dirfd, const char *new, const char *name, GError **error)
{
	g_autofree char *old = old_name(name);
	if (renameat(dirfd, name, dirfd, old) < 0 || renameat(dirfd, new, dirfd, name) < 0)
		return smith_throw_errno(error, "cannot replace '%s'", name);
	return smith_fd_remove_tree(dirfd, old, error);
}

gboolean smith_stage_swap(int dirfd, const char *name, GError **error)
{
	g_autofree char *new = new_name(name);
	if (renameat2(dirfd, new, dirfd, name, RENAME_EXCHANGE) == 0)
		return smith_fd_remove_tree(dirfd, new, error);
	if (errno == EINVAL || errno == ENOSYS)
		return swap_slowly(dirfd, new, name, error);
	if (errno != ENOENT || renameat(dirfd, new, dirfd, name) < 0)
		return smith_throw_errno(error, "cannot replace '%s'", name);
	return TRUE;
}

void smith_stage_abort(int dirfd, const char *name)
{
	g_autofree char *new = new_name(name);
	if (exists(dirfd, new))
		smith_fd_remove_tree(dirfd, new, NULL);
}
