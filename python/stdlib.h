/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* The top-level modules of CPython's standard library, 3.8 to 3.13. */

/* TRUE if Python 3.@minor has it on some platform; 0: any of the versions. Older versions are taken
 * for 3.8 and younger ones for 3.13 as far as modules go that never changed. */
bool smith_stdlib_has(const char *name, guint minor);

/* TRUE if no file of a program can take its place: it is built in, or imported at the start. */
bool smith_stdlib_is_early(const char *name);

/* All of them, sorted; borrowed. */
const char *const *smith_stdlib_names(gsize *count);
