/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/diag.h"

/*
 * The rules: one table of all that a finding can be, whoever makes it.
 *
 * Checks of this folder report by smith_lint_report(), which takes the severity from the table;
 * readers of lower rank (base/bind.h, fleet/load.h) name their rules and severities themselves, and
 * a test holds them against the table.
 */
typedef struct {
	const char *id; /* "port-duplicate" */
	SmithSeverity severity;
	const char *what; /* one line, no full stop */
	const char *help; /* lines: why it matters, an example, what to do */
} SmithRule;

/* All of them by id (element-type SmithRule*, borrowed). */
GPtrArray *smith_rules(void);
/* Whether nothing can be built of a fleet with such a finding: no `allow` takes it away. */
bool smith_rule_is_firm(const char *id);
/* NULL when there is none of that id. */
const SmithRule *smith_rule_find(const char *id);
/* The id nearest to @word, or NULL. */
const char *smith_rule_suggest(const char *word);

/* @rule is an id of the table; @subject may be NULL. */
void smith_lint_report(SmithDiag *diag, const char *rule, SmithPlace place, const char *subject,
		       const char *format, ...) G_GNUC_PRINTF(5, 6);
