/* SPDX-License-Identifier: Apache-2.0 */
#include "python/lex-string.h"

#include <string.h>

/* Deep enough for what people write. As a reading by the rules of 3.12 that fails may have seen one
 * unclosed f-string for each level, it also bounds how often a text is read anew. */
#define MAX_DEPTH 8
#define MAX_BRACKETS 64

typedef struct {
	const char *end;
	guint depth;
	bool limited; /* it failed because of our own limits */
} Walk;

typedef struct {
	char quote;
	guint quotes; /* 1 or 3 */
	bool raw;
	bool formatted;
} Kind;

bool smith_lex_is_prefix(const char *start, gsize length)
{
	if (length > 2)
		return false;
	guint bytes = 0, unicode = 0, raw = 0, formatted = 0;
	for (gsize i = 0; i < length; i++) {
		char c = g_ascii_tolower(start[i]);
		bytes += c == 'b';
		unicode += c == 'u';
		raw += c == 'r';
		formatted += c == 'f' || c == 't';
	}
	if (bytes + unicode + raw + formatted != length || raw > 1)
		return false;
	return length == 1 || (raw == 1 && unicode == 0);
}

static Kind read_kind(const char *start, const char *quote)
{
	Kind kind = {.quote = *quote, .quotes = 1};
	for (const char *c = start; c < quote; c++) {
		char lower = g_ascii_tolower(*c);
		kind.raw |= lower == 'r';
		kind.formatted |= lower == 'f' || lower == 't';
	}
	if (quote[1] == *quote && quote[2] == *quote)
		kind.quotes = 3;
	return kind;
}

static bool closes(const Kind *kind, const char *at)
{
	return at[0] == kind->quote &&
	       (kind->quotes == 1 || (at[1] == kind->quote && at[2] == kind->quote));
}

/* The end of a literal without fields, from behind its opening quotes; NULL: not closed. */
static const char *plain_end(const Kind *kind, const char *at, const char *end)
{
	for (; at < end; at++) {
		if (*at == '\\')
			at++;
		else if (*at == '\n' && kind->quotes == 1)
			return NULL;
		else if (closes(kind, at))
			return at + kind->quotes;
	}
	return NULL;
}

static const char *formatted_end(Walk *walk, const Kind *kind, const char *at);

/* A literal inside a field, its prefix included. */
static const char *nested_end(Walk *walk, const char *start, const char *quote)
{
	Kind kind = read_kind(start, quote);
	if (!kind.formatted)
		return plain_end(&kind, quote + kind.quotes, walk->end);
	if (walk->depth >= MAX_DEPTH) {
		walk->limited = true;
		return NULL;
	}
	walk->depth++;
	const char *end = formatted_end(walk, &kind, quote + kind.quotes);
	walk->depth--;
	return end;
}

static bool is_word_byte(char c)
{
	return g_ascii_isalnum(c) || c == '_' || (guchar)c >= 0x80;
}

/* Behind a word, and behind the string of which it is the prefix. */
static const char *word_end(Walk *walk, const char *at)
{
	const char *start = at;
	while (is_word_byte(*at))
		at++;
	if ((*at == '"' || *at == '\'') && smith_lex_is_prefix(start, (gsize)(at - start)))
		return nested_end(walk, start, at);
	return at;
}

/* The expression of a field: to its '}' or the ':' of its format; NULL: it has none. */
static const char *expression_end(Walk *walk, const char *at)
{
	char open[MAX_BRACKETS];
	guint level = 0;
	while (at != NULL && at < walk->end) {
		char c = *at;
		if (level == 0 && (c == '}' || c == ':'))
			return at;
		if (c == '"' || c == '\'') {
			at = nested_end(walk, at, at);
		} else if (is_word_byte(c)) {
			at = word_end(walk, at);
		} else if (c == '#') {
			at = memchr(at, '\n', (gsize)(walk->end - at));
		} else if (c == '(' || c == '[' || c == '{') {
			if (level == MAX_BRACKETS) {
				walk->limited = true;
				return NULL;
			}
			open[level++] = c == '(' ? ')' : c == '[' ? ']' : '}';
			at++;
		} else if (c == ')' || c == ']' || c == '}') {
			if (level == 0 || open[--level] != c)
				return NULL;
			at++;
		} else {
			at++;
		}
	}
	return NULL;
}

/* A backslash and what it takes with it: "\N{DASH}" is no field, "\{" begins one. */
static const char *escape_end(const Kind *kind, const char *at, const char *end)
{
	if (at[1] == '{' || at[1] == '}')
		return at + 1;
	if (kind->raw || at[1] != 'N' || at[2] != '{')
		return at + 2;
	const char *close = memchr(at, '}', (gsize)(MIN(end - at, 256)));
	return close != NULL ? close + 1 : at + 2;
}

static const char *field_end(Walk *walk, const Kind *kind, const char *at);

/* The format of a field, from behind its ':' to behind the field's '}'. */
static const char *format_end(Walk *walk, const Kind *kind, const char *at)
{
	while (at != NULL && at < walk->end) {
		if (*at == '}')
			return at + 1;
		if (closes(kind, at) || (*at == '\n' && kind->quotes == 1))
			return NULL;
		if (*at == '\\')
			at = escape_end(kind, at, walk->end);
		else
			at = *at == '{' ? field_end(walk, kind, at + 1) : at + 1;
	}
	return NULL;
}

/* A field, from behind its '{' to behind its '}'. */
static const char *field_end(Walk *walk, const Kind *kind, const char *at)
{
	at = expression_end(walk, at);
	if (at == NULL || *at == '}')
		return at != NULL ? at + 1 : NULL;
	if (walk->depth >= MAX_DEPTH) {
		walk->limited = true;
		return NULL;
	}
	walk->depth++;
	const char *end = format_end(walk, kind, at + 1);
	walk->depth--;
	return end;
}

static const char *formatted_end(Walk *walk, const Kind *kind, const char *at)
{
	while (at != NULL && at < walk->end) {
		if (*at == '\\') {
			at = escape_end(kind, at, walk->end);
		} else if (*at == '\n' && kind->quotes == 1) {
			return NULL;
		} else if (closes(kind, at)) {
			return at + kind->quotes;
		} else if (*at != '{') {
			at++;
		} else if (at[1] == '{') {
			at += 2;
		} else {
			at = field_end(walk, kind, at + 1);
		}
	}
	return NULL;
}

bool smith_lex_string(const char *start, const char *quote, const char *end, SmithLexString *string)
{
	Kind kind = read_kind(start, quote);
	const char *body = quote + kind.quotes;
	const char *close = NULL;
	if (kind.formatted) {
		Walk walk = {.end = end, .depth = 1};
		close = formatted_end(&walk, &kind, body);
		string->broken = close == NULL && !walk.limited;
	}
	if (close == NULL)
		close = plain_end(&kind, body, end);
	string->formatted = kind.formatted;
	for (const char *c = start; c < quote; c++)
		string->bytes |= g_ascii_tolower(*c) == 'b';
	string->triple = kind.quotes == 3;
	string->body = body;
	if (close != NULL) {
		string->end = close;
		string->body_length = (gsize)(close - kind.quotes - body);
		return true;
	}
	string->end = body;
	if (kind.quotes == 1)
		string->end = memchr(body, '\n', (gsize)(end - body));
	string->body_length = (gsize)(string->end - body);
	return false;
}
