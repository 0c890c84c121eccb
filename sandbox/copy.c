/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "sandbox/child.h"

#define DEPTH 512 /* of directories; each holds two descriptors */
#define NAMES 65536

static char names[NAMES]; /* of attributes: one list at a time is looked at */
static char value[NAMES];

static _Noreturn void fail(const char *name)
{
	smith_child_die(SMITH_CHILD_FAILED, errno, "cannot copy '%s' of the root", name);
}

static void copy_attributes(int from, int to, const char *name)
{
	ssize_t length = flistxattr(from, names, sizeof names);

	/* a file system without attributes has none to lose */
	if (length < 0 && errno != EOPNOTSUPP)
		fail(name);
	for (ssize_t at = 0; at < length; at += (ssize_t)strlen(names + at) + 1) {
		ssize_t size = fgetxattr(from, names + at, value, sizeof value);

		if (strncmp(names + at, "user.", 5) != 0)
			continue;
		if (size < 0 || fsetxattr(to, names + at, value, (size_t)size, 0) != 0)
			fail(name);
	}
}

static void finish(int from, int to, const struct stat *info, const char *name)
{
	const struct timespec times[2] = {info->st_atim, info->st_mtim};

	copy_attributes(from, to, name);
	/* in a map of one user only this one's files can have an owner */
	(void)!fchown(to, info->st_uid, info->st_gid);
	if (fchmod(to, info->st_mode & 07777) != 0 || futimens(to, times) != 0)
		fail(name);
}

static void copy_bytes(int from, int to, const struct stat *info, const char *name)
{
	off_t left = info->st_size;

	if (ioctl(to, FICLONE, from) == 0)
		return;
	while (left > 0) {
		ssize_t n = copy_file_range(from, NULL, to, NULL, (size_t)left, 0);

		if (n <= 0)
			fail(name);
		left -= n;
	}
}

static void copy_file(int from_dir, int to_dir, const char *name, const struct stat *info)
{
	int from = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int to = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (from < 0 || to < 0)
		fail(name);
	copy_bytes(from, to, info, name);
	finish(from, to, info, name);
	close(from);
	close(to);
}

static void copy_link(int from_dir, int to_dir, const char *name, const struct stat *info)
{
	const struct timespec times[2] = {info->st_atim, info->st_mtim};
	char target[PATH_MAX];
	ssize_t length = readlinkat(from_dir, name, target, sizeof target - 1);

	if (length < 0)
		fail(name);
	target[length] = '\0';
	if (symlinkat(target, to_dir, name) != 0 ||
	    utimensat(to_dir, name, times, AT_SYMLINK_NOFOLLOW) != 0)
		fail(name);
	(void)!fchownat(to_dir, name, info->st_uid, info->st_gid, AT_SYMLINK_NOFOLLOW);
}

static void copy_other(int to_dir, const char *name, const struct stat *info)
{
	if (mknodat(to_dir, name, info->st_mode, info->st_rdev) != 0)
		fail(name);
	(void)!fchownat(to_dir, name, info->st_uid, info->st_gid, AT_SYMLINK_NOFOLLOW);
}

typedef struct {
	DIR *from;
	int to;
	struct stat info;
} Level;

static bool enter(Level *level, int from_dir, int to_dir, const char *name)
{
	int from = openat(from_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	level->to = openat(to_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	level->from = from >= 0 ? fdopendir(from) : NULL;
	return level->from != NULL && level->to >= 0 && fstat(from, &level->info) == 0;
}

static void leave(const Level *level)
{
	finish(dirfd(level->from), level->to, &level->info, ".");
	(void)closedir(level->from);
	close(level->to);
}

/* One name; true when it is a directory, which is made and to be entered. */
static bool copy_name(const Level *level, const char *name)
{
	struct stat info;

	if (fstatat(dirfd(level->from), name, &info, AT_SYMLINK_NOFOLLOW) != 0)
		fail(name);
	switch (info.st_mode & S_IFMT) {
	case S_IFDIR:
		if (mkdirat(level->to, name, 0700) != 0)
			fail(name);
		return true;
	case S_IFREG:
		copy_file(dirfd(level->from), level->to, name, &info);
		return false;
	case S_IFLNK:
		copy_link(dirfd(level->from), level->to, name, &info);
		return false;
	default:
		copy_other(level->to, name, &info);
		return false;
	}
}

void smith_copy_tree(int from, int to)
{
	static Level levels[DEPTH];
	int depth = 0;

	if (!enter(&levels[0], from, to, "."))
		fail(".");
	while (depth >= 0) {
		const struct dirent *entry;

		errno = 0;
		entry = readdir(levels[depth].from);
		if (entry == NULL && errno != 0)
			fail(".");
		if (entry == NULL) {
			leave(&levels[depth--]);
			continue;
		}
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    !copy_name(&levels[depth], entry->d_name))
			continue;
		if (depth + 1 == DEPTH)
			smith_child_die(SMITH_CHILD_FAILED, 0, "the root is deeper than %d", DEPTH);
		if (!enter(&levels[depth + 1], dirfd(levels[depth].from), levels[depth].to,
			   entry->d_name))
			fail(entry->d_name);
		depth++;
	}
}
