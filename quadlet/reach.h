/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

#include "fleet/model.h"

/*
 * How commands of podman and systemd get to the machine that they are about: run here, or through
 * `ssh DEST`, where the user's shell is to be a POSIX one.
 *
 *   SmithReach reach = {.ssh = destination_or_NULL, .system = false};
 *   g_auto (SmithAnswer) answer = {0};
 *   smith_reach_ask (&reach, argv, &answer, error)
 *   ... answer.text, answer.status ...
 *
 * Nothing is asked of the terminal but by ssh itself. Without a session the user's
 * XDG_RUNTIME_DIR is the usual one.
 */
typedef struct {
	const char *ssh; /* destination as ssh(1) has it; NULL: this machine */
	bool system;	 /* the units and containers of root, not of the user */
} SmithReach;

typedef struct {
	char *text; /* what it wrote, at most SMITH_REACH_LIMIT bytes, NUL-terminated */
	gsize length;
	char *said; /* on its other stream: one line, fit to be quoted in an error */
	int status; /* 0..255; of a signal 128 and its number */
} SmithAnswer;

#define SMITH_REACH_LIMIT (16 * 1024 * 1024)

/* SMITH_ERROR_USAGE for a destination that ssh would take for an option. */
gboolean smith_reach_check(const SmithReach *reach, GError **error);

/* @argv as it is run: itself, or ssh and one word for the other machine's shell. */
char **smith_reach_argv(const SmithReach *reach, const char *const *argv);

/* Runs @argv to its end. A status other than 0 is no error, unless it says that @argv was not run:
 * SMITH_ERROR_NOT_FOUND when there is no such program, SMITH_ERROR_FAILED when ssh fails.
 * SMITH_ERROR_LIMIT when it writes too much. */
gboolean smith_reach_ask(const SmithReach *reach, const char *const *argv, SmithAnswer *answer,
			 GError **error);
void smith_answer_clear(SmithAnswer *answer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SmithAnswer, smith_answer_clear)

/* Starts @argv and gives its output; it ends when we do. What it says goes to our own error stream.
 * smith_reach_finish() frees @child. */
GInputStream *smith_reach_follow(const SmithReach *reach, const char *const *argv,
				 GSubprocess **child, GError **error);
gboolean smith_reach_finish(const SmithReach *reach, const char *const *argv, GSubprocess *child,
			    GError **error);

/* The host that @reach leads to: @name when it is given; the only one; that of which the name is
 * the machine's or ssh's destination, or the address one of the machine's. SMITH_ERROR_USAGE. */
const SmithHost *smith_reach_host(const SmithReach *reach, const SmithFleet *fleet,
				  const char *name, GError **error);
