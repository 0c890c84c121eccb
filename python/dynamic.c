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

/* What a name means outside of a call. Most tokens of a source come by here: lengths first. */
static SmithDynamicState state_of_name(SmithDynamic *self, const SmithLexToken *name)
{
	SmithDynamicState before = self->state;
	switch (name->length) {
	case 3:
	case 6:
		if (before == SMITH_DYNAMIC_DOT &&
		    (smith_lex_token_is(name, "run") || smith_lex_token_is(name, "Config"))) {
			self->asgi = true;
			return SMITH_DYNAMIC_CALLEE;
		}
		return smith_lex_token_is(name, "def") ? SMITH_DYNAMIC_DEF : SMITH_DYNAMIC_IDLE;
	case 7:
		return smith_lex_token_is(name, "uvicorn") ? SMITH_DYNAMIC_UVICORN
							   : SMITH_DYNAMIC_IDLE;
	case 10:
	case 13:
		if (before == SMITH_DYNAMIC_DEF || (!smith_lex_token_is(name, "__import__") &&
						    !smith_lex_token_is(name, "import_module")))
			return SMITH_DYNAMIC_IDLE;
		self->asgi = false;
		return SMITH_DYNAMIC_CALLEE;
	default:
		return SMITH_DYNAMIC_IDLE;
	}
}

static SmithDynamicState state_outside(SmithDynamic *self, const SmithLexToken *token)
{
	if (token->kind == SMITH_LEX_NAME) {
		self->line = token->line;
		return state_of_name(self, token);
	}
	if (token->op == '.' && self->state == SMITH_DYNAMIC_UVICORN)
		return SMITH_DYNAMIC_DOT;
	if (token->op == '(' && self->state == SMITH_DYNAMIC_CALLEE)
		return SMITH_DYNAMIC_CALLED;
	return SMITH_DYNAMIC_IDLE;
}

/* Behind the '(' of a call. IDLE when the call is understood, or never will be. */
static SmithDynamicState state_inside(SmithDynamic *self, const SmithLexToken *token)
{
	SmithDynamicState before = self->state;
	if (before == SMITH_DYNAMIC_STRING)
		return SMITH_DYNAMIC_IDLE;
	if (token->kind == SMITH_LEX_STRING && before != SMITH_DYNAMIC_WORD) {
		self->string = *token;
		return SMITH_DYNAMIC_STRING;
	}
	if (token->kind == SMITH_LEX_NAME && before == SMITH_DYNAMIC_CALLED)
		return SMITH_DYNAMIC_WORD;
	if (token->op == '=' && before == SMITH_DYNAMIC_WORD)
		return SMITH_DYNAMIC_EQUALS;
	return SMITH_DYNAMIC_IDLE;
}

bool smith_dynamic_feed(SmithDynamic *self, const SmithLexToken *token, SmithDynamicImport *found)
{
	SmithDynamicState before = self->state;
	if (before < SMITH_DYNAMIC_CALLED) {
		self->state = state_outside(self, token);
		return false;
	}
	self->state = state_inside(self, token);
	if (self->state != SMITH_DYNAMIC_IDLE)
		return false;
	*found = (SmithDynamicImport){.line = self->line};
	if (before == SMITH_DYNAMIC_STRING)
		read_string(self, token, found);
	/* what a server is given may be the application itself */
	return found->module != NULL || !self->asgi;
}
