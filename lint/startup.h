/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/startup.h"
#include "lint/source-tree.h"

/*
 * What can be said of startup configurations (fleet/startup.h): the rules of fleets, and those of
 * these files alone.
 */

/* All machines of one system at once (element-type SmithStartup*): a dependency that only another
 * machine has is one across hosts. @tree is where scripts are looked for, or NULL. */
void smith_startup_lint(const GPtrArray *startups, SmithSourceTree *tree, SmithDiag *diag);

/* Reads and checks the files of @paths, those of one system, and sorts @diag. Scripts are looked
 * for in the nearest directory above the first file that has one of them; when none has, they are
 * not judged. FALSE when a file cannot be read. */
gboolean smith_startup_check(const char *const *paths, SmithDiag *diag, GError **error);
