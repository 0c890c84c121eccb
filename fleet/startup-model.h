/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/model.h"
#include "fleet/startup-value.h"

/*
 * The second half of fleet/startup.h: agents to services. The agents are written out as a document
 * in the shape of fleet.yaml, which the fleet's own loader then reads.
 */
typedef struct {
	const SmithNode *document;
	const SmithStartupShape *shape;
	const SmithStartupScope *scope;
	SmithPlace whole;
	SmithDiag *diag;
} SmithStartupModel;

/* Reports what is wrong with the fields of all agents. */
void smith_startup_check_agents(const SmithStartupModel *model);

/* The agents of the machine: those whose section is in the list @sections (NULL: all). */
SmithFleet *smith_startup_model(const SmithStartupModel *model, const char *machine,
				const SmithNode *sections);
