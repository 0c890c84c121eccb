/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/startup-shape.h"

/*
 * The values of a startup configuration: what variables and ports come to, and what is wrong with
 * texts in an agent's own settings once it runs in a container.
 */
typedef struct {
	GHashTable *defined; /* variables of the document's environment -> their text (borrowed) */
	bool has_offset;     /* ports use ${PORT_OFFSET} */
} SmithStartupScope;

/* Reports variables of ports that nobody defines ("port-variable-undefined"), once each, at
 * @whole, and those without default in the environment. */
void smith_startup_scope_init(SmithStartupScope *scope, const SmithNode *document, SmithPlace whole,
			      SmithDiag *diag);
void smith_startup_scope_clear(SmithStartupScope *scope);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SmithStartupScope, smith_startup_scope_clear)

/* The text with its variables replaced; those that have no value and no default are "0". NULL when
 * it is no expression. */
char *smith_startup_expand(const SmithStartupScope *scope, const char *text);
/* FALSE when @value is no number and no expression of one. */
gboolean smith_startup_number(const SmithStartupScope *scope, const SmithNode *value,
			      gint64 *number);

/* The port of an address that binds one on all interfaces, else 0. */
gint64 smith_startup_bound_port(const char *text);
/* "redis", "redis_port": something that is not the agent's own, by the name of its key. */
bool smith_startup_is_external(const char *key);

/* All that is told of texts below the keys that are not the launcher's. */
void smith_startup_check_values(const SmithStartupScope *scope, const SmithStartupAgent *agent,
				SmithDiag *diag);
