/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PAGE = 4096, STATUS_MAX = 8192 };

bool smith_target_alive(const SmithTarget *target)
{
	uint64_t id = target->id;
	return ioctl(target->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

static int open_memory(const SmithTarget *target, int flags)
{
	char name[32];
	int fd;
	snprintf(name, sizeof name, "%d/mem", target->tid);
	fd = openat(target->proc, name, flags | O_CLOEXEC);
	if (fd >= 0 && !smith_target_alive(target)) {
		close(fd);
		errno = ESRCH;
		return -1;
	}
	return fd;
}

/* A container's own filter may refuse process_vm_readv. */
static ssize_t read_memory(const SmithTarget *target, uint64_t from, void *buffer, size_t length)
{
	struct iovec here = {buffer, length};
	struct iovec there = {(void *)(uintptr_t)from, length};
	ssize_t n = process_vm_readv(target->tid, &here, 1, &there, 1, 0);
	int fd;
	if (n >= 0 || (errno != ENOSYS && errno != EPERM))
		return n;
	fd = open_memory(target, O_RDONLY);
	if (fd < 0)
		return -1;
	n = pread(fd, buffer, length, (off_t)from);
	close(fd);
	return n;
}

int smith_target_read(const SmithTarget *target, uint64_t from, void *buffer, size_t length)
{
	return read_memory(target, from, buffer, length) == (ssize_t)length ? 0 : -EFAULT;
}

/* Page by page, for what follows the string may not be there. */
int smith_target_read_string(const SmithTarget *target, uint64_t from, char *buffer, size_t size)
{
	size_t have = 0;
	while (have < size) {
		size_t want = PAGE - (from + have) % PAGE;
		ssize_t n;
		const char *end;
		if (want > size - have)
			want = size - have;
		n = read_memory(target, from + have, buffer + have, want);
		if (n <= 0)
			return -EFAULT;
		end = memchr(buffer + have, '\0', (size_t)n);
		if (end != NULL)
			return (int)(end - buffer);
		have += (size_t)n;
	}
	return -ENAMETOOLONG;
}

int smith_target_write(const SmithTarget *target, uint64_t to, const void *data, size_t length)
{
	struct iovec here = {(void *)(uintptr_t)data, length};
	struct iovec there = {(void *)(uintptr_t)to, length};
	ssize_t n;
	int fd;
	if (length == 0)
		return 0;
	if (!smith_target_alive(target))
		return -ESRCH;
	n = process_vm_writev(target->tid, &here, 1, &there, 1, 0);
	if (n < 0 && (errno == ENOSYS || errno == EPERM)) {
		fd = open_memory(target, O_WRONLY);
		if (fd < 0)
			return -EFAULT;
		n = pwrite(fd, data, length, (off_t)to);
		close(fd);
	}
	return n == (ssize_t)length ? 0 : -EFAULT;
}

int smith_target_open(const SmithTarget *target, const char *what)
{
	char name[64];
	int fd;
	snprintf(name, sizeof name, "%d/%s", target->tid, what);
	fd = openat(target->proc, name, O_PATH | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int smith_target_open_fd(const SmithTarget *target, int fd)
{
	char name[32];
	int opened;
	if (fd < 0)
		return -EBADF;
	snprintf(name, sizeof name, "fd/%d", fd);
	opened = smith_target_open(target, name);
	return opened == -ENOENT ? -EBADF : opened;
}

/* The link in /proc has the rights of what is open; this has none (proc(5)). */
bool smith_target_is_path_fd(const SmithTarget *target, int fd)
{
	char name[40];
	struct stat st;
	snprintf(name, sizeof name, "%d/fd/%d", target->tid, fd);
	return fstatat(target->proc, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (st.st_mode & S_IRWXU) == 0;
}

int smith_target_status(const SmithTarget *target, const char *field, int base, unsigned *value)
{
	char text[STATUS_MAX];
	char name[32];
	const char *at;
	ssize_t n;
	int fd;
	snprintf(name, sizeof name, "%d/status", target->tid);
	fd = openat(target->proc, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof text - 1);
	close(fd);
	if (n <= 0)
		return -ESRCH;
	text[n] = '\0';
	/* the first line is the process's own name, in which a newline is escaped */
	at = strstr(text, field);
	while (at != NULL && at != text && at[-1] != '\n')
		at = strstr(at + 1, field);
	if (at == NULL)
		return -ENOENT;
	*value = (unsigned)strtoul(at + strlen(field), NULL, base);
	return 0;
}

SmithFdPath smith_fd_path(int fd)
{
	SmithFdPath path;
	snprintf(path.path, sizeof path.path, "/proc/self/fd/%d", fd);
	return path;
}
