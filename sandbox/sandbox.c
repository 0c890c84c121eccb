/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "sandbox/child.h"
#include "sandbox/policy.h"
#include "sandbox/spawn.h"

#define TAIL 8192
#define SHOWN_LINES 20 /* of the tail, in an error */
#define CHUNK 65536
#define DEFAULT_SECONDS 3600
#define DEFAULT_PROCESSES 4096
#define DEFAULT_OUTPUT (G_GUINT64_CONSTANT(64) << 20)
#define OPEN_FILES 1024
#define MAX_OPEN_FILES 65536

typedef struct {
	const SmithSandboxStep *step;
	SmithSandboxResult *result;
	int output;  /* read end of stdout and stderr */
	int control; /* our end */
	pid_t child;
	GString *tail;
	guint64 length; /* of the output */
	gint64 deadline;
	SmithChildMessage answer; /* kind 0: none yet */
	GError *error;		  /* the first */
} Run;

static void add_ops(const SmithSandboxStep *step, GByteArray *plan)
{
	static const struct {
		SmithOpKind kind;
		const char *target;
	} own[] = {{SMITH_OP_PROC, "/proc"}, {SMITH_OP_DEV, "/dev"}, {SMITH_OP_TMP, "/tmp"}};
	g_autoptr(GArray) ops = g_array_new(FALSE, TRUE, sizeof(SmithOp));
	uint32_t offset;

	for (gsize i = 0; i < G_N_ELEMENTS(own); i++) {
		SmithOp op = {.kind = own[i].kind};

		op.target = smith_plan_add_string(plan, own[i].target);
		g_array_append_val(ops, op);
	}
	if (step->network) {
		SmithOp op = {.kind = SMITH_OP_BIND, .flags = SMITH_OP_FOLLOW};

		op.source = smith_plan_add_string(plan, "/etc/resolv.conf");
		op.target = smith_plan_add_string(plan, "/etc/resolv.conf");
		if (access("/etc/resolv.conf", R_OK) == 0)
			g_array_append_val(ops, op);
	}
	for (guint i = 0; i < step->n_binds; i++) {
		SmithOp op = {.kind = SMITH_OP_BIND};

		op.flags = step->binds[i].writable ? SMITH_OP_WRITABLE : 0;
		op.source = smith_plan_add_string(plan, step->binds[i].source);
		op.target = smith_plan_add_string(plan, step->binds[i].target);
		g_array_append_val(ops, op);
	}
	offset = smith_plan_add(plan, ops->data, (gsize)ops->len * sizeof(SmithOp));
	smith_plan_head(plan)->ops = offset;
	smith_plan_head(plan)->n_ops = ops->len;
}

static void add_limits(const SmithSandboxLimits *given, GByteArray *plan)
{
	const guint64 none = (guint64)RLIM_INFINITY;
	const guint64 memory = given->memory != 0 ? given->memory : none;
	const guint64 file = given->file != 0 ? given->file : none;
	const guint64 processes = given->processes != 0 ? given->processes : DEFAULT_PROCESSES;
	const SmithPlanLimit limits[] = {
		{RLIMIT_AS, 0, memory, memory},
		{RLIMIT_FSIZE, 0, file, file},
		{RLIMIT_NPROC, 0, processes, processes},
		{RLIMIT_CORE, 0, 0, 0},
		/* programs that close all that could be open take as long as there could be */
		{RLIMIT_NOFILE, 0, OPEN_FILES, MAX_OPEN_FILES},
		{RLIMIT_STACK, 0, 8 << 20, none},
		{RLIMIT_CPU, 0, none, none},
		{RLIMIT_DATA, 0, none, none},
		/* the owner record keeps the ids of a process in it */
		{RLIMIT_RTTIME, 0, none, none},
	};
	uint32_t offset = smith_plan_add(plan, limits, sizeof limits);

	smith_plan_head(plan)->limits = offset;
	smith_plan_head(plan)->n_limits = G_N_ELEMENTS(limits);
}

