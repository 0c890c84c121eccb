/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "run/run.h"

/*
 * A run that goes on beside the caller, in a thread of its own: what another service needs.
 *
 *   SmithBeside *beside = smith_beside_start (&options);
 *   if (smith_beside_is_well (beside)) ...        it is healthy, as far as is known
 *   smith_beside_stop (beside, &result, error);   as smith_run_service()
 *
 * What @options points to must outlive the stop; its `healthy` and `released` are set here.
 */
typedef struct SmithBeside SmithBeside;

/* Returns when it is healthy, or will not be any more. */
SmithBeside *smith_beside_start(const SmithRunOptions *options);
bool smith_beside_is_well(SmithBeside *beside);
/* Takes @beside. A run that had ended before is SMITH_RUN_DIED. */
gboolean smith_beside_stop(SmithBeside *beside, SmithRunResult *result, GError **error);
