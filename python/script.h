/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "python/entry-points.h"

/*
 * The texts of commands in a venv's bin directory, byte for byte those of pip 23.0.1 (its distlib
 * 0.3.6). Later pips write other texts: this one is pinned, so that a layer depends on its wheel.
 */

/* The wrapper of an entry point. An interpreter path that the kernel would not take on a "#!" line
 * (longer than 127 bytes with its frame, or with a space) gets pip's /bin/sh trampoline. */
char *smith_script_wrapper(const SmithEntryPoint *point, const char *interpreter, gsize *length);

/* Adds to @names the commands that @console entry points become: their names, except that pip and
 * easy_install get their versioned ones for @python ("3.11"), as pip does. Parallel to @names,
 * @points gets the entry point (borrowed) of each. */
void smith_script_commands(const GPtrArray *console, const char *python, GPtrArray *names,
			   GPtrArray *points);

/* TRUE if @head, the first bytes of a file, ask for "#!python" to be replaced. */
gboolean smith_script_is_template(const void *head, gsize length);
#define SMITH_SCRIPT_HEAD 8

/* @text with its first line replaced by "#!INTERPRETER". */
GBytes *smith_script_rewrite(GBytes *text, const char *interpreter);
