/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/answers.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

uint64_t smith_call_rest(const SmithCall *call, int index)
{
	return call->target.data->args[call->row->rest + index];
}

int smith_call_dirfd(const SmithCall *call)
{
	return call->row->dirfd < 0 ? AT_FDCWD : (int)call->target.data->args[call->row->dirfd];
}

int smith_call_read_path(const SmithCall *call, char *path)
{
	return smith_target_read_string(&call->target, call->target.data->args[call->row->path],
					path, PATH_MAX);
}

static bool is_stat(const SmithCallRow *row)
{
	return row->answer == smith_answer_stat || row->answer == smith_answer_statx;
}

static int open_path(const SmithCall *call)
{
	const SmithCallRow *row = call->row;
	unsigned flags = row->flags < 0 ? 0 : (unsigned)call->target.data->args[row->flags];
	bool follow = row->flags < 0 ? !row->nofollow : !(flags & AT_SYMLINK_NOFOLLOW);
	bool empty = (flags & AT_EMPTY_PATH) != 0;
	char path[PATH_MAX];
	int length;
	path[0] = '\0';
	/* no path at all is an empty one to these (since Linux 6.11) */
	if (!empty || !is_stat(row) || call->target.data->args[row->path] != 0) {
		length = smith_call_read_path(call, path);
		if (length < 0)
			return length;
	}
	return smith_resolver_open(&call->resolver, smith_call_dirfd(call), path, follow, empty);
}

/* One of O_PATH may be looked at, and no more. */
static int open_descriptor(const SmithCall *call)
{
	int fd = smith_call_dirfd(call);
	if (!is_stat(call->row) && smith_target_is_path_fd(&call->target, fd))
		return -EBADF;
	return smith_target_open_fd(&call->target, fd);
}

int smith_call_open(const SmithCall *call)
{
	int fd = call->row->path >= 0 ? open_path(call) : open_descriptor(call);
	/* what has been read may have been another's */
	if (fd >= 0 && !smith_target_alive(&call->target)) {
		close(fd);
		return -ESRCH;
	}
	return fd;
}

int64_t smith_call_send_fd(const SmithCall *call, int fd, bool cloexec)
{
	struct seccomp_notif_addfd add = {.id = call->target.id,
					  .flags = SECCOMP_ADDFD_FLAG_SEND,
					  .srcfd = (uint32_t)fd,
					  .newfd_flags = cloexec ? O_CLOEXEC : 0};
	int sent = ioctl(call->target.listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
	if (sent >= 0)
		return SMITH_ANSWER_SENT;
	if (errno != EINVAL)
		return -errno;
	/* before Linux 5.14 in two steps */
	add.flags = 0;
	sent = ioctl(call->target.listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
	return sent < 0 ? -errno : sent;
}
