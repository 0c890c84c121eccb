/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/model.h"

/*
 * Findings that are wanted: the fleet's `allow` list, and --allow of the command line.
 *
 * An entry takes the findings of its rule, or of its rule and subject, out of a SmithDiag. A
 * subject stands for all below it: "Registry" for "Registry:service" and "Registry.env.REDIS_URL",
 * too. Entries that do not hold are findings themselves: rules allow-invalid, allow-expired,
 * allow-unused. What nothing can be built of cannot be allowed in a fleet (smith_rule_is_firm()).
 */
typedef struct {
	SmithFinding *finding;
	char *reason; /* or NULL: from the command line */
} SmithAllowed;

typedef struct {
	const SmithFleet *fleet;     /* or NULL: files that nothing is built of */
	const char *const *patterns; /* "RULE" and "RULE:SUBJECT", or NULL */
	gint64 now;		     /* seconds: entries hold through the day in their `until` */
	bool partial;		     /* not all rules have run: no entry is called unused */
} SmithAllowOptions;

/* Moves findings out of @diag, which is sorted then; returns them in its order (element-type
 * SmithAllowed*). NULL only with a pattern that names no rule: SMITH_ERROR_USAGE. */
GPtrArray *smith_allow_apply(const SmithAllowOptions *options, SmithDiag *diag, GError **error);
