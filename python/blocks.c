/* SPDX-License-Identifier: Apache-2.0 */
#include "python/blocks.h"

#include <string.h>

static const struct {
	const char *keyword;
	SmithClause clause;
	const char *what; /* as CPython names it behind "expected an indented block after" */
} clauses[] = {
	{"if", SMITH_CLAUSE_IF, "'if' statement"},
	{"def", SMITH_CLAUSE_DEF, "function definition"},
	{"else", SMITH_CLAUSE_ELSE, "'else' statement"},
	{"for", SMITH_CLAUSE_FOR, "'for' statement"},
	{"try", SMITH_CLAUSE_TRY, "'try' statement"},
	{"except", SMITH_CLAUSE_EXCEPT, "'except' statement"},
	{"elif", SMITH_CLAUSE_ELIF, "'elif' statement"},
	{"with", SMITH_CLAUSE_WITH, "'with' statement"},
	{"while", SMITH_CLAUSE_WHILE, "'while' statement"},
	{"class", SMITH_CLAUSE_CLASS, "class definition"},
	{"finally", SMITH_CLAUSE_FINALLY, "'finally' statement"},
	{"match", SMITH_CLAUSE_MATCH, "'match' statement"},
	{"case", SMITH_CLAUSE_CASE, "'case' statement"},
};

static SmithClause clause_of_word(const char *start, gsize length)
{
	for (gsize i = 0; i < G_N_ELEMENTS(clauses); i++)
		if (strncmp(clauses[i].keyword, start, length) == 0 &&
		    clauses[i].keyword[length] == '\0')
			return clauses[i].clause;
	return SMITH_CLAUSE_NONE;
}

SmithClause smith_clause_of(const SmithLexToken *token)
{
	if (token->kind != SMITH_LEX_NAME || token->length < 2 || token->length > 7)
		return SMITH_CLAUSE_NONE;
	if (!smith_lex_token_is(token, "async"))
		return clause_of_word(token->start, token->length);
	const char *word = token->start + token->length;
	word += strspn(word, " \t\f");
	gsize length = 0;
	while (g_ascii_isalpha(word[length]))
		length++;
	return length > 0 ? clause_of_word(word, length) : SMITH_CLAUSE_NONE;
}

static const char *name_of(SmithClause clause)
{
	for (gsize i = 0; i < G_N_ELEMENTS(clauses); i++)
		if (clauses[i].clause == clause)
			return clauses[i].what;
	return "statement";
}

void smith_blocks_init(SmithBlocks *blocks)
{
	*blocks = (SmithBlocks){0};
}

guint8 smith_blocks_flags(const SmithBlocks *blocks)
{
	return blocks->stack[blocks->depth].flags;
}

bool smith_blocks_in_match(const SmithBlocks *blocks)
{
	return blocks->stack[blocks->depth].opener == SMITH_CLAUSE_MATCH;
}

/* --- headers */

void smith_header_feed(SmithHeader *header, const SmithLexToken *token)
{
	if (header->count < SMITH_HEADER_TOKENS)
		header->head[header->count++] = *token;
	header->suppresses |= smith_lex_token_is(token, "suppress");
}

/* `if TYPE_CHECKING` or `if typing.TYPE_CHECKING`, and no more. */
static bool is_about_types(const SmithHeader *header)
{
	if (header->count == 2)
		return smith_lex_token_is(&header->head[1], "TYPE_CHECKING");
	return header->count == 4 && header->head[2].op == '.' &&
	       smith_lex_token_is(&header->head[3], "TYPE_CHECKING");
}

static bool is_main(const SmithHeader *header)
{
	static const char main_name[] = "__main__";
	const SmithLexToken *word = &header->head[1];
	return header->count > 1 &&
	       (smith_lex_token_is(word, "__name__") ||
		(word->kind == SMITH_LEX_STRING && word->length == sizeof main_name - 1 &&
		 memcmp(word->start, main_name, word->length) == 0));
}

static guint8 flags_of(SmithBlock *block, const SmithHeader *header)
{
	switch (header->clause) {
	case SMITH_CLAUSE_IF:
		block->else_is_free = is_about_types(header);
		return block->else_is_free ? SMITH_BLOCK_TYPES
		       : is_main(header)   ? SMITH_BLOCK_MAIN
					   : SMITH_BLOCK_GUARD;
	case SMITH_CLAUSE_ELSE:
		return (block->previous == SMITH_CLAUSE_IF && block->else_is_free) ||
				       block->previous == SMITH_CLAUSE_FOR
			       ? 0
			       : SMITH_BLOCK_GUARD;
	case SMITH_CLAUSE_WITH:
		return header->suppresses ? SMITH_BLOCK_GUARD : 0;
	case SMITH_CLAUSE_NONE:
	case SMITH_CLAUSE_FOR:
	case SMITH_CLAUSE_WHILE:
	case SMITH_CLAUSE_MATCH:
		return 0;
	case SMITH_CLAUSE_ELIF:
		block->else_is_free = false;
		return SMITH_BLOCK_GUARD;
	case SMITH_CLAUSE_TRY:
	case SMITH_CLAUSE_EXCEPT:
	case SMITH_CLAUSE_FINALLY:
	case SMITH_CLAUSE_DEF:
	case SMITH_CLAUSE_CLASS:
	case SMITH_CLAUSE_CASE:
		break;
	}
	return SMITH_BLOCK_GUARD;
}

