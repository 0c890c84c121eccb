/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "quadlet/emit.h"

/* SLUG.pod of @group: what podman refuses to members, which are ports, network, user namespace and
 * shared memory. @services are those that run (element-type SmithService*, as they are on the
 * host). */
void smith_pod_emit(SmithEmit *emit, const SmithGroup *group, const GPtrArray *services);
