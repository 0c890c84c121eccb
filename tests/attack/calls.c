/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/attack/attack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* CVE-2016-9962, CVE-2020-5291: the process that set the sandbox up is the way to what it holds */
bool attack_ptrace(void)
{
	static const char *const operations[] = {"attach", "seize"};
	static const int codes[] = {PTRACE_ATTACH, PTRACE_SEIZE};
	char byte;
	for (int i = 0; i < 2; i++)
		if (ptrace(codes[i], 1, NULL, NULL) == 0)
			return broke("ptrace %s of the first process", operations[i]);
	struct {
		void *base;
		size_t length;
	} local = {&byte, 1}, remote = {&byte, 1};
	if (syscall(SYS_process_vm_readv, 1, &local, 1, &remote, 1, 0) >= 0 || errno == EFAULT)
		return broke("process_vm_readv of the first process");
	long pidfd = syscall(SYS_pidfd_open, 1, 0);
	for (int fd = 0; pidfd >= 0 && fd < 64; fd++)
		if (syscall(SYS_pidfd_getfd, pidfd, fd, 0) >= 0)
			return broke("pidfd_getfd takes descriptor %d of the first process", fd);
	return false;
}

static bool try_setns(int pid)
{
	static const char *const names[] = {"user", "mnt", "pid", "net", "ipc", "uts", "cgroup"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char path[64];
		snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, names[i]);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0 && setns(fd, 0) == 0)
			return broke("setns to %s", path);
	}
	return false;
}

/* CVE-2022-0185 and its like begin with a namespace that a step has no use for. */
bool attack_namespaces(void)
{
	static const struct {
		int flag;
		const char *name;
	} kinds[] = {
		{CLONE_NEWUSER, "user"}, {CLONE_NEWNS, "mount"}, {CLONE_NEWNET, "net"},
		{CLONE_NEWPID, "pid"},	 {CLONE_NEWIPC, "ipc"},	 {CLONE_NEWCGROUP, "cgroup"},
	};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (unshare(kinds[i].flag) == 0)
			return broke("unshare of a %s namespace", kinds[i].name);
		long child = syscall(SYS_clone, kinds[i].flag | SIGCHLD, NULL, NULL, NULL, NULL);
		if (child == 0)
			_exit(0);
		if (child > 0)
			return broke("clone into a %s namespace", kinds[i].name);
		struct clone_args arguments = {.flags = (uint64_t)kinds[i].flag,
					       .exit_signal = SIGCHLD};
		child = syscall(SYS_clone3, &arguments, sizeof arguments);
		if (child == 0)
			_exit(0);
		if (child > 0)
			return broke("clone3 into a %s namespace", kinds[i].name);
	}
	return try_setns(1);
}

static bool try_new_mount_calls(void)
{
#ifdef SYS_fsopen
	if (syscall(SYS_fsopen, "tmpfs", 0) >= 0)
		return broke("fsopen");
	if (syscall(SYS_fspick, AT_FDCWD, "/", 0) >= 0)
		return broke("fspick");
	if (syscall(SYS_open_tree, AT_FDCWD, "/", 1 /* OPEN_TREE_CLONE */) >= 0)
		return broke("open_tree");
	if (syscall(SYS_move_mount, AT_FDCWD, "/proc", AT_FDCWD, "/tmp", 0) == 0)
		return broke("move_mount");
#endif
#ifdef SYS_mount_setattr
	uint64_t attributes[4] = {0, 1 /* MOUNT_ATTR_RDONLY, to be cleared */, 0, 0};
	if (syscall(SYS_mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, attributes,
		    sizeof attributes) == 0)
		return broke("mount_setattr");
#endif
	return false;
}

bool attack_mounts(void)
{
	mkdir("/tmp/here", 0700);
	if (mount("tmpfs", "/tmp/here", "tmpfs", 0, NULL) == 0)
		return broke("mount of a tmpfs");
	if (mount("/", "/tmp/here", NULL, MS_BIND | MS_REC, NULL) == 0)
		return broke("bind of the root");
	if (mount("proc", "/tmp/here", "proc", 0, NULL) == 0)
		return broke("mount of /proc");
	if (mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL) == 0)
		return broke("remount of the root");
	if (mount(NULL, "/", NULL, MS_SHARED | MS_REC, NULL) == 0)
		return broke("mounts made shared");
	if (umount2("/proc", MNT_DETACH) == 0)
		return broke("umount of /proc");
	if (umount2("/dev/null", MNT_DETACH) == 0)
		return broke("umount of /dev/null");
	if (syscall(SYS_pivot_root, "/tmp", "/tmp/here") == 0)
		return broke("pivot_root");
	return try_new_mount_calls();
}

