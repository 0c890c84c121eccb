/* SPDX-License-Identifier: Apache-2.0 */
#include "store/roots.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "store/temporary.h"

#define ROOTS "roots"
#define LOCK ".lock"
#define STAMP ".boot"
#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define TEMPORARY SMITH_TMPFILE_PREFIX "root-"
#define OPEN_DIR (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

typedef struct {
	const SmithRootMaker *maker;
	char *path; /* of the directory of all roots */
	int fd;
} Roots;

static void roots_clear(Roots *roots)
{
	smith_fd_clear(&roots->fd);
	g_free(roots->path);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Roots, roots_clear)

static void take_away(const Roots *roots, const char *name)
{
	g_autofree char *path = g_build_filename(roots->path, name, NULL);
	if (roots->maker->settle == NULL || roots->maker->settle(path, roots->maker->data))
		(void)smith_fd_remove_tree(roots->fd, name, NULL);
}

static void take_away_dead(int dirfd, const char *name, gpointer data)
{
	(void)dirfd;
	take_away(data, name);
}

/* And of this directory, for a copy of it may have lost attributes. Where the boot cannot be known
 * every root of the directory is believed. */
static char *boot_id(int fd)
{
	g_autoptr(GBytes) bytes = smith_fd_read_file(AT_FDCWD, BOOT_ID, 128, NULL);
	struct stat st;
	return g_strdup_printf("%.*s%llu\n", bytes != NULL ? (int)g_bytes_get_size(bytes) : 0,
			       bytes != NULL ? (const char *)g_bytes_get_data(bytes, NULL) : "",
			       fstat(fd, &st) == 0 ? (unsigned long long)st.st_ino : 0);
}

static bool is_of_this_boot(const Roots *roots, const char *name, const char *boot)
{
	g_autofree char *stamp = g_strconcat(name, STAMP, NULL);
	g_autoptr(GBytes) bytes = smith_fd_read_file(roots->fd, stamp, 128, NULL);
	return bytes != NULL && g_bytes_get_size(bytes) == strlen(boot) &&
	       memcmp(g_bytes_get_data(bytes, NULL), boot, strlen(boot)) == 0;
}

static gboolean write_stamp(const Roots *roots, const char *name, const char *boot, GError **error)
{
	g_autofree char *stamp = g_strconcat(name, STAMP, NULL);
	return smith_fd_write_file(roots->fd, stamp, boot, strlen(boot), 0444, error);
}

static gboolean make(const Roots *roots, const char *name, const char *boot, GError **error)
{
	g_autofree char *temporary = NULL;
	smith_temporary_sweep(roots->fd, TEMPORARY, take_away_dead, (gpointer)roots);
	smith_autofd int fd = smith_temporary_make(roots->fd, TEMPORARY, 0700, &temporary, error);
	if (fd < 0)
		return FALSE;
	g_autofree char *path = g_build_filename(roots->path, temporary, NULL);
	/* the stamp first: a root without one would be doubted */
	gboolean ok = roots->maker->fill(fd, path, roots->maker->data, error) &&
		      write_stamp(roots, name, boot, error);
	if (ok && renameat2(roots->fd, temporary, roots->fd, name, RENAME_NOREPLACE) == 0)
		return TRUE;
	/* another process was first */
	if (ok && errno != EEXIST && errno != ENOTEMPTY)
		ok = smith_throw_errno(error, "cannot rename '%s' to '%s'", temporary, name);
	take_away(roots, temporary);
	return ok;
}

/* Roots have setuid programs of images, with real owners among them: whoever else is on the machine
 * must not get at these (CVE-2021-41091). */
static gboolean keep_private(int fd, GError **error)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return smith_throw_errno(error, "cannot look at directory '%s'", ROOTS);
	if (st.st_uid != geteuid() || (st.st_mode & 0077) == 0)
		return TRUE;
	if (fchmod(fd, 0700) < 0)
		return smith_throw_errno(error, "cannot set the mode of directory '%s'", ROOTS);
	return TRUE;
}

/* What is not whole goes away; a failure that is no damage leaves it. */
static gboolean verify(const Roots *roots, const char *name, const char *boot, GError **error)
{
	g_autoptr(GError) failure = NULL;
	smith_autofd int fd = openat(roots->fd, name, OPEN_DIR);
	if (fd < 0)
		return smith_throw_errno(error, "cannot open root '%s'", name);
	if (roots->maker->verify != NULL && roots->maker->verify(fd, roots->maker->data, &failure))
		return write_stamp(roots, name, boot, error);
	if (failure == NULL || g_error_matches(failure, SMITH_ERROR, SMITH_ERROR_VERIFY)) {
		g_autofree char *aside =
			g_strdup_printf(TEMPORARY "%08x%08x", g_random_int(), g_random_int());
		if (renameat2(roots->fd, name, roots->fd, aside, RENAME_NOREPLACE) < 0)
			return smith_throw_errno(error, "cannot move root '%s' away", name);
		take_away(roots, aside);
	}
	if (failure == NULL)
		return make(roots, name, boot, error);
	g_propagate_error(error, g_steal_pointer(&failure));
	return FALSE;
}

/* One process at a time, lest one takes away what another has just found good. */
static gboolean renew(const Roots *roots, const char *name, const char *boot, GError **error)
{
	smith_autofd int lock = smith_fd_lock(roots->fd, LOCK, TRUE, error);
	if (lock < 0)
		return FALSE;
	if (is_of_this_boot(roots, name, boot) &&
	    faccessat(roots->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return TRUE;
	gboolean there = faccessat(roots->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	return there ? verify(roots, name, boot, error) : make(roots, name, boot, error);
}

char *smith_roots_make(const SmithStore *store, const char *name, const SmithRootMaker *maker,
		       GError **error)
{
	g_auto(Roots) roots = {.maker = maker, .fd = -1};
	roots.path = g_build_filename(smith_store_get_path(store), "cache", ROOTS, NULL);
	if (!smith_fd_make_dirs(AT_FDCWD, roots.path, error))
		return NULL;
	roots.fd = smith_fd_open_dir(AT_FDCWD, roots.path, error);
	if (roots.fd < 0 || !keep_private(roots.fd, error))
		return NULL;
	smith_fd_spread(roots.fd);
	g_autofree char *boot = boot_id(roots.fd);
	bool there = faccessat(roots.fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	/* made without the lock, so that several can be made at a time */
	if (!there && !make(&roots, name, boot, error))
		return NULL;
	if (there && !is_of_this_boot(&roots, name, boot) && !renew(&roots, name, boot, error))
		return NULL;
	g_autofree char *stamp = g_strconcat(name, STAMP, NULL);
	smith_store_touch(roots.fd, stamp);
	return g_build_filename(roots.path, name, NULL);
}
