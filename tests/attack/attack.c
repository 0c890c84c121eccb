/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a hostile step tries: each attack is one way that a container tool was once broken out of,
 * or a part of it. Static, because it runs where there is no C library.
 *
 *   attack NAME...    tries them, in children, and prints a line each: "NAME held" or "NAME BROKEN:
 *                     how"; exit 1 if anything broke
 *   attack --list     their names
 *
 * Of the machine outside it is told by its environment: HOST_FILE, the path of a file that is not
 * in the sandbox; HOST_SECRET, the name of a variable that only the machine has; HOST_SOCKET, the
 * name of an abstract socket somebody listens at; HOST_PORT, a port of 127.0.0.1; HOST_DISK,
 * "MAJOR:MINOR" of a disk; HOST_DIRECTORY, a directory that is not in the sandbox.
 */
#include "tests/attack/attack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char story[256];

bool broke(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(story, sizeof story, format, arguments);
	va_end(arguments);
	return true;
}

const char *host(const char *name)
{
	const char *value = getenv(name);
	if (value == NULL) {
		fprintf(stderr, "attack: %s is not set\n", name);
		exit(2);
	}
	return value;
}

bool same_file(const char *a, const char *b)
{
	struct stat one, other;
	return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev &&
	       one.st_ino == other.st_ino;
}

/* --- other processes (CVE-2016-9962, CVE-2019-5736, CVE-2021-3602) */

/* A handle on the program of the machine that runs the sandbox: the way to overwrite it. ETXTBSY is
 * no refusal, only bad luck. */
static bool program_is_writable(const char *pid)
{
	char path[64], again[64];
	snprintf(path, sizeof path, "/proc/%s/exe", pid);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 || errno == ETXTBSY)
		return broke("%s can be opened for writing", path);
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return false;
	snprintf(again, sizeof again, "/proc/self/fd/%d", fd);
	int writable = open(again, O_WRONLY | O_CLOEXEC);
	if (writable >= 0 || errno == ETXTBSY)
		return broke("%s can be opened for writing through a descriptor", path);
	return false;
}

static bool each_other_process(bool (*attempt)(const char *pid))
{
	char self[16];
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	bool result = false;
	snprintf(self, sizeof self, "%d", getpid());
	char parent[16];
	/* the parent is this program too */
	snprintf(parent, sizeof parent, "%d", getppid());
	while (!result && dir != NULL && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		    strcmp(entry->d_name, self) != 0 &&
		    (strcmp(entry->d_name, parent) != 0 || getppid() == 1))
			result = attempt(entry->d_name);
	if (dir != NULL)
		closedir(dir);
	return result;
}

static bool attack_program(void)
{
	return each_other_process(program_is_writable);
}

static bool has_secret(const char *path)
{
	char text[65536], secret[256];
	const char *backwards = host("HOST_SECRET");
	size_t size = strlen(backwards);
	for (size_t i = 0; i < size && i < sizeof secret; i++)
		secret[i] = backwards[size - 1 - i];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd >= 0 ? read(fd, text, sizeof text) : 0;
	if (fd >= 0)
		close(fd);
	return length > 0 && memmem(text, (size_t)length, secret, size) != NULL;
}

static bool process_is_open(const char *pid)
{
	static const char *const names[] = {"root", "cwd"};
	char path[64];
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "/proc/%s/%s", pid, names[i]);
		int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0 && !same_file(path, "/"))
			return broke("%s leads elsewhere", path);
		if (fd >= 0)
			close(fd);
	}
	snprintf(path, sizeof path, "/proc/%s/environ", pid);
	if (has_secret(path))
		return broke("%s tells the machine's variables", path);
	snprintf(path, sizeof path, "/proc/%s/mem", pid);
	if (open(path, O_RDWR | O_CLOEXEC) >= 0)
		return broke("%s can be written", path);
	for (int fd = 0; fd < 64; fd++) {
		snprintf(path, sizeof path, "/proc/%s/fd/%d", pid, fd);
		if (open(path, O_PATH | O_CLOEXEC) >= 0)
			return broke("%s opens", path);
	}
	return false;
}

static bool attack_process(void)
{
	return each_other_process(process_is_open);
}

static bool attack_environment(void)
{
	if (has_secret("/proc/self/environ"))
		return broke("the step has the machine's variables");
	return false;
}

/* --- what was left open (CVE-2024-21626, CVE-2015-3627) */

static bool attack_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	if (dir == NULL)
		return broke("no /proc/self/fd: %s", strerror(errno));
	while ((entry = readdir(dir)) != NULL) {
		int fd = atoi(entry->d_name);
		char path[64], target[256] = "";
		if (entry->d_name[0] == '.' || fd == dirfd(dir))
			continue;
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		if (readlink(path, target, sizeof target - 1) < 0)
			target[0] = '\0';
		if (fd > 2)
			return broke("descriptor %d is open: %s", fd, target);
		struct stat status;
		if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode))
			return broke("descriptor %d is a directory: %s", fd, target);
	}
	closedir(dir);
	return false;
}

static bool attack_cwd(void)
{
	char path[4096] = "";
	long length = syscall(SYS_getcwd, path, sizeof path);
	if (length < 0 || path[0] != '/')
		return broke("the working directory is '%s'", path);
	/* out by "..", as far as it goes */
	for (int i = 0; i < 64; i++)
		if (chdir("..") != 0)
			break;
	if (!same_file(".", "/"))
		return broke("'..' of the working directory is not the root");
	if (access(host("HOST_FILE"), F_OK) == 0)
		return broke("%s is there", host("HOST_FILE"));
	return false;
}

