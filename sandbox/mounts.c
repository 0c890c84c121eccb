/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/child.h"

#define SAFE (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)

int smith_make_fs(const char *type, const char *const *options, unsigned attributes)
{
	int fs = fsopen(type, FSOPEN_CLOEXEC);
	int mount = -1;
	bool ok = fs >= 0;
	int saved;

	for (; ok && *options != NULL; options++) {
		const char *value = strchr(*options, '=');
		char key[32];

		(void)snprintf(key, sizeof key, "%.*s", (int)strcspn(*options, "="), *options);
		ok = fsconfig(fs, value != NULL ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, key,
			      value != NULL ? value + 1 : NULL, 0) == 0;
	}
	ok = ok && fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0;
	if (ok)
		mount = fsmount(fs, FSMOUNT_CLOEXEC, attributes);
	saved = errno;
	if (fs >= 0)
		close(fs);
	errno = saved;
	return mount;
}

static int clone_tree(int dirfd, const char *path)
{
	return open_tree(dirfd, path,
			 OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE |
				 (*path == '\0' ? AT_EMPTY_PATH : 0));
}

/* Only adds: what the machine has locked stays locked. */
static void restrict_tree(int tree, uint64_t attributes, const char *what)
{
	struct mount_attr change = {.attr_set = attributes};

	if (mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &change, sizeof change) != 0)
		smith_child_die(SMITH_CHILD_REFUSED, errno, "cannot restrict the mount of %s",
				what);
}

static void attach(int tree, int target, const char *what)
{
	if (move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) !=
	    0)
		smith_child_die(SMITH_CHILD_REFUSED, errno, "cannot mount %s", what);
}

static int open_in(int root, const char *path, uint64_t flags, uint64_t resolve)
{
	const struct open_how how = {.flags = flags | O_PATH | O_CLOEXEC, .resolve = resolve};

	return (int)syscall(SYS_openat2, root, path, &how, sizeof how);
}

