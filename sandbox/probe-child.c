/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "sandbox/child.h"

/* A probe returns 0, or the errno of what could not be done. */

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? write(fd, text, strlen(text)) : -1;
	int status = n < 0 ? errno : 0;

	if (fd >= 0)
		close(fd);
	return status;
}

static int enter(int flags)
{
	char users[32];
	char groups[32];
	int status;

	(void)snprintf(users, sizeof users, "0 %u 1", geteuid());
	(void)snprintf(groups, sizeof groups, "0 %u 1", getegid());
	if (unshare(CLONE_NEWUSER) != 0)
		return errno;
	status = put("/proc/self/setgroups", "deny");
	status = status != 0 ? status : put("/proc/self/uid_map", users);
	status = status != 0 ? status : put("/proc/self/gid_map", groups);
	if (status != 0)
		return status;
	return unshare(flags) == 0 ? 0 : errno;
}

/* Some machines make a namespace and give no right in it: one is used. */
static int probe_users(const char *directory)
{
	int status = enter(CLONE_NEWUTS);

	(void)directory;
	if (status != 0)
		return status;
	return sethostname("probe", 5) == 0 ? 0 : errno;
}

static int probe_namespaces(const char *directory)
{
	(void)directory;
	return enter(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET |
		     CLONE_NEWCGROUP);
}

static int probe_mounts(const char *directory)
{
	struct mount_attr change = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV};
	int status = enter(CLONE_NEWNS);
	int tree;

	if (status != 0)
		return status;
	tree = open_tree(AT_FDCWD, directory, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	if (tree < 0 ||
	    mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &change, sizeof change) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return errno;
	return move_mount(tree, "", AT_FDCWD, directory, MOVE_MOUNT_F_EMPTY_PATH) == 0 ? 0 : errno;
}

static int probe_proc(const char *directory)
{
	static const char *const no_options[] = {NULL};
	int status = enter(CLONE_NEWNS | CLONE_NEWPID);
	pid_t pid;

	(void)directory;
	if (status != 0)
		return status;
	pid = fork();
	if (pid == 0)
		_exit(smith_make_fs("proc", no_options, MOUNT_ATTR_NOSUID) >= 0 ? 0 : errno);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

/* In @directory are lower/dir, lower/file, upper and work: what steps do with them is whiteouts and
 * directories that are made anew. */
static int probe_overlay(const char *directory)
{
	int status = enter(CLONE_NEWNS);
	char value[8];
	int mount;

	if (status != 0)
		return status;
	if (chdir(directory) != 0)
		return errno;
	mount = smith_make_overlay(open("lower", O_RDONLY | O_CLOEXEC),
				   open("upper", O_RDONLY | O_CLOEXEC),
				   open("work", O_RDONLY | O_CLOEXEC));
	if (mount < 0 || unlinkat(mount, "file", 0) != 0 ||
	    unlinkat(mount, "dir", AT_REMOVEDIR) != 0 || mkdirat(mount, "dir", 0755) != 0)
		return errno;
	return getxattr("upper/dir", "user.overlay.opaque", value, sizeof value) >= 0 ? 0 : errno;
}

static long load_filter(unsigned flags)
{
	struct sock_filter code = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	const struct sock_fprog program = {.len = 1, .filter = &code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static int probe_filter(const char *directory)
{
	(void)directory;
	return load_filter(0) >= 0 ? 0 : errno;
}

static int probe_notify(const char *directory)
{
	(void)directory;
	return load_filter(SECCOMP_FILTER_FLAG_NEW_LISTENER) >= 0 ? 0 : errno;
}

static int probe_landlock(const char *directory)
{
	struct landlock_ruleset_attr rules = {.handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE};
	long ruleset = syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0);

	(void)directory;
	if (ruleset < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return errno;
	return syscall(SYS_landlock_restrict_self, ruleset, 0) == 0 ? 0 : errno;
}

void smith_probe_child(const char *name, const char *directory)
{
	static const struct {
		const char *name;
		int (*run)(const char *directory);
	} probes[] = {
		{"user-namespaces", probe_users}, {"namespaces", probe_namespaces},
		{"mounts", probe_mounts},	  {"proc", probe_proc},
		{"overlay", probe_overlay},	  {"seccomp", probe_filter},
		{"seccomp-notify", probe_notify}, {"landlock", probe_landlock},
	};

	for (size_t i = 0; i < sizeof probes / sizeof *probes; i++)
		if (strcmp(probes[i].name, name) == 0)
			_exit(probes[i].run(directory));
	_exit(EINVAL);
}
