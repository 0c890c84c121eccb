/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/model.h"

/*
 * The checks of lint/lint.h that look at one service alone, and what all checks share.
 */
#define SMITH_LINT_NAME_MAX 63 /* of a slug: a pod's becomes a host name */

void smith_lint_service(const SmithService *service, SmithDiag *diag);
/* Of the services that get an image: whether there is a probe for it. */
void smith_lint_probe(const SmithFleet *fleet, SmithDiag *diag);
void smith_lint_env(GHashTable *env, SmithPlace place, const char *who, SmithDiag *diag);

/* " (did you mean 'x'?)" or "": the names are the first member of every element of @named. */
char *smith_lint_suggest(const char *word, const GPtrArray *named);

/* Letters, digits, '-', '_' and '.', a letter or digit first: what may be part of a path. */
bool smith_lint_name_is_legal(const char *name);