static int open_plain(int root, const char *path)
{
	return open_in(root, path, 0,
		       RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
}

static void remember(SmithTree *tree, const char *path, size_t length)
{
	if (tree->n_made == SMITH_TREE_MADE)
		smith_child_die(SMITH_CHILD_FAILED, 0,
				"more than %d names are to be made for binds", SMITH_TREE_MADE);
	tree->made[tree->n_made].path = path;
	tree->made[tree->n_made++].length = length;
}

static int make_one(int dir, const char *name, bool is_dir)
{
	int fd;

	if (is_dir)
		return mkdirat(dir, name, 0755);
	fd = openat(dir, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0644);
	return fd < 0 ? -1 : close(fd);
}

/* A descriptor of @target, whose missing parts are made. A link of the root's is never followed:
 * it could lead the mount to where the next one is looked for, or out of a name that we trust. */
static int open_target(SmithTree *tree, const char *target, bool is_dir)
{
	const char *part = target;
	int dir = fcntl(tree->root, F_DUPFD_CLOEXEC, 0);

	while (dir >= 0 && *part != '\0') {
		size_t length = strcspn(part + 1, "/");
		bool last = part[1 + length] == '\0';
		char name[256];
		int next;

		(void)snprintf(name, sizeof name, "%.*s", (int)length, part + 1);
		next = open_plain(dir, name);
		if (next < 0 && errno == ENOENT && make_one(dir, name, is_dir || !last) == 0) {
			remember(tree, target + 1, (size_t)(part - target) + length);
			next = open_plain(dir, name);
		}
		if (next < 0)
			smith_child_die(SMITH_CHILD_FAILED, errno, "cannot mount on '%s', at '%s'",
					target, name);
		close(dir);
		dir = next;
		part += 1 + length;
	}
	return dir;
}

/* "/etc/x" and "../run/y" to "/run/y", by their names alone; false when it is too long. */
static bool join_link(const char *target, const char *link, char *path, size_t size)
{
	size_t length = *link == '/' ? 0 : (size_t)(strrchr(target, '/') - target);

	(void)snprintf(path, size, "%.*s", (int)length, target);
	while (*link != '\0') {
		size_t part = strcspn(link, "/");

		if (part == 2 && strncmp(link, "..", 2) == 0) {
			while (length > 0 && path[--length] != '/')
				continue;
		} else if (part > 0 && !(part == 1 && *link == '.')) {
			if (part > NAME_MAX || length + part + 2 > size)
				return false;
			path[length++] = '/';
			memcpy(path + length, link, part);
			length += part;
		}
		path[length] = '\0';
		link += part + (link[part] == '/');
	}
	return length > 0;
}

/* As open_target(), but it may be a link, which stays within the root; what a link leads to need
 * not be there, as the resolv.conf of a machine that runs a resolver is not while it does not run.
 */
static int open_followed(SmithTree *tree, const char *target, bool is_dir)
{
	static char path[PATH_MAX]; /* remembered */
	char link[PATH_MAX];
	int fd = open_in(tree->root, target, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	ssize_t length;

	if (fd >= 0)
		return fd;
	fd = open_in(tree->root, target, O_NOFOLLOW, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	length = fd >= 0 ? readlinkat(fd, "", link, sizeof link - 1) : -1;
	if (fd >= 0)
		close(fd);
	if (length < 0)
		return open_target(tree, target, is_dir);
	link[length] = '\0';
	if (!join_link(target, link, path, sizeof path))
		smith_child_die(SMITH_CHILD_FAILED, 0, "cannot mount on '%s', a link to '%s'",
				target, link);
	return open_target(tree, path, is_dir);
}

static bool is_dir(int fd)
{
	struct stat info;

	return fstat(fd, &info) == 0 && S_ISDIR(info.st_mode);
}

static void attach_at(SmithTree *tree, int mount, const char *target)
{
	int fd = open_target(tree, target, true);

	attach(mount, fd, target);
	close(fd);
}

static const char *const no_options[] = {NULL};

/* One of the machine's devices: to be written to, but to keep its owner, mode and times. */
static int take_device(const char *path)
{
	int tree = clone_tree(AT_FDCWD, path);

	if (tree < 0)
		smith_child_die(SMITH_CHILD_FAILED, errno, "cannot take %s", path);
	restrict_tree(tree, MOUNT_ATTR_RDONLY, path);
	return tree;
}

/* What of /proc could change the machine, or tells about it; a file of a machine's root is writable
 * to its user 0 without any capability. */
static void mask_proc(int proc)
{
	static const char *const fixed[] = {"sys", "sysrq-trigger", "irq", "bus", "fs"};
	static const char *const hidden[] = {"kcore", "keys", "timer_list", "sched_debug"};

	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
		int target = open_plain(proc, fixed[i]);
		int tree = target >= 0 ? clone_tree(target, "") : -1;

		if (tree >= 0) {
			restrict_tree(tree, MOUNT_ATTR_RDONLY, fixed[i]);
			attach(tree, target, fixed[i]);
			close(tree);
		}
		if (target >= 0)
			close(target);
	}
	for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++) {
		int target = open_plain(proc, hidden[i]);

		if (target >= 0) {
			int tree = take_device("/dev/null");

			attach(tree, target, hidden[i]);
			close(tree);
		}
		if (target >= 0)
			close(target);
	}
}

#define LEAST_PID_MAX 301 /* that the kernel takes */

/* Where the kernel counts processes of a namespace (Linux 6.14), root has a limit, too. */
static void limit_processes(int proc, const SmithPlan *plan)
{
	const SmithPlanLimit *limits =
		(const SmithPlanLimit *)(const void *)((const char *)plan + plan->limits);
	int fd = openat(proc, "sys/kernel/pid_max", O_WRONLY | O_CLOEXEC);

	for (uint32_t i = 0; fd >= 0 && i < plan->n_limits; i++)
		if (limits[i].resource == RLIMIT_NPROC)
			(void)dprintf(fd, "%llu\n",
				      (unsigned long long)(limits[i].hard < LEAST_PID_MAX
								   ? LEAST_PID_MAX
								   : limits[i].hard));
	if (fd >= 0)
		close(fd);
}

static void mount_proc(SmithTree *tree, const char *target)
{
	int proc = smith_make_fs("proc", no_options, SAFE | MOUNT_ATTR_NOEXEC);

	if (proc < 0)
		smith_child_die(SMITH_CHILD_REFUSED, errno, "cannot mount a /proc");
	attach_at(tree, proc, target);
	limit_processes(proc, tree->plan);
	mask_proc(proc);
	close(proc);
}

static void bind_device(int dev, const char *name)
{
	char source[32];
	int target;
	int device;

	(void)snprintf(source, sizeof source, "/dev/%s", name);
	device = take_device(source);
	if (make_one(dev, name, false) != 0)
		smith_child_die(SMITH_CHILD_FAILED, errno, "cannot make %s", source);
	target = open_plain(dev, name);
	attach(device, target, source);
	close(target);
	close(device);
}

static void mount_below(int dir, const char *name, int mount)
{
	int target;

	if (mount < 0 || mkdirat(dir, name, 0755) != 0)
		smith_child_die(SMITH_CHILD_REFUSED, errno, "cannot make /dev/%s", name);
	target = open_plain(dir, name);
	attach(mount, target, name);
	close(target);
	close(mount);
}

/* 0 is what the kernel takes for none, and so half of the machine's memory. */
static void print_size(char *text, size_t length, uint64_t size)
{
	if (size > 0)
		(void)snprintf(text, length, "size=%llu", (unsigned long long)size);
	else
		(void)snprintf(text, length, "size=50%%");
}

/* This mount alone, not those upon it. */
static void fix(int mount, const char *what)
{
	const struct mount_attr change = {.attr_set = MOUNT_ATTR_RDONLY};

	if (mount_setattr(mount, "", AT_EMPTY_PATH, (struct mount_attr *)&change, sizeof change) !=
	    0)
		smith_child_die(SMITH_CHILD_REFUSED, errno, "cannot fix %s", what);
}

static void mount_dev(SmithTree *tree, const char *target)
{
	static const char *const options[] = {"mode=755", "size=1m", NULL};
	char size[32];
	const char *const shm[] = {"mode=1777", size, NULL};
	static const char *const pts[] = {"ptmxmode=0666", "mode=620", NULL};
	static const char *const devices[] = {"null", "zero", "full", "random", "urandom"};
	static const char *const links[][2] = {{"fd", "/proc/self/fd"},
					       {"stdin", "/proc/self/fd/0"},
					       {"stdout", "/proc/self/fd/1"},
					       {"stderr", "/proc/self/fd/2"},
					       {"ptmx", "pts/ptmx"}};
	/* the devices are mounts of their own: one that a step makes here opens nothing */
	int dev = smith_make_fs("tmpfs", options, SAFE | MOUNT_ATTR_NOEXEC);

	print_size(size, sizeof size, tree->plan->shm_size);

	if (dev < 0)
		smith_child_die(SMITH_CHILD_REFUSED, errno, "cannot mount a /dev");
	attach_at(tree, dev, target);
	for (size_t i = 0; i < sizeof devices / sizeof *devices; i++)
		bind_device(dev, devices[i]);
	for (size_t i = 0; i < sizeof links / sizeof *links; i++)
		if (symlinkat(links[i][1], dev, links[i][0]) != 0)
			smith_child_die(SMITH_CHILD_FAILED, errno, "cannot make /dev/%s",
					links[i][0]);
	mount_below(dev, "shm", smith_make_fs("tmpfs", shm, SAFE));
	mount_below(dev, "pts",
		    smith_make_fs("devpts", pts, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC));
	/* its owner would else be the one user that there is */
	if ((tree->plan->flags & SMITH_PLAN_RUN) != 0)
		fix(dev, target);
	close(dev);
}

/* On disk where there is one for us: what is built in /tmp may be large. */
static void mount_tmp(SmithTree *tree, const char *target)
{
	char size[32];
	const char *const options[] = {"mode=1777", size, NULL};
	int mount;

	print_size(size, sizeof size, tree->plan->tmpfs_size);
	if (tree->work >= 0 && (tree->plan->flags & SMITH_PLAN_RUN) == 0) {
		if (mkdirat(tree->work, "tmp", 0700) != 0 ||
		    fchmodat(tree->work, "tmp", 01777, 0) != 0)
			smith_child_die(SMITH_CHILD_FAILED, errno, "cannot make a /tmp");
		mount = clone_tree(tree->work, "tmp");
		if (mount >= 0)
			restrict_tree(mount, SAFE, target);
	} else {
		mount = smith_make_fs("tmpfs", options, SAFE);
	}
	if (mount < 0)
		smith_child_die(SMITH_CHILD_REFUSED, errno, "cannot mount a /tmp");
	attach_at(tree, mount, target);
	close(mount);
}

static void apply(SmithTree *tree, const SmithOp *op, int source)
{
	const char *target = smith_plan_string(tree->plan, op->target);
	int fd;

	switch (op->kind) {
	case SMITH_OP_PROC:
		mount_proc(tree, target);
		return;
	case SMITH_OP_DEV:
		mount_dev(tree, target);
		return;
	case SMITH_OP_TMP:
		mount_tmp(tree, target);
		return;
	default:
		break;
	}
	fd = (op->flags & SMITH_OP_FOLLOW) != 0 ? open_followed(tree, target, is_dir(source))
						: open_target(tree, target, is_dir(source));
	attach(source, fd, target);
	close(fd);
	close(source);
}

/* Sources are taken before anything is mounted, which could lie over them. */
static int take_source(const SmithPlan *plan, const SmithOp *op)
{
	const char *source = smith_plan_string(plan, op->source);
	int fd;

	if (op->kind != SMITH_OP_BIND)
		return -1;
	fd = clone_tree(AT_FDCWD, source);
	if (fd < 0)
		smith_child_die(errno == ENOENT ? SMITH_CHILD_FAILED : SMITH_CHILD_REFUSED, errno,
				"cannot bind '%s'", source);
	restrict_tree(fd, SAFE | ((op->flags & SMITH_OP_WRITABLE) != 0 ? 0 : MOUNT_ATTR_RDONLY),
		      source);
	return fd;
}

static int open_dir(int dirfd, const char *path)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		smith_child_die(SMITH_CHILD_FAILED, errno, "cannot open the directory '%s'", path);
	return fd;
}

