/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "base/node.h"

/*
 * Our JSON text. No library's defaults can move a digest: UTF-8 unescaped except `"`, `\` and
 * control characters (\b \f \n \r \t, else \u00xx), integers in decimal, doubles shortest
 * round-trip (infinities and NaN, which only YAML has, as null), invalid UTF-8 replaced by U+FFFD.
 *
 * SMITH_JSON_COMPACT has no white space (blobs, keys); SMITH_JSON_PRETTY is two-space indented with
 * a final newline (files that people review). With SMITH_JSON_SORTED members are in bytewise order
 * of their keys, otherwise in the tree's order. Keys are UTF-8, as the readers' are: where bytes
 * get replaced the order is that of the bytes before.
 */
typedef enum {
	SMITH_JSON_COMPACT = 0,
	SMITH_JSON_PRETTY = 1 << 0,
	SMITH_JSON_SORTED = 1 << 1,
} SmithJsonFlags;

/* @length may be NULL. */
char *smith_json_write(const SmithNode *node, SmithJsonFlags flags, gsize *length);

/* One string as a JSON string literal, quotes included. */
void smith_json_append_string(GString *out, const char *value);
