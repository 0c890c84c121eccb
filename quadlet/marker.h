/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/model.h"

/* How every unit file of ours begins, behind "# "; and the whole of that line for one fleet. */
#define SMITH_QUADLET_MARKER "written by ocismith from the fleet "

char *smith_quadlet_first_line(const SmithFleet *fleet);
