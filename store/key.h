/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * The key of a step: the digest of everything that can change its result, field by field.
 *
 *   SmithKey *key = smith_key_new ("wheel");
 *   smith_key_string (key, "sha256", ...); ...
 *   char *digest = smith_key_finish (key);   frees the key
 *
 * Fields are named, so that two keys can be compared and the first difference told; the format
 * version of our own writers is in every one of them.
 */
#define SMITH_FORMAT_VERSION 1

typedef struct SmithKey SmithKey;

SmithKey *smith_key_new(const char *kind);
void smith_key_string(SmithKey *key, const char *field, const char *value); /* NULL: "null" */
void smith_key_int(SmithKey *key, const char *field, gint64 value);
void smith_key_strv(SmithKey *key, const char *field, char **values);
/* "sha256:HEX" over the canonical JSON of the fields. */
char *smith_key_finish(SmithKey *key);
