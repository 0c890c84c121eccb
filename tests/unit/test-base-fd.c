/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

/* A directory of one test. */
typedef struct {
	char *path;
	int fd;
} Scratch;

static void set_up(Scratch *scratch, G_GNUC_UNUSED gconstpointer data)
{
	scratch->path = g_dir_make_tmp("fd-XXXXXX", NULL);
	g_assert_nonnull(scratch->path);
	scratch->fd = smith_fd_open_dir(AT_FDCWD, scratch->path, NULL);
	g_assert_cmpint(scratch->fd, >=, 0);
}

static void tear_down(Scratch *scratch, G_GNUC_UNUSED gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	smith_fd_remove_tree(AT_FDCWD, scratch->path, &error);
	g_assert_no_error(error);
	g_assert_cmpint(access(scratch->path, F_OK), ==, -1);
	smith_fd_clear(&scratch->fd);
	g_free(scratch->path);
}

static void put(int dirfd, const char *path, const char *text)
{
	g_autoptr(GError) error = NULL;
	smith_fd_write_file(dirfd, path, text, strlen(text), 0644, &error);
	g_assert_no_error(error);
}

static void assert_file(int dirfd, const char *path, const char *text, mode_t mode)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = smith_fd_read_file(dirfd, path, 1 << 20, &error);
	g_assert_no_error(error);
	g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), text, strlen(text));
	struct stat st;
	g_assert_cmpint(fstatat(dirfd, path, &st, 0), ==, 0);
	g_assert_cmpuint(st.st_mode & 07777, ==, mode);
}

/* The names in a directory, joined with spaces. */
static void assert_names(int dirfd, const char *expected)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) names = smith_fd_list_dir(dirfd, &error);
	g_assert_no_error(error);
	g_ptr_array_add(names, NULL);
	g_autofree char *joined = g_strjoinv(" ", (char **)names->pdata);
	g_assert_cmpstr(joined, ==, expected);
}

/*
 * Refuses a system call with @result: any use of it, or only those with one of @bits set in
 * argument @argument. Cannot be taken back, hence for subprocesses only.
 */
static void refuse(guint32 call, guint argument, guint32 bits, guint32 result)
{
	struct sock_filter all[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 (guint32)(offsetof(struct seccomp_data, args) + argument * 8)),
		BPF_JUMP(BPF_JMP | (bits != 0 ? BPF_JSET : BPF_JGE) | BPF_K, bits, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | result),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {G_N_ELEMENTS(all), all};
	g_assert_cmpint(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), ==, 0);
	g_assert_cmpint(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), ==, 0);
}

static void test_clear(void)
{
	int fd = open("/", O_RDONLY | O_CLOEXEC);
	int copy = fd;
	errno = EXDEV;
	smith_fd_clear(&fd);
	g_assert_cmpint(errno, ==, EXDEV);
	g_assert_cmpint(fd, ==, -1);
	g_assert_cmpint(fcntl(copy, F_GETFD), ==, -1);
	errno = EXDEV;
	smith_fd_clear(&fd);
	g_assert_cmpint(errno, ==, EXDEV);
}

