/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/attack/attack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

/*
 * Who answers for owners acts with the sandbox's own rights, on what a hostile step tells it: it
 * must not be made to reach what the step cannot, to wait, to die, or to say what is not so.
 */
enum { SOME_ID = 1234, ROUNDS = 3000 };

/* In the working directory, which is new for each attack. */
static void make_file(const char *name)
{
	int fd = open(name, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
	if (fd >= 0)
		close(fd);
}

static bool has_owner(const char *name, uid_t uid)
{
	struct stat status;
	return lstat(name, &status) == 0 && status.st_uid == uid;
}

/* Whether owners are still kept, after all that was tried. */
static bool is_dead(const char *after)
{
	make_file("alive");
	if (chown("alive", SOME_ID, SOME_ID) != 0)
		return broke("after %s chown fails: %s", after, strerror(errno));
	if (!has_owner("alive", SOME_ID))
		return broke("after %s an owner is forgotten", after);
	return false;
}

/* What the first process has open, the step cannot open itself; nor can it have that changed. */
bool attack_deputy(void)
{
	static const char *const prefixes[] = {"/proc/1/fd/", "/proc/1/task/1/fd/",
					       "/proc/1/fd/../fd/", "/proc/1/task/../fd/"};
	struct stat status;
	char path[64], node[80];
	int proc = open("/proc/1", O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < 4 * 64; i++) {
		snprintf(path, sizeof path, "%s%d", prefixes[i % 4], i / 4);
		snprintf(node, sizeof node, "%s/evil", path);
		if (chown(path, SOME_ID, SOME_ID) == 0 || chmod(path, 0777) == 0)
			return broke("%s has been changed", path);
		if (setxattr(path, "security.capability",
			     "\1\0\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20, 0) == 0)
			return broke("%s has an attribute", path);
		if (stat(path, &status) == 0)
			return broke("%s can be seen", path);
		if (mknod(node, S_IFCHR | 0600, 0x103) == 0 || mkdir(node, 02755) == 0 ||
		    symlink("x", node) == 0 || open(node, O_CREAT | O_RDWR, 0600) >= 0)
			return broke("%s has been made", node);
		if (i % 4 == 0 &&
		    fchownat(proc, path + strlen("/proc/1/"), SOME_ID, SOME_ID, 0) == 0)
			return broke("%s has been changed through a descriptor", path);
	}
	static const char *const others[] = {"/proc/1/cwd",	   "/proc/1/root",
					     "/proc/1/exe",	   "/proc/1/cwd/..",
					     "/proc/1/root/../..", "/proc/1/ns/mnt"};
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (chown(others[i], SOME_ID, SOME_ID) == 0 || stat(others[i], &status) == 0)
			return broke("%s has been reached", others[i]);
	return is_dead("calls for the first process's files");
}

/* What is the machine's own: its devices. To give them the mode they have changes nothing. */
bool attack_devices_of_the_machine(void)
{
	static const char *const paths[] = {"/dev/null",   "/dev/zero",	      "/dev/full",
					    "/dev/random", "/dev/urandom",    "/proc/kcore",
					    "/proc/keys",  "/proc/timer_list"};
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		struct timespec now[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
		if (access(paths[i], F_OK) != 0)
			continue;
		if (chmod(paths[i], 0666) == 0)
			return broke("the mode of %s can be set", paths[i]);
		if (utimensat(AT_FDCWD, paths[i], now, 0) == 0)
			return broke("the times of %s can be set", paths[i]);
	}
	return false;
}

/* /proc/self is the step's own there, and what it names is its own descriptor. */
bool attack_own_descriptors(void)
{
	char path[64];
	make_file("mine");
	int fd = open("mine", O_RDONLY | O_CLOEXEC);
	static const char *const names[] = {"/proc/self/fd/", "/proc/thread-self/fd/", "/dev/fd/"};
	for (uid_t i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s%d", names[i], fd);
		if (chown(path, SOME_ID + i, 7) != 0)
			return broke("chown of %s: %s", path, strerror(errno));
		if (!has_owner("mine", SOME_ID + i))
			return broke("chown of %s was another's", path);
	}
	close(fd);
	for (fd = 3; fd < 40; fd++) {
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		if (chown(path, SOME_ID, 7) == 0)
			return broke("%s is not open here, and has been changed", path);
	}
	return is_dead("calls for its own descriptors");
}

/* Nothing may be opened in a way that waits. */
bool attack_waiting(void)
{
	struct stat status;
	char value[16];
	mkfifo("fifo", 0600);
	alarm(10);
	if (chown("fifo", SOME_ID, 8) != 0 || chmod("fifo", 0640) != 0)
		return broke("chown of a FIFO: %s", strerror(errno));
	stat("fifo", &status);
	getxattr("fifo", "user.x", value, sizeof value);
	listxattr("fifo", value, sizeof value);
	setxattr("fifo", "security.capability", "x", 1, 0);
	if (status.st_uid != SOME_ID)
		return broke("a FIFO has forgotten its owner");
	symlink("fifo", "to-fifo");
	symlink("loop", "loop");
	if (chown("loop", 1, 1) == 0 || errno != ELOOP)
		return broke("chown through a circle: %s", strerror(errno));
	int sockets[2], pipes[2];
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0 && pipe(pipes) == 0) {
		fchown(sockets[0], SOME_ID, 8);
		fchown(pipes[0], SOME_ID, 8);
		fchmod(pipes[1], 0600);
	}
	alarm(0);
	return is_dead("calls for a FIFO");
}

/* Paths that are not there, that end with a page, that never end. */
bool attack_bad_memory(void)
{
	long page = sysconf(_SC_PAGESIZE);
	char *memory = mmap(NULL, (size_t)page * 4, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct stat *unwritable;
	static const uintptr_t wild[] = {0,
					 1,
					 4095,
					 (uintptr_t)-1,
					 (uintptr_t)-4096,
					 (uintptr_t)1 << 47,
					 ((uintptr_t)1 << 63) + 5};
	if (memory == MAP_FAILED)
		return broke("mmap: %s", strerror(errno));
	munmap(memory + 3 * page, (size_t)page);
	mprotect(memory + 2 * page, (size_t)page, PROT_NONE);
	memset(memory, 'a', (size_t)page * 2);
	for (size_t i = 0; i < sizeof wild / sizeof *wild; i++) {
		char *path = (char *)wild[i];
		if (syscall(SYS_chown, path, 1, 1) == 0 || errno != EFAULT)
			return broke("chown of a path at %p: %s", (void *)path, strerror(errno));
		if (syscall(SYS_setxattr, ".", path, path, 8, 0) == 0 ||
		    syscall(SYS_mknod, path, S_IFCHR, 0x103) == 0 ||
		    syscall(SYS_symlink, path, path) == 0)
			return broke("a path at %p is one", (void *)path);
		syscall(SYS_stat, ".", path);
		syscall(SYS_getxattr, ".", "security.capability", path, (size_t)-1);
		syscall(SYS_listxattr, ".", path, (size_t)-1);
		syscall(SYS_setgroups, 65536, path);
		syscall(SYS_setgroups, 0x7fffffff, path);
		syscall(SYS_getgroups, -1, path);
		syscall(SYS_getresuid, path, path, path);
	}
	/* no NUL before the memory ends, and one that is too far away */
	if (chown(memory, 1, 1) == 0 || (errno != EFAULT && errno != ENAMETOOLONG))
		return broke("chown of a path without an end: %s", strerror(errno));
	memory[page * 2 - 1] = '\0';
	if (chown(memory, 1, 1) == 0 || errno != ENAMETOOLONG)
		return broke("chown of a path that is too long: %s", strerror(errno));
	/* the last byte of a page ends it */
	memcpy(memory + page * 2 - 6, "short", 6);
	make_file("short");
	if (chown(memory + page * 2 - 6, SOME_ID, 1) != 0 || !has_owner("short", SOME_ID))
		return broke("a path at a page's end: %s", strerror(errno));
	unwritable = (struct stat *)(void *)(memory + 2 * page);
	if (stat("short", unwritable) == 0 || errno != EFAULT)
		return broke("stat into memory that is not writable: %s", strerror(errno));
	return is_dead("wild pointers");
}

typedef struct {
	char path[2][PATH_MAX];
	char *volatile now;
	char buffer[PATH_MAX];
	volatile bool stop;
} Race;

/* Rewrites the path while it is read. */
static void *rewrite_path(void *data)
{
	Race *race = data;
	for (unsigned i = 0; !race->stop; i++)
		memcpy(race->buffer, race->path[i & 1], strlen(race->path[i & 1]) + 1);
	return NULL;
}

/* A directory that is a link half of the time. */
static void *swap_names(void *data)
{
	Race *race = data;
	while (!race->stop)
		syscall(SYS_renameat2, AT_FDCWD, "turn/dir", AT_FDCWD, "turn/link", 2);
	return NULL;
}

/* CVE-2021-30465's kind: what has been looked at is something else when it is used. */
bool attack_race(void)
{
	static Race race;
	pthread_t threads[2];
	struct stat status;
	mkdir("turn", 0755);
	mkdir("turn/dir", 0755);
	make_file("turn/dir/file");
	/* "machine" is a name that is in no sandbox */
	symlink(host("HOST_DIRECTORY"), "turn/link");
	snprintf(race.path[0], PATH_MAX, "turn/dir/file");
	snprintf(race.path[1], PATH_MAX, "/proc/1/root%s/secret", host("HOST_DIRECTORY"));
	memcpy(race.buffer, race.path[0], strlen(race.path[0]) + 1);
	pthread_create(&threads[0], NULL, rewrite_path, &race);
	pthread_create(&threads[1], NULL, swap_names, &race);
	for (uid_t i = 0; i < ROUNDS; i++) {
		chown(race.buffer, 1 + i % 7, 1);
		lstat(race.buffer, &status);
		chmod("turn/dir/file", 04755);
		mknod("turn/dir/node", S_IFCHR | 0600, 0x103);
		unlink("turn/dir/node");
		setxattr(race.buffer, "security.capability", "x", 1, 0);
	}
	race.stop = true;
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	return is_dead("races");
}

static void *turn_descriptor(void *data)
{
	Race *race = data;
	while (!race->stop) {
		int fd = open("one", O_RDONLY);
		dup2(fd, 500);
		close(fd);
		close(500);
	}
	return NULL;
}

/* Descriptors that close and open while they are used. */
bool attack_turning_descriptors(void)
{
	static Race race;
	pthread_t thread;
	struct stat status;
	make_file("one");
	pthread_create(&thread, NULL, turn_descriptor, &race);
	for (uid_t i = 0; i < ROUNDS; i++) {
		if (fchown(500, 1 + i % 7, 1) != 0 && errno != EBADF)
			return broke("fchown: %s", strerror(errno));
		fstat(500, &status);
		fchownat(500, "x", 1, 1, 0);
	}
	race.stop = true;
	pthread_join(thread, NULL);
	return is_dead("descriptors that close");
}

/* Tasks that die while they wait for an answer. */
bool attack_dying(void)
{
	make_file("shared");
	for (int round = 0; round < 300; round++) {
		pid_t child = fork();
		if (child == 0) {
			for (uid_t i = 0;; i++) {
				chown("shared", i % 9, 1);
				int fd = open("made", O_CREAT | O_RDWR | O_CLOEXEC, 04755);
				close(fd);
				unlink("made");
			}
		}
		usleep((useconds_t)(round * 7 % 900));
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	return is_dead("tasks that died");
}

static void ignore_signal(int number)
{
	(void)number;
}

/* Signals that come while an answer is under way: it counts once. */
bool attack_interrupted(void)
{
	struct sigaction action = {.sa_handler = ignore_signal, .sa_flags = SA_RESTART};
	struct itimerval often = {{0, 150}, {0, 150}}, never = {{0, 0}, {0, 0}};
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	bool result = false;
	for (int i = 0; i < 500 && !result; i++) {
		char name[32];
		snprintf(name, sizeof name, "node-%d", i);
		if (mknod(name, S_IFCHR | 0600, 0x501) != 0)
			result = broke("mknod, interrupted: %s", strerror(errno));
		else if (chown(name, SOME_ID, 1) != 0 || !has_owner(name, SOME_ID))
			result = broke("chown, interrupted: %s", strerror(errno));
	}
	setitimer(ITIMER_REAL, &never, NULL);
	return result || is_dead("signals");
}

/* The record itself is not the step's to write, and attributes have limits. */
bool attack_attributes(void)
{
	static char large[70000];
	char list[4096], name[64];
	make_file("file");
	if (setxattr("file", "user.ostreemeta", "forged", 6, 0) == 0)
		return broke("a record can be forged");
	chown("file", SOME_ID, 1);
	if (removexattr("file", "user.ostreemeta") == 0 || !has_owner("file", SOME_ID))
		return broke("a record can be removed");
	if (getxattr("file", "user.ostreemeta", list, sizeof list) >= 0)
		return broke("a record can be read");
	ssize_t length = listxattr("file", list, sizeof list);
	if (length > 0)
		return broke("a record shows: %s", list);
	for (size_t size = 1; size < sizeof large; size *= 3) {
		setxattr("file", "security.capability", large, size, 0);
		setxattr("file", "user.large", large, size, 0);
		setxattr("file", "security.selinux", large, size, 0);
	}
	syscall(SYS_setxattr, "file", "security.capability", large, SIZE_MAX, 0);
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof name, "security.attack%d", i);
		setxattr("file", name, "v", 1, 0);
		snprintf(name, sizeof name, "trusted.attack%d", i);
		setxattr("file", name, "v", 1, 0);
	}
	if (!has_owner("file", SOME_ID))
		return broke("attributes have taken the owner's place");
	return is_dead("attributes");
}

/* The ids of a process hang on one of its limits, which it can set itself. */
bool attack_ids(void)
{
	struct rlimit limit;
	static const rlim_t values[] = {0,
					1,
					1000,
					(rlim_t)1 << 44,
					((rlim_t)1 << 44) + 1,
					((rlim_t)1 << 44) + 1023,
					((rlim_t)1 << 44) + 1024,
					((rlim_t)1 << 63),
					RLIM_INFINITY - 1};
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		pid_t child = fork();
		if (child == 0) {
			getrlimit(RLIMIT_RTTIME, &limit);
			limit.rlim_cur = values[i];
			setrlimit(RLIMIT_RTTIME, &limit);
			uid_t uid = getuid();
			gid_t groups[64];
			getgroups(64, groups);
			setuid(uid + 1);
			limit.rlim_cur = limit.rlim_max = 0;
			setrlimit(RLIMIT_RTTIME, &limit);
			setuid(77);
			setgid(77);
			make_file("as-another");
			_exit(0);
		}
		waitpid(child, NULL, 0);
	}
	/* more sets of ids than anybody has */
	for (uid_t i = 1; i < 1500; i++) {
		pid_t child = fork();
		if (child == 0)
			_exit(setresuid(i, i + 1, i + 2) == 0 ? 0 : 1);
		waitpid(child, NULL, 0);
	}
	if (getuid() != 0)
		return broke("another's ids are ours now");
	return is_dead("ids");
}

/* No attack: what a package does, for a look at what is left of it. */
bool attack_none(void)
{
	struct stat status;
	mkdir("/made", 02775);
	chown("/made", 5, 6);
	make_file("/made/file");
	chown("/made/file", SOME_ID, 7);
	chmod("/made/file", 06755);
	setxattr("/made/file", "security.capability", "\0\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
		 20, 0);
	symlink("file", "/made/link");
	lchown("/made/link", 8, 9);
	link("/made/file", "/made/other");
	mknod("/made/device", S_IFCHR | 0620, 0x501);
	mkfifo("/made/fifo", 0600);
	chown("/made/fifo", 10, 11);
	chown("/etc/changed", 12, 13);
	unlink("/etc/removed");
	rename("/etc/renamed", "/etc/new");
	if (getuid() != 0 || setresuid(33, 33, 33) != 0 || getuid() != 33)
		return broke("ids cannot be changed");
	make_file("/made/by-33");
	if (stat("/made/file", &status) != 0 || status.st_uid != SOME_ID ||
	    (status.st_mode & 07777) != 06755)
		return broke("the owner is %u, the mode %o", status.st_uid, status.st_mode);
	return false;
}

/* A program that nobody may look into has owners, too. */
bool attack_undumpable(void)
{
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	return is_dead("PR_SET_DUMPABLE");
}

/* Out of the first process's descriptors and of its time. */
bool attack_limits_of_the_first(void)
{
	struct rlimit limit = {4, 4};
	syscall(SYS_prlimit64, 1, RLIMIT_NOFILE, &limit, NULL);
	limit.rlim_cur = limit.rlim_max = 1 << 20;
	syscall(SYS_prlimit64, 1, RLIMIT_STACK, &limit, NULL);
	syscall(SYS_prlimit64, 1, RLIMIT_FSIZE, &(struct rlimit){0, 0}, NULL);
	make_file("file");
	/* it may fail, but it has to come back */
	chown("file", SOME_ID, 1);
	mknod("device", S_IFCHR, 0x103);
	return false;
}
