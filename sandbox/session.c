/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "sandbox/child.h"
#include "sandbox/spawn.h"
#include "sandbox/step-plan.h"

#define TAIL 8192
#define COMMAND_TAIL 4096
#define CHUNK 65536
#define DEFAULT_SECONDS 3600
#define DEFAULT_OUTPUT (G_GUINT64_CONSTANT(64) << 20)

typedef struct {
	int output; /* read end of its stdout and stderr, -1: closed */
	bool running;
	bool ended; /* told by init; its output may have more */
	int status;
	GString *tail;
} Command;

typedef struct {
	int fd;
	int command; /* -1: the step's own */
} Listener;

struct SmithSession {
	const SmithSandboxStep *step;
	gint64 began;
	int output;   /* read end of stdout and stderr */
	int control;  /* our end */
	int requests; /* of a run */
	pid_t child;
	GString *tail;
	guint64 length; /* of the output */
	gint64 deadline;
	SmithChildMessage answer; /* kind 0: none yet */
	GError *error;		  /* the first */
	GQueue listeners;	  /* Listener*, not yet taken */
	Command commands[SMITH_PLAN_COMMANDS];
};

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

/* Ours goes to *own, the child's is returned. */
static int make_socket(int *own, GError **error)
{
	int sockets[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0)
		return smith_throw_errno_fd(error, "cannot make a pair of sockets");
	*own = sockets[0];
	return sockets[1];
}

static int make_pipe(int *own, GError **error)
{
	int pipes[2];

	if (pipe2(pipes, O_CLOEXEC) != 0)
		return smith_throw_errno_fd(error, "cannot make a pipe");
	*own = pipes[0];
	return pipes[1];
}

static gboolean start(SmithSession *session, GError **error)
{
	smith_autofd int plan = smith_step_plan(session->step, error);
	smith_autofd int input = plan >= 0 ? open_input(session->step, error) : -1;
	smith_autofd int output = input >= 0 ? make_pipe(&session->output, error) : -1;
	smith_autofd int control = output >= 0 ? make_socket(&session->control, error) : -1;
	smith_autofd int requests = -1;

	if (control < 0)
		return FALSE;
	if (session->step->run != NULL) {
		requests = make_socket(&session->requests, error);
		if (requests < 0)
			return FALSE;
	}
	const SmithSpawn files = {.input = input,
				  .output = output,
				  .plan = plan,
				  .control = control,
				  .requests = requests};
	session->child = smith_spawn(&files, error);
	return session->child > 0;
}

/* Ends the step: the child sees its end of the control socket close. */
static void stop(SmithSession *session, GError *error)
{
	if (session->error == NULL)
		session->error = error;
	else
		g_error_free(error);
	(void)shutdown(session->control, SHUT_RDWR);
}

static void close_fd(int *fd)
{
	smith_fd_clear(fd);
	*fd = -1;
}

/* FALSE at its end; @tail keeps more than @keep bytes only for a while. */
static bool read_into(int fd, GString *tail, gsize keep, char *buffer, ssize_t *n)
{
	*n = read(fd, buffer, CHUNK);
	if (*n < 0 && errno == EINTR)
		return true;
	if (*n <= 0)
		return false;
	g_string_append_len(tail, buffer, *n);
	if (tail->len > 4 * keep)
		g_string_erase(tail, 0, (gssize)(tail->len - keep));
	return true;
}

static void take_output(SmithSession *session)
{
	const SmithSandboxStep *step = session->step;
	guint64 limit = step->limits.output != 0 ? step->limits.output : DEFAULT_OUTPUT;
	GError *error = NULL;
	char buffer[CHUNK];
	ssize_t n;

	if (!read_into(session->output, session->tail, TAIL, buffer, &n)) {
		close_fd(&session->output);
		return;
	}
	session->length += (guint64)MAX(n, 0);
	if (session->error != NULL || n <= 0)
		return;
	if (session->length > limit)
		smith_throw(&error, SMITH_ERROR_LIMIT,
			    "it wrote more than %" G_GUINT64_FORMAT " bytes of output", limit);
	else if (step->log_fd >= 0)
		(void)smith_fd_write_all(step->log_fd, buffer, (gsize)n, &error);
	if (error != NULL)
		stop(session, error);
}

