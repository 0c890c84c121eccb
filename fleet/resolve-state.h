/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/diag.h"
#include "fleet/family-root.h"
#include "fleet/pick.h"
#include "fleet/resolve-sdist.h"
#include "fleet/resolve.h"

/*
 * A resolution on its way, for the parts of fleet/resolve.c and nobody else:
 *
 *   resolve-set.c     the bases, and a set for each family and service
 *   resolve-pinned.c  the wheels of what is pinned, without pip
 *   resolve-kept.c    what the previous lock has of a set, when it still holds
 *   resolve.c         pip for the rest, and the proof of the whole
 *   resolve-fill.c    the rows of the lock
 *
 * What is wrong with what the user wrote is a finding, and its set is not sound from then on; FALSE
 * with an error is for what keeps us from going on.
 */
typedef struct {
	const SmithFleet *fleet;
	SmithStore *store;
	const SmithResolveOptions *options;
	SmithDiag *diag;
	SmithLock *lock;
	SmithFamilyContext family; /* of that lock */
	SmithWheelFinder *finder;
	GHashTable *reasons; /* why pip cannot be asked, as far as it is told */
	GHashTable *known;   /* references of bases that are in the lock */
	GHashTable *targets; /* SmithLockBase* -> SmithTarget* */
	GPtrArray *sets;     /* (element-type SmithSet*) parents before children */
	GHashTable *picks;   /* file name -> SmithPick* */
	GPtrArray *sdists;   /* (element-type SmithLockSdist*) */
	GPtrArray *uses;     /* (element-type SmithPick*, borrowed) that builds use */
} SmithResolve;

/* A finding about @set, which is not sound from here on. */
void smith_resolve_tell(SmithResolve *resolve, SmithSet *set, SmithPlace place, const char *rule,
			const char *format, ...) G_GNUC_PRINTF(5, 6);

/* The one pick of a candidate, borrowed. */
SmithPick *smith_resolve_pick(SmithResolve *resolve, const SmithWheelCandidate *candidate);
/* Reads the wheels of all picks that have not been read (in parallel). */
gboolean smith_resolve_read(SmithResolve *resolve, GError **error);
/* Picks that some set or build uses, each once, in the order of their first use. */
GPtrArray *smith_resolve_used(const SmithResolve *resolve);

SmithPipAsker smith_resolve_asker(const SmithResolve *resolve);
/* Borrows both. */
SmithSdistBuilder smith_resolve_builder(SmithResolve *resolve, const SmithPipAsker *asker);

/* A line without hashes takes any. */
bool smith_resolve_hash_is_listed(const SmithRequirementLine *line, const char *sha256);
/* A line that is for another platform counts as pinned. */
bool smith_resolve_is_pinned(const SmithSet *set, const SmithRequirementLine *line);

/* Locks the bases and the packages of the families; fills `sets`, parents before children. */
gboolean smith_resolve_add_sets(SmithResolve *resolve, GError **error);
/* The picks of all sets that are pinned. */
gboolean smith_resolve_pick_pinned(SmithResolve *resolve, GError **error);
/* The picks of one set's pinned lines, anew. */
gboolean smith_resolve_pick_lines(SmithResolve *resolve, SmithSet *set, GError **error);
/* The previous lock's picks of @set, or none when its parents have all that it asks for; it is
 * proven when they still hold, and then pip need not be asked. */
gboolean smith_resolve_keep(SmithResolve *resolve, SmithSet *set, GError **error);
/* Moves what was found into the lock. */
void smith_resolve_fill(SmithResolve *resolve);
