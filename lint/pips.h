/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/model.h"
#include "python/requirements-file.h"

/*
 * The requirements of a whole fleet: each file is read once, whoever names it.
 */
typedef struct SmithPips SmithPips;

/* What is wrong with the files goes to @diag when they are read. Both must outlive it. */
SmithPips *smith_pips_new(const SmithFleet *fleet, SmithDiag *diag);
void smith_pips_free(SmithPips *pips);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithPips, smith_pips_free)

/* Those that @pip itself says; NULL for NULL. Borrowed. */
const SmithRequirements *smith_pips_get(SmithPips *pips, const SmithPip *pip);
/* Whether the distribution @key (in normal form) is required by @pip, or by those it joins. */
bool smith_pips_has(SmithPips *pips, const SmithPip *pip, const char *key);
/* The same of the chain of @family; a chain that is a circle ends as well. */
bool smith_pips_family_has(SmithPips *pips, const char *family, const char *key);