static void take_command_output(Command *command)
{
	char buffer[CHUNK];
	ssize_t n;

	if (!read_into(command->output, command->tail, COMMAND_TAIL, buffer, &n))
		close_fd(&command->output);
}

#define SEE_DOCTOR "; 'ocismith doctor' tells what this machine allows"

/* What a filter of somebody else's answers, whatever the call. */
static void take_failure(SmithSession *session)
{
	const SmithChildMessage *answer = &session->answer;
	bool refused = answer->kind == SMITH_CHILD_REFUSED || answer->number == EPERM ||
		       answer->number == ENOSYS;
	GError *error = NULL;

	smith_throw(&error,
		    answer->kind == SMITH_CHILD_LIMIT ? SMITH_ERROR_LIMIT
		    : refused			      ? SMITH_ERROR_UNSUPPORTED
		    : answer->number == ENOENT	      ? SMITH_ERROR_NOT_FOUND
						      : SMITH_ERROR_FAILED,
		    "%s%s%s%s", answer->text, answer->number != 0 ? ": " : "",
		    answer->number != 0 ? g_strerror(answer->number) : "",
		    refused ? SEE_DOCTOR : "");
	stop(session, error);
}

static void answer_map(SmithSession *session, pid_t pid)
{
	GError *error = NULL;

	if (!smith_spawn_map(pid, &error))
		stop(session, error);
	else
		(void)send(session->control, "", 1, MSG_NOSIGNAL);
}

/* What comes after the first answer is its consequence. */
static void take_answer(SmithSession *session, SmithChildMessage *message)
{
	if (session->answer.kind != 0)
		return;
	message->text[sizeof message->text - 1] = '\0';
	session->answer = *message;
	if (message->kind != SMITH_CHILD_ENDED)
		take_failure(session);
}

static void take_message(SmithSession *session)
{
	SmithChildMessage message;
	int fd;
	ssize_t n = smith_child_receive_fd(session->control, &message, sizeof message, &fd);

	if (n < 0 && errno == EINTR)
		return;
	if (n != (ssize_t)sizeof message) {
		smith_fd_clear(&fd);
		close_fd(&session->control);
		return;
	}
	if (message.kind == SMITH_CHILD_LISTENER && fd >= 0) {
		const Listener listener = {fd, message.number};
		g_queue_push_tail(&session->listeners, g_memdup2(&listener, sizeof listener));
		return;
	}
	smith_fd_clear(&fd);
	if (message.kind == SMITH_CHILD_MAP) {
		answer_map(session, message.number);
	} else if (message.kind == SMITH_CHILD_COMMAND) {
		if (message.index < SMITH_PLAN_COMMANDS) {
			session->commands[message.index].ended = true;
			session->commands[message.index].status = message.number;
		}
	} else {
		take_answer(session, &message);
	}
}

static void expire(SmithSession *session)
{
	const SmithSandboxLimits *limits = &session->step->limits;
	GError *error = NULL;

	session->deadline = G_MAXINT64;
	smith_throw(&error, SMITH_ERROR_LIMIT, "it ran longer than %u seconds",
		    limits->seconds != 0 ? limits->seconds : DEFAULT_SECONDS);
	stop(session, error);
}

static int milliseconds_until(gint64 when)
{
	gint64 left;

	if (when == G_MAXINT64)
		return -1;
	left = when - g_get_monotonic_time();
	return (int)CLAMP(left / 1000 + 1, 0, 1000000);
}

