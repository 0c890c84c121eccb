/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "build/step.h"

/*
 * Steps that execute something on the layers below them.
 *
 * A root is a base and the layers of the steps in `below` (element-type SmithStep*, borrowed), in
 * their order; these have a lower phase. The keys of those say what the root is before there is
 * one.
 */

/* A family's own step. NULL on error: an input is missing or hidden. */
SmithStep *smith_step_new_run(const SmithStepContext *context, const SmithLockBase *base,
			      const SmithFamily *family, const SmithRunStep *run, GPtrArray *below,
			      GError **error);
/* @wheels (element-type SmithLockWheel*), installed by pip for @name. */
SmithStep *smith_step_new_pip(const SmithStepContext *context, const SmithLockBase *base,
			      const char *name, GPtrArray *wheels, const char *bytecode,
			      GPtrArray *below);

/* The step, of smith_step_new_wheel() or smith_step_new_app(), is to have bytecode, by the
 * interpreter of its base with @below. Changes its key. */
void smith_step_set_bytecode(SmithStep *step, const SmithLockBase *base, GPtrArray *below);
/* Compiles what those of @steps (element-type SmithStep*) that have bytecode are made of: all that
 * share a root at once. Then they may run. */
gboolean smith_steps_compile(const SmithStepContext *context, GPtrArray *steps, GError **error);