static uint32_t plan_flags(const SmithSandboxStep *step)
{
	uint32_t flags = 0;

	if (step->work != NULL)
		flags |= SMITH_PLAN_WORK;
	if (step->copy)
		flags |= SMITH_PLAN_NO_OVERLAY;
	if (step->network)
		flags |= SMITH_PLAN_NETWORK;
	if (step->mode != SMITH_SANDBOX_ROOT)
		flags |= SMITH_PLAN_OWN_USERS;
	if (step->mode == SMITH_SANDBOX_MANY_UIDS)
		flags |= SMITH_PLAN_MANY_USERS;
	/* elsewhere owners are real */
	if (step->record_owners && step->mode == SMITH_SANDBOX_ONE_UID)
		flags |= SMITH_PLAN_LISTEN;
	return flags;
}

static gboolean add_filter(GByteArray *plan, GError **error)
{
	bool listens = (smith_plan_head(plan)->flags & SMITH_PLAN_LISTEN) != 0;
	g_autoptr(GBytes) filter = smith_policy_filter(listens, error);
	gsize size;
	const void *data;
	uint32_t offset;

	if (filter == NULL)
		return FALSE;
	data = g_bytes_get_data(filter, &size);
	offset = smith_plan_add(plan, data, size);
	smith_plan_head(plan)->filter = offset;
	smith_plan_head(plan)->n_filter = (uint32_t)(size / 8);
	return TRUE;
}

/* A descriptor of the plan. */
static int write_plan(const SmithSandboxStep *step, GError **error)
{
	g_autoptr(GByteArray) plan = smith_plan_new();
	SmithPlan head = *smith_plan_head(plan);

	head.flags = plan_flags(step);
	head.uid = geteuid();
	head.gid = getegid();
	head.capabilities = smith_policy_capabilities();
	head.root = smith_plan_add_string(plan, step->root);
	head.work = step->work != NULL ? smith_plan_add_string(plan, step->work) : 0;
	head.cwd = smith_plan_add_string(plan, step->cwd != NULL ? step->cwd : "/");
	head.args = smith_plan_add_strings(plan, step->argv, &head.n_args);
	head.env = smith_plan_add_strings(plan, step->env, &head.n_env);
	*smith_plan_head(plan) = head;
	add_ops(step, plan);
	add_limits(&step->limits, plan);
	if (!add_filter(plan, error) || !smith_plan_finish(plan, error))
		return -1;
	return smith_spawn_sealed(plan->data, plan->len, error);
}

static int open_input(const SmithSandboxStep *step, GError **error)
{
	gsize length;
	const void *data;
	int fd;

	if (step->input != NULL) {
		data = g_bytes_get_data(step->input, &length);
		return smith_spawn_sealed(data, length, error);
	}
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return fd >= 0 ? fd : smith_throw_errno_fd(error, "cannot open /dev/null");
}

static gboolean start(Run *run, GError **error)
{
	smith_autofd int plan = write_plan(run->step, error);
	smith_autofd int input = plan >= 0 ? open_input(run->step, error) : -1;
	int pipes[2];
	int sockets[2];
	SmithSpawn files;

	if (input < 0)
		return FALSE;
	if (pipe2(pipes, O_CLOEXEC) != 0)
		return smith_throw_errno(error, "cannot make a pipe");
	run->output = pipes[0];
	files = (SmithSpawn){.input = input, .output = pipes[1], .plan = plan, .control = -1};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) {
		close(pipes[1]);
		return smith_throw_errno(error, "cannot make a pair of sockets");
	}
	run->control = sockets[0];
	files.control = sockets[1];
	run->child = smith_spawn(&files, error);
	close(pipes[1]);
	close(sockets[1]);
	return run->child > 0;
}

