/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/lock.h"

/*
 * What one lock has that another has not, a line for each base, package, project and part:
 * "fastapi 0.92.0 -> 0.93.0", "redis 4.3.4 added", "base 'oci:base' sha256:... -> sha256:...",
 * "part oci-probe sha256:... added". @old may be NULL.
 * (element-type char*), sorted; empty when they differ in no more than who asks for what.
 */
GPtrArray *smith_lock_diff(const SmithLock *old, const SmithLock *now);
