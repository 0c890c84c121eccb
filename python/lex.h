/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * Tokens of a Python source, for python/scan.h: CPython's tokenizer (3.8 to 3.13) less what only
 * its parser needs. Numbers and operators are cut coarsely; strings, brackets, line joining and
 * indentation exactly.
 *
 *   smith_lexer_init (&lexer, text, length);
 *   while (smith_lexer_next (&lexer, &token), token.kind != SMITH_LEX_END) ...
 *   smith_lexer_clear (&lexer);
 *
 * The first error is kept (bad_line, bad_text), and the tokens go on behind it: a string that is
 * not closed ends with its line, a bracket that is not closed before the next line that begins
 * with a keyword of a statement.
 *
 * f-strings are read by the rules of 3.12, where they may contain their own quotes, and where that
 * leads nowhere by those of 3.11: so nothing is an error that either of the two accepts.
 */
#define SMITH_LEX_MAX_BRACKETS 200 /* CPython's own limit */

typedef enum {
	SMITH_LEX_END,
	SMITH_LEX_NEWLINE, /* the end of a logical line, which had tokens */
	SMITH_LEX_NAME,
	SMITH_LEX_NUMBER,
	SMITH_LEX_STRING,
	SMITH_LEX_OP, /* one byte, but ":=" is one token, its byte '=' */
} SmithLexKind;

typedef struct {
	SmithLexKind kind;
	char op;	   /* of OP, else 0 */
	const char *start; /* in the lexer's text; of a string, what is between the quotes */
	gsize length;
	guint line;
	bool formatted; /* STRING: an f-string */
	bool plain;	/* STRING: neither an f-string nor of bytes */
} SmithLexToken;

typedef struct {
	char byte;
	guint line;
} SmithLexBracket;

typedef struct {
	char *text; /* owned, ends with a line feed and NUL; line ends are "\n" */
	const char *at;
	const char *end;
	guint line;
	const char *line_start;	  /* of the physical line of @at */
	const char *line_content; /* its first token, or NULL */
	bool fresh;		  /* @at is where a logical line may begin */
	bool any;		  /* the logical line has tokens */
	bool unicode;		  /* bytes beyond ASCII are UTF-8 and to be checked */
	bool broken;		  /* there are some that are not */
	bool lenient;		  /* of an unknown encoding: no error is certain */
	guint level;
	SmithLexBracket brackets[SMITH_LEX_MAX_BRACKETS];
	/* of the logical line: with tabs to multiples of 8, and of 1 */
	guint column;
	guint alt_column;
	guint bad_line; /* 0: no error yet */
	char *bad_text;
} SmithLexer;

void smith_lexer_init(SmithLexer *lexer, const char *text, gsize length);
void smith_lexer_next(SmithLexer *lexer, SmithLexToken *token);
void smith_lexer_clear(SmithLexer *lexer);

/* An error that the caller sees; the first one counts. */
void smith_lexer_fail(SmithLexer *lexer, guint line, const char *format, ...) G_GNUC_PRINTF(3, 4);

bool smith_lex_token_is(const SmithLexToken *token, const char *name); /* a NAME of that text */
