/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

/*
 * The kernel's own walk (openat2) does nearly all; it stops at magic links, which would be ours and
 * not the task's. What it cannot do, links of /proc and relative paths of a task that has changed
 * its root, is walked here, a component at a time.
 */
enum { LINKS_MAX = 40, REST_MAX = 2 * PATH_MAX, PROC_ROOT_INODE = 1 };

typedef struct {
	const SmithResolver *resolver;
	int root; /* of the task, owned */
	int at;	  /* where we are, owned */
	unsigned links;
	bool follow;	     /* the last component */
	char *name;	     /* where the last component goes that is to be made, or NULL */
	char rest[REST_MAX]; /* what is still to be walked */
} Walk;

static int move_to(Walk *walk, int fd)
{
	if (fd < 0)
		return -errno;
	close(walk->at);
	walk->at = fd;
	return 0;
}

static int go_root(Walk *walk)
{
	return move_to(walk, fcntl(walk->root, F_DUPFD_CLOEXEC, 0));
}

static bool same_file(int a, int b)
{
	struct stat of_a;
	struct stat of_b;
	return fstat(a, &of_a) == 0 && fstat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev &&
	       of_a.st_ino == of_b.st_ino;
}

static int go_up(Walk *walk)
{
	if (same_file(walk->at, walk->root))
		return 0;
	return move_to(walk, openat(walk->at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

/* @text, "/" and what was left become what is left. */
static int push(Walk *walk, const char *text)
{
	size_t length = strlen(text);
	size_t left = strlen(walk->rest);
	if (length + 1 + left + 1 > sizeof walk->rest)
		return -ENAMETOOLONG;
	memmove(walk->rest + length + 1, walk->rest, left + 1);
	memcpy(walk->rest, text, length);
	walk->rest[length] = '/';
	if (left == 0)
		walk->rest[length] = '\0';
	return 0;
}

/* "self" and "thread-self" in the root of /proc, as the task would read them. */
static bool read_proc_self(const Walk *walk, const char *name, char *text, size_t size)
{
	const SmithTarget *target = walk->resolver->target;
	unsigned tgid = 0;
	if (smith_target_status(target, "Tgid:", 10, &tgid) < 0)
		return false;
	if (strcmp(name, "self") == 0)
		snprintf(text, size, "%u", tgid);
	else if (strcmp(name, "thread-self") == 0)
		snprintf(text, size, "%u/task/%d", tgid, target->tid);
	else
		return false;
	return true;
}

static bool in_proc(int fd)
{
	struct statfs fs;
	return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

/* In /proc, below our own process: a task may not follow its links (proc(5), PTRACE_MODE_READ), but
 * we may, to whatever we have open. */
static bool is_our_proc(int dir)
{
	SmithFdPath own = smith_fd_path(dir);
	char path[PATH_MAX];
	char prefix[32];
	ssize_t length = readlink(own.path, path, sizeof path - 1);
	if (length < 0)
		return true;
	path[length] = '\0';
	length = snprintf(prefix, sizeof prefix, "/proc/%d", getpid());
	return strncmp(path, prefix, (size_t)length) == 0 &&
	       (path[length] == '/' || path[length] == '\0');
}

static int follow_link(Walk *walk, int link, const char *name)
{
	char text[PATH_MAX];
	struct stat st;
	ssize_t length;
	if (++walk->links > LINKS_MAX)
		return -ELOOP;
	if (in_proc(link)) {
		if (fstat(walk->at, &st) < 0)
			return -errno;
		/* all links of /proc but those of its root lead somewhere that no text tells */
		if (st.st_ino != PROC_ROOT_INODE)
			return is_our_proc(walk->at)
				       ? -EACCES
				       : move_to(walk, openat(walk->at, name, O_PATH | O_CLOEXEC));
		if (read_proc_self(walk, name, text, sizeof text))
			return push(walk, text);
	}
	length = readlinkat(link, "", text, sizeof text - 1);
	if (length < 0)
		return -errno;
	text[length] = '\0';
	if (length == 0)
		return -ENOENT;
	if (text[0] == '/') {
		int result = go_root(walk);
		if (result < 0)
			return result;
	}
	return push(walk, text);
}

/* Takes the first component of what is left; false at the end. */
static bool take_component(Walk *walk, char *name, int *result)
{
	size_t skip = strspn(walk->rest, "/");
	size_t length = strcspn(walk->rest + skip, "/");
	*result = 0;
	if (length == 0)
		return false;
	if (length > NAME_MAX) {
		*result = -ENAMETOOLONG;
		return false;
	}
	memcpy(name, walk->rest + skip, length);
	name[length] = '\0';
	memmove(walk->rest, walk->rest + skip + length, strlen(walk->rest + skip + length) + 1);
	return true;
}

static bool is_last(const Walk *walk)
{
	return walk->rest[strspn(walk->rest, "/")] == '\0';
}

static int step_into(Walk *walk, const char *name)
{
	bool last = is_last(walk);
	/* "link/" follows the link */
	bool follow = !last || walk->follow || (walk->name == NULL && walk->rest[0] == '/');
	struct stat st;
	int result;
	int fd = openat(walk->at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISLNK(st.st_mode) || !follow)
		return move_to(walk, fd);
	result = follow_link(walk, fd, name);
	close(fd);
	return result;
}

/* A last component that is to be made: only a link is looked through. */
static bool ends_here(Walk *walk, const char *name)
{
	struct stat st;
	if (walk->name == NULL || !is_last(walk))
		return false;
	if (walk->follow && fstatat(walk->at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISLNK(st.st_mode))
		return false;
	snprintf(walk->name, NAME_MAX + 1, "%s", name);
	return true;
}

static int run_walk(Walk *walk)
{
	char name[NAME_MAX + 1];
	int result = 0;
	while (take_component(walk, name, &result)) {
		if (strcmp(name, ".") == 0 && !(walk->name != NULL && is_last(walk)))
			continue;
		if (ends_here(walk, name))
			return 0;
		result = strcmp(name, "..") == 0 ? go_up(walk) : step_into(walk, name);
		if (result < 0)
			return result;
	}
	if (result == 0 && walk->name != NULL)
		snprintf(walk->name, NAME_MAX + 1, ".");
	return result;
}

static int open_start(const SmithResolver *resolver, int dirfd, const char *path)
{
	if (path[0] == '/')
		return smith_target_open(resolver->target, "root");
	return dirfd == AT_FDCWD ? smith_target_open(resolver->target, "cwd")
				 : smith_target_open_fd(resolver->target, dirfd);
}

static int walk_slowly(const SmithResolver *resolver, int dirfd, const char *path, bool follow,
		       char *name)
{
	Walk walk = {.resolver = resolver, .follow = follow, .name = name};
	int result;
	if (strlen(path) >= PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(walk.rest, path, strlen(path) + 1);
	walk.at = open_start(resolver, dirfd, path);
	if (walk.at < 0)
		return walk.at;
	walk.root = smith_target_open(resolver->target, "root");
	if (walk.root < 0) {
		close(walk.at);
		return walk.root;
	}
	result = run_walk(&walk);
	close(walk.root);
	if (result == 0)
		return walk.at;
	close(walk.at);
	return result;
}

/* -ELOOP: a magic link, or too many others; the slow walk knows which. */
static int walk_fast(const SmithResolver *resolver, int dirfd, const char *path, bool follow)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW),
			       .resolve = RESOLVE_NO_MAGICLINKS};
	bool own_root = path[0] == '/' && !resolver->chrooted;
	int start = AT_FDCWD;
	int fd;
	if (!own_root) {
		if (resolver->chrooted && path[0] != '/')
			return -ENOSYS;
		start = open_start(resolver, dirfd, path);
		if (start < 0)
			return start;
		if (resolver->chrooted)
			how.resolve |= RESOLVE_IN_ROOT;
	}
	fd = (int)syscall(SYS_openat2, start, path, &how, sizeof how);
	if (fd < 0)
		fd = -errno;
	if (start >= 0)
		close(start);
	return fd;
}

/* Our own /proc/self is another's than the task's. */
static bool is_foreign(int fd, int result)
{
	return result == -ELOOP || result == -ENOSYS || result == -EAGAIN || result == -EPERM ||
	       (fd >= 0 && in_proc(fd));
}

/* What we have not got, the task may. */
static bool retry_missing(const SmithResolver *resolver, const char *path)
{
	return !resolver->hasty || strstr(path, "proc/") != NULL || strstr(path, "dev/") != NULL;
}

static int resolve(const SmithResolver *resolver, int dirfd, const char *path, bool follow)
{
	int fd = walk_fast(resolver, dirfd, path, follow);
	if (fd >= 0 && !is_foreign(fd, 0))
		return fd;
	if (fd < 0 && !is_foreign(-1, fd) && !(fd == -ENOENT && retry_missing(resolver, path)))
		return fd;
	if (fd >= 0)
		close(fd);
	return walk_slowly(resolver, dirfd, path, follow, NULL);
}

int smith_resolver_open(const SmithResolver *resolver, int dirfd, const char *path, bool follow,
			bool empty)
{
	if (path[0] != '\0')
		return resolve(resolver, dirfd, path, follow);
	if (!empty)
		return -ENOENT;
	return dirfd == AT_FDCWD ? smith_target_open(resolver->target, "cwd")
				 : smith_target_open_fd(resolver->target, dirfd);
}

/* "/a/b//" -> "b", and @parent "/a/"; "." when there is nothing before it. */
static int split(const char *path, char *parent, char *name, bool *slash)
{
	size_t end = strlen(path);
	size_t begin;
	if (end >= PATH_MAX)
		return -ENAMETOOLONG;
	while (end > 0 && path[end - 1] == '/')
		end--;
	*slash = path[end] == '/';
	begin = end;
	while (begin > 0 && path[begin - 1] != '/')
		begin--;
	if (end - begin > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(name, path + begin, end - begin);
	name[end - begin] = '\0';
	if (begin == end)
		memcpy(name, ".", sizeof ".");
	memcpy(parent, path, begin);
	parent[begin] = '\0';
	if (begin == 0)
		memcpy(parent, path[0] == '/' ? "/" : ".", sizeof ".");
	return 0;
}

int smith_resolve_parent(const SmithResolver *resolver, int dirfd, const char *path, bool follow,
			 char *name, bool *slash)
{
	char parent[PATH_MAX];
	struct stat st;
	int result;
	int fd;
	if (path[0] == '\0')
		return -ENOENT;
	result = split(path, parent, name, slash);
	if (result < 0)
		return result;
	fd = resolve(resolver, dirfd, parent, true);
	if (fd < 0 || !follow || fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISLNK(st.st_mode))
		return fd;
	close(fd);
	return walk_slowly(resolver, dirfd, path, true, name);
}
