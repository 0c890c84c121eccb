/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/diag.h"
#include "fleet/model.h"
#include "sandbox/sandbox.h"

/*
 * The limits of what executes while a fleet is locked and built: `step_limits` of fleet.yaml. They
 * are in no key: what a step makes does not depend on how much more it could have had.
 */

/* Reads the words of the document; what is no size or duration is a finding. */
void smith_load_step_limits(SmithFleet *fleet, const SmithNode *node, SmithDiag *diag);

/* Those that the fleet does not say are 0, which is the default. */
SmithSandboxLimits smith_fleet_step_limits(const SmithFleet *fleet);
