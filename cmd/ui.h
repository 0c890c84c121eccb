/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/event.h"

/*
 * Event sinks: how progress looks on stderr.
 *
 *   plain  a line for each step that did something; with -v one for each step
 *   tty    one status line, rewritten at most ten times a second and only while we are in the
 *          terminal's foreground; it is gone when no step runs
 *   json   an object per line and event: {"event","step","digest","bytes","cached","text"}
 *   none   nothing
 *   auto   tty on a capable terminal, else plain
 *
 * Warnings are told by all but none; notes not with -q, which also turns plain and tty into
 * "warnings only". emit() may be called by any thread. Free the UI before anything else is written
 * to the terminal; no event may come after that.
 */
typedef enum {
	SMITH_PROGRESS_AUTO,
	SMITH_PROGRESS_PLAIN,
	SMITH_PROGRESS_JSON,
	SMITH_PROGRESS_NONE,
	SMITH_PROGRESS_TTY, /* not to be asked for by name */
} SmithProgress;

/* Is @fd a terminal that understands control sequences? */
bool smith_ui_is_terminal(int fd);

/* @verbosity -1, 0, 1. Never NULL. */
SmithEvents *smith_ui_new(SmithProgress progress, bool color, int verbosity);
void smith_ui_free(SmithEvents *events);
