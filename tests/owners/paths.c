/* SPDX-License-Identifier: Apache-2.0 */
/*
 * owners paths DIRECTORY: the ways that a path can take, and the attributes that a step may see; as
 * the machine's root the same must hold. Says "N of N" and what was not so.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tests/owners/owners.h"

static unsigned tried;
static unsigned held;

static void expect(bool holds, const char *what)
{
	tried++;
	held += holds;
	if (!holds)
		printf("not so: %s (errno %d)\n", what, errno);
}

static bool is_owned(const char *path, uint32_t uid, uint32_t gid)
{
	struct stat st;
	return stat(path, &st) == 0 && st.st_uid == uid && st.st_gid == gid;
}

static void make_file(const char *path)
{
	int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
	if (fd >= 0)
		close(fd);
}

static void try_links(void)
{
	char loop[64];
	make_file("plain");
	expect(symlink("plain", "link") == 0 && chown("link", 5, 6) == 0 &&
		       is_owned("plain", 5, 6) && !is_owned("/", 5, 6),
	       "chown follows a link");
	expect(symlink("../plain", "d0/up") == 0 && chown("d0/up", 7, 8) == 0 &&
		       is_owned("plain", 7, 8),
	       "a link with ..");
	expect(symlink("loop", "loop") == 0 && chown("loop", 1, 1) < 0 && errno == ELOOP,
	       "a link to itself");
	expect(symlink("plain/", "slash") == 0 && chown("slash", 1, 1) < 0 && errno == ENOTDIR,
	       "a link to a file with a slash");
	expect(chown("plain/", 1, 1) < 0 && errno == ENOTDIR, "a file with a slash");
	expect(chown("", 1, 1) < 0 && errno == ENOENT, "no path");
	expect(chown("d0/../d1/./../plain", 9, 9) == 0 && is_owned("plain", 9, 9), "dots");
	snprintf(loop, sizeof loop, "d%d", 9);
	expect(chown(loop, 1, 1) < 0 && errno == ENOENT, "what is not there");
	expect(chown((const char *)8, 1, 1) < 0 && errno == EFAULT, "a wild pointer");
}

static void try_long(void)
{
	static char path[5000];
	memset(path, 'a', 300);
	expect(mkdir(path, 0755) < 0 && errno == ENAMETOOLONG, "a long name");
	memset(path, '/', 4990);
	expect(chown(path, 1, 1) < 0 && errno == ENAMETOOLONG, "a long path");
}

static void try_magic(void)
{
	char path[64];
	int fd = open("plain", O_RDONLY | O_CLOEXEC);
	int high = fcntl(fd, F_DUPFD_CLOEXEC, 300);
	int dir = open("d0", O_PATH | O_DIRECTORY | O_CLOEXEC);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	expect(chown(path, 11, 12) == 0 && is_owned("plain", 11, 12), "/proc/self/fd");
	snprintf(path, sizeof path, "/dev/fd/%d", high);
	expect(chown(path, 12, 13) == 0 && is_owned("plain", 12, 13) && is_owned(path, 12, 13),
	       "/dev/fd");
	snprintf(path, sizeof path, "/proc/thread-self/fd/%d", high);
	expect(chown(path, 13, 13) == 0 && is_owned("plain", 13, 13), "/proc/thread-self");
	snprintf(path, sizeof path, "/proc/self/fd/%d/../plain", dir);
	expect(chown(path, 13, 14) == 0 && is_owned("plain", 13, 14), ".. of a magic link");
	expect(chown("/proc/self/cwd/plain", 14, 14) == 0 && is_owned("plain", 14, 14), "cwd");
	expect(symlink("/proc/self/cwd/plain", "magic") == 0 && chown("magic", 15, 15) == 0 &&
		       is_owned("plain", 15, 15),
	       "a link to a magic link");
	expect(fchownat(dir, "../plain", 16, 16, 0) == 0 && is_owned("plain", 16, 16), "dirfd");
	expect(fchownat(fd, "", 17, 17, AT_EMPTY_PATH) == 0 && is_owned("plain", 17, 17), "empty");
	expect(fchownat(fd, "", 1, 1, 0) < 0 && errno == ENOENT, "empty without the flag");
	expect(fchownat(fd, "x", 1, 1, 0) < 0 && errno == ENOTDIR, "below a file");
	expect(fchownat(777, "plain", 1, 1, 0) < 0 && errno == EBADF, "no such descriptor");
	expect(fchown(777, 1, 1) < 0 && errno == EBADF, "fchown of none");
	expect(fchownat(fd, "", 1, 1, 0x40000000) < 0 && errno == EINVAL, "unknown flags");
	close(fd);
	close(high);
	close(dir);
}

static void try_path_descriptor(void)
{
	unsigned char cap[20] = {1, 0, 0, 2, 0, 0x20};
	struct stat st;
	char text[16];
	int fd = open("plain", O_PATH | O_CLOEXEC);
	expect(fchown(fd, 1, 1) < 0 && errno == EBADF, "fchown by O_PATH");
	expect(fchmod(fd, 0600) < 0 && errno == EBADF, "fchmod by O_PATH");
	expect(fsetxattr(fd, "security.capability", cap, 20, 0) < 0 && errno == EBADF &&
		       fgetxattr(fd, "user.a", text, sizeof text) < 0 && errno == EBADF &&
		       flistxattr(fd, text, sizeof text) < 0 && errno == EBADF &&
		       fremovexattr(fd, "security.capability") < 0 && errno == EBADF,
	       "attributes by O_PATH");
	expect(syscall(SYS_fchownat, fd, NULL, 1, 1, AT_EMPTY_PATH) < 0 && errno == EFAULT,
	       "no path at all");
	expect(fstat(fd, &st) == 0 && st.st_uid == 17 && st.st_gid == 17, "fstat by O_PATH");
	expect(fchownat(fd, "", 18, 18, AT_EMPTY_PATH) == 0 && is_owned("plain", 18, 18),
	       "an empty path and O_PATH");
	close(fd);
}

/* What answers has descriptors of its own, of what lies outside. */
static void try_first_process(void)
{
	static const char *const ways[] = {"/proc/1/fd/", "/proc/1/task/1/fd/",
					   "/proc/self/../1/fd/", "d0/one/fd/"};
	char path[64];
	expect(symlink("/proc/1", "d0/one") == 0, "a link to the first process");
	for (unsigned way = 0; way < sizeof ways / sizeof *ways; way++) {
		bool refused = true;
		for (int fd = 0; fd < 40; fd++) {
			snprintf(path, sizeof path, "%s%d", ways[way], fd);
			refused = refused && chown(path, 1, 1) < 0 && chmod(path, 0700) < 0;
			strcat(path, "/made");
			refused = refused && mknod(path, S_IFCHR, makedev(1, 3)) < 0;
		}
		expect(refused, ways[way]);
	}
	expect(chown("/proc/1/exe", 1, 1) < 0 && errno == EACCES, "its program");
}

