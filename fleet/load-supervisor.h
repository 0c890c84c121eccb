/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/model.h"

/*
 * A supervised group as one service: the supervisor's program with the files, requirements, ports,
 * volumes, needs and limits of the members that run on the group's host, healthy when all of them
 * are that are required.
 */

/* Services are complete; @group has a supervisor and a family. */
SmithService *smith_load_supervisor(const SmithFleet *fleet, SmithGroup *group, SmithDiag *diag);

/* The profile of every supervisor: its family's and those of all members together, which are known
 * when all families are. */
void smith_load_supervisor_seccomp(SmithFleet *fleet);
