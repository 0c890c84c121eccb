/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "python/scan.h"

/*
 * Python modules below a directory, found as CPython's import system would find them, for
 * fleet/reach.h. Directories are listed and files read and scanned once, whoever asks.
 *
 * A space is one search path: the directory of a script, then the root. What one program imports is
 * looked up in one space, for the same name may be something else in another. Everything belongs to
 * the SmithModules and lives as long; one thread at a time.
 */
typedef struct SmithModules SmithModules;

typedef struct {
	char *path;    /* relative to the root */
	char *problem; /* why it cannot be compiled or read, or NULL */
	guint problem_line;
	SmithPythonScan *scan; /* never NULL */
	/* for fleet/reach.c: what was made of it in the walk of that number */
	guint walk;
	gpointer walk_data;
} SmithModuleSource;

typedef enum {
	SMITH_MODULE_ABSENT,
	SMITH_MODULE_FILE,	/* NAME.py */
	SMITH_MODULE_PACKAGE,	/* NAME/__init__.py */
	SMITH_MODULE_NATIVE,	/* NAME.*.so */
	SMITH_MODULE_NAMESPACE, /* directories without an __init__.py */
} SmithModuleKind;

typedef struct SmithSpace SmithSpace;

typedef struct {
	SmithModuleKind kind;
	char *name; /* dotted; "__main__" for a script */
	SmithSpace *space;
	SmithModuleSource *source; /* of FILE and PACKAGE, else NULL */
	const char *paths[2]; /* of PACKAGE and NAMESPACE: their directories, "" for the root */
	guint n_paths;
	/* for fleet/reach.c */
	gpointer links;
	guint walk;
} SmithModule;

/* @dirfd is borrowed; no link is followed out of it. @free_links frees each module's links. */
SmithModules *smith_modules_new(int dirfd, GDestroyNotify free_links);
void smith_modules_free(SmithModules *modules);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithModules, smith_modules_free)

/* The space of programs whose script is in @directory ("" or NULL: of those that have none). */
SmithSpace *smith_modules_space(SmithModules *modules, const char *directory);

/* Never NULL. A namespace gives way to the standard library, a file only to what the interpreter
 * has loaded before it looks for files. */
SmithModule *smith_space_find(SmithSpace *space, const char *name);

/* The file @path as a script: a module without a package. NULL when there is none. */
SmithModule *smith_space_script(SmithSpace *space, const char *path);

/* The names of the modules and packages directly below a package, sorted, each once: char*, owned
 * by the caller. */
GPtrArray *smith_module_children(const SmithModule *module);

/* TRUE if Python files are directly in one of the module's directories. */
bool smith_module_has_files(const SmithModule *module);
