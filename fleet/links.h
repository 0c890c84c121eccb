/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/module.h"

/* Where the imports of one module lead in its space, for fleet/reach.h: read once for each module.
 */

/* A name with a place in the walk that is being made; shared by all modules. */
typedef struct {
	char *name;
	guint walk;
	gpointer walk_data;
} SmithLinkName;

typedef struct {
	SmithModule *module; /* to here, or ... */
	SmithLinkName *name; /* ... out of the fleet's files, or to what is missing in them */
	guint line;
	bool missing;
	bool hard;
	bool main_only;
} SmithLink;

typedef struct {
	GHashTable *names; /* of what is imported -> SmithLinkName */
} SmithLinkNames;

void smith_link_names_init(SmithLinkNames *names);
void smith_link_names_clear(SmithLinkNames *names);

/* (element-type SmithLink) in the order of the text; owned by the module. @module has a source. */
const GArray *smith_module_links(SmithModule *module, SmithLinkNames *names);
/* For smith_modules_new(). */
void smith_links_free(gpointer links);
