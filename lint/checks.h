/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/lock.h"
#include "fleet/model.h"
#include "lint/pips.h"

/*
 * The checks that lint/lint.h puts together, a function for each file. All of them take a fleet
 * that may have any error, report with smith_lint_report() in no order, and are linear in the
 * fleet.
 */
void smith_lint_families(const SmithFleet *fleet, SmithDiag *diag);
void smith_lint_spellings(const SmithFleet *fleet, SmithDiag *diag);
void smith_lint_images(const SmithFleet *fleet, SmithDiag *diag);
void smith_lint_confinement(const SmithFleet *fleet, SmithDiag *diag);
void smith_lint_profile_names(const SmithFleet *fleet, SmithDiag *diag);
void smith_lint_mounts(const SmithFleet *fleet, SmithDiag *diag);
void smith_lint_networks(const SmithFleet *fleet, SmithDiag *diag);
void smith_lint_gpus(const SmithFleet *fleet, SmithDiag *diag);
void smith_lint_values(const SmithFleet *fleet, SmithDiag *diag);

/* These read files of the fleet. */
void smith_lint_profiles(const SmithFleet *fleet, SmithDiag *diag);
void smith_lint_context(const SmithFleet *fleet, SmithDiag *diag);
void smith_lint_requirements(const SmithFleet *fleet, const SmithLock *lock, SmithPips *pips,
			     SmithDiag *diag);
void smith_lint_imports(const SmithFleet *fleet, const SmithLock *lock, SmithPips *pips,
			SmithDiag *diag);

/* What @service is: itself, and then on each host where it is something else; NULL behind the last
 * one. */
const SmithService *smith_lint_form(const SmithService *service, guint index);

/* The GPU need that a family has of its chain, or NULL. A chain that is a circle ends as well. */
const SmithFamilyGpu *smith_lint_family_gpu(const SmithFleet *fleet, const char *family);
/* Whether @path is @directory or below it; both absolute. */
bool smith_lint_is_below(const char *path, const char *directory);
