/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/model.h"

/*
 * Groups, and what ties the parts of a fleet together: the look-up tables, the groups of each
 * service, the containers of supervised groups, and which services get an image.
 */

/* Fills in the look-ups of all but families. The first of several equal names is found. */
void smith_load_index(SmithFleet *fleet);

/* @node is the document's `groups`. Also gives each service its groups. */
void smith_load_groups(SmithFleet *fleet, const SmithNode *node, SmithDiag *diag);

/* Services are complete: makes fleet->supervisors and fleet->built. */
void smith_load_supervisors(SmithFleet *fleet, SmithDiag *diag);

void smith_load_groups_clear(SmithFleet *fleet);
