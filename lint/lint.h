/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/model.h"

/*
 * What can be said of a fleet without pulling or building anything. Every command that uses a fleet
 * runs it first; `ocismith check` prints all of it.
 */
void smith_lint_fleet(const SmithFleet *fleet, SmithDiag *diag);
