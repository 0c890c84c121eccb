/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/entry.h"

/*
 * The skeleton of a venv, as `python3 -m venv --without-pip` makes it, without running anything:
 * pyvenv.cfg, the interpreter's links, bin/activate, empty include and site-packages directories.
 *
 * Deliberate differences from the venv module: bin/activate is a text of our own for sh and bash,
 * and there are none for csh, fish and PowerShell.
 */
typedef struct {
	const char *prefix;	  /* below the root: "opt/venv" */
	const char *python;	  /* "3.11" */
	const char *full_version; /* "3.11.2" */
	const char *interpreter;  /* the base's, with links resolved: "/usr/bin/python3.11" */
	const char *home;	  /* where the base's python3 stands: "/usr/bin" */
	gint64 epoch;
	guint32 uid;
	guint32 gid;
} SmithVenvSpec;

/* In layer order, with the prefix' parent directories, which belong to root. Copies what it needs
 * of @spec. */
SmithEntryIter *smith_venv_entries(const SmithVenvSpec *spec, GError **error);
