/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <sys/types.h>

/*
 * A task of a run that waits in a call: its memory, and the files that its code is of. Everything
 * here is a guess about a process that may lie: for people to read, and for nothing to be decided
 * by.
 */

/* Up to @length bytes; their number, or -1. */
gssize smith_task_read(pid_t tid, guint64 from, void *buffer, gsize length);
/* A string of at most 4095 bytes, made valid UTF-8; NULL when there is none. */
char *smith_task_read_string(pid_t tid, guint64 from);

/* The base name of the file that @address is mapped from ("libc.so.6"), "[vdso]" and the like, or
 * NULL. */
char *smith_task_object(pid_t tid, guint64 address);

/* The files of the code that called, innermost first, each once in a row: of the instruction
 * pointer, then of what look like return addresses on the stack. */
char **smith_task_stack(pid_t tid, guint64 instruction);
