/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/expr.h"
#include "fleet/model.h"

/*
 * The variables that expressions see while a fleet is loaded, and the ports and conditions that are
 * evaluated with them.
 *
 * PORT_OFFSET is 0 here: a port's number is what it is without offset, and each host's is added
 * where units are made.
 */
typedef struct {
	const SmithFleet *fleet;
	const SmithHost *host; /* or NULL: the fleet's variables alone */
} SmithScope;

/* SmithExprLookup; @data is a SmithScope. */
const char *smith_scope_lookup(const char *name, gpointer data);

/* Fills in service->ports from `ports` and `implicit_ports`. */
void smith_load_ports(SmithService *service, const SmithScope *scope, SmithDiag *diag);

/* The truth of a `required` or `when` (NULL: @fallback), which is a boolean, an expression, or for
 * `when` a map. */
bool smith_load_condition(const SmithNode *node, const char *key, const SmithService *service,
			  const SmithScope *scope, bool fallback, SmithDiag *diag);

void smith_load_port_free(gpointer port);
