/* SPDX-License-Identifier: Apache-2.0 */
#include "python/dynamic.h"

#include <string.h>

#include "python/scan.h"

/* ASCII identifiers with single dots between them. */
static bool is_module_name(const char *text, gsize length)
{
	guint parts = 1;
	bool start = true;
	for (gsize i = 0; i < length; i++) {
		if (text[i] == '.') {
			if (start)
				return false;
			start = true;
			parts++;
			continue;
		}
		if (!(g_ascii_isalpha(text[i]) || text[i] == '_' ||
		      (!start && g_ascii_isdigit(text[i]))))
			return false;
		start = false;
	}
	return !start && parts <= SMITH_PYTHON_MAX_PARTS;
}

/* @length bytes of the string are known; if not @whole, something follows them. */
static void read_module(const char *text, gsize length, bool whole, SmithDynamicImport *found)
{
	guint level = 0;
	for (; level < length && text[level] == '.';)
		level++;
	const char *name = text + level;
	length -= level;
	if (!whole) {
		const char *dot = g_strrstr_len(name, (gssize)length, ".");
		if (dot == NULL && level == 0)
			return;
		length = dot != NULL ? (gsize)(dot - name) : 0;
	}
	bool empty = length == 0 && level > 0;
	if (!empty && !is_module_name(name, length))
		return;
	found->module = g_strndup(name, length);
	found->level = level;
	found->whole_package = !whole;
}

static void read_string(const SmithDynamic *self, const SmithLexToken *next,
			SmithDynamicImport *found)
{
	const char *text = self->string.start;
	gsize length = self->string.length;
	bool ends = next->op == ',' || next->op == ')';
	if (memchr(text, '\\', length) != NULL || !(self->string.plain || self->string.formatted))
		return;
	if (self->asgi) {
		const char *colon = memchr(text, ':', length);
		if (ends && colon != NULL && self->string.plain)
			read_module(text, (gsize)(colon - text), true, found);
		return;
	}
	char mark = self->string.formatted || next->op == '.' ? '{' : next->op == '%' ? '%' : '\0';
	const char *cut = mark != '\0' ? memchr(text, mark, length) : NULL;
	if (cut != NULL)
		read_module(text, (gsize)(cut - text), false, found);
	else if (ends || next->op == '+')
		read_module(text, length, ends, found);
}

static bool is_call(SmithDynamic *self)
{
	const SmithLexToken *name = &self->last[0], *dot = &self->last[1], *owner = &self->last[2];
	if (smith_lex_token_is(name, "import_module") || smith_lex_token_is(name, "__import__")) {
		self->asgi = false;
		return !smith_lex_token_is(dot, "def");
	}
	self->asgi = true;
	return (smith_lex_token_is(name, "run") || smith_lex_token_is(name, "Config")) &&
	       dot->op == '.' && smith_lex_token_is(owner, "uvicorn");
}

/* To the state behind @token; TRUE when the call is understood, or never will be. */
static bool step(SmithDynamic *self, const SmithLexToken *token)
{
	SmithDynamicState state = self->state;
	self->state = SMITH_DYNAMIC_IDLE;
	if (state == SMITH_DYNAMIC_IDLE) {
		if (token->op == '(' && is_call(self))
			self->state = SMITH_DYNAMIC_CALLED;
		self->line = self->last[0].line;
		return false;
	}
	if (state == SMITH_DYNAMIC_STRING)
		return true;
	if (token->kind == SMITH_LEX_STRING && state != SMITH_DYNAMIC_WORD) {
		self->state = SMITH_DYNAMIC_STRING;
		self->string = *token;
		return false;
	}
	if (token->kind == SMITH_LEX_NAME && state == SMITH_DYNAMIC_CALLED) {
		self->state = SMITH_DYNAMIC_WORD;
		return false;
	}
	if (token->op == '=' && state == SMITH_DYNAMIC_WORD) {
		self->state = SMITH_DYNAMIC_EQUALS;
		return false;
	}
	return true;
}

bool smith_dynamic_feed(SmithDynamic *self, const SmithLexToken *token, SmithDynamicImport *found)
{
	SmithDynamicState before = self->state;
	bool done = step(self, token);
	if (done) {
		*found = (SmithDynamicImport){.line = self->line};
		if (before == SMITH_DYNAMIC_STRING)
			read_string(self, token, found);
		/* what a server is given may be the application itself */
		done = found->module != NULL || !self->asgi;
	}
	self->last[2] = self->last[1];
	self->last[1] = self->last[0];
	self->last[0] = *token;
	return done;
}
