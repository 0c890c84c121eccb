/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * Versions of Debian packages, [EPOCH:]UPSTREAM[-REVISION], in the order of deb-version(7). Any
 * text has a place in it.
 */
int smith_debian_version_compare(const char *a, const char *b);

/* Whether @version stands to @wanted in @relation: "<<", "<=", "=", ">=" or ">>"; the old "<" and
 * ">" mean "<=" and ">=". Nothing stands in another relation. */
bool smith_debian_version_is(const char *version, const char *relation, const char *wanted);
