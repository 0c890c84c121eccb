/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * The headers of METADATA and WHEEL files: "Key: value" lines up to the first empty line, as
 * Python's email parser reads them; a line that begins with white space continues the one before
 * it.
 *
 * The body (the long description) is not looked at. Keys compare without case.
 */
typedef struct SmithHeaders SmithHeaders;

/* @name is for error texts. Headers must be UTF-8 without NUL. */
SmithHeaders *smith_headers_parse(const char *text, gsize length, const char *name, GError **error);

/* The first value of @key, stripped, or NULL; borrowed. */
const char *smith_headers_get(const SmithHeaders *headers, const char *key);
/* All values of @key, in their order; NULL-terminated, never NULL. */
char **smith_headers_get_all(const SmithHeaders *headers, const char *key);
/* The only value of @key; SMITH_ERROR_INVALID when it is missing, empty or occurs twice. */
const char *smith_headers_require(const SmithHeaders *headers, const char *key, GError **error);

void smith_headers_free(SmithHeaders *headers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithHeaders, smith_headers_free)
