/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/model.h"

/*
 * The checks of lint/lint.h that look at hosts, and at the names and hosts of groups.
 */
void smith_lint_hosts(const SmithFleet *fleet, SmithDiag *diag);
