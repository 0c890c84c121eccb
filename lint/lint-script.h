/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/model.h"
#include "lint/source-tree.h"

/*
 * The rules about entry scripts. @tree is where they are looked for, or NULL: not at all.
 */
void smith_lint_scripts(const SmithFleet *fleet, SmithSourceTree *tree, SmithDiag *diag);