/* CVE-2022-0492: a release_agent is run by the machine's root. */
bool attack_cgroup(void)
{
	mkdir("/tmp/cgroup", 0700);
	if (unshare(CLONE_NEWCGROUP) == 0)
		return broke("unshare of a cgroup namespace");
	if (mount("cgroup", "/tmp/cgroup", "cgroup", 0, "memory") == 0 ||
	    mount("none", "/tmp/cgroup", "cgroup2", 0, NULL) == 0)
		return broke("mount of a cgroup file system");
	return false;
}

/* The device may be made, for dpkg must be able to, but it opens nothing. */
bool attack_mknod(void)
{
	static const struct {
		mode_t type;
		unsigned major, minor;
	} devices[] = {{S_IFCHR, 1, 1}, {S_IFCHR, 10, 229}, {S_IFCHR, 10, 200}};
	unsigned major = 0, minor = 0;
	if (sscanf(host("HOST_DISK"), "%u:%u", &major, &minor) != 2)
		return broke("HOST_DISK is no device");
	for (size_t i = 0; i <= sizeof devices / sizeof *devices; i++) {
		bool disk = i == sizeof devices / sizeof *devices;
		dev_t number =
			disk ? makedev(major, minor) : makedev(devices[i].major, devices[i].minor);
		static const char *const places[] = {"/device", "/tmp/device", "/dev/device",
						     "/dev/shm/device"};
		for (int k = 0; k < 4; k++) {
			struct stat status;
			if (mknod(places[k], (disk ? S_IFBLK : devices[i].type) | 0600, number) !=
			    0)
				continue;
			int fd = open(places[k], O_RDONLY | O_NONBLOCK | O_CLOEXEC);
			bool open_device = fd >= 0 && fstat(fd, &status) == 0 &&
					   syscall(SYS_lseek, fd, 0, SEEK_END) != 0;
			unlink(places[k]);
			if (open_device)
				return broke("device %u:%u opens at %s", gnu_dev_major(number),
					     gnu_dev_minor(number), places[k]);
			if (fd >= 0)
				close(fd);
		}
	}
	return false;
}

/* "Shocker" (CVE-2014-3519's kind): a handle reaches past what is mounted. */
bool attack_handle(void)
{
	struct {
		struct file_handle handle;
		unsigned char bytes[128];
	} root = {.handle = {.handle_bytes = 128}};
	int mount_id, fd;
	if (name_to_handle_at(AT_FDCWD, "/", &root.handle, &mount_id, 0) != 0) {
		root.handle.handle_bytes = 8;
		root.handle.handle_type = 1;
	}
	memset(root.bytes, 0, sizeof root.bytes);
	root.bytes[0] = 2;
	int directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = open_by_handle_at(directory, &root.handle, O_RDONLY);
	if (fd >= 0)
		return broke("open_by_handle_at opens the file system's root");
	if (errno != EPERM && errno != ENOSYS)
		return broke("open_by_handle_at is let through: %s", strerror(errno));
	return false;
}

/* CVE-2017-5226: what is typed for the one who waits outside */
bool attack_terminal(void)
{
	for (int fd = 0; fd < 3; fd++) {
		if (ioctl(fd, TIOCSTI, "x") == 0)
			return broke("TIOCSTI on descriptor %d", fd);
		if (isatty(fd))
			return broke("descriptor %d is a terminal", fd);
	}
	int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (tty >= 0 && ioctl(tty, TIOCSTI, "x") == 0)
		return broke("TIOCSTI on /dev/tty");
	if (tty >= 0)
		return broke("/dev/tty opens");
	return false;
}

/* CVE-2022-2989, CVE-2022-2990: groups that are not the step's own open or shut files for it. */
bool attack_groups(void)
{
	char line[256];
	FILE *status = fopen("/proc/self/status", "re");
	bool found = false, other = false;
	if (status == NULL)
		return broke("no /proc/self/status");
	while (!found && fgets(line, sizeof line, status) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		found = strncmp(line, "Groups:", 7) == 0;
	}
	fclose(status);
	for (char *end = line + 7, *word = end; found; word = end) {
		unsigned long group = strtoul(word, &end, 10);
		if (end == word)
			break;
		other = other || group != 0;
	}
	return other && broke("%s", line);
}

