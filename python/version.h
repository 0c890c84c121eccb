/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * Versions of Python projects: PEP 440, as PyPA's `packaging` reads and orders them.
 *
 *   g_autoptr (SmithVersion) version = smith_version_parse ("1.0.0-rc.1", error);
 *   smith_version_compare (version, other) < 0 ...
 *
 * All spellings that PEP 440 allows are read ("v1.0ALPHA-2" is 1.0a2). Numbers have no upper bound
 * but that of the text. A version never changes after parsing, so threads may share it.
 */
#define SMITH_VERSION_MAX 256 /* bytes of text that we read */

typedef struct SmithVersion SmithVersion;

/* SMITH_ERROR_INVALID unless @text, white space around it aside, is a version. */
SmithVersion *smith_version_parse(const char *text, GError **error);
SmithVersion *smith_version_copy(const SmithVersion *version);
void smith_version_free(SmithVersion *version);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithVersion, smith_version_free)

/* The total order of PEP 440, local version included: < 0, 0, > 0. */
int smith_version_compare(const SmithVersion *a, const SmithVersion *b);
/* The same as if neither had a local version ("+cpu"). */
int smith_version_compare_public(const SmithVersion *a, const SmithVersion *b);
/* Epoch and release only: 1.0rc1 and 1.0.post2 are equal. */
int smith_version_compare_base(const SmithVersion *a, const SmithVersion *b);

bool smith_version_is_prerelease(const SmithVersion *version); /* aN, bN, rcN or .devN */
bool smith_version_is_postrelease(const SmithVersion *version);
bool smith_version_has_local(const SmithVersion *version);

/* The normal form: "1.0a2.post1.dev0+local.7". */
char *smith_version_to_string(const SmithVersion *version);

/* Parts of the normal form, for those who match prefixes of it. */
typedef enum {
	SMITH_VERSION_FULL = 0,
	SMITH_VERSION_PUBLIC = 1 << 0,	    /* without the local version */
	SMITH_VERSION_STRIP_ZEROS = 1 << 1, /* without trailing ".0" of the release */
} SmithVersionForm;
char *smith_version_format(const SmithVersion *version, SmithVersionForm form);

/*
 * The length of the longest version that @text begins with, 0 when there is none; spaces are not
 * skipped. A scanner stops where it may: "1.0-" has the length 3. *@release_parts, unless NULL, is
 * the number of release components, and *@release_length the length up to the release's end.
 * With @local a local version is part of it.
 */
gsize smith_version_scan(const char *text, bool local, guint *release_parts, gsize *release_length);
