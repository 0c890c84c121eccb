/* SPDX-License-Identifier: Apache-2.0 */
#include "store/temporary.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"

static bool is_there(int dirfd, const char *name)
{
	struct stat st;
	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* One of another process, which has told that it is there. */
static pid_t work(const char *path, char **name)
{
	int ends[2];
	char buffer[64] = {0};
	g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
	pid_t pid = fork();
	if (pid == 0) {
		smith_autofd int dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		g_autofree char *made = NULL;
		int fd = smith_temporary_make(dirfd, ".tmp-x-", 0700, &made, NULL);
		mkdirat(fd, "deep", 0000);
		(void)!write(ends[1], made, sizeof(".tmp-x-0123456789abcdef") - 1);
		for (;;)
			pause();
	}
	close(ends[1]);
	g_assert_cmpint(read(ends[0], buffer, sizeof(buffer) - 1), ==, 23);
	close(ends[0]);
	*name = g_strdup(buffer);
	return pid;
}

static void test_sweep(void)
{
	g_autofree char *path = g_dir_make_tmp("temporary-XXXXXX", NULL);
	g_autoptr(GError) error = NULL;
	g_autofree char *mine = NULL, *other = NULL;
	smith_autofd int dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	pid_t pid = work(path, &other);
	smith_autofd int fd = smith_temporary_make(dirfd, ".tmp-x-", 0700, &mine, &error);
	g_assert_no_error(error);
	g_assert_cmpint(mkdirat(dirfd, ".tmp-y-1", 0700), ==, 0);
	smith_temporary_sweep(dirfd, ".tmp-x-", NULL, NULL);
	g_assert_true(is_there(dirfd, mine));
	g_assert_true(is_there(dirfd, other));
	kill(pid, SIGKILL);
	g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
	smith_temporary_sweep(dirfd, ".tmp-x-", NULL, NULL);
	g_assert_true(is_there(dirfd, mine));
	g_assert_false(is_there(dirfd, other));
	g_assert_true(is_there(dirfd, ".tmp-y-1"));
	smith_fd_clear(&fd);
	smith_temporary_sweep(dirfd, ".tmp-", NULL, NULL);
	g_assert_false(is_there(dirfd, mine));
	g_assert_false(is_there(dirfd, ".tmp-y-1"));
	g_assert_cmpint(rmdir(path), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/store/temporary/sweep", test_sweep);
	return g_test_run();
}
