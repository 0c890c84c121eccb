/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/model.h"
#include "lint/source-tree.h"

/*
 * The rules about entry scripts. @tree is where they are looked for, or NULL: not at all.
 */
void smith_lint_scripts(const SmithFleet *fleet, SmithSourceTree *tree, SmithDiag *diag);

/* Whether the entry scripts parse, where @tree has their texts. For startup configurations: in a
 * fleet that is told of all that its programs import. */
void smith_lint_programs(const SmithFleet *fleet, const SmithSourceTree *tree, SmithDiag *diag);
