/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * What happens, told upward. Libraries emit; only cmd/ prints. An SmithEvents may be NULL: nobody
 * listens. emit() can be called from any thread; the receiver serialises.
 */
typedef enum {
	SMITH_EVENT_START,   /* a step begins */
	SMITH_EVENT_DONE,    /* a step was done; bytes and cached are set */
	SMITH_EVENT_NOTE,    /* text for the user */
	SMITH_EVENT_WARNING, /* text for the user */
} SmithEventKind;

typedef struct {
	SmithEventKind kind;
	const char *step;   /* "wheel fastapi 0.92.0"; NULL with NOTE and WARNING */
	const char *digest; /* DONE: what it made, or NULL */
	const char *text;   /* NOTE, WARNING; otherwise a detail or NULL */
	guint64 bytes;	    /* DONE: bytes written */
	bool cached;	    /* DONE: nothing had to be done */
} SmithEvent;

typedef struct SmithEvents SmithEvents;
struct SmithEvents {
	void (*emit)(SmithEvents *events, const SmithEvent *event);
};

void smith_events_start(SmithEvents *events, const char *step);
void smith_events_done(SmithEvents *events, const char *step, const char *digest, guint64 bytes,
		       bool cached);
void smith_events_note(SmithEvents *events, const char *format, ...) G_GNUC_PRINTF(2, 3);
void smith_events_warn(SmithEvents *events, const char *format, ...) G_GNUC_PRINTF(2, 3);
