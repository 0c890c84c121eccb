/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "python/lex.h"

/*
 * The blocks of a Python source, for python/scan.h: indentation, which clause may follow which, and
 * what a block means for the imports in it.
 *
 * For each logical line smith_blocks_enter() with its first token; for each header of a compound
 * statement then smith_header_feed() with each of its tokens and smith_blocks_expect(); at the end
 * smith_blocks_finish(). Errors go to the lexer.
 */
#define SMITH_BLOCKS_MAX 100 /* CPython's own limit */

enum {
	SMITH_BLOCK_GUARD = 1,
	SMITH_BLOCK_TYPES = 2,
	SMITH_BLOCK_MAIN = 4,
};

typedef enum {
	SMITH_CLAUSE_NONE, /* of no compound statement */
	SMITH_CLAUSE_IF,
	SMITH_CLAUSE_ELIF,
	SMITH_CLAUSE_ELSE,
	SMITH_CLAUSE_FOR,
	SMITH_CLAUSE_WHILE,
	SMITH_CLAUSE_TRY,
	SMITH_CLAUSE_EXCEPT,
	SMITH_CLAUSE_FINALLY,
	SMITH_CLAUSE_WITH,
	SMITH_CLAUSE_DEF,
	SMITH_CLAUSE_CLASS,
	SMITH_CLAUSE_MATCH,
	SMITH_CLAUSE_CASE,
} SmithClause;

#define SMITH_HEADER_TOKENS 5
typedef struct {
	SmithClause clause;
	guint line;
	guint count;
	SmithLexToken head[SMITH_HEADER_TOKENS]; /* the keyword and what follows */
	bool suppresses;			 /* with suppress(...) */
} SmithHeader;

typedef struct {
	guint column;
	guint alt_column;
	guint8 flags;	      /* of its statements */
	SmithClause opener;   /* what it is the body of */
	SmithClause last;     /* its last line's clause, if another clause may follow it */
	SmithClause previous; /* the one before */
	bool else_is_free;    /* the last `if` is about types: its `else` is what is executed */
} SmithBlock;

typedef struct {
	SmithBlock stack[SMITH_BLOCKS_MAX];
	guint depth;
	bool expecting; /* the next line begins the body of @pending */
	bool tolerant;	/* the next line may be indented */
	SmithClause pending;
	guint pending_line;
	guint8 pending_flags;
} SmithBlocks;

void smith_blocks_init(SmithBlocks *blocks);
void smith_blocks_enter(SmithBlocks *blocks, SmithLexer *lexer, const SmithLexToken *first,
			SmithClause clause);
void smith_blocks_finish(SmithBlocks *blocks, SmithLexer *lexer);
guint8 smith_blocks_flags(const SmithBlocks *blocks);
bool smith_blocks_in_match(const SmithBlocks *blocks);

void smith_header_feed(SmithHeader *header, const SmithLexToken *token);
/* A body follows; returns the flags of its statements. */
guint8 smith_blocks_expect(SmithBlocks *blocks, const SmithHeader *header);

/* What a line that begins with @token is; MATCH and CASE may be plain names. */
SmithClause smith_clause_of(const SmithLexToken *token);
