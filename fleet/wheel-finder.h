/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/model.h"
#include "python/requirement.h"
#include "python/tags.h"
#include "python/wheel-name.h"
#include "store/store.h"

/*
 * Which files there are of a project, from the fleet's find_links directories and from indexes.
 *
 * A project's files are taken from one place, so that no public index can take the name of a
 * private project:
 *   - the directories of find_links, when they have a file of that name;
 *   - else, when indexes claim the name (SmithWheelIndex.names), the first of these that has it;
 *   - else the first of the other indexes that has it.
 * Directories are listed once, index pages fetched when a project is first asked for. May be used
 * from several threads.
 */
typedef struct {
	char *file;	       /* file name */
	char *url;	       /* as in SmithLockWheel */
	char *promised;	       /* SHA-256 that the index gives, or NULL */
	char *requires_python; /* what the index says, or NULL */
	bool yanked;
	SmithWheelName *name;  /* NULL: a source distribution */
	SmithVersion *version; /* of a source distribution; else NULL */
} SmithWheelCandidate;

typedef struct SmithWheelFinder SmithWheelFinder;

SmithWheelFinder *smith_wheel_finder_new(const SmithFleet *fleet, GError **error);
void smith_wheel_finder_free(SmithWheelFinder *finder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithWheelFinder, smith_wheel_finder_free)

/* The wheels that meet @wanted and that @tags admit, best first as pip ranks them: by version (a
 * pin without a local version admits any: torch==2.1.0 is met by 2.1.0+cpu), then by tag, then by
 * build number (element-type SmithWheelCandidate*, borrowed). When there is none, an empty array
 * and *@found (transfer full) says what there was instead. @indexes: (element-type
 * SmithWheelIndex*) in their order, or NULL: those of the fleet. */
GPtrArray *smith_wheel_finder_list(SmithWheelFinder *finder, const GPtrArray *indexes,
				   const SmithRequirement *wanted, const SmithTagSet *tags,
				   char **found, GError **error);

/* All files of the project @key from the place that it is taken from, wheels and source
 * distributions, in that place's order (element-type SmithWheelCandidate*, borrowed). */
const GPtrArray *smith_wheel_finder_page(SmithWheelFinder *finder, const GPtrArray *indexes,
					 const char *key, GError **error);

/* A wheel that no place lists because it was made here; lives as long as the finder. The same one
 * for the same file name. */
const SmithWheelCandidate *smith_wheel_finder_add_made(SmithWheelFinder *finder, const char *file,
						       const char *url, const char *sha256,
						       GError **error);

/* The indexes of a `pip:` chain (NULL: none) before those of the fleet; (element-type
 * SmithWheelIndex*, borrowed). @pips: (element-type SmithPip*) nearest first. */
GPtrArray *smith_wheel_finder_indexes(const SmithWheelFinder *finder, const GPtrArray *pips);
