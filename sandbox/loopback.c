/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/loopback.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "sandbox/child.h"
#include "sandbox/spawn.h"

#define ANSWER 240

struct SmithLoopback {
	pid_t process;
	int alive; /* it ends when this is closed */
};

pid_t smith_loopback_process(const SmithLoopback *loopback)
{
	return loopback->process;
}

/* One zero byte when all is well, else what is wrong. */
static gboolean await(int from, GError **error)
{
	char answer[ANSWER] = "";
	ssize_t n;

	do
		n = read(from, answer, sizeof answer - 1);
	while (n < 0 && errno == EINTR);
	if (n == 1 && answer[0] == '\0')
		return TRUE;
	return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
			   "cannot make a network for several services%s%s; 'ocismith doctor' "
			   "tells what this machine allows",
			   n > 0 ? ": " : "", n > 0 ? answer : "");
}

SmithLoopback *smith_loopback_new(const char *const *addresses, GError **error)
{
	const char *const none[] = {NULL};
	g_autofree char *list = g_strjoinv(",", (char **)(addresses != NULL ? addresses : none));
	char name[] = SMITH_LOOPBACK_NAME;
	char *argv[] = {name, list, NULL};
	int in[2];
	int out[2];

	if (pipe2(in, O_CLOEXEC) != 0)
		return smith_throw_errno_null(error, "cannot make a pipe");
	smith_autofd int in_read = in[0];
	smith_autofd int in_write = in[1];
	if (pipe2(out, O_CLOEXEC) != 0)
		return smith_throw_errno_null(error, "cannot make a pipe");
	smith_autofd int out_read = out[0];
	smith_autofd int out_write = out[1];
	const int files[] = {in_read, out_write};
	pid_t process = smith_spawn_self(files, G_N_ELEMENTS(files), argv, error);
	if (process < 0)
		return NULL;
	g_autoptr(SmithLoopback) loopback = g_new0(SmithLoopback, 1);
	loopback->process = process;
	loopback->alive = g_steal_fd(&in_write);
	smith_fd_clear(&out_write);
	out_write = -1;
	return await(out_read, error) ? g_steal_pointer(&loopback) : NULL;
}

void smith_loopback_free(SmithLoopback *loopback)
{
	if (loopback == NULL)
		return;
	smith_fd_clear(&loopback->alive);
	while (waitpid(loopback->process, NULL, 0) < 0 && errno == EINTR)
		continue;
	g_free(loopback);
}
