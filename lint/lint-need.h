/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/model.h"

/*
 * The rules about needs: that they exist, where they are, and that somebody can be the first.
 *
 * @others (element-type SmithFleet*, borrowed) are the other machines of a startup configuration,
 * or NULL: a need that only they have is one across hosts. @whole is the place of findings about
 * several services, or NULL: at the first of them.
 */
void smith_lint_needs(const SmithFleet *fleet, const GPtrArray *others, const SmithPlace *whole,
		      SmithDiag *diag);
