/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"

void smith_fd_clear(int *fd)
{
	int saved = errno;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

static gboolean makes_file(int flags)
{
	return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
}

static int try_openat2(int dirfd, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (guint64)flags,
		.mode = makes_file(flags) ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	/* EAGAIN: something was renamed while the kernel walked over a ".." */
	for (guint tries = 0; tries < 64; tries++) {
		int fd = (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			return fd;
	}
	return -1;
}

/* EXDEV, as of openat2, for what leads out; all ".." are refused, since without links a path has
 * no need of them. */
static int open_by_component(int dirfd, const char *path, int flags, mode_t mode)
{
	smith_autofd int owned = -1;
	int parent = dirfd;
	g_autofree char *copy = g_strdup(path);
	char *name = copy;
	if (*name == '\0' || *name == '/') {
		errno = *name == '/' ? EXDEV : ENOENT;
		return -1;
	}
	for (;;) {
		char *end = strchr(name, '/');
		char *rest = end;
		for (; rest != NULL && *rest == '/'; rest++)
			*rest = '\0';
		if (strcmp(name, "..") == 0) {
			errno = EXDEV;
			return -1;
		}
		if (rest == NULL || *rest == '\0') {
			int last = rest != NULL ? O_DIRECTORY : 0;
			return openat(parent, name, flags | last | O_NOFOLLOW, mode);
		}
		int next = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			return -1;
		smith_fd_clear(&owned);
		owned = parent = next;
		name = rest;
	}
}

int smith_fd_open_beneath(int dirfd, const char *path, int flags, mode_t mode, GError **error)
{
	flags |= O_CLOEXEC;
	int fd = try_openat2(dirfd, path, flags, mode);
	/* old container runtimes answer EPERM to system calls that they do not know */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = open_by_component(dirfd, path, flags, mode);
	if (fd < 0 && errno == EXDEV)
		return smith_throw_fd(error, SMITH_ERROR_INVALID,
				      "path '%s' leads out of its directory", path);
	if (fd < 0)
		return smith_throw_errno_fd(error, "cannot open '%s'", path);
	return fd;
}

int smith_fd_open_dir(int dirfd, const char *path, GError **error)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return smith_throw_errno_fd(error, "cannot open directory '%s'", path);
	return fd;
}

/* mkdir, with an existing directory as success. */
static gboolean make_dir(int dirfd, const char *path)
{
	if (mkdirat(dirfd, path, 0777) == 0)
		return TRUE;
	if (errno != EEXIST)
		return FALSE;
	struct stat st;
	if (fstatat(dirfd, path, &st, 0) < 0)
		return FALSE;
	errno = ENOTDIR;
	return S_ISDIR(st.st_mode);
}

gboolean smith_fd_make_dirs(int dirfd, const char *path, GError **error)
{
	if (make_dir(dirfd, path))
		return TRUE;
	if (errno != ENOENT || *path == '\0')
		return smith_throw_errno(error, "cannot make directory '%s'", path);

	g_autofree char *copy = g_strdup(path);
	for (char *p = copy + 1;; p++) {
		if (*p != '/' && *p != '\0')
			continue;
		char saved = *p;
		*p = '\0';
		if (!make_dir(dirfd, copy))
			return smith_throw_errno(error, "cannot make directory '%s'", copy);
		if (saved == '\0')
			return TRUE;
		*p = saved;
	}
}

void smith_fd_spread(int dirfd)
{
	int flags = 0;
	if (ioctl(dirfd, FS_IOC_GETFLAGS, &flags) < 0 || (flags & FS_TOPDIR_FL) != 0)
		return;
	flags |= FS_TOPDIR_FL;
	/* a hint: without it everything is as right, and slower */
	(void)ioctl(dirfd, FS_IOC_SETFLAGS, &flags);
}

/*
 * Removal keeps one descriptor per level. Deeper than this, subtrees are first moved up into the
 * directory that is being removed, so that no tree is too deep for the descriptors we may have.
 */
#define REMOVE_DEPTH 32

typedef struct {
	int top;
	guint hoisted;
} Removal;

/* Opens a directory for removal of what is in it, which needs all of the owner's permissions. */
static int open_doomed(int parent, const char *name)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(parent, name, flags);
	if (fd < 0 && errno == EACCES) {
		/* by descriptor, since fchmodat() would follow a link */
		smith_autofd int at =
			openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		char proc[64];
		g_snprintf(proc, sizeof(proc), "/proc/self/fd/%d", at);
		errno = EACCES;
		if (at < 0 || chmod(proc, 0700) < 0)
			return -1;
		fd = openat(parent, name, flags);
	}
	struct stat st;
	if (fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 0700) != 0700)
		(void)!fchmod(fd, 0700); /* a failure shows at the first unlink */
	return fd;
}