/* Once what is there to be read or told. */
static void serve(SmithSession *session, gint64 until)
{
	struct pollfd fds[2 + SMITH_PLAN_COMMANDS] = {{.fd = session->output, .events = POLLIN},
						      {.fd = session->control, .events = POLLIN}};

	for (guint i = 0; i < SMITH_PLAN_COMMANDS; i++)
		fds[2 + i] = (struct pollfd){.fd = session->commands[i].output, .events = POLLIN};
	(void)poll(fds, G_N_ELEMENTS(fds), milliseconds_until(MIN(until, session->deadline)));
	if (fds[0].revents != 0)
		take_output(session);
	if (fds[1].revents != 0)
		take_message(session);
	for (guint i = 0; i < SMITH_PLAN_COMMANDS; i++)
		if (fds[2 + i].revents != 0)
			take_command_output(&session->commands[i]);
	if (g_get_monotonic_time() >= session->deadline)
		expire(session);
}

/* At most the last @keep bytes, not from within a character. */
static char *cut_tail(const GString *tail, gsize keep)
{
	gsize drop = tail->len > keep ? tail->len - keep : 0;

	while (drop > 0 && drop < tail->len && ((guchar)tail->str[drop] & 0xc0) == 0x80)
		drop++;
	return g_utf8_make_valid(tail->str + drop, (gssize)(tail->len - drop));
}

/* What a command has left behind may hold its output open: only what is there is taken. */
static void drain(Command *command)
{
	struct pollfd fd = {.fd = command->output, .events = POLLIN};

	for (guint i = 0; i < 64 && command->output >= 0 && poll(&fd, 1, 0) > 0; i++)
		take_command_output(command);
	close_fd(&command->output);
}

static bool has_ended(const SmithSession *session)
{
	return session->output < 0 && session->control < 0;
}

static bool take_event(SmithSession *session, SmithSessionEvent *event)
{
	if (!g_queue_is_empty(&session->listeners)) {
		g_autofree Listener *listener = g_queue_pop_head(&session->listeners);
		event->kind = SMITH_SESSION_LISTENER;
		event->listener = listener->fd;
		event->of_command = listener->command >= 0;
		event->index = (guint)MAX(listener->command, 0);
		return true;
	}
	for (guint i = 0; i < SMITH_PLAN_COMMANDS; i++) {
		Command *command = &session->commands[i];

		if (!command->running || !(command->ended || has_ended(session)))
			continue;
		drain(command);
		event->kind = SMITH_SESSION_COMMAND;
		event->index = i;
		/* of one that ended with all the rest nobody knows */
		event->status = command->ended ? command->status : 128 + SIGKILL;
		event->tail = cut_tail(command->tail, COMMAND_TAIL);
		command->running = command->ended = false;
		return true;
	}
	if (has_ended(session))
		event->kind = SMITH_SESSION_ENDED;
	return has_ended(session);
}

SmithSessionKind smith_session_wait(SmithSession *session, gint64 until, SmithSessionEvent *event)
{
	*event = (SmithSessionEvent){.kind = SMITH_SESSION_TIME, .listener = -1};
	while (!take_event(session, event)) {
		if (g_get_monotonic_time() >= until)
			break;
		serve(session, until);
	}
	return event->kind;
}

static gboolean request(SmithSession *session, const SmithRequest *what, int fd, GError **error)
{
	if (session->requests < 0 ||
	    !smith_child_send_fd(session->requests, what, sizeof *what, fd, MSG_NOSIGNAL))
		return smith_throw(error, SMITH_ERROR_FAILED, "the sandbox has ended");
	return TRUE;
}

gboolean smith_session_command(SmithSession *session, guint index, GError **error)
{
	const SmithRequest what = {.kind = SMITH_REQUEST_COMMAND, .index = index};
	Command *command = &session->commands[index];
	smith_autofd int output = -1;

	g_assert(index < SMITH_PLAN_COMMANDS && !command->running);
	close_fd(&command->output);
	output = make_pipe(&command->output, error);
	if (output < 0 || !request(session, &what, output, error))
		return FALSE;
	if (command->tail == NULL)
		command->tail = g_string_new(NULL);
	g_string_truncate(command->tail, 0);
	command->running = true;
	return TRUE;
}

