/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/diag.h"
#include "base/node.h"

/*
 * The first half of fleet/startup.h: where in a document agents and docker groups stand. All
 * strings and nodes are borrowed from the document.
 */
typedef struct {
	const char *name;
	const char *section;
	SmithPlace place;
	const SmithNode *node; /* a map */
} SmithStartupAgent;

typedef struct {
	const char *name;
	SmithPlace place;
	const SmithNode *agents; /* a list, or NULL */
} SmithStartupGroup;

typedef struct {
	GArray *agents; /* (element-type SmithStartupAgent) in the document's order */
	GArray *groups; /* (element-type SmithStartupGroup) */
	bool is_known;	/* some shape was recognised */
} SmithStartupShape;

void smith_startup_find(const SmithNode *document, SmithStartupShape *shape, SmithDiag *diag);
void smith_startup_shape_clear(SmithStartupShape *shape);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SmithStartupShape, smith_startup_shape_clear)
