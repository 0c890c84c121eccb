/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/model.h"
#include "python/requirement.h"
#include "python/tags.h"
#include "python/wheel-name.h"
#include "store/store.h"

/*
 * Which wheel files there are for a pinned project, from the fleet's find_links directories and its
 * index. Directories are listed once, index pages fetched when a project is first asked for.
 */
typedef struct {
	char *file;	       /* file name */
	char *url;	       /* as in SmithLockWheel */
	char *promised;	       /* SHA-256 that the index gives, or NULL */
	char *requires_python; /* what the index says, or NULL */
	bool yanked;
	SmithWheelName *name;
} SmithWheelCandidate;

typedef struct SmithWheelFinder SmithWheelFinder;

SmithWheelFinder *smith_wheel_finder_new(const SmithFleet *fleet, GError **error);
void smith_wheel_finder_free(SmithWheelFinder *finder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithWheelFinder, smith_wheel_finder_free)

/* The wheels that meet @wanted and that @tags admit, best first as pip ranks them: by version (a
 * pin without a local version admits any: torch==2.1.0 is met by 2.1.0+cpu), then by tag, then by
 * build number (element-type SmithWheelCandidate*, borrowed); directories come before the index.
 * When there is none, an empty array and *@found (transfer full) says what there was instead. */
GPtrArray *smith_wheel_finder_list(SmithWheelFinder *finder, const SmithRequirement *wanted,
				   const SmithTagSet *tags, char **found, GError **error);
