/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/model.h"

/*
 * Maps laid over maps: a service over its class, and what it is on one host over itself.
 */

/* In the document, before it is read: what services with a class do not say themselves is copied
 * from it. Classes are checked on the way. */
void smith_load_apply_classes(SmithNode *document, SmithDiag *diag);

/* The service's variants: for the hosts that its `hosts` names, and those of its hosts behind the
 * first whose variables its ports or conditions use. Its groups are known. @room is how many values
 * may yet be copied, SMITH_NODE_MAX_NODES for the first service: a document is bounded, what comes
 * of many hosts is not. */
void smith_load_add_variants(const SmithFleet *fleet, SmithService *service, const SmithNode *node,
			     guint *room, SmithDiag *diag);
