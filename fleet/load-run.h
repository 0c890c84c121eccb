/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/model.h"

/*
 * The parts of fleet/load.h about what executes: steps of families, bytecode, installers. Problems
 * go to @diag, and what cannot be is then as if it were not said.
 */
void smith_load_run(SmithFamily *family, SmithDiag *diag);

/* One of the two words that each of these takes, or NULL. @about: the family or service. */
void smith_load_bytecode(char **value, SmithPlace place, const char *about, SmithDiag *diag);
void smith_load_installer(char **value, SmithPlace place, const char *about, SmithDiag *diag);
