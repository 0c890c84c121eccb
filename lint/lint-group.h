/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/model.h"

/*
 * The rules about what groups list, and about the order of groups.
 */
void smith_lint_groups(const SmithFleet *fleet, SmithDiag *diag);

/* For startup configurations: their groups list agents by exact names, findings about several
 * groups stand at @whole, and an agent in no group is an error where there are groups. */
void smith_lint_groups_of_host(const SmithFleet *fleet, SmithPlace whole, SmithDiag *diag);