/* Removes what is no directory with something in it: 0, or -1 with errno. */
static int remove_simple(int parent, const char *name)
{
	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return 0;
	int saved = errno;
	if (saved != EISDIR && saved != EPERM)
		return -1;
	if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno == ENOTDIR)
		errno = saved;
	return -1;
}

/* A rename replaces nothing but an empty directory of the doomed tree. */
static gboolean hoist(Removal *removal, int parent, const char *name, GError **error)
{
	for (;;) {
		char aside[32];
		g_snprintf(aside, sizeof(aside), ".rm-%u", removal->hoisted++);
		if (renameat(parent, name, removal->top, aside) == 0)
			return TRUE;
		if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR)
			return smith_throw_errno(error, "cannot move '%s' for removal", name);
	}
}

static gboolean remove_children(Removal *removal, int fd, guint depth, GError **error);

static gboolean remove_entry(Removal *removal, int parent, const char *name, guint depth,
			     GError **error)
{
	if (remove_simple(parent, name) == 0)
		return TRUE;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return smith_throw_errno(error, "cannot remove '%s'", name);
	smith_autofd int fd = open_doomed(parent, name);
	if (fd < 0)
		return smith_throw_errno(error, "cannot open directory '%s'", name);
	if (depth >= REMOVE_DEPTH)
		return hoist(removal, parent, name, error);
	if (!remove_children(removal, fd, depth + 1, error))
		return FALSE;
	if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return smith_throw_errno(error, "cannot remove directory '%s'", name);
	return TRUE;
}

static gboolean remove_children(Removal *removal, int fd, guint depth, GError **error)
{
	g_autoptr(GPtrArray) names = smith_fd_list_dir(fd, error);
	if (names == NULL)
		return FALSE;
	for (guint i = 0; i < names->len; i++) {
		if (!remove_entry(removal, fd, names->pdata[i], depth, error))
			return FALSE;
	}
	return TRUE;
}

gboolean smith_fd_remove_tree(int dirfd, const char *name, GError **error)
{
	SMITH_AUTO_PREFIX("removing", name, error);
	if (remove_simple(dirfd, name) == 0)
		return TRUE;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return smith_throw_errno(error, "cannot remove '%s'", name);
	smith_autofd int top = open_doomed(dirfd, name);
	if (top < 0)
		return smith_throw_errno(error, "cannot open directory '%s'", name);
	Removal removal = {top, 0};
	guint before = 0;
	do {
		before = removal.hoisted;
		if (!remove_children(&removal, top, 0, error))
			return FALSE;
	} while (removal.hoisted != before);
	if (unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return smith_throw_errno(error, "cannot remove directory '%s'", name);
	return TRUE;
}

static gssize read_some(int fd, void *buffer, gsize length)
{
	gssize got = -1;
	do {
		got = read(fd, buffer, length);
	} while (got < 0 && errno == EINTR);
	return got;
}

GBytes *smith_fd_read_all(int fd, const char *name, gsize limit, GError **error)
{
	/* A file's size is a hint only: it may grow, and /proc says 0. One byte more than wanted
	 * shows the end without growing the buffer. */
	struct stat st;
	gsize expected = 4095;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
		expected = (gsize)st.st_size;
	limit = MIN(limit, G_MAXSSIZE - 1);
	gsize room = MIN(limit, expected) + 1;
	gsize used = 0;
	g_autofree char *buffer = g_malloc(room);
	for (;;) {
		gssize got = read_some(fd, buffer + used, room - used);
		if (got < 0)
			return smith_throw_errno_null(error, "cannot read '%s'", name);
		if (got == 0)
			break;
		used += (gsize)got;
		if (used > limit)
			return smith_throw_null(error, SMITH_ERROR_LIMIT,
						"'%s' is larger than %" G_GSIZE_FORMAT " bytes",
						name, limit);
		if (used == room) {
			room = room > limit / 2 ? limit + 1 : room * 2;
			buffer = g_realloc(buffer, room);
		}
	}
	buffer = g_realloc(buffer, MAX(used, 1));
	return g_bytes_new_take(g_steal_pointer(&buffer), used);
}

GBytes *smith_fd_read_file(int dirfd, const char *path, gsize limit, GError **error)
{
	smith_autofd int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return smith_throw_errno_null(error, "cannot open '%s'", path);
	return smith_fd_read_all(fd, path, limit, error);
}

GBytes *smith_fd_read_foreign(int dirfd, const char *path, gsize limit, GError **error)
{
	struct stat st;
	smith_autofd int fd = smith_fd_open_beneath(
		dirfd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0, error);
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) < 0)
		return smith_throw_errno_null(error, "cannot look at '%s'", path);
	if (!S_ISREG(st.st_mode))
		return smith_throw_null(error, SMITH_ERROR_INVALID, "'%s' is no regular file",
					path);
	return smith_fd_read_all(fd, path, limit, error);
}

