/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/diag.h"
#include "base/node.h"
#include "cmd/command.h"

/*
 * Findings as the result of `check`, in the forms that people and other programs read.
 */
typedef struct {
	const SmithDiag *diag;	  /* sorted */
	const GPtrArray *allowed; /* (element-type SmithAllowed*, lint/allow.h) or NULL */
	const char *directory;	  /* that the files of places are below; NULL: where we are */
	bool color;
	bool context; /* text: with the line of the file, and a caret under the column */
} SmithFindings;

/*
 * TEXT: one line for each, as smith_finding_to_string() has it. JSON: a list of
 * {"severity","file","line","column","rule","subject","text"}. SARIF and GITHUB: the two below.
 */
void smith_findings_print(const SmithFindings *findings, SmithFormat format);
/* SARIF 2.1.0 (OASIS): one run, with the rules that it has results of; allowed findings are
 * suppressed ones. */
void smith_findings_print_sarif(const SmithFindings *findings);
/* Workflow commands of GitHub Actions: "::error file=...,line=...,col=...,title=RULE::TEXT". */
void smith_findings_print_github(const SmithFindings *findings);

/* All rules: a table, or JSON. */
void smith_rules_print(bool json);
/* The page of one rule. SMITH_ERROR_USAGE, with the nearest one, when there is none of that id. */
gboolean smith_rules_explain(const char *id, bool json, GError **error);