/* the oldest trick of all */
static bool attack_chroot(void)
{
	mkdir("/tmp/jail", 0700);
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (chroot("/tmp/jail") != 0)
		return false;
	if (fd >= 0 && fchdir(fd) != 0)
		return false;
	for (int i = 0; i < 64; i++)
		if (chdir("..") != 0)
			break;
	if (chroot(".") == 0 && access(host("HOST_FILE"), F_OK) == 0)
		return broke("chroot leads to the machine's root");
	return false;
}

/* --- what exists in the sandbox */

static bool attack_dev(void)
{
	static const char *const known[] = {
		".",   "..",  "null", "zero",  "full",	 "random", "urandom", "tty",	"ptmx",
		"pts", "shm", "fd",   "stdin", "stdout", "stderr", "console", "mqueue", "core"};
	DIR *dir = opendir("/dev");
	struct dirent *entry;
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		bool found = false;
		for (size_t i = 0; i < sizeof known / sizeof *known; i++)
			found = found || strcmp(known[i], entry->d_name) == 0;
		if (!found)
			return broke("/dev/%s is there", entry->d_name);
	}
	if (dir != NULL)
		closedir(dir);
	return false;
}

static bool attack_host_file(void)
{
	if (access(host("HOST_FILE"), F_OK) == 0)
		return broke("%s is there", host("HOST_FILE"));
	return false;
}

/* CVE-2015-3630, CVE-2022-0492, CVE-2023-25809: what the kernel takes from whoever is root */
static bool attack_proc(void)
{
	static const char *const paths[] = {
		"/proc/sys/kernel/core_pattern",
		"/proc/sys/kernel/modprobe",
		"/proc/sys/kernel/hotplug",
		"/proc/sys/kernel/sysrq",
		"/proc/sys/vm/panic_on_oom",
		"/proc/sys/fs/protected_symlinks",
		"/proc/sys/fs/binfmt_misc/register",
		"/proc/sysrq-trigger",
		"/proc/irq/default_smp_affinity",
		"/proc/timer_list",
		"/proc/sched_debug",
		"/sys/kernel/uevent_helper",
		"/sys/power/state",
		"/sys/fs/cgroup/cgroup.procs",
		"/sys/fs/cgroup/release_agent",
		"/sys/fs/cgroup/cgroup.subtree_control",
	};
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		struct stat status;
		int file = open(paths[i], O_WRONLY | O_CLOEXEC);
		/* what is hidden is behind /dev/null */
		if (file >= 0 && fstat(file, &status) == 0 && !S_ISCHR(status.st_mode))
			return broke("%s can be written", paths[i]);
	}
	int fd = open("/proc/kcore", O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		char byte;
		if (read(fd, &byte, 1) == 1)
			return broke("/proc/kcore can be read");
	}
	return false;
}

static const struct {
	const char *name;
	bool (*attempt)(void);
} attacks[] = {
	{"program", attack_program},
	{"process", attack_process},
	{"environment", attack_environment},
	{"descriptors", attack_descriptors},
	{"cwd", attack_cwd},
	{"chroot", attack_chroot},
	{"dev", attack_dev},
	{"host-file", attack_host_file},
	{"proc", attack_proc},
	{"ptrace", attack_ptrace},
	{"namespaces", attack_namespaces},
	{"mounts", attack_mounts},
	{"cgroup", attack_cgroup},
	{"mknod", attack_mknod},
	{"handle", attack_handle},
	{"terminal", attack_terminal},
	{"groups", attack_groups},
	{"capabilities", attack_capabilities},
	{"abstract-socket", attack_abstract_socket},
	{"network", attack_network},
	{"kernel", attack_kernel},
	{"other-architecture", attack_other_architecture},
	{"signals", attack_signals},
	{"stub", attack_stub},
	{"deputy", attack_deputy},
	{"devices-of-the-machine", attack_devices_of_the_machine},
	{"own-descriptors", attack_own_descriptors},
	{"waiting", attack_waiting},
	{"bad-memory", attack_bad_memory},
	{"race", attack_race},
	{"turning-descriptors", attack_turning_descriptors},
	{"dying", attack_dying},
	{"interrupted", attack_interrupted},
	{"attributes", attack_attributes},
	{"ids", attack_ids},
	{"none", attack_none},
	{"undumpable", attack_undumpable},
	{"limits-of-the-first", attack_limits_of_the_first},
};

/* In a child, for what changes the process for good. 0: held, 1: broken. */
static int attack(const char *name)
{
	size_t i = 0;
	while (i < sizeof attacks / sizeof *attacks && strcmp(attacks[i].name, name) != 0)
		i++;
	if (i == sizeof attacks / sizeof *attacks) {
		fprintf(stderr, "attack: no attack '%s'\n", name);
		return 2;
	}
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		/* where it may write, to a directory of its own */
		if (strcmp(name, "none") != 0 && (mkdir(name, 0755) != 0 || chdir(name) != 0))
			errno = 0;
		if (attacks[i].attempt())
			printf("%s BROKEN: %s\n", name, story);
		else
			printf("%s held\n", name);
		fflush(stdout);
		_exit(story[0] != '\0');
	}
	int status;
	if (child < 0 || waitpid(child, &status, 0) != child)
		return 2;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	/* to be killed for it is a refusal too, if the attack expects it */
	printf("%s ended by signal %d\n", name, WTERMSIG(status));
	return 2;
}

int main(int argc, char **argv)
{
	int worst = 0;
	if (argc == 2 && strcmp(argv[1], "--list") == 0) {
		for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++)
			puts(attacks[i].name);
		return 0;
	}
	for (int i = 1; i < argc; i++) {
		int result = attack(argv[i]);
		if (result > worst)
			worst = result;
	}
	return worst;
}