static void assert_beneath(int dirfd, const char *path, gboolean opens, GQuark domain, int code)
{
	g_autoptr(GError) error = NULL;
	smith_autofd int fd = smith_fd_open_beneath(dirfd, path, O_RDONLY, 0, &error);
	g_assert_cmpint(fd >= 0, ==, opens);
	if (opens) {
		g_assert_no_error(error);
		g_assert_cmpint(fcntl(fd, F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
		return;
	}
	g_assert_error(error, domain, code);
	g_assert_nonnull(strstr(error->message, path));
}

/* With @links, as openat2 does it; else as the walk by components does, which follows none. */
static void check_beneath(int dirfd, gboolean links)
{
	assert_beneath(dirfd, "a/b/file", TRUE, 0, 0);
	assert_beneath(dirfd, "a//b///file", TRUE, 0, 0);
	assert_beneath(dirfd, "./a/./b/file", TRUE, 0, 0);
	assert_beneath(dirfd, "a/b", TRUE, 0, 0);
	assert_beneath(dirfd, "a/b/", TRUE, 0, 0);
	assert_beneath(dirfd, ".", TRUE, 0, 0);
	assert_beneath(dirfd, "", FALSE, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
	assert_beneath(dirfd, "none", FALSE, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
	assert_beneath(dirfd, "a/none/file", FALSE, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
	assert_beneath(dirfd, "a/b/file/x", FALSE, G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY);
	assert_beneath(dirfd, "a/b/file/", FALSE, G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY);
	static const char *const out[] = {"..", "../x", "a/../../x", "/", "/etc/passwd", "//etc"};
	for (gsize i = 0; i < G_N_ELEMENTS(out); i++)
		assert_beneath(dirfd, out[i], FALSE, SMITH_ERROR, SMITH_ERROR_INVALID);
	static const char *const out_links[] = {"a/abs", "a/climb", "etc/passwd"};
	for (gsize i = 0; i < G_N_ELEMENTS(out_links); i++) {
		if (links)
			assert_beneath(dirfd, out_links[i], FALSE, SMITH_ERROR,
				       SMITH_ERROR_INVALID);
		else
			assert_beneath(dirfd, out_links[i], FALSE, G_IO_ERROR,
				       i < 2 ? G_IO_ERROR_TOO_MANY_LINKS
					     : G_IO_ERROR_NOT_DIRECTORY);
	}
	assert_beneath(dirfd, "a/in", links, G_IO_ERROR, G_IO_ERROR_TOO_MANY_LINKS);
	assert_beneath(dirfd, "dir/file", links, G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY);

	g_autoptr(GError) error = NULL;
	smith_autofd int last =
		smith_fd_open_beneath(dirfd, "a/in", O_RDONLY | O_NOFOLLOW, 0, &error);
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_LINKS);
	g_clear_error(&error);
	smith_autofd int made =
		smith_fd_open_beneath(dirfd, "a/made", O_RDWR | O_CREAT | O_EXCL, 0600, &error);
	g_assert_no_error(error);
	smith_autofd int again =
		smith_fd_open_beneath(dirfd, "a/made", O_RDWR | O_CREAT | O_EXCL, 0600, &error);
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_EXISTS);
	g_assert_cmpint(unlinkat(dirfd, "a/made", 0), ==, 0);
}

static void make_beneath(int dirfd)
{
	g_assert_true(smith_fd_make_dirs(dirfd, "a/b", NULL));
	put(dirfd, "a/b/file", "x");
	g_assert_cmpint(symlinkat("b/file", dirfd, "a/in"), ==, 0);
	g_assert_cmpint(symlinkat("a/b", dirfd, "dir"), ==, 0);
	g_assert_cmpint(symlinkat("/etc/passwd", dirfd, "a/abs"), ==, 0);
	g_assert_cmpint(symlinkat("../../x", dirfd, "a/climb"), ==, 0);
	g_assert_cmpint(symlinkat("/etc", dirfd, "etc"), ==, 0);
}

static void test_beneath(Scratch *scratch, G_GNUC_UNUSED gconstpointer data)
{
	make_beneath(scratch->fd);
	check_beneath(scratch->fd, TRUE);
}

/* In a child that the kernel refuses openat2, in the two ways that are met in practice. */
static void test_beneath_refused(Scratch *scratch, gconstpointer data)
{
	make_beneath(scratch->fd);
	pid_t child = fork();
	if (child == 0) {
		refuse(SYS_openat2, 0, 0, (guint32)GPOINTER_TO_INT(data));
		check_beneath(scratch->fd, FALSE);
		_exit(0);
	}
	int status = -1;
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_cmpint(status, ==, 0);
}

static void test_make_dirs(Scratch *scratch, G_GNUC_UNUSED gconstpointer data)
{
	int fd = scratch->fd;
	g_autoptr(GError) error = NULL;
	static const char *const paths[] = {"a", "a", "b/c/d", "b/c/d", "b//e/", "./f/./g", "."};
	for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
		g_assert_true(smith_fd_make_dirs(fd, paths[i], &error));
		g_assert_no_error(error);
		struct stat st;
		g_assert_cmpint(fstatat(fd, paths[i], &st, 0), ==, 0);
		g_assert_true(S_ISDIR(st.st_mode));
	}
	g_autofree char *absolute = g_build_filename(scratch->path, "x/y/z", NULL);
	g_assert_true(smith_fd_make_dirs(AT_FDCWD, absolute, &error));
	g_assert_true(smith_fd_make_dirs(AT_FDCWD, "/", &error));
	g_assert_cmpint(symlinkat("x", fd, "link"), ==, 0);
	g_assert_true(smith_fd_make_dirs(fd, "link/y/new", &error));
	g_assert_no_error(error);

	put(fd, "file", "");
	g_assert_false(smith_fd_make_dirs(fd, "file", &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY);
	g_clear_error(&error);
	g_assert_false(smith_fd_make_dirs(fd, "file/x/y", &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY);
	g_clear_error(&error);
	g_assert_false(smith_fd_make_dirs(fd, "", &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

static void test_remove_tree(Scratch *scratch, G_GNUC_UNUSED gconstpointer data)
{
	int fd = scratch->fd;
	g_autoptr(GError) error = NULL;
	put(fd, "precious", "x");
	g_assert_true(smith_fd_make_dirs(fd, "kept/sub", NULL));
	put(fd, "kept/sub/file", "x");
	g_assert_true(smith_fd_make_dirs(fd, "tree/a/b", NULL));
	put(fd, "tree/a/b/file", "x");
	g_assert_cmpint(symlinkat("../kept", fd, "tree/link"), ==, 0);
	g_assert_cmpint(symlinkat("none", fd, "tree/a/dangling"), ==, 0);
	g_assert_cmpint(mkfifoat(fd, "tree/fifo", 0600), ==, 0);
	g_assert_cmpint(fchmodat(fd, "tree/a/b", 0, 0), ==, 0);
	g_assert_cmpint(fchmodat(fd, "tree/a", 0555, 0), ==, 0);
	g_assert_cmpint(fchmodat(fd, "tree", 0, 0), ==, 0);
	g_assert_cmpint(symlinkat("kept", fd, "link"), ==, 0);

	static const char *const names[] = {"tree", "tree", "link", "none", "precious"};
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_assert_true(smith_fd_remove_tree(fd, names[i], &error));
		g_assert_no_error(error);
	}
	assert_names(fd, "kept");
	assert_file(fd, "kept/sub/file", "x", 0644);
}

/* Deeper than descriptors and paths reach, with names like those that removal itself uses. */
static void test_remove_deep(Scratch *scratch, G_GNUC_UNUSED gconstpointer data)
{
	struct rlimit old;
	g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &old), ==, 0);
	struct rlimit few = {MIN(128, old.rlim_max), old.rlim_max};
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &few), ==, 0);

	g_assert_true(smith_fd_make_dirs(scratch->fd, "deep/.rm-0/x", NULL));
	put(scratch->fd, "deep/.rm-1", "x");
	smith_autofd int at = smith_fd_open_dir(scratch->fd, "deep", NULL);
	for (guint i = 0; i < 400; i++) {
		g_assert_cmpint(mkdirat(at, "some-directory", 0700), ==, 0);
		if (i % 100 == 0)
			g_assert_cmpint(mkdirat(at, "another", 0500), ==, 0);
		int next = smith_fd_open_dir(at, "some-directory", NULL);
		smith_fd_clear(&at);
		at = next;
	}
	g_autoptr(GError) error = NULL;
	g_assert_true(smith_fd_remove_tree(scratch->fd, "deep", &error));
	g_assert_no_error(error);
	assert_names(scratch->fd, "");
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &old), ==, 0);
}

