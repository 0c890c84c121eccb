/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "fleet/model.h"
#include "fleet/module.h"

/*
 * What a program reaches through its imports: the fleet's own files, and what others have to bring.
 *
 *   cache = smith_reach_cache_new (fleet->fd);           once for all services
 *   reach = smith_reach_find (cache, SMITH_APP_SCRIPT, "agents/web.py", 11, error);
 *   ... reach->imports, reach->files, reach->missing ...
 *
 * The fleet's directory is what is in /app. A script finds modules in its own directory, then in
 * /app; `python -m` and ASGI servers find them in /app. As for CPython, a directory without
 * __init__.py is a package only where nothing else is found; and one without Python files does not
 * stand for a distribution of its name.
 *
 * Hard is what is imported on the way to the program's first line: by statements that nothing
 * guards (SmithPythonImport.guarded), from the entry on. All the rest is soft. What is imported for
 * types only, or under the `if __name__ ...` of a file that is not the entry, is not reached.
 *
 * All of a SmithReach points into its cache, which must live longer. One thread at a time. Time and
 * memory are linear in the imports of the files that are reached.
 */
typedef struct SmithReachCache SmithReachCache;
SmithReachCache *smith_reach_cache_new(int dirfd); /* borrowed; links out of it are not followed */
void smith_reach_cache_free(SmithReachCache *cache);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithReachCache, smith_reach_cache_free)

typedef struct SmithReachFile SmithReachFile;
struct SmithReachFile {
	const SmithModuleSource
		*source;	    /* path; problem and problem_line when it cannot be compiled */
	const SmithReachFile *from; /* that imports it first, NULL: the entry */
	guint line;		    /* of @from */
	bool hard;
};

typedef struct {
	const char *name; /* of an import: smith_import_key(); of a missing module: as written or,
			     if relative to a package, in full */
	bool hard;
	const SmithReachFile *from; /* that imports it */
	guint line;
} SmithReachName;

typedef struct {
	GPtrArray *files;   /* (element-type SmithReachFile*) by path, the entry among them */
	GPtrArray *broken;  /* (element-type SmithReachFile*) those with a problem; borrowed */
	GPtrArray *imports; /* (element-type SmithReachName*) by name: neither the fleet's nor of
			       the standard library of that version */
	GPtrArray *missing; /* (element-type SmithReachName*) by name: would be the fleet's, and are
			       not there; relative imports that lead nowhere */
} SmithReach;

/*
 * @form: SCRIPT with a path, MODULE with a dotted name, ASGI with "module:attribute"; others are
 * SMITH_ERROR_UNSUPPORTED. @minor is that of the interpreter, 3.@minor; 0: any.
 * SMITH_ERROR_NOT_FOUND when the entry itself is not there.
 */
SmithReach *smith_reach_find(SmithReachCache *cache, SmithAppForm form, const char *entry,
			     guint minor, GError **error);
void smith_reach_free(SmithReach *reach);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithReach, smith_reach_free)

/* How line @line of @from is reached: "web.py:3 -> common/agent.py:12". */
char *smith_reach_chain(const SmithReachFile *from, guint line);
