/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "python/lex.h"

/*
 * Imports that are calls, for python/scan.h: import_module("a.b"), __import__("a"),
 * uvicorn.run("a.b:app"), uvicorn.Config(app="a.b:app"). All tokens go through
 * smith_dynamic_feed(), which answers TRUE when one has been read.
 */
typedef enum {
	SMITH_DYNAMIC_IDLE,
	SMITH_DYNAMIC_DEF,     /* behind `def`: the next name is none of ours */
	SMITH_DYNAMIC_UVICORN, /* behind `uvicorn` */
	SMITH_DYNAMIC_DOT,     /* behind `uvicorn.` */
	SMITH_DYNAMIC_CALLEE,
	SMITH_DYNAMIC_CALLED, /* behind the '(' */
	SMITH_DYNAMIC_WORD,   /* the first argument begins with a name */
	SMITH_DYNAMIC_EQUALS, /* ... and is given by it */
	SMITH_DYNAMIC_STRING,
} SmithDynamicState;

typedef struct {
	SmithDynamicState state;
	bool asgi;
	guint line;
	SmithLexToken string;
} SmithDynamic;

typedef struct {
	char *module; /* owned by the caller; NULL: it cannot be known */
	guint level;
	guint line;
	bool whole_package;
} SmithDynamicImport;

bool smith_dynamic_feed(SmithDynamic *dynamic, const SmithLexToken *token,
			SmithDynamicImport *found);