/* Paths by descriptor: an overlay's options know no other quoting. */
int smith_make_overlay(int lower, int upper, int work)
{
	char options[3][64];
	const char *const list[] = {options[0], options[1], options[2], "userxattr", NULL};

	(void)snprintf(options[0], sizeof options[0], "lowerdir=/proc/self/fd/%d", lower);
	(void)snprintf(options[1], sizeof options[1], "upperdir=/proc/self/fd/%d", upper);
	(void)snprintf(options[2], sizeof options[2], "workdir=/proc/self/fd/%d", work);
	return smith_make_fs("overlay", list, SAFE);
}

static void make_dirs(int dirfd)
{
	if (mkdirat(dirfd, "upper", 0755) != 0 || mkdirat(dirfd, "work", 0755) != 0)
		smith_child_die(SMITH_CHILD_FAILED, errno, "cannot make the work directory's own");
}

static int copied_root(SmithTree *tree, int lower)
{
	int mark = openat(tree->work, "copied", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
	int mount;

	if (mark < 0)
		smith_child_die(SMITH_CHILD_FAILED, errno, "cannot mark the work directory");
	close(mark);
	smith_copy_tree(lower, tree->upper);
	mount = clone_tree(tree->upper, "");
	if (mount < 0)
		smith_child_die(SMITH_CHILD_REFUSED, errno, "cannot bind a copy of the root");
	restrict_tree(mount, SAFE, "the root");
	close(tree->upper);
	tree->upper = -1;
	return mount;
}

static int writable_root(SmithTree *tree, int lower)
{
	int mount = -1;
	int work;

	tree->work = open_dir(AT_FDCWD, smith_plan_string(tree->plan, tree->plan->work));
	make_dirs(tree->work);
	tree->upper = open_dir(tree->work, "upper");
	work = open_dir(tree->work, "work");
	if ((tree->plan->flags & SMITH_PLAN_NO_OVERLAY) == 0)
		mount = smith_make_overlay(lower, tree->upper, work);
	close(work);
	return mount >= 0 ? mount : copied_root(tree, lower);
}

static bool has_all_targets(const SmithPlan *plan, int root)
{
	for (uint32_t i = 0; i < plan->n_ops; i++) {
		const SmithOp *op = &smith_plan_ops(plan)[i];
		int fd = open_in(root, smith_plan_string(plan, op->target), 0, RESOLVE_IN_ROOT);

		if (fd < 0)
			return false;
		close(fd);
	}
	return true;
}

/* Where mounts have nothing to be upon, names are made in an upper layer in memory. */
static int fixed_root(const SmithPlan *plan, int lower)
{
	static const char *const options[] = {"mode=755", "size=16m", NULL};
	int memory;
	int mount;

	if (has_all_targets(plan, lower)) {
		mount = clone_tree(lower, "");
		if (mount < 0)
			smith_child_die(SMITH_CHILD_REFUSED, errno, "cannot bind the root");
		restrict_tree(mount, SAFE, "the root");
		return mount;
	}
	memory = smith_make_fs("tmpfs", options, SAFE);
	if (memory < 0)
		smith_child_die(SMITH_CHILD_REFUSED, errno, "cannot mount a tmpfs");
	attach(memory, lower, "a tmpfs");
	make_dirs(memory);
	mount = smith_make_overlay(lower, open_dir(memory, "upper"), open_dir(memory, "work"));
	if (mount < 0)
		smith_child_die(SMITH_CHILD_REFUSED, errno, "cannot mount an overlay");
	close(memory);
	return mount;
}

static void pivot(const SmithTree *tree)
{
	if (fchdir(tree->root) != 0 || syscall(SYS_pivot_root, ".", ".") != 0)
		smith_child_die(SMITH_CHILD_REFUSED, errno, "cannot change the root");
	/* the old root now lies over the new one */
	if (umount2(".", MNT_DETACH) != 0 || chdir("/") != 0)
		smith_child_die(SMITH_CHILD_REFUSED, errno, "cannot leave the old root");
}

void smith_tree_build(SmithTree *tree, const SmithPlan *plan)
{
	bool writable = (plan->flags & SMITH_PLAN_WORK) != 0;
	static int sources[SMITH_PLAN_OPS];
	int lower;

	tree->plan = plan;
	tree->root = tree->upper = tree->work = -1;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		smith_child_die(SMITH_CHILD_REFUSED, errno, "cannot make mounts private");
	for (uint32_t i = 0; i < plan->n_ops; i++)
		sources[i] = take_source(plan, &smith_plan_ops(plan)[i]);
	lower = open_dir(AT_FDCWD, smith_plan_string(plan, plan->root));
	tree->root = writable ? writable_root(tree, lower) : fixed_root(plan, lower);
	attach(tree->root, lower, "the root");
	close(lower);
	for (uint32_t i = 0; i < plan->n_ops; i++)
		apply(tree, &smith_plan_ops(plan)[i], sources[i]);
	if (!writable)
		fix(tree->root, "the root");
	pivot(tree);
}

/* The mounts go away first, so that what lies below can. Only empty things are taken away: what a
 * step has put beside a mount is its own. */
void smith_tree_unmake(SmithTree *tree)
{
	if (tree->work < 0 || tree->n_made == 0)
		return;
	for (uint32_t i = tree->plan->n_ops; i-- > 0;) {
		const SmithOp *op = &smith_plan_ops(tree->plan)[i];

		(void)umount2(smith_plan_string(tree->plan, op->target),
			      MNT_DETACH | UMOUNT_NOFOLLOW);
	}
	for (uint32_t i = tree->n_made; i-- > 0;) {
		char path[PATH_MAX];

		(void)snprintf(path, sizeof path, "%.*s", (int)tree->made[i].length,
			       tree->made[i].path);
		/* a mount that a link has led to */
		(void)umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
		if (unlinkat(tree->root, path, 0) != 0)
			(void)unlinkat(tree->root, path, AT_REMOVEDIR);
	}
}
