/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

/*
 * Names of compiled modules (PEP 3147).
 */

/* TRUE for what an import would compile: "x/y.py", not in a __pycache__. */
bool smith_pyc_is_source(const char *path);
/* CPython's name for version @python ("3.11"): "cpython-311". */
char *smith_pyc_tag(const char *python);
/* "x/y.py" -> "x/__pycache__/y.cpython-311.pyc" */
char *smith_pyc_path(const char *source, const char *python);
