/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/model.h"

/*
 * `family: auto`: the smallest family that gives a service what it needs.
 *
 * A family fits when each import that the program cannot start without (fleet/reach.h) is of a
 * distribution that the family's chain or the service itself requires, and when no distribution is
 * pinned otherwise in both. Of those that fit the one with the fewest distributions in its chain is
 * taken, and of equals the first by name.
 */

/* Fills in the family of every service that says `auto`; where none fits that is an error of rule
 * "family-auto" with what the nearest one lacks, and the family stays "auto". All families are
 * loaded. */
void smith_auto_families(SmithFleet *fleet, SmithDiag *diag);
