/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "sandbox/child.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define MANY 65535 /* ids beside the caller's own */
#define MAX_SUBID_FILE (1 << 20)
/* above all numbers that the child wants its files to have */
#define FIRST_FD 16
#define MAX_FILES 6

#ifndef MFD_EXEC
#define MFD_EXEC 0x10u
#endif

static gboolean copy_program(int from, int to, GError **error)
{
	struct stat info;
	off_t left;

	if (fstat(from, &info) != 0)
		return smith_throw_errno(error, "cannot read the program");
	for (left = info.st_size; left > 0;) {
		ssize_t n = sendfile(to, from, NULL, (size_t)left);

		if (n <= 0)
			return smith_throw_errno(error, "cannot copy the program into memory");
		left -= n;
	}
	if (fcntl(to, F_ADD_SEALS, SEALS) != 0)
		return smith_throw_errno(error, "cannot seal the program in memory");
	return TRUE;
}

/* Borrowed; made once. */
static int open_program(GError **error)
{
	static GMutex lock;
	static int program = -1;
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lock);
	smith_autofd int from = -1;
	smith_autofd int to = -1;

	(void)locker;
	if (program >= 0)
		return program;
	from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (from < 0)
		return smith_throw_errno_fd(error, "cannot open the program in /proc");
	to = memfd_create("ocismith", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
	if (to < 0 && errno == EINVAL)
		to = memfd_create("ocismith", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (to < 0)
		return smith_throw_errno_fd(error, "cannot make a file in memory");
	if (!copy_program(from, to, error))
		return -1;
	program = g_steal_fd(&to);
	return program;
}

int smith_spawn_sealed(const void *data, gsize length, GError **error)
{
	smith_autofd int fd = memfd_create("ocismith-data", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return smith_throw_errno_fd(error, "cannot make a file in memory");
	if (!smith_fd_write_all(fd, data, length, error))
		return -1;
	if (lseek(fd, 0, SEEK_SET) != 0 || fcntl(fd, F_ADD_SEALS, SEALS) != 0)
		return smith_throw_errno_fd(error, "cannot seal a file in memory");
	return g_steal_fd(&fd);
}

static int spawn(const char *file, const int *files, guint n_files, char *const *argv,
		 char *const *envp, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t all;
	sigset_t none;
	int status;

	(void)sigfillset(&all);
	(void)sigemptyset(&none);
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawnattr_init(&attributes);
	(void)posix_spawnattr_setsigdefault(&attributes, &all);
	(void)posix_spawnattr_setsigmask(&attributes, &none);
	/* signals of the terminal are for us alone */
	(void)posix_spawnattr_setflags(
		&attributes,
		(short)(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID));
	for (guint i = 0; i < n_files; i++)
		(void)posix_spawn_file_actions_adddup2(&actions, files[i], (int)i);
	status = posix_spawn(pid, file, &actions, &attributes, argv, envp);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)posix_spawnattr_destroy(&attributes);
	return status;
}

pid_t smith_spawn_self(const int *files, guint n_files, char *const *argv, GError **error)
{
	int program = open_program(error);
	g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", program);
	const char *libraries = g_getenv("LD_LIBRARY_PATH");
	g_autofree char *setting = g_strconcat("LD_LIBRARY_PATH=", libraries, NULL);
	char *envp[] = {libraries != NULL ? setting : NULL, NULL};
	int moved[MAX_FILES];
	bool ok = program >= 0;
	pid_t pid = -1;
	int status = 0;

	if (!ok)
		return -1;
	g_assert(n_files <= MAX_FILES);
	smith_child_keep();
	for (guint i = 0; i < n_files; i++) {
		moved[i] = fcntl(files[i], F_DUPFD_CLOEXEC, FIRST_FD);
		ok = ok && moved[i] >= 0;
	}
	if (ok)
		status = spawn(path, moved, n_files, argv, envp, &pid);
	else
		status = errno;
	for (guint i = 0; i < n_files; i++)
		smith_fd_clear(&moved[i]);
	if (status != 0) {
		errno = status;
		return smith_throw_errno_fd(error, "cannot start a process");
	}
	return pid;
}

pid_t smith_spawn(const SmithSpawn *files, GError **error)
{
	char name[] = SMITH_CHILD_NAME;
	char *argv[] = {name, NULL};
	const int given[] = {files->input, files->output,  files->output,
			     files->plan,  files->control, files->requests};
	const guint n = files->requests >= 0 ? G_N_ELEMENTS(given) : G_N_ELEMENTS(given) - 1;

	return smith_spawn_self(given, n, argv, error);
}

/* The first range of @file that is the user's and large enough. */
static gboolean find_range(const char *file, guint64 *first, GError **error)
{
	g_autoptr(GBytes) bytes = smith_fd_read_file(AT_FDCWD, file, MAX_SUBID_FILE, error);
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	g_autofree char *number = g_strdup_printf("%u", getuid());
	const char *name = g_get_user_name();

	if (bytes == NULL)
		return FALSE;
	text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	lines = g_strsplit(text, "\n", -1);
	for (guint i = 0; lines[i] != NULL; i++) {
		g_auto(GStrv) fields = g_strsplit(lines[i], ":", -1);
		guint64 count;

		if (g_strv_length(fields) != 3 ||
		    (strcmp(fields[0], name) != 0 && strcmp(fields[0], number) != 0))
			continue;
		if (g_ascii_string_to_unsigned(fields[1], 10, 1, G_MAXUINT32, first, NULL) &&
		    g_ascii_string_to_unsigned(fields[2], 10, 1, G_MAXUINT32, &count, NULL) &&
		    count >= MANY)
			return TRUE;
	}
	return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
			   "'%s' has no range of %d ids for user '%s'", file, MANY, name);
}

int smith_spawn_wait(const char *file, char *const *argv)
{
	char *envp[] = {NULL};
	pid_t started;
	int status = spawn(file, NULL, 0, argv, envp, &started);

	if (status != 0) {
		errno = status;
		return -1;
	}
	while (waitpid(started, &status, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static gboolean run_helper(const char *helper, pid_t pid, guint id, guint64 first, GError **error)
{
	g_autofree char *path = g_find_program_in_path(helper);
	g_autofree char *target = g_strdup_printf("%d", pid);
	g_autofree char *own = g_strdup_printf("%u", id);
	g_autofree char *sub = g_strdup_printf("%" G_GUINT64_FORMAT, first);
	g_autofree char *count = g_strdup_printf("%d", MANY);
	char *argv[] = {path,	       target, (char[]){"0"}, own, (char[]){"1"},
			(char[]){"1"}, sub,    count,	      NULL};
	int status;

	if (path == NULL)
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
				   "'%s' is not installed; on Debian it is in 'uidmap'", helper);
	status = smith_spawn_wait(path, argv);
	if (status < 0)
		return smith_throw_errno(error, "cannot start '%s'", path);
	if (status != 0)
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
				   "'%s' refuses the map of %s's ids", path, g_get_user_name());
	return TRUE;
}

gboolean smith_spawn_map(pid_t pid, GError **error)
{
	guint64 users = 0;
	guint64 groups = 0;

	return find_range("/etc/subuid", &users, error) &&
	       find_range("/etc/subgid", &groups, error) &&
	       run_helper("newuidmap", pid, getuid(), users, error) &&
	       run_helper("newgidmap", pid, getgid(), groups, error);
}
