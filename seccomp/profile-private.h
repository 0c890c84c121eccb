/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "seccomp/profile.h"

/* What the files of the profile have in common; nobody else's business. */
#define SMITH_PROFILE_MAX_BYTES (1024 * 1024)
#define SMITH_PROFILE_MAX_RULES 8192
#define SMITH_PROFILE_MAX_ARGS 6

#define SMITH_PROFILE_ALLOW "SCMP_ACT_ALLOW"
#define SMITH_PROFILE_ERRNO "SCMP_ACT_ERRNO"

/* One document alone: its rules in the file's order, its includes not yet looked at;
 * default_action is NULL when it does not say one. @file is for places. */
SmithProfile *smith_profile_read(const char *name, const char *file, const char *text, gsize length,
				 GError **error);

/* As smith_profile_read(), with what is wrong told to @diag; NULL when nothing can be read. */
SmithProfile *smith_profile_read_into(const char *name, const char *file, const char *text,
				      gsize length, SmithDiag *diag, GError **error);

SmithProfile *smith_profile_new(const char *name);
void smith_profile_rule_free(SmithProfileRule *rule);
SmithProfileRule *smith_profile_rule_copy(const SmithProfileRule *rule);
/* By arguments and conditions: 0 when both rules are about the same calls. */
int smith_profile_rule_compare(const SmithProfileRule *a, const SmithProfileRule *b);
/* Neither arguments nor conditions. */
bool smith_profile_rule_is_plain(const SmithProfileRule *rule);
/* SCMP_ACT_ALLOW and SCMP_ACT_LOG. */
bool smith_profile_lets_through(const char *action);
/* Holds on @architecture for a process without capabilities. */
bool smith_profile_rule_applies(const SmithProfileRule *rule, const char *architecture);

/* Text of the one that comes with the program, or NULL. */
const char *smith_profile_builtin(const char *name, gsize *length);
