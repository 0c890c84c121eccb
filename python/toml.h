/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/node.h"

/*
 * TOML 1.0 as a document tree (base/node.h), with the limits and errors of its readers: at most
 * SMITH_NODE_MAX_BYTES, SMITH_NODE_MAX_DEPTH levels (the document itself is one), no NUL, no key or
 * table twice, and everything knows where it stands. SMITH_ERROR_LIMIT, SMITH_ERROR_INVALID.
 *
 * Tables are maps in the order in which they were begun, arrays and arrays of tables are lists.
 * Strings are `quoted`; dates and times, checked, are strings as they are written, not `quoted`.
 * Integers beyond 64 bits are refused, as the format demands. A newline in a string is "\n"
 * whatever it is in the text.
 */
SmithNode *smith_toml_read(const char *text, gsize length, const char *file, GError **error);