void smith_session_kill_command(SmithSession *session, guint index)
{
	const SmithRequest what = {.kind = SMITH_REQUEST_KILL, .index = index};

	(void)request(session, &what, -1, NULL);
}

void smith_session_signal(SmithSession *session, int signal)
{
	const SmithRequest what = {.kind = SMITH_REQUEST_SIGNAL, .number = signal};

	(void)request(session, &what, -1, NULL);
}

static void end_child(SmithSession *session)
{
	int status;

	if (session->child <= 0)
		return;
	while (waitpid(session->child, &status, 0) < 0 && errno == EINTR)
		continue;
	session->child = 0;
}

static gboolean take_result(SmithSession *session, SmithSandboxResult *result, GError **error)
{
	const SmithSandboxLimits *limits = &session->step->limits;

	result->tail = cut_tail(session->tail, TAIL);
	result->answered = session->answer.answered;
	result->status = session->answer.number;
	result->memory = (guint64)session->answer.memory * 1024;
	if (session->error != NULL) {
		g_propagate_error(error, g_steal_pointer(&session->error));
		return FALSE;
	}
	if (session->answer.kind != SMITH_CHILD_ENDED)
		return smith_throw(error, SMITH_ERROR_FAILED,
				   "the sandbox was killed before the command ended");
	if (limits->file != 0 && result->status == 128 + SIGXFSZ)
		return smith_throw(error, SMITH_ERROR_LIMIT,
				   "it wrote a file of more than %" G_GUINT64_FORMAT " bytes",
				   limits->file);
	return TRUE;
}

gboolean smith_session_finish(SmithSession *session, SmithSandboxResult *result, GError **error)
{
	SMITH_AUTO_PREFIX(session->step->run != NULL ? "service" : "step", session->step->name,
			  error);
	gboolean ok;

	*result = (SmithSandboxResult){0};
	while (!has_ended(session))
		serve(session, G_MAXINT64);
	end_child(session);
	ok = take_result(session, result, error);
	result->microseconds = g_get_monotonic_time() - session->began;
	return ok;
}

/* The same, of what the parent itself was refused. */
static void throw_start(GError *cause, GError **error)
{
	g_autoptr(GError) owned = cause;

	if (g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED) ||
	    g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED))
		smith_throw(error, SMITH_ERROR_UNSUPPORTED, "%s" SEE_DOCTOR, cause->message);
	else
		g_propagate_error(error, g_steal_pointer(&owned));
}

SmithSession *smith_session_start(const SmithSandboxStep *step, GError **error)
{
	SMITH_AUTO_PREFIX(step->run != NULL ? "service" : "step", step->name, error);
	g_autoptr(SmithSession) session = g_new0(SmithSession, 1);
	guint seconds = step->limits.seconds != 0 ? step->limits.seconds : DEFAULT_SECONDS;
	GError *cause = NULL;

	session->step = step;
	session->output = session->control = session->requests = -1;
	for (guint i = 0; i < SMITH_PLAN_COMMANDS; i++)
		session->commands[i].output = -1;
	session->tail = g_string_new(NULL);
	g_queue_init(&session->listeners);
	session->began = g_get_monotonic_time();
	session->deadline = session->began + (gint64)seconds * G_USEC_PER_SEC;
	if (!start(session, &cause)) {
		throw_start(cause, error);
		return NULL;
	}
	return g_steal_pointer(&session);
}

void smith_session_free(SmithSession *session)
{
	if (session == NULL)
		return;
	close_fd(&session->control);
	close_fd(&session->requests);
	close_fd(&session->output);
	end_child(session);
	for (guint i = 0; i < SMITH_PLAN_COMMANDS; i++) {
		close_fd(&session->commands[i].output);
		if (session->commands[i].tail != NULL)
			g_string_free(session->commands[i].tail, TRUE);
	}
	while (!g_queue_is_empty(&session->listeners)) {
		g_autofree Listener *listener = g_queue_pop_head(&session->listeners);
		close(listener->fd);
	}
	g_string_free(session->tail, TRUE);
	g_clear_error(&session->error);
	g_free(session);
}
