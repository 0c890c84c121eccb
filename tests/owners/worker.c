/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tests/owners/owners.h"

#define CAPABILITY "security.capability"

typedef struct {
	char path[32];
} Name;

typedef struct {
	const Op *op;
	const char *program;
	int in;
	int out;
	int error;
} Job;

static Name name_of(int file)
{
	Name name;
	if (file >= FILES)
		snprintf(name.path, sizeof name.path, "d%d", file - FILES);
	else
		snprintf(name.path, sizeof name.path, "d%d/f%d", file / NAMES, file % NAMES);
	return name;
}

static int look_statx(const char *path, struct stat *st)
{
	struct statx stx;
	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &stx) < 0)
		return -1;
	st->st_mode = stx.stx_mode;
	st->st_uid = stx.stx_uid;
	st->st_gid = stx.stx_gid;
	st->st_rdev = makedev(stx.stx_rdev_major, stx.stx_rdev_minor);
	return 0;
}

static int look_fd(const char *path, struct stat *st)
{
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	int result = fd < 0 ? -1 : fstat(fd, st);
	if (fd >= 0)
		close(fd);
	return result;
}

static Seen look(int file, uint32_t how)
{
	Name name = name_of(file);
	Seen seen = {.capability = NONE};
	struct stat st;
	unsigned char value[64];
	int result = how % 3 == 0   ? lstat(name.path, &st)
		     : how % 3 == 1 ? look_statx(name.path, &st)
				    : look_fd(name.path, &st);
	if (result < 0) {
		seen.error = errno;
		return seen;
	}
	seen.mode = st.st_mode;
	seen.uid = st.st_uid;
	seen.gid = st.st_gid;
	if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
		seen.rdev = (uint32_t)st.st_rdev;
	if (S_ISREG(st.st_mode) && lgetxattr(name.path, CAPABILITY, value, sizeof value) == 20)
		seen.capability = value[0];
	return seen;
}

static int create_file(const Op *op, const char *path)
{
	int flags = op->kind == OP_CREATE ? O_EXCL : 0;
	int fd = op->how % 2 ? open(path, O_CREAT | O_WRONLY | O_CLOEXEC | flags, op->mode & 07777)
			     : openat(AT_FDCWD, path, O_CREAT | O_RDWR | O_NONBLOCK | flags,
				      op->mode & 07777);
	if (fd < 0)
		return -1;
	/* it is a descriptor like any other; but who writes may take bits away */
	if (op->kind == OP_CREATE && !(op->mode & (S_ISUID | S_ISGID)) && write(fd, "x", 1) != 1)
		abort();
	return close(fd);
}

