/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/resolve-pip.h"

/*
 * From a source distribution that pip has chosen to a wheel and the rows of the lock: what its
 * build requires is resolved by pip as well, to wheels only, first what the source says and then
 * what its backend adds; the wheel is built once, and is from then on a wheel like any other.
 *
 * It is built on the root of the family that `builder:` of the set's chain names, with the same
 * Python; else on that of the set's own family.
 */
typedef struct {
	const SmithPipAsker *asker;
	/* The one pick of a candidate. */
	SmithPick *(*pick)(gpointer data, const SmithWheelCandidate *candidate);
	gpointer data;
	GPtrArray *sdists; /* (element-type SmithLockSdist*) rows of what has been built */
	GPtrArray *uses;   /* (element-type SmithPick*, borrowed) what builds use; may repeat */
} SmithSdistBuilder;

/* The pick of the wheel of @source; SMITH_ERROR_CONFLICT when its build requirements cannot be met
 * or it has a builder that will not do. */
SmithPick *smith_resolve_build(const SmithSdistBuilder *builder, const SmithSet *set,
			       const SmithWheelCandidate *source, GError **error);

/* The same for a wheel of the previous lock, when its root is what it was: built or in the store.
 * NULL without an error: it must be looked for anew. @find: the pick of a locked wheel, or NULL. */
SmithPick *smith_resolve_keep_built(const SmithSdistBuilder *builder, const SmithLockWheel *wheel,
				    SmithPick *(*find)(gpointer data, const SmithLockWheel *wheel),
				    gpointer data);