/* Ends the step: the child sees its end of the control socket close. */
static void stop(Run *run, GError *error)
{
	if (run->error == NULL)
		run->error = error;
	else
		g_error_free(error);
	(void)shutdown(run->control, SHUT_RDWR);
}

static void take_output(Run *run)
{
	guint64 limit = run->step->limits.output != 0 ? run->step->limits.output : DEFAULT_OUTPUT;
	GError *error = NULL;
	char buffer[CHUNK];
	ssize_t n = read(run->output, buffer, sizeof buffer);

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) {
		smith_fd_clear(&run->output);
		run->output = -1;
		return;
	}
	g_string_append_len(run->tail, buffer, n);
	if (run->tail->len > (gsize)4 * TAIL)
		g_string_erase(run->tail, 0, (gssize)(run->tail->len - TAIL));
	run->length += (guint64)n;
	if (run->error != NULL)
		return;
	if (run->length > limit)
		smith_throw(&error, SMITH_ERROR_LIMIT,
			    "it wrote more than %" G_GUINT64_FORMAT " bytes of output", limit);
	else if (run->step->log_fd >= 0)
		(void)smith_fd_write_all(run->step->log_fd, buffer, (gsize)n, &error);
	if (error != NULL)
		stop(run, error);
}

#define SEE_DOCTOR "; 'ocismith doctor' tells what this machine allows"

/* What a filter of somebody else's answers, whatever the call. */
static void take_failure(Run *run)
{
	const SmithChildMessage *answer = &run->answer;
	bool refused = answer->kind == SMITH_CHILD_REFUSED || answer->number == EPERM ||
		       answer->number == ENOSYS;
	GError *error = NULL;

	smith_throw(&error,
		    refused		       ? SMITH_ERROR_UNSUPPORTED
		    : answer->number == ENOENT ? SMITH_ERROR_NOT_FOUND
					       : SMITH_ERROR_FAILED,
		    "%s%s%s%s", answer->text, answer->number != 0 ? ": " : "",
		    answer->number != 0 ? g_strerror(answer->number) : "",
		    refused ? SEE_DOCTOR : "");
	stop(run, error);
}

static void take_message(Run *run)
{
	SmithChildMessage message;
	GError *error = NULL;
	ssize_t n = recv(run->control, &message, sizeof message, 0);

	if (n < 0 && errno == EINTR)
		return;
	if (n != (ssize_t)sizeof message) {
		smith_fd_clear(&run->control);
		run->control = -1;
		return;
	}
	if (message.kind == SMITH_CHILD_MAP) {
		if (!smith_spawn_map(message.number, &error))
			stop(run, error);
		else
			(void)send(run->control, "", 1, MSG_NOSIGNAL);
		return;
	}
	/* what comes after the first answer is its consequence */
	if (run->answer.kind != 0)
		return;
	message.text[sizeof message.text - 1] = '\0';
	run->answer = message;
	if (message.kind != SMITH_CHILD_ENDED)
		take_failure(run);
}

static void expire(Run *run)
{
	GError *error = NULL;

	run->deadline = G_MAXINT64;
	smith_throw(&error, SMITH_ERROR_LIMIT, "it ran longer than %u seconds",
		    run->step->limits.seconds != 0 ? run->step->limits.seconds : DEFAULT_SECONDS);
	stop(run, error);
}

static int milliseconds_left(const Run *run)
{
	gint64 left;

	if (run->deadline == G_MAXINT64)
		return -1;
	left = run->deadline - g_get_monotonic_time();
	return (int)CLAMP(left / 1000 + 1, 0, 1000000);
}

/* Until all that hold the other ends are gone. */
static void serve(Run *run)
{
	while (run->output >= 0 || run->control >= 0) {
		struct pollfd fds[2] = {{.fd = run->output, .events = POLLIN},
					{.fd = run->control, .events = POLLIN}};

		(void)poll(fds, 2, milliseconds_left(run));
		if (fds[0].revents != 0)
			take_output(run);
		if (fds[1].revents != 0)
			take_message(run);
		if (g_get_monotonic_time() >= run->deadline)
			expire(run);
	}
}

