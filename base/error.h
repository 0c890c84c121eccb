/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>
#include <glib.h>

/*
 * The one error domain of the program.
 *
 * Every fallible function takes a `GError **error` last and returns FALSE, NULL or -1 on failure.
 * A failure is one line: `return smith_throw (error, SMITH_ERROR_INVALID, "...")`. smith_throw()
 * returns FALSE; functions that return a pointer use smith_throw_null(), those that return a
 * descriptor or a count smith_throw_fd().
 *
 * Text: lower case, no full stop, cause first, the subject in single quotes, got and expected.
 * Context is added once, by the callee, with SMITH_AUTO_PREFIX as its first line.
 *
 * System calls that fail are reported in G_IO_ERROR with the code of their errno.
 */
#define SMITH_ERROR smith_error_quark()
GQuark smith_error_quark(void);

typedef enum {
	SMITH_ERROR_FAILED,	 /* nothing more precise fits                          exit 1 */
	SMITH_ERROR_USAGE,	 /* the command line is wrong                          exit 2 */
	SMITH_ERROR_FINDINGS,	 /* the fleet has errors, or a limit of its own fails   exit 3 */
	SMITH_ERROR_STALE,	 /* the lock does not match its inputs                 exit 4 */
	SMITH_ERROR_VERIFY,	 /* a digest, size or signature is not the promised    exit 5 */
	SMITH_ERROR_INVALID,	 /* input breaks its format                            exit 1 */
	SMITH_ERROR_LIMIT,	 /* input is larger than we are willing to read        exit 1 */
	SMITH_ERROR_NOT_FOUND,	 /* a named thing does not exist                       exit 1 */
	SMITH_ERROR_CONFLICT,	 /* two inputs contradict each other                   exit 1 */
	SMITH_ERROR_UNSUPPORTED, /* legal, but not something we do                     exit 1 */
	SMITH_ERROR_CANCELLED,	 /* the user asked us to stop                          exit 1 */
} SmithErrorCode;

gboolean smith_throw(GError **error, SmithErrorCode code, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

/* As smith_throw(), for functions that return a pointer: returns NULL. */
gpointer smith_throw_null(GError **error, SmithErrorCode code, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

/* As smith_throw(), for functions that return a file descriptor or a count: returns -1. */
int smith_throw_fd(GError **error, SmithErrorCode code, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

/* G_IO_ERROR from the current errno, which is kept; the text is "FORMAT: strerror". */
gboolean smith_throw_errno(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
gpointer smith_throw_errno_null(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
int smith_throw_errno_fd(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/*
 * SMITH_AUTO_PREFIX(what, subject, error): when the function returns with *error set, its text
 * becomes "WHAT 'SUBJECT': text". Both strings are borrowed and must outlive the scope; SUBJECT
 * may be NULL. Costs nothing on success. One per function, at its top.
 */
typedef struct {
	GError **error;
	const char *what;
	const char *subject;
} SmithErrorPrefix;

void smith_error_prefix_clear(SmithErrorPrefix *prefix);

#define SMITH_AUTO_PREFIX(what_, subject_, error_)                                                 \
	__attribute__((cleanup(smith_error_prefix_clear), unused))                                 \
	SmithErrorPrefix smith_prefix_ = {(error_), (what_), (subject_)}

/*
 * "did you mean": the candidate nearest to @word by edit distance (transpositions count one) when
 * it is near enough to be a likely slip, else NULL. @candidates is NULL-terminated; the result is
 * borrowed from it.
 */
const char *smith_nearest(const char *word, const char *const *candidates);
