/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/diag.h"

/* As smith_lint_suggest(), but "" once there are many findings: to look for a near name among all
 * is work for each that is told. */
char *smith_lint_hint(const char *word, const GPtrArray *named, const SmithDiag *diag);
