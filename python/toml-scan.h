/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/node.h"

/*
 * The text of a TOML document while it is read, and its scalars, for python/toml.c. Functions go on
 * from scan->p; those that fail have set scan->error.
 */
typedef struct {
	const char *file; /* intern string */
	const char *p;
	const char *end;
	const char *mark; /* line and column are of this byte */
	guint line;
	guint column;
	guint values;
	GError **error;
} SmithTomlScan;

/* The byte @ahead of the next one; '\0' behind the end. */
char smith_toml_peek(const SmithTomlScan *scan, gsize ahead);
/* Of scan->p, which never goes back. */
SmithPlace smith_toml_place(SmithTomlScan *scan);
/* Fails at scan->p. */
gboolean smith_toml_throw(SmithTomlScan *scan, SmithErrorCode code, const char *text);
gboolean smith_toml_unexpected(SmithTomlScan *scan, const char *expected);

/* Spaces and tabs. */
void smith_toml_skip_blanks(SmithTomlScan *scan);
/* Nothing but a comment may be left of the line. */
gboolean smith_toml_end_line(SmithTomlScan *scan);
/* Blanks, newlines and comments. */
gboolean smith_toml_skip_lines(SmithTomlScan *scan);

/* A quoted string; in several lines only where @multiline allows it. Transfer full. */
char *smith_toml_string(SmithTomlScan *scan, bool multiline);
/* A boolean, number, date or time; @node gets its type, text and value. */
gboolean smith_toml_scalar(SmithTomlScan *scan, SmithNode *node);
