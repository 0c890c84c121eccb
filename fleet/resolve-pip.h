/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/family-root.h"
#include "fleet/pick.h"
#include "fleet/wheel-finder.h"

/*
 * A set of requirements that is not pinned, or not completely: real pip chooses its versions
 * (execute/pip-resolve.h), by the interpreter of the set's base.
 *
 * What a set's parents have is a constraint on it, projects that it overrides aside. The versions
 * that the lock has are kept where that is possible: of the projects in `updates` (an empty name:
 * of all) new ones are looked for; another one moves only when nothing else will do, and not at all
 * when projects were named.
 */
typedef struct {
	const SmithFamilyContext *family; /* of the lock that is being made */
	SmithWheelFinder *finder;
	const SmithLock *previous;  /* or NULL */
	const char *const *updates; /* or NULL: none */
} SmithPipAsker;

/* The files of a set, those of its parents left out (element-type SmithWheelCandidate*, borrowed
 * from the finder). SMITH_ERROR_CONFLICT with pip's reason when there is no such set of versions;
 * SMITH_ERROR_UNSUPPORTED when pip cannot be asked. */
GPtrArray *smith_resolve_ask_pip(const SmithPipAsker *asker, const SmithSet *set, GError **error);

/* A wheel of pip, for a base that has none: of the fleet's wheels, else of a package
 * (fleet/pip-package.h) for @root, which is that of @family; SMITH_ERROR_UNSUPPORTED when there is
 * none. */
const SmithWheelCandidate *smith_resolve_find_pip(const SmithPipAsker *asker,
						  const GPtrArray *indexes, const char *family,
						  const SmithRoot *root, const SmithTarget *target,
						  GError **error);

/* The indexes of a set, its own and its parents' before the fleet's (element-type SmithWheelIndex*,
 * borrowed). */
GPtrArray *smith_resolve_indexes(const SmithWheelFinder *finder, const SmithSet *set);
