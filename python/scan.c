/* SPDX-License-Identifier: Apache-2.0 */
#include "python/scan.h"

#include <string.h>

#include "python/blocks.h"
#include "python/dynamic.h"
#include "python/lex.h"

typedef struct {
	SmithLexer lexer;
	SmithLexToken token; /* the one that is looked at */
	SmithBlocks blocks;
	SmithDynamic dynamic;
	guint8 flags; /* of the statement: SMITH_BLOCK_* */
	SmithPythonScan *scan;
} Scanner;

static void import_free(gpointer data)
{
	SmithPythonImport *import = data;
	g_free(import->module);
	g_strfreev(import->names);
	g_free(import);
}

void smith_python_scan_free(SmithPythonScan *scan)
{
	if (scan == NULL)
		return;
	g_ptr_array_unref(scan->imports);
	g_free(scan->bad_text);
	g_free(scan);
}

static SmithPythonImport *add_import(Scanner *self, guint line)
{
	SmithPythonImport *import = g_new0(SmithPythonImport, 1);
	import->line = line;
	import->guarded = (self->flags & SMITH_BLOCK_GUARD) != 0;
	import->type_checking = (self->flags & SMITH_BLOCK_TYPES) != 0;
	import->main_only = (self->flags & SMITH_BLOCK_MAIN) != 0;
	g_ptr_array_add(self->scan->imports, import);
	return import;
}

static void take_dynamic(Scanner *self)
{
	SmithDynamicImport found;
	if (!smith_dynamic_feed(&self->dynamic, &self->token, &found))
		return;
	if (found.module == NULL) {
		if (self->scan->opaque_line == 0)
			self->scan->opaque_line = found.line;
		return;
	}
	SmithPythonImport *import = add_import(self, found.line);
	import->module = found.module;
	import->level = found.level;
	import->dynamic = true;
	import->whole_package = found.whole_package;
}

static void advance(Scanner *self)
{
	smith_lexer_next(&self->lexer, &self->token);
	take_dynamic(self);
}

static bool at_op(const Scanner *self, char op)
{
	return self->token.op == op;
}

static bool at_name(const Scanner *self, const char *name)
{
	return smith_lex_token_is(&self->token, name);
}

static bool at_line_end(const Scanner *self)
{
	return self->token.kind == SMITH_LEX_NEWLINE || self->token.kind == SMITH_LEX_END;
}

static char *identifier(const SmithLexToken *token)
{
	for (gsize i = 0; i < token->length; i++)
		if ((guchar)token->start[i] >= 0x80) {
			char *normal = g_utf8_normalize(token->start, (gssize)token->length,
							G_NORMALIZE_NFKC);
			return normal != NULL ? normal : g_strndup(token->start, token->length);
		}
	return g_strndup(token->start, token->length);
}

/* NULL when there is none, or one of too many components. */
static char *read_dotted_name(Scanner *self)
{
	if (self->token.kind != SMITH_LEX_NAME)
		return NULL;
	g_autoptr(GString) name = g_string_new(NULL);
	guint parts = 0;
	while (self->token.kind == SMITH_LEX_NAME) {
		g_autofree char *part = identifier(&self->token);
		g_string_append(name, part);
		parts++;
		advance(self);
		if (!at_op(self, '.'))
			break;
		g_string_append_c(name, '.');
		advance(self);
	}
	if (name->str[name->len - 1] == '.' || parts > SMITH_PYTHON_MAX_PARTS)
		return NULL;
	return g_string_free(g_steal_pointer(&name), FALSE);
}

static void skip_alias(Scanner *self)
{
	if (!at_name(self, "as"))
		return;
	advance(self);
	if (self->token.kind == SMITH_LEX_NAME)
		advance(self);
}

static void read_import(Scanner *self)
{
	guint line = self->token.line;
	do {
		advance(self);
		g_autofree char *module = read_dotted_name(self);
		if (module == NULL)
			return;
		add_import(self, line)->module = g_steal_pointer(&module);
		skip_alias(self);
	} while (at_op(self, ','));
}

static char **read_names(Scanner *self)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	bool parenthesis = at_op(self, '(');
	if (parenthesis)
		advance(self);
	for (;;) {
		if (at_op(self, '*'))
			g_ptr_array_add(names, g_strdup("*"));
		else if (self->token.kind == SMITH_LEX_NAME)
			g_ptr_array_add(names, identifier(&self->token));
		else
			break;
		advance(self);
		skip_alias(self);
		if (!at_op(self, ','))
			break;
		advance(self);
	}
	if (parenthesis && at_op(self, ')'))
		advance(self);
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_steal(names, NULL);
}

