/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "execute/execute.h"

/*
 * `installer: pip`: real pip installs locked wheels into the venv of a root, offline and without
 * dependencies, and what it leaves below the venv's prefix is a layer.
 *
 * pip is the root's, or the wheel of it that the root's venv module brings (python3-pip-whl on
 * Debian). Wheels are found by name and version and checked against their hashes by pip, so that no
 * direct_url.json tells where they were. With bytecode, `compileall` runs behind it.
 */
typedef struct {
	const char *name;
	const char *version;
	const char *file; /* the wheel's file name */
	const char *sha256;
	const char *path; /* on this machine */
} SmithPipWheel;

typedef struct {
	const char *step;     /* "pip service-x", for errors and the log */
	const char *python;   /* the root's interpreter: "/usr/bin/python3.11" */
	const char *version;  /* "3.11" */
	const char *prefix;   /* of the venv, below the root */
	const char *bytecode; /* "none" or "unchecked-hash" */
	const GArray *wheels; /* (element-type SmithPipWheel) */
} SmithPipInstall;

SmithLayer *smith_pip_install(const SmithExecution *execution, const SmithRoot *root,
			      const SmithPipInstall *install, GError **error);
/* "sha256:HEX" of the program that runs pip, for keys; transfer full. */
char *smith_pip_installer(void);