/* CVE-2022-27649, CVE-2022-29162: what is inheritable outlives the step's own limits. */
bool attack_capabilities(void)
{
	char line[256];
	FILE *status = fopen("/proc/self/status", "re");
	bool confined = false, no_new = false;
	if (status == NULL)
		return broke("no /proc/self/status");
	while (fgets(line, sizeof line, status) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "CapInh:", 7) == 0 || strncmp(line, "CapAmb:", 7) == 0)
			if (strtoull(line + 7, NULL, 16) != 0) {
				fclose(status);
				return broke("%s", line);
			}
		confined = confined || strcmp(line, "Seccomp:\t2") == 0;
		no_new = no_new || strcmp(line, "NoNewPrivs:\t1") == 0;
	}
	fclose(status);
	if (!confined)
		return broke("no filter is loaded");
	if (!no_new)
		return broke("new privileges may be had");
	return false;
}

/* CVE-2020-15257: abstract sockets belong to the network namespace, not to a directory. */
bool attack_abstract_socket(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *name = host("HOST_SOCKET");
	size_t length = strlen(name);
	if (length > sizeof address.sun_path - 1)
		return broke("HOST_SOCKET is too long");
	memcpy(address.sun_path + 1, name, length);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 &&
	    connect(fd, (struct sockaddr *)&address,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length)) == 0)
		return broke("the machine's abstract socket answers");
	return false;
}

bool attack_network(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)atoi(host("HOST_PORT"))),
				      .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
		return broke("the machine's port answers");
	return false;
}

/* Calls whose arguments are wrong on purpose: another answer than a refusal means that the kernel
 * has looked at them. */
bool attack_kernel(void)
{
	static const struct {
		long number;
		const char *name;
	} calls[] = {
		{SYS_bpf, "bpf"},
		{SYS_perf_event_open, "perf_event_open"},
		{SYS_userfaultfd, "userfaultfd"},
		{SYS_keyctl, "keyctl"},
		{SYS_add_key, "add_key"},
		{SYS_request_key, "request_key"},
		{SYS_init_module, "init_module"},
		{SYS_finit_module, "finit_module"},
		{SYS_delete_module, "delete_module"},
		{SYS_kexec_load, "kexec_load"},
		{SYS_io_uring_setup, "io_uring_setup"},
		{SYS_swapon, "swapon"},
		{SYS_swapoff, "swapoff"},
		{SYS_acct, "acct"},
		{SYS_quotactl, "quotactl"},
		{SYS_settimeofday, "settimeofday"},
		{SYS_clock_settime, "clock_settime"},
		{SYS_syslog, "syslog"},
		{SYS_process_vm_writev, "process_vm_writev"},
		{SYS_kcmp, "kcmp"},
		{SYS_reboot, "reboot"},
#ifdef SYS_iopl
		{SYS_iopl, "iopl"},
		{SYS_ioperm, "ioperm"},
#endif
	};
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		long result = syscall(calls[i].number, -1L, -1L, -1L, -1L, -1L, -1L);
		if (result >= 0 || (errno != EPERM && errno != ENOSYS))
			return broke("%s is let through: %s", calls[i].name,
				     result >= 0 ? "success" : strerror(errno));
	}
	return false;
}

#ifdef __x86_64__
/* mount(2) by its number for 32-bit programs */
static void call_i386(void)
{
	long result;
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(20 /* getpid */) : "memory");
	_exit(result > 0 ? 1 : 0);
}

static void call_x32(void)
{
	_exit(syscall(0x40000000L | SYS_getpid) > 0 ? 1 : 0);
}

bool attack_other_architecture(void)
{
	static void (*const calls[])(void) = {call_i386, call_x32};
	static const char *const names[] = {"i386", "x32"};
	for (int i = 0; i < 2; i++) {
		int status;
		pid_t child = fork();
		if (child == 0)
			calls[i]();
		if (waitpid(child, &status, 0) != child)
			return broke("waitpid: %s", strerror(errno));
		if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
			return broke("system calls of %s are answered", names[i]);
	}
	return false;
}
#else
bool attack_other_architecture(void)
{
	return false;
}
#endif

/* Nothing that a step sends ends or stops the process that answers for it. */
bool attack_signals(void)
{
	static const int numbers[] = {SIGKILL, SIGSTOP, SIGTERM, SIGINT, SIGHUP, SIGSEGV, SIGCHLD};
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		kill(1, numbers[i]);
	return false;
}

/* CVE-2024-23652: who takes away what was made for a mount is to take away something else. */
bool attack_stub(void)
{
	char target[4096];
	snprintf(target, sizeof target, "%s/made", host("HOST_DIRECTORY"));
	if (rename("/made", "/moved") != 0)
		return broke("no name was made: %s", strerror(errno));
	if (symlink(target, "/made") != 0)
		return broke("no link in its place: %s", strerror(errno));
	return false;
}