guint8 smith_blocks_expect(SmithBlocks *blocks, const SmithHeader *header)
{
	SmithBlock *block = &blocks->stack[blocks->depth];
	blocks->expecting = true;
	blocks->pending = header->clause;
	blocks->pending_line = header->line;
	blocks->pending_flags = block->flags | flags_of(block, header);
	return blocks->pending_flags;
}

/* --- lines */

static void fail_tabs(SmithLexer *lexer, guint line)
{
	smith_lexer_fail(lexer, line, "inconsistent use of tabs and spaces in indentation");
}

static void fail_expected_block(const SmithBlocks *blocks, SmithLexer *lexer, guint line)
{
	smith_lexer_fail(lexer, line, "expected an indented block after %s on line %u",
			 name_of(blocks->pending), blocks->pending_line);
}

static void fail_open_try(SmithLexer *lexer, guint line)
{
	smith_lexer_fail(lexer, line, "expected 'except' or 'finally' block");
}

static void indent(SmithBlocks *blocks, SmithLexer *lexer, guint line)
{
	const SmithBlock *outer = &blocks->stack[blocks->depth];
	if (lexer->alt_column <= outer->alt_column)
		fail_tabs(lexer, line);
	if (blocks->depth + 1 == SMITH_BLOCKS_MAX) {
		smith_lexer_fail(lexer, line, "too many levels of indentation");
		return;
	}
	if (!blocks->expecting && !blocks->tolerant)
		smith_lexer_fail(lexer, line, "unexpected indent");
	blocks->stack[++blocks->depth] = (SmithBlock){
		.column = lexer->column,
		.alt_column = lexer->alt_column,
		.flags = blocks->expecting ? blocks->pending_flags : outer->flags,
		.opener = blocks->expecting ? blocks->pending : SMITH_CLAUSE_NONE,
	};
}

static void dedent(SmithBlocks *blocks, SmithLexer *lexer, guint line)
{
	guint depth = blocks->depth;
	while (blocks->stack[depth].column > lexer->column)
		depth--;
	if (blocks->stack[depth].column != lexer->column)
		smith_lexer_fail(lexer, line,
				 "unindent does not match any outer indentation level");
	else if (blocks->stack[depth].alt_column != lexer->alt_column)
		fail_tabs(lexer, line);
	if (blocks->expecting)
		fail_expected_block(blocks, lexer, line);
	for (; blocks->depth > depth; blocks->depth--)
		if (blocks->stack[blocks->depth].last == SMITH_CLAUSE_TRY)
			fail_open_try(lexer, line);
}

/* The kinds of clauses that others follow are IF, FOR, TRY, EXCEPT, and ELSE for that of a try. */
static SmithClause follow(SmithClause last, SmithClause clause, bool *legal)
{
	bool after_if = last == SMITH_CLAUSE_IF;
	bool after_try = last == SMITH_CLAUSE_TRY || last == SMITH_CLAUSE_EXCEPT;
	*legal = last != SMITH_CLAUSE_TRY;
	switch ((int)clause) {
	case SMITH_CLAUSE_ELIF:
		*legal = after_if;
		return SMITH_CLAUSE_IF;
	case SMITH_CLAUSE_ELSE:
		*legal = after_if || last == SMITH_CLAUSE_FOR || last == SMITH_CLAUSE_EXCEPT;
		return last == SMITH_CLAUSE_EXCEPT ? SMITH_CLAUSE_ELSE : SMITH_CLAUSE_NONE;
	case SMITH_CLAUSE_EXCEPT:
		*legal = after_try;
		return SMITH_CLAUSE_EXCEPT;
	case SMITH_CLAUSE_FINALLY:
		*legal = after_try || last == SMITH_CLAUSE_ELSE;
		return SMITH_CLAUSE_NONE;
	case SMITH_CLAUSE_WHILE:
		return SMITH_CLAUSE_FOR;
	case SMITH_CLAUSE_IF:
	case SMITH_CLAUSE_FOR:
	case SMITH_CLAUSE_TRY:
		return clause;
	default:
		return SMITH_CLAUSE_NONE;
	}
}

void smith_blocks_enter(SmithBlocks *blocks, SmithLexer *lexer, const SmithLexToken *first,
			SmithClause clause)
{
	if (lexer->column > blocks->stack[blocks->depth].column)
		indent(blocks, lexer, first->line);
	else
		dedent(blocks, lexer, first->line);
	blocks->expecting = blocks->tolerant = false;
	SmithBlock *block = &blocks->stack[blocks->depth];
	bool legal;
	block->previous = block->last;
	block->last = follow(block->previous, clause, &legal);
	if (legal)
		return;
	if (block->previous == SMITH_CLAUSE_TRY)
		fail_open_try(lexer, first->line);
	else
		smith_lexer_fail(lexer, first->line, "invalid syntax: '%.*s' without its statement",
				 (int)first->length, first->start);
}

void smith_blocks_finish(SmithBlocks *blocks, SmithLexer *lexer)
{
	if (blocks->expecting)
		fail_expected_block(blocks, lexer, lexer->line);
	for (guint depth = 0; depth <= blocks->depth; depth++)
		if (blocks->stack[depth].last == SMITH_CLAUSE_TRY)
			fail_open_try(lexer, lexer->line);
}