/* What a step has left: it may be anything, and nothing of it is waited for or followed. */
static void test_read_foreign(Scratch *scratch, G_GNUC_UNUSED gconstpointer data)
{
	g_autofree char *outside = g_strdup_printf("/proc/self/fd/%d/file", scratch->fd);
	const char *const refused[] = {"fifo",		"link",	       "out",	      "dir",
				       "dir-link/file", "dir/../../x", "/etc/passwd", "missing"};
	put(scratch->fd, "file", "text");
	g_assert_cmpint(mkdirat(scratch->fd, "dir", 0700), ==, 0);
	g_assert_cmpint(mkfifoat(scratch->fd, "fifo", 0600), ==, 0);
	g_assert_cmpint(symlinkat("file", scratch->fd, "link"), ==, 0);
	g_assert_cmpint(symlinkat("/etc/passwd", scratch->fd, "out"), ==, 0);
	g_assert_cmpint(symlinkat(outside, scratch->fd, "dir-link"), ==, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_null(smith_fd_read_foreign(scratch->fd, refused[i], 1000, &error));
		g_assert_nonnull(error);
	}
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = smith_fd_read_foreign(scratch->fd, "file", 4, &error);
	g_assert_no_error(error);
	g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), "text", 4);
	g_assert_null(smith_fd_read_foreign(scratch->fd, "file", 3, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_LIMIT);
	g_clear_error(&error);
	g_assert_null(smith_fd_read_foreign(scratch->fd, "missing", 3, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

static void test_read(Scratch *scratch, G_GNUC_UNUSED gconstpointer data)
{
	static const gsize sizes[] = {0, 1, 4095, 4096, 4097, 100000};
	for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
		gsize size = sizes[i];
		g_autoptr(GError) error = NULL;
		g_autofree char *text = g_strnfill(size, 'x');
		put(scratch->fd, "file", text);
		g_autoptr(GBytes) exact = smith_fd_read_file(scratch->fd, "file", size, &error);
		g_assert_no_error(error);
		g_assert_cmpmem(g_bytes_get_data(exact, NULL), g_bytes_get_size(exact), text, size);
		g_autoptr(GBytes) ample =
			smith_fd_read_file(scratch->fd, "file", G_MAXSIZE, &error);
		g_assert_cmpuint(g_bytes_get_size(ample), ==, size);
		if (size == 0)
			continue;
		g_assert_null(smith_fd_read_file(scratch->fd, "file", size - 1, &error));
		g_assert_error(error, SMITH_ERROR, SMITH_ERROR_LIMIT);
	}
	g_autoptr(GError) error = NULL;
	g_assert_null(smith_fd_read_file(scratch->fd, "none", 10, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
	g_clear_error(&error);
	g_assert_null(smith_fd_read_file(scratch->fd, ".", 10, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY);
	g_clear_error(&error);

	/* files that say size 0, or that are huge and hollow */
	g_autoptr(GBytes) proc = smith_fd_read_file(AT_FDCWD, "/proc/self/maps", 1 << 24, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(g_bytes_get_size(proc), >, 0);
	g_assert_null(smith_fd_read_file(AT_FDCWD, "/dev/zero", 100000, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_LIMIT);
	g_clear_error(&error);
	smith_autofd int hollow = openat(scratch->fd, "hollow", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	g_assert_cmpint(ftruncate(hollow, (off_t)1 << 40), ==, 0);
	g_assert_null(smith_fd_read_all(hollow, "hollow", 1000, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_LIMIT);
}

static void test_read_pipe(void)
{
	int ends[2];
	g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
	g_assert_true(smith_fd_write_all(ends[1], "hello", 5, NULL));
	smith_fd_clear(&ends[1]);
	g_autoptr(GBytes) bytes = smith_fd_read_all(ends[0], "pipe", 5, NULL);
	g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), "hello", 5);
	smith_fd_clear(&ends[0]);
}

static void test_write_all(void)
{
	g_autoptr(GError) error = NULL;
	smith_autofd int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	g_assert_false(smith_fd_write_all(full, "x", 1, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
	g_clear_error(&error);
	g_assert_true(smith_fd_write_all(full, NULL, 0, &error));
	g_assert_false(smith_fd_write_all(-1, "x", 1, &error));
	g_assert_nonnull(error);
}

/* A umask may neither take from nor add to what we make. */
static void check_write_file(int fd)
{
	static const mode_t masks[] = {0, 022, 077, 0777};
	g_autoptr(GError) error = NULL;
	for (gsize i = 0; i < G_N_ELEMENTS(masks); i++) {
		mode_t old = umask(masks[i]);
		gboolean done = smith_fd_write_file(fd, "file", "one", 3, 0664, &error) &&
				smith_fd_write_file(fd, "file", "other", 5, 0444, &error) &&
				smith_fd_write_file(fd, "sub/file", "in sub", 6, 0600, &error) &&
				smith_fd_write_file(fd, "empty", NULL, 0, 0755, &error);
		umask(old);
		g_assert_no_error(error);
		g_assert_true(done);
		assert_file(fd, "file", "other", 0444);
		assert_file(fd, "sub/file", "in sub", 0600);
		assert_file(fd, "empty", "", 0755);
	}
	assert_names(fd, "empty file sub");
	g_assert_false(smith_fd_write_file(fd, "none/file", "x", 1, 0644, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
	g_clear_error(&error);
	g_assert_false(smith_fd_write_file(fd, "sub", "x", 1, 0644, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY);
	g_assert_nonnull(strstr(error->message, "writing 'sub'"));
	assert_names(fd, "empty file sub");
}

static void check_tmpfile(int fd)
{
	static const struct {
		SmithTmpfileMode mode;
		gboolean exists, links;
		const char *content;
	} rows[] = {
		{SMITH_TMPFILE_KEEP, FALSE, TRUE, "new"},
		{SMITH_TMPFILE_KEEP, TRUE, TRUE, "old"},
		{SMITH_TMPFILE_REPLACE, FALSE, TRUE, "new"},
		{SMITH_TMPFILE_REPLACE, TRUE, TRUE, "new"},
		{SMITH_TMPFILE_NEW, FALSE, TRUE, "new"},
		{SMITH_TMPFILE_NEW, TRUE, FALSE, "old"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		unlinkat(fd, "name", 0);
		if (rows[i].exists)
			put(fd, "name", "old");
		g_auto(SmithTmpfile) tmp = SMITH_TMPFILE_INIT;
		g_assert_true(smith_tmpfile_open(&tmp, fd, 0644, &error));
		g_assert_true(smith_fd_write_all(tmp.fd, "new", 3, &error));
		g_assert_cmpint(smith_tmpfile_link(&tmp, "name", rows[i].mode, &error), ==,
				rows[i].links);
		if (rows[i].links)
			g_assert_no_error(error);
		else
			g_assert_error(error, G_IO_ERROR, G_IO_ERROR_EXISTS);
		smith_tmpfile_clear(&tmp);
		assert_file(fd, "name", rows[i].content, 0644);
		assert_names(fd, "name");
	}
	g_assert_cmpint(unlinkat(fd, "name", 0), ==, 0);

	/* never linked: nothing is left */
	g_auto(SmithTmpfile) dropped = SMITH_TMPFILE_INIT;
	g_assert_true(smith_tmpfile_open(&dropped, fd, 0644, NULL));
	g_assert_true(smith_fd_write_all(dropped.fd, "x", 1, NULL));
	smith_tmpfile_clear(&dropped);
	smith_tmpfile_clear(&dropped);
	assert_names(fd, "");
}

static void check_write(int fd)
{
	check_tmpfile(fd);
	g_assert_cmpint(mkdirat(fd, "sub", 0755), ==, 0);
	check_write_file(fd);
}

static void test_write(Scratch *scratch, G_GNUC_UNUSED gconstpointer data)
{
	check_write(scratch->fd);
}

typedef struct {
	const char *name;
	guint32 call, argument, bits, result;
} Refusal;

static void test_write_refused(Scratch *scratch, gconstpointer data)
{
	const Refusal *refusal = data;
	pid_t child = fork();
	if (child == 0) {
		refuse(refusal->call, refusal->argument, refusal->bits, refusal->result);
		if (refusal->call != SYS_openat)
			refuse(SYS_openat, 2, O_TMPFILE & ~O_DIRECTORY, EOPNOTSUPP);
		g_auto(SmithTmpfile) tmp = SMITH_TMPFILE_INIT;
		g_assert_true(smith_tmpfile_open(&tmp, scratch->fd, 0644, NULL));
		g_assert_nonnull(tmp.name);
		smith_tmpfile_clear(&tmp);
		check_write(scratch->fd);
		_exit(0);
	}
	int status = -1;
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_cmpint(status, ==, 0);
}

/* A full disk: an error, and no name. */
static void test_write_limit(Scratch *scratch, G_GNUC_UNUSED gconstpointer data)
{
	pid_t child = fork();
	if (child == 0) {
		struct rlimit small = {1000, 1000};
		g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &small), ==, 0);
		signal(SIGXFSZ, SIG_IGN);
		g_autofree char *text = g_strnfill(5000, 'x');
		g_autoptr(GError) error = NULL;
		g_assert_false(smith_fd_write_file(scratch->fd, "big", text, 5000, 0644, &error));
		g_assert_nonnull(error);
		_exit(0);
	}
	int status = -1;
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_cmpint(status, ==, 0);
	assert_names(scratch->fd, "");
}

static void test_list_dir(Scratch *scratch, G_GNUC_UNUSED gconstpointer data)
{
	static const char *const names[] = {"b", "a", "B", "\xc3\xa4", ".hidden", "...", "a.b"};
	assert_names(scratch->fd, "");
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		put(scratch->fd, names[i], "");
	assert_names(scratch->fd, "... .hidden B a a.b b \xc3\xa4");
	assert_names(scratch->fd, "... .hidden B a a.b b \xc3\xa4");
	g_autoptr(GError) error = NULL;
	smith_autofd int file = openat(scratch->fd, "a", O_RDONLY | O_CLOEXEC);
	g_assert_null(smith_fd_list_dir(file, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY);
}

/* Writes 'l' when it has the lock. @mine is closed, since a lock lives as long as the last copy of
 * its descriptor. */
static pid_t lock_in_child(int dirfd, gboolean exclusive, int mine, int answer)
{
	pid_t child = fork();
	if (child == 0) {
		close(mine);
		smith_autofd int fd = smith_fd_lock(dirfd, "lock", exclusive, NULL);
		_exit(fd >= 0 && write(answer, "l", 1) == 1 ? 0 : 1);
	}
	return child;
}

static gboolean is_waiting(pid_t child)
{
	/* long enough for a lock that is free, and no test fails when it is too short */
	g_usleep(50000);
	return waitpid(child, NULL, WNOHANG) == 0;
}

static void test_spread(Scratch *scratch, G_GNUC_UNUSED gconstpointer data)
{
	int before = 0, after = 0;
	int why = ioctl(scratch->fd, FS_IOC_GETFLAGS, &before) < 0 ? errno : 0;
	int wanted = before | FS_TOPDIR_FL;
	if (why == 0 && ioctl(scratch->fd, FS_IOC_SETFLAGS, &wanted) < 0)
		why = errno;
	smith_fd_spread(scratch->fd); /* whatever the file system is */
	if (why != 0) {
		g_test_skip("this file system has no such flag");
		return;
	}
	g_assert_no_errno(ioctl(scratch->fd, FS_IOC_SETFLAGS, &before));
	smith_fd_spread(scratch->fd);
	g_assert_no_errno(ioctl(scratch->fd, FS_IOC_GETFLAGS, &after));
	g_assert_cmpint(after, ==, wanted);
	smith_fd_spread(scratch->fd);
}

static void test_lock(Scratch *scratch, G_GNUC_UNUSED gconstpointer data)
{
	static const struct {
		gboolean mine, theirs, waits;
	} rows[] = {{TRUE, TRUE, TRUE},
		    {TRUE, FALSE, TRUE},
		    {FALSE, TRUE, TRUE},
		    {FALSE, FALSE, FALSE}};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		int ends[2];
		char byte = 0;
		g_assert_cmpint(pipe2(ends, O_CLOEXEC | O_NONBLOCK), ==, 0);
		smith_autofd int fd = smith_fd_lock(scratch->fd, "lock", rows[i].mine, NULL);
		g_assert_cmpint(fd, >=, 0);
		pid_t child = lock_in_child(scratch->fd, rows[i].theirs, fd, ends[1]);
		if (rows[i].waits) {
			g_assert_true(is_waiting(child));
			g_assert_cmpint(read(ends[0], &byte, 1), ==, -1);
			smith_fd_clear(&fd);
		}
		int status = -1;
		g_assert_cmpint(waitpid(child, &status, 0), ==, child);
		g_assert_cmpint(status, ==, 0);
		g_assert_cmpint(read(ends[0], &byte, 1), ==, 1);
		smith_fd_clear(&ends[0]);
		smith_fd_clear(&ends[1]);
	}
	g_autoptr(GError) error = NULL;
	g_assert_cmpint(smith_fd_lock(scratch->fd, "none/lock", TRUE, &error), ==, -1);
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

/* As in a read-only store: whoever may not write can still take the shared lock. */
static void test_lock_read_only(Scratch *scratch, gconstpointer data)
{
	smith_autofd int made = smith_fd_lock(scratch->fd, "lock", TRUE, NULL);
	smith_fd_clear(&made);
	pid_t child = fork();
	if (child == 0) {
		g_autoptr(GError) error = NULL;
		refuse(SYS_openat, 2, O_RDWR, (guint32)GPOINTER_TO_INT(data));
		smith_autofd int shared = smith_fd_lock(scratch->fd, "lock", FALSE, &error);
		g_assert_no_error(error);
		g_assert_cmpint(shared, >=, 0);
		g_assert_cmpint(smith_fd_lock(scratch->fd, "lock", TRUE, &error), ==, -1);
		g_assert_nonnull(error);
		_exit(0);
	}
	int status = -1;
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_cmpint(status, ==, 0);
}

#define ADD(name_, data_, func_) g_test_add(name_, Scratch, data_, set_up, func_, tear_down)

int main(int argc, char **argv)
{
	static const Refusal refusals[] = {
		{"/fd/write-without-tmpfile", SYS_openat, 2, O_TMPFILE & ~O_DIRECTORY, EOPNOTSUPP},
		{"/fd/write-old-kernel", SYS_openat, 2, O_TMPFILE & ~O_DIRECTORY, EISDIR},
		{"/fd/write-without-links", SYS_linkat, 0, 0, EPERM},
	};
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/fd/clear", test_clear);
	ADD("/fd/beneath", NULL, test_beneath);
	ADD("/fd/beneath-enosys", GINT_TO_POINTER(ENOSYS), test_beneath_refused);
	ADD("/fd/beneath-eperm", GINT_TO_POINTER(EPERM), test_beneath_refused);
	ADD("/fd/make-dirs", NULL, test_make_dirs);
	ADD("/fd/remove-tree", NULL, test_remove_tree);
	ADD("/fd/remove-deep", NULL, test_remove_deep);
	ADD("/fd/read", NULL, test_read);
	ADD("/fd/read-foreign", NULL, test_read_foreign);
	g_test_add_func("/fd/read-pipe", test_read_pipe);
	g_test_add_func("/fd/write-all", test_write_all);
	ADD("/fd/write", NULL, test_write);
	for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++)
		ADD(refusals[i].name, &refusals[i], test_write_refused);
	ADD("/fd/write-limit", NULL, test_write_limit);
	ADD("/fd/list-dir", NULL, test_list_dir);
	ADD("/fd/spread", NULL, test_spread);
	ADD("/fd/lock", NULL, test_lock);
	ADD("/fd/lock-erofs", GINT_TO_POINTER(EROFS), test_lock_read_only);
	ADD("/fd/lock-eacces", GINT_TO_POINTER(EACCES), test_lock_read_only);
	return g_test_run();
}
