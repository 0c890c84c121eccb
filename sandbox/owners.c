/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/owners.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "sandbox/owners-tree.h"
#include "sandbox/spawn.h"

/*
 * The child is this program anew, as that of a step is (sandbox/child.h): a constructor sees its
 * name. It executes nothing and reads no file, but tells of its errors: "m" when it wants to be
 * mapped, "e" and a text.
 */
#define NAME "ocismith-owners"
#define CONTROL 3
#define MAKE "make"
#define SETTLE "settle"
#define FIRST_FD 16

static _Noreturn void end(const char *text)
{
	g_autofree char *message = g_strconcat("e", text, NULL);
	(void)!send(CONTROL, message, strlen(message), MSG_NOSIGNAL);
	_exit(1);
}

static _Noreturn void end_errno(const char *what)
{
	g_autofree char *text = g_strdup_printf("%s: %s", what, g_strerror(errno));
	end(text);
}

static void become_root(void)
{
	char answer;
	if (unshare(CLONE_NEWUSER) < 0)
		end_errno("cannot make a user namespace");
	if (send(CONTROL, "m", 1, MSG_NOSIGNAL) != 1 || recv(CONTROL, &answer, 1, 0) != 1)
		_exit(1);
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		end_errno("cannot become root of the map");
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		end_errno("cannot be bound to the parent");
}

static __attribute__((constructor)) void become_child(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	gboolean ok = FALSE;
	if (argc < 3 || strcmp(argv[0], NAME) != 0)
		return;
	(void)umask(022);
	become_root();
	if (strcmp(argv[1], MAKE) == 0 && argc == 4)
		ok = smith_owners_copy_tree(argv[2], argv[3], &error);
	else if (strcmp(argv[1], SETTLE) == 0)
		ok = smith_owners_settle_tree(argv[2], &error);
	if (!ok)
		end(error != NULL ? error->message : "no such work");
	_exit(0);
}

static int start(char *const *argv, int control, GError **error)
{
	posix_spawn_file_actions_t actions;
	char *envp[] = {NULL};
	pid_t pid = -1;
	/* above the number that it is to have */
	smith_autofd int moved = fcntl(control, F_DUPFD_CLOEXEC, FIRST_FD);
	if (moved < 0)
		return smith_throw_errno_fd(error, "cannot duplicate a descriptor");
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_adddup2(&actions, moved, CONTROL);
	errno = posix_spawn(&pid, "/proc/self/exe", &actions, NULL, argv, envp);
	(void)posix_spawn_file_actions_destroy(&actions);
	return errno == 0 ? pid : smith_throw_errno_fd(error, "cannot start a process");
}

static gboolean serve(int control, pid_t pid, GError **error)
{
	for (;;) {
		char message[4096];
		gssize length = recv(control, message, sizeof message - 1, 0);
		if (length < 0 && errno == EINTR)
			continue;
		if (length <= 0)
			return TRUE;
		message[length] = '\0';
		if (message[0] == 'e')
			return smith_throw(error, SMITH_ERROR_FAILED, "%s", message + 1);
		if (!smith_spawn_map(pid, error))
			return FALSE;
		(void)!send(control, "m", 1, MSG_NOSIGNAL);
	}
}

static gboolean run_mapped(char *const *argv, GError **error)
{
	int sockets[2];
	int status = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
		return smith_throw_errno(error, "cannot make a pair of sockets");
	pid_t pid = start(argv, sockets[1], error);
	close(sockets[1]);
	gboolean ok = pid > 0 && serve(sockets[0], pid, error);
	close(sockets[0]);
	if (pid <= 0)
		return FALSE;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (ok && status != 0)
		return smith_throw(error, SMITH_ERROR_FAILED,
				   "the process that changes owners ended with status %d", status);
	return ok;
}

gboolean smith_owners_make(const char *from, const char *to, SmithSandboxMode mode, GError **error)
{
	SMITH_AUTO_PREFIX("root with real owners", to, error);
	char *argv[] = {(char[]){NAME}, (char[]){MAKE}, (char *)from, (char *)to, NULL};
	return mode == SMITH_SANDBOX_MANY_UIDS ? run_mapped(argv, error)
					       : smith_owners_copy_tree(from, to, error);
}

gboolean smith_owners_settle(const char *dir, SmithSandboxMode mode, GError **error)
{
	SMITH_AUTO_PREFIX("work directory", dir, error);
	char *argv[] = {(char[]){NAME}, (char[]){SETTLE}, (char *)dir, NULL};
	if (mode == SMITH_SANDBOX_ONE_UID)
		return TRUE;
	return mode == SMITH_SANDBOX_MANY_UIDS ? run_mapped(argv, error)
					       : smith_owners_settle_tree(dir, error);
}
