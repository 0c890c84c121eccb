/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/pick.h"

/*
 * Do two wheels of a set write one file with different content? pip lets the later one win and says
 * nothing; here it is an error that names both. Equal files (an empty __init__.py of a namespace)
 * are no collision.
 */
gboolean smith_collide_check(const SmithSet *set, const SmithFleet *fleet, SmithDiag *diag);
