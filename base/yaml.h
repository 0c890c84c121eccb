/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "base/node.h"

/*
 * Our YAML text: what every reader of YAML 1.1 and 1.2 takes for the same tree, canonical, in block
 * style with two spaces, lists at their key's own column.
 *
 * A string is plain only where no reader could see something else in it: it begins with an ASCII
 * letter or '/', has letters, digits and "._/@+-", ':' before one of those, and is no word of YAML
 * 1.1 as "yes" or "null" are. All others are in double quotes, with what YAML does not print, line
 * breaks of YAML 1.1 and a byte order mark escaped. Doubles have a '.', invalid UTF-8 is U+FFFD, as
 * in base/json.h. Keys are strings, never longer than a reader looks ahead.
 */
char *smith_yaml_write(const SmithNode *node, gsize *length); /* @length may be NULL */

/* One string as a scalar of YAML. */
void smith_yaml_append_string(GString *out, const char *value);
