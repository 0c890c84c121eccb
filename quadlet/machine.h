/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/diag.h"
#include "quadlet/plan.h"

/*
 * Whether this machine has what the plan of a host asks for: told before units are written, all of
 * it at once, with what to do. Nothing is changed; ports are bound for a moment.
 *
 * Findings are of the rules machine-* (lint/rules-machine.c), at the place in the fleet that asks.
 * What podman cannot be asked about, since it is not there, is not told.
 */
typedef struct {
	bool system;	  /* root's units, not the user's */
	const char *root; /* where the machine's files are looked for; NULL: "/" */
} SmithMachineOptions;

void smith_machine_check(const SmithHostPlan *plan, const SmithMachineOptions *options,
			 SmithDiag *diag);
