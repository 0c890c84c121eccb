/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "run/run.h"
#include "seccomp/profile.h"

/*
 * The smoke program of a family (smoke.py): in the family's own image it imports all that is
 * installed, uses what it knows of that, does what each profile of ocismith that is in @profile is
 * made for, and runs the family's own script. The run ends by itself, with 0 when all went well.
 *
 *   SmithFamilyRun *run = smith_family_run_new (fleet, family, image, profile, error);
 *   smith_family_run_fill (run, &options);                  argv, once, file, binds, service
 *   smith_run_service (&options, &result, error);
 *   smith_family_run_free (run);
 */
typedef struct SmithFamilyRun SmithFamilyRun;

/* @profile: NULL when it is unconfined. SMITH_ERROR_NOT_FOUND when its script is not there. */
SmithFamilyRun *smith_family_run_new(const SmithFleet *fleet, const SmithFamily *family,
				     const SmithRunImage *image, const SmithProfile *profile,
				     GError **error);
void smith_family_run_free(SmithFamilyRun *run);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithFamilyRun, smith_family_run_free)

/* What is set is the run's, and `binds` has those of @options, too. */
void smith_family_run_fill(SmithFamilyRun *run, SmithRunOptions *options);
