/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "execute/pip-server.h"
#include "fleet/wheel-finder.h"
#include "python/requirements-file.h"

/*
 * What pip may choose from: pages of projects made of what the finder finds, under its rules of
 * which place a project comes from. A file that is asked for is downloaded once, into the store,
 * and hashed on the way.
 *
 *   pages = smith_pip_pages_new (finder, fleet, store, indexes);
 *   source = smith_pip_pages_source (pages);
 *   ... pip runs ...
 *   smith_pip_pages_candidate (pages, number)
 */
typedef struct SmithPipPages SmithPipPages;

/* @indexes (borrowed) as for smith_wheel_finder_page(). Files of @lines' projects are those with
 * one of their hashes, where they have some and the index says what a file's is. */
SmithPipPages *smith_pip_pages_new(SmithWheelFinder *finder, const SmithFleet *fleet,
				   SmithStore *store, const GPtrArray *indexes,
				   const GPtrArray *lines);
void smith_pip_pages_free(SmithPipPages *pages);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithPipPages, smith_pip_pages_free)

/* Source distributions are left out from now on. */
void smith_pip_pages_only_wheels(SmithPipPages *pages);

/* Borrows @pages. */
SmithPipSource smith_pip_pages_source(SmithPipPages *pages);
/* NULL when no page has a file of that number. The digests of downloaded files are known then. */
const SmithWheelCandidate *smith_pip_pages_candidate(SmithPipPages *pages, guint number);
