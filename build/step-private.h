/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "build/step.h"
#include "store/key.h"

/*
 * What the modules of steps share (build/step.c, build/step-execute.c).
 */
SmithStep *smith_step_new(const SmithStepContext *context, char *name,
			  SmithEntryIter *(*open)(SmithStep *, GError **));
/* With the fields of every step. */
SmithKey *smith_step_key(const SmithStepContext *context, const char *kind);
/* "3.11.2" -> "3.11" */
char *smith_step_minor(const char *version);
