/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/pick.h"

/*
 * Is a set of wheels complete and consistent? By the wheels' own Requires-Dist and markers, for the
 * target's environment, with the extras that requirements and wheels ask for: each requirement that
 * applies must be met by a wheel of the set. Requires-Python must admit the interpreter. Also notes
 * in each pick who wants it.
 *
 * Everything that is wrong goes to @diag; TRUE when nothing was.
 */
gboolean smith_closure_check(const SmithSet *set, SmithDiag *diag);

/* Notes who wants each of @used (element-type SmithPick*) anew, when sets have had other picks on
 * the way: lines and wheels of @sets, and builds of @sdists (element-type SmithLockSdist*); @picks
 * are all by file name. */
void smith_closure_note(const GPtrArray *sets, const GPtrArray *used, const GPtrArray *sdists,
			GHashTable *picks);