static void try_inheritance(void)
{
	struct stat st;
	umask(027);
	expect(chown("d1", 0, 50) == 0 && chmod("d1", 02775) == 0, "a setgid directory");
	make_file("d1/f");
	expect(stat("d1/f", &st) == 0 && st.st_gid == 50 && st.st_mode == (S_IFREG | 0640),
	       "a file in it, with the umask");
	expect(mkdir("d1/d/", 0777) == 0 && stat("d1/d", &st) == 0 && st.st_gid == 50 &&
		       st.st_mode == (S_IFDIR | S_ISGID | 0750),
	       "a directory in it");
	make_file("d1/d/f");
	expect(is_owned("d1/d/f", 0, 50), "and in that");
	expect(symlink("d1/later", "dangling") == 0 && symlink("dangling", "more") == 0, "links");
	close(open("more", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	expect(is_owned("d1/later", 0, 50), "made through links");
	expect(open("dangling2/", O_CREAT | O_WRONLY, 0600) < 0 && errno == EISDIR, "a slash");
	expect(mkdir("d1/f", 0755) < 0 && errno == EEXIST, "mkdir over a file");
	expect(mkdir("d1/..", 0755) < 0 && errno == EEXIST, "mkdir of ..");
	expect(symlink("x", "d1/f") < 0 && errno == EEXIST, "symlink over a file");
	expect(open("d1/f", O_CREAT | O_EXCL | O_WRONLY, 0600) < 0 && errno == EEXIST, "O_EXCL");
	expect(open("d1/d", O_CREAT | O_WRONLY, 0600) < 0 && errno == EISDIR, "O_CREAT of one");
	expect(symlink("", "d1/empty") < 0 && errno == ENOENT, "an empty link");
	expect(symlink("y", "d1/l") == 0 && lstat("d1/l", &st) == 0 && st.st_gid == 50, "a link");
	umask(0);
}

/* Younger ways to make a file and to see attributes: absent, or as the others. */
static void try_young_calls(void)
{
	struct {
		uint64_t flags, mode, resolve;
	} how = {O_CREAT | O_WRONLY | O_CLOEXEC, 0640, 0};
	struct {
		uint64_t value;
		uint32_t size, flags;
	} arguments = {0, 0, 0};
	long fd = syscall(SYS_openat2, AT_FDCWD, "d1/young", &how, sizeof how);
	expect((fd < 0 && errno == ENOSYS) || (fd >= 0 && is_owned("d1/young", 0, 50)), "openat2");
	if (fd >= 0)
		close((int)fd);
	expect(syscall(464 /* getxattrat */, AT_FDCWD, "plain", 0, "user.ostreemeta", &arguments,
		       sizeof arguments) < 0 &&
		       (errno == ENOSYS || errno == ENODATA),
	       "the record cannot be read by getxattrat");
}

static void try_descriptor(void)
{
	char text[4] = "";
	int fd = open("d1/rw", O_CREAT | O_RDWR | O_CLOEXEC | O_APPEND, 0600);
	expect(fd >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC) && (fcntl(fd, F_GETFL) & O_APPEND) &&
		       write(fd, "abc", 3) == 3 && pread(fd, text, 3, 0) == 3 &&
		       strcmp(text, "abc") == 0,
	       "what is made can be used");
	close(fd);
	fd = open("d1/plain", O_CREAT | O_WRONLY, 0600);
	expect(fd >= 0 && !(fcntl(fd, F_GETFD) & FD_CLOEXEC), "and is kept by execve()");
	close(fd);
}

static void try_attributes(void)
{
	unsigned char cap[20] = {1, 0, 0, 2, 0, 0x20};
	unsigned char bad[20] = {1, 0, 0, 9};
	char text[256];
	ssize_t n;
	make_file("attr");
	expect(chown("attr", 3, 4) == 0 && listxattr("attr", text, sizeof text) == 0,
	       "an owner is no attribute");
	expect(getxattr("attr", "user.ostreemeta", text, sizeof text) < 0 && errno == ENODATA,
	       "the record cannot be read");
	expect(setxattr("attr", "user.a", "1", 1, 0) == 0 &&
		       getxattr("attr", "user.a", text, sizeof text) == 1,
	       "user attributes");
	expect(setxattr("attr", "security.capability", bad, 20, 0) < 0 && errno == EINVAL,
	       "no capability");
	expect(setxattr("attr", "security.capability", cap, 20, XATTR_REPLACE) < 0 &&
		       errno == ENODATA,
	       "XATTR_REPLACE");
	expect(setxattr("attr", "security.capability", cap, 20, 0) == 0 &&
		       getxattr("attr", "security.capability", text, sizeof text) == 20 &&
		       memcmp(text, cap, 20) == 0,
	       "a capability");
	expect(setxattr("attr", "security.capability", cap, 20, XATTR_CREATE) < 0 &&
		       errno == EEXIST,
	       "XATTR_CREATE");
	expect(getxattr("attr", "security.capability", text, 5) < 0 && errno == ERANGE, "ERANGE");
	expect(getxattr("attr", "security.capability", NULL, 0) == 20, "its size");
	n = listxattr("attr", text, sizeof text);
	expect(n == sizeof "user.a" + sizeof "security.capability", "both are listed");
	expect(listxattr("attr", text, 3) < 0 && errno == ERANGE, "list: ERANGE");
	expect(removexattr("attr", "security.capability") == 0 &&
		       removexattr("attr", "security.capability") < 0 && errno == ENODATA,
	       "it is removed");
	expect(is_owned("attr", 3, 4), "the owner stays");
}

/* An access list for user 5, whose mask would be the mode's group. */
static void try_access_list(void)
{
	static const struct {
		uint32_t version;
		struct {
			uint16_t tag;
			uint16_t rights;
			uint32_t id;
		} entries[5];
	} list = {2, {{1, 6, 0}, {2, 7, 5}, {4, 4, 0}, {0x10, 7, 0}, {0x20, 0, 0}}};
	struct stat st;
	expect(setxattr("attr", "system.posix_acl_access", &list, sizeof list, 0) < 0 &&
		       errno == EOPNOTSUPP && stat("attr", &st) == 0 &&
		       st.st_mode == (S_IFREG | 0644),
	       "no access list");
	expect(setxattr("d2", "system.posix_acl_default", &list, sizeof list, 0) < 0 &&
		       errno == EOPNOTSUPP,
	       "and no default one");
}

/* In a child, for it does not come back. */
static bool in_chroot(void)
{
	struct stat st;
	if (chroot("d2") < 0 || chdir("/in") < 0)
		return false;
	make_file("/in/file");
	return chown("/in/file", 21, 22) == 0 && is_owned("file", 21, 22) &&
	       chown("../../../in/file", 22, 22) == 0 && is_owned("/in/file", 22, 22) &&
	       symlink("/in/file", "absolute") == 0 && chown("absolute", 23, 23) == 0 &&
	       is_owned("/../in/file", 23, 23) && stat("/proc/self", &st) < 0 &&
	       lstat("/absolute", &st) < 0 && errno == ENOENT;
}

/* As setpriv(1) does it: the groups after the user. */
static bool keeps_capabilities(void)
{
	return prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0 && setresuid(33, 33, 33) == 0 &&
	       getuid() == 33;
}

static bool drops_for_good(void)
{
	return setresgid(34, 34, 34) == 0 && setresuid(33, 33, 33) == 0 && setuid(0) < 0 &&
	       errno == EPERM && seteuid(0) < 0 && setgid(0) < 0 && getegid() == 34 &&
	       chown("attr", 33, 34) < 0 && errno == EPERM && mknod("dev", S_IFCHR, 0x105) < 0 &&
	       errno == EPERM;
}

static bool in_child(bool (*what)(void))
{
	int status;
	pid_t child = fork();
	if (child == 0)
		_exit(what() ? 0 : 1);
	return waitpid(child, &status, 0) == child && status == 0;
}

int paths_main(const char *directory)
{
	umask(0);
	/* all may make names here: a permission is not what is refused */
	if (chdir(directory) < 0 || chmod(".", 01777) < 0 || mkdir("d0", 0755) < 0 ||
	    mkdir("d1", 0755) < 0 || mkdir("d2", 0755) < 0 || mkdir("d2/in", 0755) < 0)
		return 1;
	try_links();
	try_long();
	try_magic();
	try_path_descriptor();
	try_first_process();
	try_inheritance();
	try_young_calls();
	try_descriptor();
	try_attributes();
	try_access_list();
	expect(in_child(keeps_capabilities), "capabilities that are kept");
	expect(in_child(drops_for_good), "a user is dropped for good");
	expect(in_child(in_chroot), "chroot");
	expect(is_owned("d2/in/file", 23, 23), "chroot, from outside");
	printf("%u of %u\n", held, tried);
	return held == tried ? 0 : 1;
}
