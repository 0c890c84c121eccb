/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* String literals of Python, for python/lex.h. */
typedef struct {
	bool formatted;
	bool bytes;
	bool triple;
	bool broken;	  /* an f-string, and its fields do not end where it does */
	const char *body; /* between the quotes */
	gsize body_length;
	const char *end; /* behind the literal */
} SmithLexString;

/* TRUE if a quote behind it makes it the prefix of a string: "rb", "F". */
bool smith_lex_is_prefix(const char *start, gsize length);

/*
 * Reads the literal whose prefix begins at @start and whose first quote is at @quote; @end is that
 * of the text, which is NUL-terminated. FALSE if it is not closed: it then ends with its line. Of a
 * triple-quoted one only the quotes are taken: what follows is more likely to be source than not.
 */
bool smith_lex_string(const char *start, const char *quote, const char *end,
		      SmithLexString *string);
