/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "sandbox/sandbox.h"

/* The plan of @step (sandbox/ops.h), as a sealed file in memory; -1 with an error. */
int smith_step_plan(const SmithSandboxStep *step, GError **error);
