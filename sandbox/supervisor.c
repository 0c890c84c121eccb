/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/answers.h"
#include "sandbox/child.h"

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

/* The kernel's structures may have grown since ours were written. */
enum { BUFFER = 512, NUMBERS = 512 };

typedef union {
	struct seccomp_notif notif;
	struct seccomp_notif_resp response;
	unsigned char bytes[BUFFER];
} Buffer;

struct SmithSupervisor {
	int listener;
	int proc;
	bool chrooted;
	bool real;
	uint64_t answered;
	SmithOwners owners;
	SmithIdTable *id_table;
	const SmithCallRow *rows[NUMBERS];
};

/* number, answer, arguments: descriptor, path, rest, flags; links are not followed */
static const SmithCallRow rows[] = {
	{SYS_newfstatat, smith_answer_stat, 0, 1, 2, 3, false},
	{SYS_fstat, smith_answer_stat, 0, -1, 1, -1, false},
	{SYS_statx, smith_answer_statx, 0, 1, 2, 2, false},
	{SYS_fchown, smith_answer_chown, 0, -1, 1, -1, false},
	{SYS_fchownat, smith_answer_chown, 0, 1, 2, 4, false},
	{SYS_fchmod, smith_answer_chmod, 0, -1, 1, -1, false},
	{SYS_fchmodat, smith_answer_chmod, 0, 1, 2, -1, false},
	{SYS_fchmodat2, smith_answer_chmod, 0, 1, 2, 3, false},
	{SYS_mknodat, smith_answer_mknod, 0, 1, 2, -1, false},
	{SYS_mkdirat, smith_answer_mkdir, 0, 1, 2, -1, false},
	{SYS_openat, smith_answer_open, 0, 1, 2, -1, false},
	{SYS_symlinkat, smith_answer_symlink, 1, 2, 0, -1, false},
	{SYS_setxattr, smith_answer_setxattr, -1, 0, 1, -1, false},
	{SYS_lsetxattr, smith_answer_setxattr, -1, 0, 1, -1, true},
	{SYS_fsetxattr, smith_answer_setxattr, 0, -1, 1, -1, false},
	{SYS_getxattr, smith_answer_getxattr, -1, 0, 1, -1, false},
	{SYS_lgetxattr, smith_answer_getxattr, -1, 0, 1, -1, true},
	{SYS_fgetxattr, smith_answer_getxattr, 0, -1, 1, -1, false},
	{SYS_listxattr, smith_answer_listxattr, -1, 0, 1, -1, false},
	{SYS_llistxattr, smith_answer_listxattr, -1, 0, 1, -1, true},
	{SYS_flistxattr, smith_answer_listxattr, 0, -1, 1, -1, false},
	{SYS_removexattr, smith_answer_removexattr, -1, 0, 1, -1, false},
	{SYS_lremovexattr, smith_answer_removexattr, -1, 0, 1, -1, true},
	{SYS_fremovexattr, smith_answer_removexattr, 0, -1, 1, -1, false},
	{SYS_chroot, smith_answer_chroot, -1, 0, 1, -1, false},
	{SYS_getuid, smith_answer_getid, -1, -1, 0, -1, false},
	{SYS_geteuid, smith_answer_getid, -1, -1, 0, -1, false},
	{SYS_getgid, smith_answer_getid, -1, -1, 0, -1, false},
	{SYS_getegid, smith_answer_getid, -1, -1, 0, -1, false},
	{SYS_getresuid, smith_answer_getresid, -1, -1, 0, -1, false},
	{SYS_getresgid, smith_answer_getresid, -1, -1, 0, -1, false},
	{SYS_getgroups, smith_answer_getgroups, -1, -1, 0, -1, false},
	{SYS_setuid, smith_answer_setid, -1, -1, 0, -1, false},
	{SYS_setgid, smith_answer_setid, -1, -1, 0, -1, false},
	{SYS_setreuid, smith_answer_setreid, -1, -1, 0, -1, false},
	{SYS_setregid, smith_answer_setreid, -1, -1, 0, -1, false},
	{SYS_setresuid, smith_answer_setresid, -1, -1, 0, -1, false},
	{SYS_setresgid, smith_answer_setresid, -1, -1, 0, -1, false},
	{SYS_setfsuid, smith_answer_setfsid, -1, -1, 0, -1, false},
	{SYS_setfsgid, smith_answer_setfsid, -1, -1, 0, -1, false},
	{SYS_setgroups, smith_answer_setgroups, -1, -1, 0, -1, false},
	{SYS_prctl, smith_answer_prctl, -1, -1, 0, -1, false},
#ifdef SYS_stat /* older architectures have those without a descriptor, too */
	{SYS_stat, smith_answer_stat, -1, 0, 1, -1, false},
	{SYS_lstat, smith_answer_stat, -1, 0, 1, -1, true},
	{SYS_chown, smith_answer_chown, -1, 0, 1, -1, false},
	{SYS_lchown, smith_answer_chown, -1, 0, 1, -1, true},
	{SYS_chmod, smith_answer_chmod, -1, 0, 1, -1, false},
	{SYS_mknod, smith_answer_mknod, -1, 0, 1, -1, false},
	{SYS_mkdir, smith_answer_mkdir, -1, 0, 1, -1, false},
	{SYS_open, smith_answer_open, -1, 0, 1, -1, false},
	{SYS_creat, smith_answer_creat, -1, 0, 1, -1, false},
	{SYS_symlink, smith_answer_symlink, -1, 1, 0, -1, false},
#endif
};