gboolean smith_fd_write_all(int fd, const void *data, gsize length, GError **error)
{
	const char *p = data;
	while (length > 0) {
		gssize done = write(fd, p, MIN(length, G_MAXSSIZE));
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return smith_throw_errno(error, "cannot write");
		p += done;
		length -= (gsize)done;
	}
	return TRUE;
}

gboolean smith_fd_write_file(int dirfd, const char *path, const void *data, gsize length,
			     mode_t mode, GError **error)
{
	SMITH_AUTO_PREFIX("writing", path, error);
	/* the temporary file has to be on the file system of its final place */
	smith_autofd int owned = -1;
	const char *name = strrchr(path, '/');
	if (name != NULL) {
		g_autofree char *parent = g_strndup(path, MAX((gsize)(name - path), 1));
		owned = smith_fd_open_dir(dirfd, parent, error);
		if (owned < 0)
			return FALSE;
		dirfd = owned;
		name++;
	} else {
		name = path;
	}
	g_auto(SmithTmpfile) tmp = SMITH_TMPFILE_INIT;
	return smith_tmpfile_open(&tmp, dirfd, mode, error) &&
	       smith_fd_write_all(tmp.fd, data, length, error) &&
	       smith_tmpfile_link(&tmp, name, SMITH_TMPFILE_REPLACE, error);
}

static int compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void close_dir(DIR **dir)
{
	if (*dir != NULL)
		closedir(*dir);
}

GPtrArray *smith_fd_list_dir(int dirfd, GError **error)
{
	/* opened anew, since the position of @dirfd is its owner's */
	smith_autofd int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return smith_throw_errno_null(error, "cannot open a directory to list it");
	__attribute__((cleanup(close_dir))) DIR *dir = fdopendir(fd);
	if (dir == NULL)
		return smith_throw_errno_null(error, "cannot list a directory");
	fd = -1;

	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	for (;;) {
		errno = 0;
		const struct dirent *entry = readdir(dir);
		if (entry == NULL)
			break;
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			g_ptr_array_add(names, g_strdup(entry->d_name));
	}
	if (errno != 0)
		return smith_throw_errno_null(error, "cannot list a directory");
	g_ptr_array_sort(names, compare_names);
	return g_steal_pointer(&names);
}

static char *random_name(void)
{
	guint64 number = 0;
	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		number = ((guint64)g_random_int() << 32) | g_random_int();
	return g_strdup_printf(SMITH_TMPFILE_PREFIX "%016" G_GINT64_MODIFIER "x", number);
}

/* Without /proc an unnamed file could never get its name. */
static gboolean can_link_unnamed(int fd)
{
	char proc[64];
	g_snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	return access(proc, F_OK) == 0;
}

static int open_unnamed(int dirfd)
{
	int fd = openat(dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0 || can_link_unnamed(fd))
		return fd;
	smith_fd_clear(&fd);
	errno = EOPNOTSUPP;
	return -1;
}

gboolean smith_tmpfile_open(SmithTmpfile *tmp, int dirfd, mode_t mode, GError **error)
{
	g_assert(tmp->fd < 0);
	tmp->dirfd = dirfd;
	tmp->mode = mode;
	tmp->fd = open_unnamed(dirfd);
	if (tmp->fd >= 0)
		return TRUE;
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL && errno != ENOSYS)
		return smith_throw_errno(error, "cannot make a temporary file");
	for (guint tries = 0; tries < 100; tries++) {
		g_autofree char *name = random_name();
		tmp->fd = openat(dirfd, name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW,
				 0600);
		if (tmp->fd >= 0) {
			tmp->name = g_steal_pointer(&name);
			return TRUE;
		}
		if (errno != EEXIST)
			break;
	}
	return smith_throw_errno(error, "cannot make a temporary file");
}