static void end_child(Run *run)
{
	int status;

	if (run->child <= 0)
		return;
	while (waitpid(run->child, &status, 0) < 0 && errno == EINTR)
		continue;
}

static void cut_tail(Run *run)
{
	gsize drop = run->tail->len > TAIL ? run->tail->len - TAIL : 0;

	/* not within a character */
	while (drop > 0 && drop < run->tail->len && ((guchar)run->tail->str[drop] & 0xc0) == 0x80)
		drop++;
	run->result->tail = g_utf8_make_valid(run->tail->str + drop, -1);
}

static gboolean finish(Run *run, GError **error)
{
	const SmithSandboxLimits *limits = &run->step->limits;

	cut_tail(run);
	run->result->answered = run->answer.answered;
	run->result->status = run->answer.number;
	if (run->error != NULL) {
		g_propagate_error(error, g_steal_pointer(&run->error));
		return FALSE;
	}
	if (run->answer.kind != SMITH_CHILD_ENDED)
		return smith_throw(error, SMITH_ERROR_FAILED,
				   "the sandbox was killed before the command ended");
	if (limits->file != 0 && run->result->status == 128 + SIGXFSZ)
		return smith_throw(error, SMITH_ERROR_LIMIT,
				   "it wrote a file of more than %" G_GUINT64_FORMAT " bytes",
				   limits->file);
	return TRUE;
}

/* The same, of what the parent itself was refused. */
static gboolean throw_start(GError *cause, GError **error)
{
	g_autoptr(GError) owned = cause;

	if (g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED) ||
	    g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED))
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED, "%s" SEE_DOCTOR, cause->message);
	g_propagate_error(error, g_steal_pointer(&owned));
	return FALSE;
}

gboolean smith_sandbox_run(const SmithSandboxStep *step, SmithSandboxResult *result, GError **error)
{
	SMITH_AUTO_PREFIX("step", step->name, error);
	g_autoptr(GString) tail = g_string_new(NULL);
	guint seconds = step->limits.seconds != 0 ? step->limits.seconds : DEFAULT_SECONDS;
	gint64 began = g_get_monotonic_time();
	Run run = {.step = step, .result = result, .output = -1, .control = -1, .tail = tail};
	GError *cause = NULL;
	gboolean ok;

	*result = (SmithSandboxResult){0};
	run.deadline = began + (gint64)seconds * G_USEC_PER_SEC;
	ok = start(&run, &cause);
	if (ok)
		serve(&run);
	else
		throw_start(cause, error);
	smith_fd_clear(&run.output);
	smith_fd_clear(&run.control);
	end_child(&run);
	ok = ok && finish(&run, error);
	result->microseconds = g_get_monotonic_time() - began;
	return ok;
}

static const char *last_lines(const char *tail)
{
	gsize length = strlen(tail);
	guint lines = 0;

	while (length > 0) {
		if (tail[length - 1] == '\n' && tail[length] != '\0' && ++lines == SHOWN_LINES)
			return tail + length;
		length--;
	}
	return tail;
}

gboolean smith_sandbox_check(const SmithSandboxStep *step, SmithSandboxResult *result,
			     GError **error)
{
	g_autofree char *text = NULL;

	if (!smith_sandbox_run(step, result, error))
		return FALSE;
	if (result->status == 0)
		return TRUE;
	text = g_strchomp(g_strdup(last_lines(result->tail)));
	return smith_throw(error, SMITH_ERROR_FAILED, "step '%s': %s ended with status %d%s%s",
			   step->name, step->argv[0], result->status,
			   *text != '\0' ? ", and said:\n" : ", and said nothing", text);
}

void smith_sandbox_result_clear(SmithSandboxResult *result)
{
	g_free(result->tail);
	*result = (SmithSandboxResult){0};
}
