/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "sandbox/sandbox.h"

/*
 * A step that goes on beside its caller, which looks what happens and can have commands run in the
 * same namespaces: the run of a service, its health checks, and a test against it.
 *
 *   SmithSession *session = smith_session_start (&step, error);
 *   smith_session_command (session, 0, error);            step.run->commands[0]
 *   while (smith_session_wait (session, until, &event) != SMITH_SESSION_ENDED) ...
 *   smith_session_signal (session, SIGTERM);
 *   smith_session_finish (session, &result, error);
 *   smith_session_free (session);
 *
 * One thread at a time. What @step points to must outlive it. When it is freed, or the process
 * dies, all that runs in it is killed.
 */
typedef struct SmithSession SmithSession;

typedef enum {
	SMITH_SESSION_TIME,	/* it is `until` */
	SMITH_SESSION_COMMAND,	/* command `index` has ended */
	SMITH_SESSION_LISTENER, /* `listener` is of a process that begins, which waits for it: the
				   step's own, or with `of_command` command `index` */
	SMITH_SESSION_ENDED,	/* the step has ended, or could not be run; nothing is left of it */
} SmithSessionKind;

typedef struct {
	SmithSessionKind kind;
	guint index;
	bool of_command;
	int status;   /* COMMAND: exit status, 128 + signal */
	char *tail;   /* COMMAND: its last 4 KiB of output, valid UTF-8; the caller's */
	int listener; /* of seccomp_unotify(2); the caller's */
} SmithSessionEvent;

SmithSession *smith_session_start(const SmithSandboxStep *step, GError **error);
void smith_session_free(SmithSession *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithSession, smith_session_free)

/* @until is of g_get_monotonic_time(). */
SmithSessionKind smith_session_wait(SmithSession *session, gint64 until, SmithSessionEvent *event);
/* Starts command @index of the run, which must not be running; or ends it at once. */
gboolean smith_session_command(SmithSession *session, guint index, GError **error);
void smith_session_kill_command(SmithSession *session, guint index);
/* To the step's first process alone. When that ends, the kernel ends all others. */
void smith_session_signal(SmithSession *session, int signal);
/* Waits for the end, as long as the step's limits allow; then as smith_sandbox_run(). */
gboolean smith_session_finish(SmithSession *session, SmithSandboxResult *result, GError **error);