static uint64_t root_device(void)
{
	struct stat st;
	return stat("/", &st) == 0 ? st.st_dev : 0;
}

static bool sizes_fit(void)
{
	struct seccomp_notif_sizes sizes;
	return syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) == 0 &&
	       sizes.seccomp_notif <= BUFFER && sizes.seccomp_notif_resp <= BUFFER;
}

SmithSupervisor *smith_supervisor_init(int listener, int upper_fd, bool real)
{
	static SmithSupervisor supervisor;
	supervisor = (SmithSupervisor){
		.listener = listener,
		.real = real,
		.proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC),
		.owners = {.links = smith_links_new(), .upper = upper_fd, .device = root_device()},
		.id_table = smith_ids_new()};
	if (!sizes_fit() || supervisor.proc < 0 || supervisor.owners.links == NULL ||
	    supervisor.id_table == NULL)
		return NULL;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		supervisor.rows[rows[i].number] = &rows[i];
	/* the two of us never run at the same time (Linux 6.6; it is only faster) */
	(void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	return &supervisor;
}

static int64_t find_answer(SmithSupervisor *supervisor, const struct seccomp_notif *notif)
{
	int number = notif->data.nr;
	SmithCall call = {.target = {.listener = supervisor->listener,
				     .proc = supervisor->proc,
				     .id = notif->id,
				     .tid = (pid_t)notif->pid,
				     .data = &notif->data},
			  .owners = supervisor->owners,
			  .id_table = supervisor->id_table,
			  .chrooted = &supervisor->chrooted,
			  .real = supervisor->real};
	if (number < 0 || number >= NUMBERS || supervisor->rows[number] == NULL)
		return -ENOSYS;
	call.row = supervisor->rows[number];
	call.resolver = (SmithResolver){.target = &call.target, .chrooted = supervisor->chrooted};
	call.ids = smith_ids_of(supervisor->id_table, call.target.tid);
	return call.row->answer(&call);
}

static void respond(const SmithSupervisor *supervisor, uint64_t id, int64_t answer)
{
	Buffer buffer;
	memset(&buffer, 0, sizeof buffer);
	buffer.response.id = id;
	if (answer == SMITH_ANSWER_CONTINUE)
		buffer.response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	else if (answer < 0)
		buffer.response.error = (int)answer;
	else
		buffer.response.val = answer;
	/* whoever has died meanwhile needs no answer */
	(void)ioctl(supervisor->listener, SECCOMP_IOCTL_NOTIF_SEND, &buffer);
}

static bool has_tasks(const SmithSupervisor *supervisor)
{
	struct pollfd poller = {.fd = supervisor->listener, .events = POLLIN};
	return poll(&poller, 1, 0) < 0 || !(poller.revents & (POLLHUP | POLLERR | POLLNVAL));
}

bool smith_supervisor_answer(SmithSupervisor *supervisor)
{
	Buffer buffer;
	int64_t answer;
	memset(&buffer, 0, sizeof buffer);
	if (ioctl(supervisor->listener, SECCOMP_IOCTL_NOTIF_RECV, &buffer) < 0) {
		/* the step would wait for ever */
		if (errno != EINTR && errno != ENOENT)
			smith_child_die(SMITH_CHILD_REFUSED, errno, "cannot be told of its calls");
		return errno == EINTR || (errno == ENOENT && has_tasks(supervisor));
	}
	answer = find_answer(supervisor, &buffer.notif);
	supervisor->answered++;
	if (answer != SMITH_ANSWER_SENT)
		respond(supervisor, buffer.notif.id, answer);
	return true;
}

uint64_t smith_supervisor_answered(const SmithSupervisor *supervisor)
{
	return supervisor->answered;
}

bool smith_supervisor_write_links(const SmithSupervisor *supervisor, int fd)
{
	return smith_links_write(supervisor->owners.links, fd);
}
