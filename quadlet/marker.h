/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How a unit file of ours begins, behind "# ": the fleet's name follows. */
#define SMITH_QUADLET_MARKER "written by ocismith from the fleet "
