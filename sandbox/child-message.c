/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/socket.h>

#include "sandbox/child.h"

typedef union {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int))];
} Control;

bool smith_child_send_fd(int to, const void *data, size_t length, int fd, int flags)
{
	Control control = {.space = {0}};
	struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = length};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	struct cmsghdr *header;

	if (fd >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof control;
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(header), &fd, sizeof fd);
	}
	return sendmsg(to, &message, flags) == (ssize_t)length;
}

ssize_t smith_child_receive_fd(int from, void *data, size_t length, int *fd)
{
	Control control;
	struct iovec part = {.iov_base = data, .iov_len = length};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof control};
	const struct cmsghdr *header;
	ssize_t n = recvmsg(from, &message, MSG_CMSG_CLOEXEC);

	*fd = -1;
	header = n >= 0 ? CMSG_FIRSTHDR(&message) : NULL;
	if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
	    header->cmsg_len == CMSG_LEN(sizeof *fd))
		memcpy(fd, CMSG_DATA(header), sizeof *fd);
	return n;
}

bool smith_child_tell_fd(const SmithChildMessage *message, int fd)
{
	return smith_child_send_fd(SMITH_CHILD_CONTROL, message, sizeof *message, fd,
				   SMITH_CHILD_FLAGS);
}

void smith_child_tell(const SmithChildMessage *message)
{
	(void)smith_child_tell_fd(message, -1);
}
