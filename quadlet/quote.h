/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * How values are said to systemd (systemd.syntax(7)) and, in the same words, to podman's generator,
 * which hands them on to systemd: "%" begins a specifier and "$" a variable there, so that each is
 * doubled where it would be one.
 *
 * What cannot be said in a form is an error, SMITH_ERROR_UNSUPPORTED, not something else: all
 * values must be UTF-8 without U+0080, of which the generator makes a byte.
 */
typedef enum {
	SMITH_QUOTE_NOTHING = 0,
	SMITH_QUOTE_PERCENT = 1 << 0, /* wherever specifiers are expanded: nearly everywhere */
	SMITH_QUOTE_DOLLAR = 1 << 1,  /* in command lines */
} SmithQuote;

/* One word of a list: as it is, or in double quotes with C escapes. */
char *smith_quote_word(const char *word, unsigned quote, GError **error);

/* One word of a list whose reader takes quotes off and leaves backslashes alone. */
char *smith_quote_plain(const char *word, unsigned quote, GError **error);

/* The rest of a line: no control characters, no white space or double quotes at its ends, which are
 * taken off, and no backslash at its end, which would join the next line to it. */
char *smith_quote_line(const char *value, unsigned quote, GError **error);

/* A health command as a JSON array without a leading "CMD", which podman before 5.8 splits at
 * spaces; an array of one would be a shell's line, so that the program stands behind env then. */
char *smith_quote_health(const char *const *argv);
/* Any argument vector as a JSON array. */
char *smith_quote_json(const char *const *argv);
