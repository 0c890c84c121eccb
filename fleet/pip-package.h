/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/family-root.h"

/*
 * pip out of the Debian package python3-pip-whl, for a base that has apt but no pip, and a fleet
 * that has no wheel of it: apt finds the package and verifies its archive, as for a family's `apt`.
 * It serves steps and never enters an image.
 *
 * Such a wheel's URL in the lock is that of the package with a fragment, which says what the
 * package must be and which file of it is the wheel: "URL#deb-sha256=HEX&file=NAME".
 */

/* The URL of the wheel for steps on @root, which is that of the family @name or above. Errors as of
 * smith_apt_closure(). */
char *smith_pip_package_find(const SmithFamilyContext *context, const char *name,
			     const SmithRoot *root, GError **error);

bool smith_pip_package_is(const char *url);

/* The name of the wheel, "pip-23.0.1-py3-none-any.whl". */
char *smith_pip_package_file(const char *url);

/* As smith_fetch(), of which it is used for any other URL. */
char *smith_pip_package_fetch(SmithStore *store, const char *url, const char *sha256,
			      GError **error);
