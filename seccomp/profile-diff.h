/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "seccomp/profile.h"

/* A rule without its name, for people: "ALLOW if (a0 & 0x7e020000) == 0, only on amd64". Transfer
 * full. */
char *smith_profile_rule_text(const SmithProfileRule *rule);

/* A call of which two profiles say different things; NULL: the profile says nothing, and its
 * default action holds. */
typedef struct {
	char *name; /* of the call, or "default" */
	char *before;
	char *after;
} SmithProfileChange;

/* By name (element-type SmithProfileChange*); empty when both mean the same. */
GPtrArray *smith_profile_diff(const SmithProfile *before, const SmithProfile *after);

/* Names of the calls that @before lets through and @after does not, or not with all of the same
 * arguments; NULL-terminated, sorted. Transfer full. */
char **smith_profile_lost(const SmithProfile *before, const SmithProfile *after);