static int create_unnamed(const Op *op, const char *path)
{
	Name dir = name_of(FILES + op->a / NAMES);
	char link[32];
	int fd = open(dir.path, O_TMPFILE | O_RDWR | O_CLOEXEC, op->mode & 07777);
	int result;
	int error;
	if (fd < 0)
		return -1;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	result = linkat(AT_FDCWD, link, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
	error = errno;
	close(fd);
	errno = error;
	return result;
}

static int chown_path(const Op *op, const char *path)
{
	return op->how % 2 ? chown(path, op->uid, op->gid)
			   : fchownat(AT_FDCWD, path, op->uid, op->gid, 0);
}

static int lchown_path(const Op *op, const char *path)
{
	int fd;
	int result;
	int error;
	if (op->how % 3 == 0)
		return lchown(path, op->uid, op->gid);
	if (op->how % 3 == 1)
		return fchownat(AT_FDCWD, path, op->uid, op->gid, AT_SYMLINK_NOFOLLOW);
	fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	result = fchownat(fd, "", op->uid, op->gid, AT_EMPTY_PATH);
	error = errno;
	close(fd);
	errno = error;
	return result;
}

static int chown_fd(const Op *op, const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int result = fd < 0 ? -1 : fchown(fd, op->uid, op->gid);
	int error = errno;
	if (fd >= 0)
		close(fd);
	errno = error;
	return result;
}

static int set_capability(const Op *op, const char *path)
{
	/* revision 2, with or without the effective bit: cap_net_raw */
	unsigned char value[20] = {(unsigned char)(op->mode & 1), 0, 0, 2, 0, 0x20};
	return op->how % 2 ? setxattr(path, CAPABILITY, value, sizeof value, 0)
			   : lsetxattr(path, CAPABILITY, value, sizeof value, 0);
}

static int remove_name(const char *path)
{
	int result = unlink(path);
	if (result < 0 && (errno == EISDIR || errno == EPERM))
		result = rmdir(path);
	return result;
}

static int make_device(const Op *op, const char *path)
{
	return mknod(path, (op->how % 2 ? S_IFCHR : S_IFBLK) | (op->mode & 0777),
		     makedev(op->uid % 300 + 1, op->gid % 300));
}

static int drop(const Op *op)
{
	if (setresgid(op->gid, op->gid, op->gid) < 0)
		return -1;
	return setresuid(op->uid, op->uid, op->uid);
}

/* The child goes on. */
static int go_on_in_child(void)
{
	pid_t child = fork();
	int status;
	if (child <= 0)
		return child;
	waitpid(child, &status, 0);
	_exit(0);
}

/* So does another program. */
static int go_on_in_program(const Job *job)
{
	char in[16];
	char out[16];
	char *const args[] = {(char *)(uintptr_t)job->program, (char *)"worker", in, out, NULL};
	pid_t child;
	int status;
	snprintf(in, sizeof in, "%d", job->in);
	snprintf(out, sizeof out, "%d", job->out);
	child = vfork();
	if (child == 0) {
		execv(job->program, args);
		_exit(127);
	}
	waitpid(child, &status, 0);
	_exit(0);
}

static int do_ids(const Op *op)
{
	switch ((int)op->kind) {
	case OP_SETEUID:
		return seteuid(op->uid);
	case OP_SETEGID:
		return setegid(op->gid);
	case OP_SETFSUID:
		(void)setfsuid(op->uid);
		return 0;
	case OP_SETGROUPS:
		return setgroups(op->n_groups, op->groups);
	case OP_DROP:
		return drop(op);
	case OP_COMEBACK:
		return setuid(0);
	case OP_UMASK:
		umask(op->mode & 0077);
		return 0;
	case OP_FORK:
		return go_on_in_child();
	default:
		return 0;
	}
}

static int do_file(const Op *op)
{
	bool of_dir = op->kind == OP_CHMOD_DIR || op->kind == OP_CHOWN_DIR;
	Name a = name_of(of_dir ? FILES + op->a : op->a);
	Name b = name_of(op->b);
	switch ((int)op->kind) {
	case OP_CREATE:
	case OP_OPEN:
		return create_file(op, a.path);
	case OP_TMPFILE:
		return create_unnamed(op, a.path);
	case OP_MKDIR:
		return mkdir(a.path, op->mode & 01777);
	case OP_DEVICE:
		return make_device(op, a.path);
	case OP_FIFO:
		return mkfifo(a.path, op->mode & 0777);
	case OP_SOCKET:
		return mknod(a.path, S_IFSOCK | (op->mode & 0777), 0);
	case OP_SYMLINK:
		return symlink("nowhere", a.path);
	case OP_LINK:
		return link(a.path, b.path);
	case OP_RENAME:
		return rename(a.path, b.path);
	case OP_UNLINK:
		return remove_name(a.path);
	case OP_CHOWN:
	case OP_CHOWN_DIR:
		return chown_path(op, a.path);
	case OP_LCHOWN:
		return lchown_path(op, a.path);
	case OP_FCHOWN:
		return chown_fd(op, a.path);
	case OP_CHMOD:
		return chmod(a.path, op->mode & 07777);
	case OP_CHMOD_DIR:
		return chmod(a.path, 0777 | (op->mode & S_ISGID));
	case OP_SETCAP:
		return set_capability(op, a.path);
	case OP_REMOVECAP:
		return removexattr(a.path, CAPABILITY);
	default:
		return do_ids(op);
	}
}

static void *run_job(void *data)
{
	Job *job = data;
	job->error = do_file(job->op) < 0 ? errno : 0;
	return NULL;
}

static void look_at_ids(SeenIds *ids)
{
	int n = getgroups(GROUPS, ids->groups);
	if (getresuid(&ids->uid[0], &ids->uid[1], &ids->uid[2]) < 0 ||
	    getresgid(&ids->gid[0], &ids->gid[1], &ids->gid[2]) < 0 || n < 0)
		abort();
	if (getuid() != ids->uid[0] || geteuid() != ids->uid[1] || getgid() != ids->gid[0] ||
	    getegid() != ids->gid[1])
		abort();
	ids->n_groups = (uint32_t)n;
}

static void answer(const Job *job, const Op *op)
{
	bool of_dir = op->kind == OP_CHMOD_DIR || op->kind == OP_CHOWN_DIR;
	Reply reply;
	memset(&reply, 0, sizeof reply);
	reply.error = job->error;
	reply.a = look(of_dir ? FILES + op->a : op->a, op->how / 4);
	reply.b = look(op->b, op->how / 16);
	look_at_ids(&reply.ids);
	if (write(job->out, &reply, sizeof reply) != sizeof reply)
		_exit(1);
}

void worker_run(const char *program, int in, int out)
{
	bool threaded = false;
	Op op;
	while (read(in, &op, sizeof op) == sizeof op) {
		Job job = {.op = &op, .program = program, .in = in, .out = out};
		pthread_t thread;
		bool whole = op.kind == OP_FORK || op.kind == OP_SETFSUID;
		if (threaded && !whole && pthread_create(&thread, NULL, run_job, &job) == 0)
			pthread_join(thread, NULL);
		else
			run_job(&job);
		threaded = op.kind == OP_THREAD;
		answer(&job, &op);
		if (op.kind == OP_EXEC)
			go_on_in_program(&job);
	}
	_exit(0);
}
