/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/family-root.h"
#include "fleet/resolve.h"

/*
 * The part of a resolution about Debian packages: from what a family asks for to the rows of the
 * lock, and what is found in its images then.
 *
 * A family whose wishes, base and parents are as they were keeps its rows, and nothing is asked of
 * an archive. Otherwise the image's own apt resolves them, with the locked versions preferred while
 * the archive has them; those that --update names are not.
 */

/* The archives of the nearest family of @name's chain that names some, none for those of the image
 * (element-type SmithAptArchive*). */
GPtrArray *smith_resolve_apt_archives(const SmithFleet *fleet, const char *name, GError **error);

/* Adds the row of @family to the lock with its .debs, and their descriptions; those of its parents
 * are there. Nothing but the row when it has no `apt`. */
gboolean smith_resolve_apt(const SmithFamilyContext *context, SmithLock *lock,
			   const SmithResolveOptions *options, const SmithFamily *family,
			   GError **error);
