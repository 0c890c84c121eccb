/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "execute/deb.h"

/*
 * The packages of a Debian archive, as its indexes name them, and what a base needs of them:
 *
 *   packages = smith_debian_packages_new ()
 *   smith_debian_packages_read (packages, text) ... for each index
 *   smith_debian_packages_choose (packages, mirror, words, error)
 *
 * Of a package that is there in several versions the newest counts. What a relation says of
 * versions holds for packages and for what they provide; Conflicts and Breaks keep apart what was
 * chosen. Of alternatives the first that is chosen already counts, else the first that gets on with
 * what is chosen; nothing that was chosen is taken back, as by apt.
 */
typedef struct SmithDebianPackages SmithDebianPackages;

SmithDebianPackages *smith_debian_packages_new(void);
void smith_debian_packages_free(SmithDebianPackages *packages);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithDebianPackages, smith_debian_packages_free)

/* deb822(5) text, changed while it is read; fields that are not known are nobody's business. */
void smith_debian_packages_read(SmithDebianPackages *packages, char *text);

/* Once: the essential and required packages, apt, @words (names) and what they need, by file name
 * (element-type SmithDeb*). SMITH_ERROR_NOT_FOUND for what the archive has not, with the nearest
 * name; SMITH_ERROR_CONFLICT; SMITH_ERROR_INVALID for a package whose fields are none. */
GPtrArray *smith_debian_packages_choose(SmithDebianPackages *packages, const char *mirror,
					const char *const *words, GError **error);