/* Gives the file the name @path unless there is one: 0, or -1 with errno. */
static int link_new(SmithTmpfile *tmp, const char *path)
{
	if (tmp->name == NULL) {
		char proc[64];
		g_snprintf(proc, sizeof(proc), "/proc/self/fd/%d", tmp->fd);
		return linkat(AT_FDCWD, proc, tmp->dirfd, path, AT_SYMLINK_FOLLOW);
	}
	if (linkat(tmp->dirfd, tmp->name, tmp->dirfd, path, 0) == 0) {
		unlinkat(tmp->dirfd, tmp->name, 0);
		g_clear_pointer(&tmp->name, g_free);
		return 0;
	}
	/* file systems without hard links */
	if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS)
		return -1;
	if (renameat2(tmp->dirfd, tmp->name, tmp->dirfd, path, RENAME_NOREPLACE) < 0)
		return -1;
	g_clear_pointer(&tmp->name, g_free);
	return 0;
}

/* Gives the file the name @path, in place of what has it: 0, or -1 with errno. */
static int link_replace(SmithTmpfile *tmp, const char *path)
{
	if (tmp->name == NULL) {
		if (link_new(tmp, path) == 0)
			return 0;
		for (guint tries = 0; tries < 100 && errno == EEXIST && tmp->name == NULL;
		     tries++) {
			g_autofree char *name = random_name();
			if (link_new(tmp, name) == 0)
				tmp->name = g_steal_pointer(&name);
		}
		if (tmp->name == NULL)
			return -1;
	}
	if (renameat(tmp->dirfd, tmp->name, tmp->dirfd, path) < 0)
		return -1;
	g_clear_pointer(&tmp->name, g_free);
	return 0;
}

/* Some file systems tell of a failed write only at close. Closing a copy flushes as closing the
 * file would, but leaves it to us. */
static gboolean flush(int fd, GError **error)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (copy < 0)
		return smith_throw_errno(error, "cannot flush a temporary file");
	if (close(copy) < 0 && errno != EINTR)
		return smith_throw_errno(error, "cannot write");
	return TRUE;
}

gboolean smith_tmpfile_link(SmithTmpfile *tmp, const char *path, SmithTmpfileMode mode,
			    GError **error)
{
	if (!flush(tmp->fd, error))
		return FALSE;
	if (fchmod(tmp->fd, tmp->mode) < 0)
		return smith_throw_errno(error, "cannot set the mode of '%s'", path);
	int result = mode == SMITH_TMPFILE_REPLACE ? link_replace(tmp, path) : link_new(tmp, path);
	if (result < 0 && !(mode == SMITH_TMPFILE_KEEP && errno == EEXIST))
		return smith_throw_errno(error, "cannot link '%s'", path);
	return TRUE;
}

void smith_tmpfile_clear(SmithTmpfile *tmp)
{
	if (tmp->name != NULL)
		unlinkat(tmp->dirfd, tmp->name, 0);
	g_clear_pointer(&tmp->name, g_free);
	smith_fd_clear(&tmp->fd);
}

static int open_lock(int dirfd, const char *path, bool exclusive, GError **error)
{
	int fd = openat(dirfd, path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);
	if (fd < 0 && !exclusive && (errno == EROFS || errno == EACCES || errno == EPERM))
		fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return fd >= 0 ? fd : smith_throw_errno_fd(error, "cannot open lock file '%s'", path);
}

static int set_lock(int fd, int command, bool exclusive)
{
	struct flock lock = {
		.l_type = exclusive ? F_WRLCK : F_RDLCK,
		.l_whence = SEEK_SET,
	};
	int result = -1;
	do {
		result = fcntl(fd, command, &lock);
	} while (result < 0 && errno == EINTR);
	return result;
}

int smith_fd_lock(int dirfd, const char *path, gboolean exclusive, GError **error)
{
	smith_autofd int fd = open_lock(dirfd, path, exclusive, error);
	if (fd < 0)
		return -1;
	if (set_lock(fd, F_OFD_SETLKW, exclusive) < 0)
		return smith_throw_errno_fd(error, "cannot lock '%s'", path);
	return g_steal_fd(&fd);
}

int smith_fd_try_lock(int dirfd, const char *path, GError **error)
{
	smith_autofd int fd = open_lock(dirfd, path, true, error);
	if (fd < 0)
		return -1;
	if (set_lock(fd, F_OFD_SETLK, true) == 0)
		return g_steal_fd(&fd);
	if (errno == EAGAIN || errno == EACCES)
		return -1;
	return smith_throw_errno_fd(error, "cannot lock '%s'", path);
}
