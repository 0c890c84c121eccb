/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "quadlet/emit.h"

/* SLUG.container of @neutral, a service of the fleet (or the one that stands for a supervised
 * group; no variant), in @group: in its pod, on the host's network, or by itself. What its
 * environment lacks is told to emit->diag. */
gboolean smith_container_emit(SmithEmit *emit, const SmithGroup *group, const SmithService *neutral,
			      GError **error);
