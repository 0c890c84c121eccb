/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "python/version.h"

/*
 * Version specifiers of PEP 440: ">=1.4,!=1.5.*", with the meaning that PyPA's `packaging` 23.0
 * gives them, its corner cases included.
 *
 * A set is the conjunction of its specifiers; the empty set admits everything. Sets never change
 * after parsing, so threads may share them.
 *
 * Pre-releases: packaging's `contains(version)` without a word about pre-releases is
 *   smith_specifier_contains (set, version, smith_specifier_allows_prereleases (set))
 */
#define SMITH_SPECIFIER_MAX 4096 /* bytes of text of a set that we read */

typedef struct SmithSpecifierSet SmithSpecifierSet;

/* A comma-separated list; empty items are skipped. SMITH_ERROR_INVALID names the bad one. */
SmithSpecifierSet *smith_specifier_parse(const char *text, GError **error);
/* A set of exactly one specifier, or NULL when @text is none: markers ask so whether a value is to
 * be compared as a version. */
SmithSpecifierSet *smith_specifier_parse_one(const char *text);
void smith_specifier_free(SmithSpecifierSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithSpecifierSet, smith_specifier_free)

/* TRUE when @version satisfies every specifier. A pre-release never does unless
 * @prereleases_allowed, even where a specifier names it. */
bool smith_specifier_contains(const SmithSpecifierSet *set, const SmithVersion *version,
			      bool prereleases_allowed);
/* TRUE when a specifier names a pre-release itself (==1.0rc1, >=2.0.dev0), which asks for them. */
bool smith_specifier_allows_prereleases(const SmithSpecifierSet *set);

/* The one version that the set admits by name ("==" without ".*", or "==="), as written; NULL when
 * it is not pinned. Borrowed. Other specifiers beside it do not matter here. */
const char *smith_specifier_is_pinned(const SmithSpecifierSet *set);
bool smith_specifier_is_empty(const SmithSpecifierSet *set);

/* Specifiers as written, without duplicates and spaces, bytewise sorted, joined by commas. */
char *smith_specifier_to_string(const SmithSpecifierSet *set);

/* The length of the specifier that @text begins with (operator, spaces, version), 0 for none: for
 * parsers of requirements. */
gsize smith_specifier_scan(const char *text);
