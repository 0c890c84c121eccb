/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * Names of Python projects (packaging specifications: names and normalization).
 */

/* Normal form: ASCII lower case, every run of '-', '_' and '.' one '-'. Other bytes stay. */
char *smith_python_normalize_name(const char *name);
/* TRUE if @normal is the normal form of @name. */
gboolean smith_python_name_is(const char *name, const char *normal);

/* TRUE if @name is legal: ASCII letters, digits, '-', '_', '.', with a letter or digit at both
 * ends, at most 255 bytes. */
gboolean smith_python_name_is_valid(const char *name);
