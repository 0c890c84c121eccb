/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "python/marker.h"
#include "python/requirements-file.h"

/*
 * pylock.toml (packaging specifications, lock-version 1): read as what pip would make of it, a
 * requirements file in hash mode. Each package is `NAME==VERSION; MARKER` with the sha256 of all
 * its wheels and of its source distribution; where the files lie is not told, for that says the
 * fleet. smith_requirements_read() reads files of that name so.
 *
 * No extras are asked for, and of dependency groups those that the file calls its default. Packages
 * from version control, directories and archives are refused, each by its name. What the file says
 * of environments is for smith_pylock_check(), which knows one.
 */
typedef struct {
	char *key;
	SmithPlace place;
	SmithMarker *marker;		    /* NULL: none */
	SmithSpecifierSet *requires_python; /* NULL: any */
} SmithPylockPackage;

typedef struct {
	char *file;
	SmithPlace place;		    /* of what it says of Python, or of the file */
	SmithSpecifierSet *requires_python; /* NULL: any */
	GPtrArray *environments;	    /* (element-type SmithMarker*) empty: any */
	GPtrArray *packages;		    /* (element-type SmithPylockPackage*) */
} SmithPylock;

/* TRUE for "pylock.toml" and "pylock.NAME.toml", in any directory. */
bool smith_pylock_is_name(const char *path);

/* Never NULL; problems go to @diag, rule "pylock" and those of requirements files. The result's
 * `pylocks` has the SmithPylock. */
SmithRequirements *smith_pylock_read(int dirfd, const char *path, SmithDiag *diag);

/* Whether it is for @env at all, the packages that it keeps there are for its Python, and no two of
 * them are of one name. */
void smith_pylock_check(const SmithPylock *pylock, const SmithMarkerEnv *env, SmithDiag *diag);
