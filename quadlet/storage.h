/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "quadlet/emit.h"

/* What @service gets of the fleet's volumes, secrets, the host's directories and devices: Volume=,
 * Tmpfs=, Secret=, AddDevice=, and files of the volumes that podman keeps.
 * SMITH_ERROR_NOT_FOUND for a name that there is not, SMITH_ERROR_UNSUPPORTED for a device or GPU
 * that the host has not. */
gboolean smith_storage_emit(SmithEmit *emit, SmithUnit *unit, const SmithService *service,
			    GError **error);
gboolean smith_device_emit(const SmithEmit *emit, SmithUnit *unit, const SmithService *service,
			   GError **error);
