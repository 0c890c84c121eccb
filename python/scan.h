/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * What a Python source imports, and whether it can be compiled at all, without running Python.
 *
 *   scan = smith_python_scan (text, length);
 *   if (scan->bad_line != 0) ... "FILE:LINE: TEXT"
 *   for each of scan->imports ...
 *
 * It is tolerant: behind an error the scan goes on, and what can be read of the imports is there.
 * What it calls an error CPython (3.8 to 3.13) refuses, too, as a syntax error; which of several
 * errors is told first may differ. It knows brackets, strings, characters, indentation and the
 * order of a compound statement's clauses; it is no parser of expressions.
 *
 * Strings are NFKC, as identifiers are for Python. Nothing is borrowed from @text.
 */
#define SMITH_PYTHON_SCAN_MAX (4 * 1024 * 1024) /* bytes of text */
#define SMITH_PYTHON_MAX_PARTS 64 /* components of a dotted name; longer ones are left out */

typedef struct {
	char *module; /* "a.b", without leading dots; "" in `from . import x` */
	char **names; /* of a from-import, in its order, "*" included; NULL: `import module` */
	guint level;  /* leading dots */
	guint line;   /* of the statement */
	/* May not be executed, or may fail without harm: inside try, with suppress(), a function, a
	 * class, a case, or an if that is not one of the two below. */
	bool guarded;
	bool type_checking; /* under `if TYPE_CHECKING:`: never executed */
	bool main_only;	    /* under the module's own `if __name__ ...:` */
	/* No statement but a string: of import_module(), __import__(), or "module:app" of
	 * uvicorn.run() and uvicorn.Config(). */
	bool dynamic;
	/* dynamic: @module is what stands before the last dot of a name of which only the beginning
	 * is known: any of its modules may be meant. */
	bool whole_package;
} SmithPythonImport;

typedef struct {
	GPtrArray *imports; /* (element-type SmithPythonImport*) in the order of the text */
	guint opaque_line;  /* of the first dynamic import of which nothing is known; 0: none */
	guint bad_line;	    /* of the first error; 0: none */
	char *bad_text;	    /* as CPython says it: "unexpected indent"; NULL: none */
} SmithPythonScan;

/* Never NULL. A text over SMITH_PYTHON_SCAN_MAX has an error in line 1, and no imports. */
SmithPythonScan *smith_python_scan(const char *text, gsize length);
void smith_python_scan_free(SmithPythonScan *scan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithPythonScan, smith_python_scan_free)