static void read_from(Scanner *self)
{
	guint line = self->token.line;
	guint level = 0;
	for (advance(self); at_op(self, '.'); advance(self))
		level++;
	/* `from . import x`: the keyword is no module */
	g_autofree char *module = at_name(self, "import") ? NULL : read_dotted_name(self);
	if (!at_name(self, "import") || (module == NULL && level == 0))
		return;
	advance(self);
	SmithPythonImport *import = add_import(self, line);
	import->module = module != NULL ? g_steal_pointer(&module) : g_strdup("");
	import->level = level;
	import->names = read_names(self);
}

/* To the ';' or the end of line behind a simple statement. True if its last token was a ':' outside
 * of brackets, which no simple statement has. */
static bool skip_statement(Scanner *self)
{
	bool colon = false;
	while (!at_line_end(self) && !(at_op(self, ';') && self->lexer.level == 0)) {
		colon = at_op(self, ':') && self->lexer.level == 0;
		advance(self);
	}
	return colon;
}

/* All simple statements up to the end of the line. */
static void read_simple_statements(Scanner *self)
{
	for (;;) {
		if (at_name(self, "import"))
			read_import(self);
		else if (at_name(self, "from"))
			read_from(self);
		skip_statement(self);
		if (at_line_end(self))
			return;
		advance(self);
	}
}

/* To behind the ':' that ends a header; false if the line has none. The colons of lambdas and of
 * what is in brackets are not it. */
static bool skip_header(Scanner *self, SmithHeader *header)
{
	guint lambdas = 0;
	while (!at_line_end(self)) {
		if (at_name(self, "lambda") && self->lexer.level == 0)
			lambdas++;
		if (at_op(self, ':') && self->lexer.level == 0 && lambdas-- == 0) {
			advance(self);
			return true;
		}
		smith_header_feed(header, &self->token);
		advance(self);
	}
	return false;
}

static void read_compound(Scanner *self, SmithClause clause)
{
	SmithHeader header = {.clause = clause, .line = self->token.line};
	if (!skip_header(self, &header)) {
		smith_lexer_fail(&self->lexer, header.line, "expected ':'");
		smith_blocks_expect(&self->blocks, &header);
		self->blocks.expecting = false;
		return;
	}
	guint8 flags = smith_blocks_expect(&self->blocks, &header);
	if (at_line_end(self))
		return;
	self->blocks.expecting = false;
	self->flags = flags;
	read_simple_statements(self);
}

/* A line that begins with `match` or `case`, which are names as well. What is a statement
 * of these ends with ':', or, in a match, has it before its statement. */
static void read_soft(Scanner *self, SmithClause clause)
{
	if (clause == SMITH_CLAUSE_CASE && smith_blocks_in_match(&self->blocks)) {
		read_compound(self, clause);
		return;
	}
	SmithHeader header = {.clause = clause, .line = self->token.line};
	if (skip_statement(self))
		smith_blocks_expect(&self->blocks, &header);
	else if (!at_line_end(self))
		read_simple_statements(self);
}

static void read_line(Scanner *self)
{
	SmithClause clause = smith_clause_of(&self->token);
	smith_blocks_enter(&self->blocks, &self->lexer, &self->token, clause);
	self->flags = smith_blocks_flags(&self->blocks);
	guint line = self->token.line;
	if (clause == SMITH_CLAUSE_MATCH || clause == SMITH_CLAUSE_CASE) {
		read_soft(self, clause);
	} else if (clause != SMITH_CLAUSE_NONE) {
		read_compound(self, clause);
	} else if (at_name(self, "import") || at_name(self, "from")) {
		read_simple_statements(self);
	} else {
		if (skip_statement(self)) {
			smith_lexer_fail(&self->lexer, line,
					 "invalid syntax: ':' after what is no compound statement");
			self->blocks.tolerant = true;
		}
		if (!at_line_end(self)) {
			advance(self);
			read_simple_statements(self);
		}
	}
	if (self->token.kind == SMITH_LEX_NEWLINE)
		advance(self);
}

SmithPythonScan *smith_python_scan(const char *text, gsize length)
{
	SmithPythonScan *scan = g_new0(SmithPythonScan, 1);
	scan->imports = g_ptr_array_new_with_free_func(import_free);
	if (length > SMITH_PYTHON_SCAN_MAX) {
		scan->bad_line = 1;
		scan->bad_text = g_strdup("the file is larger than 4 MiB");
		return scan;
	}
	/* half of it is the stack of brackets */
	g_autofree Scanner *self = g_new0(Scanner, 1);
	self->scan = scan;
	smith_lexer_init(&self->lexer, text, length);
	smith_blocks_init(&self->blocks);
	advance(self);
	while (self->token.kind != SMITH_LEX_END)
		read_line(self);
	smith_blocks_finish(&self->blocks, &self->lexer);
	scan->bad_line = self->lexer.bad_line;
	scan->bad_text = g_steal_pointer(&self->lexer.bad_text);
	smith_lexer_clear(&self->lexer);
	return scan;
}
