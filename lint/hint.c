/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/hint.h"

#include "lint/lint-service.h"

#define FINDINGS_MAX 200

char *smith_lint_hint(const char *word, const GPtrArray *named, const SmithDiag *diag)
{
	return diag->findings->len < FINDINGS_MAX ? smith_lint_suggest(word, named) : g_strdup("");
}
