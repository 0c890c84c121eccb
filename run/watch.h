/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * Who answers the calls that the filter of a run hands over (seccomp_unotify(2)), in a thread of
 * its own, and remembers them.
 *
 *   SmithWatch *watch = smith_watch_new (program, error);
 *   smith_watch_add (watch, listener, false);        for each process that has loaded the filter
 *   smith_watch_set_phase (watch, SMITH_PHASE_RUN);
 *   calls = smith_watch_finish (watch);              when the run has ended
 *   smith_watch_free (watch);
 *
 * Without a program every call goes on in the kernel. With one, of smith_bpf_ask(), those that come
 * are the refused ones, and are answered as the program says.
 */
typedef enum {
	SMITH_PHASE_START,  /* until it is healthy */
	SMITH_PHASE_RUN,    /* until it is told to stop */
	SMITH_PHASE_STOP,   /* until it has ended */
	SMITH_PHASE_HEALTH, /* of its health command, whenever that runs */
	SMITH_PHASES,
} SmithPhase;

typedef struct {
	int number;
	char *name;
	int argument;  /* the one that `value` is of, or -1 */
	guint64 value; /* calls that differ in it are two: families of sockets, commands of ioctl */
	guint phases;  /* a bit each */
	guint64 count; /* of calls */
	char *object;  /* the file whose code called first, or NULL */
	int error;     /* refused with this errno; 0: not refused */
	char *text;    /* refused: the first one with its arguments */
	char **stack;  /* refused: files of the code, innermost first */
} SmithRunCall;

typedef struct SmithWatch SmithWatch;

/* @architecture, the machine's, is borrowed. */
SmithWatch *smith_watch_new(const char *architecture, GBytes *program, GError **error);
/* Ends its thread. */
void smith_watch_free(SmithWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithWatch, smith_watch_free)

/* Takes @listener; @health: it is the health command's. */
void smith_watch_add(SmithWatch *watch, int listener, bool health);
void smith_watch_set_phase(SmithWatch *watch, SmithPhase phase);
/* Whether a call has been refused until now. */
bool smith_watch_has_refused(SmithWatch *watch);
/* (element-type SmithRunCall*) in the order in which they came first; transfer full. */
GPtrArray *smith_watch_finish(SmithWatch *watch);

/* The argument of @name by whose value calls differ, or -1; @mask is what of it counts. */
int smith_watch_argument(const char *name, guint64 *mask);
