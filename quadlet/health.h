/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "quadlet/emit.h"

/* Health*= and Notify=healthy of @service in @group, nothing when it has no check.
 * SMITH_ERROR_UNSUPPORTED when its image is not ours and the check is no command: only ours are
 * known to have what the others run. */
gboolean smith_health_emit(const SmithEmit *emit, SmithUnit *unit, const SmithGroup *group,
			   const SmithService *service, GError **error);

/* Seconds that a start may take. */
gint64 smith_health_start_timeout(const SmithService *service);
