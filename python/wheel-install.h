/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/entry.h"
#include "python/wheel.h"

/*
 * A wheel as the files that it becomes in a venv: what pip 23.0.1 `install --no-deps --no-compile`
 * lays there, without running anything.
 *
 *   SmithInstallTarget target = {"opt/venv", "3.11", "/opt/venv/bin/python3", epoch};
 *   g_autoptr (SmithEntryIter) entries = smith_wheel_entries (wheel, &target, error);
 *
 * The result is a function of the wheel's bytes and the target alone. Entries come in layer order
 * (smith_entry_path_compare) with every parent directory; directories above the prefix belong to
 * root, everything else to the target's owner; modes are 0644 and 0755 by the zip's x bits.
 *
 * The root of the wheel and `.data/purelib`, `.data/platlib` go to lib/pythonX.Y/site-packages,
 * `.data/scripts` to bin with "#!python" lines rewritten, `.data/headers` to
 * include/site/pythonX.Y/NAME, `.data/data` to the prefix. Entry points become wrappers in bin and
 * win over a script of their name. RECORD is rewritten as pip does it.
 *
 * Deliberate differences from pip: INSTALLER says "ocismith" and there is neither REQUESTED nor
 * direct_url.json, since a layer must not know how it was asked for. What pip would silently
 * overwrite is an error here: two files of the wheel on one path, and files in the place of the
 * venv's own (pyvenv.cfg, bin/python*, bin/activate*, lib64).
 *
 * Hashes of unchanged files are those of the wheel's RECORD, checked while their content streams;
 * only rewritten scripts are read here. The iterator keeps the wheel open, and so do the contents.
 */
typedef struct {
	const char *prefix;	 /* below the root: "opt/venv" */
	const char *python;	 /* "3.11" */
	const char *interpreter; /* for "#!" lines: "/opt/venv/bin/python3" */
	gint64 epoch;
	guint32 uid;
	guint32 gid;
	/* The wheel's bytes are known to be those that smith_wheel_verify() has passed (a lock pins
	 * them): contents check size and CRC-32 only, and save one SHA-256 of every file. */
	bool verified;
	/* Bytecode: path of a source below the root -> SmithContent* of its .pyc, which gets a row
	 * without hash in RECORD, as pip writes it; NULL: none. What the wheel has in the place of
	 * one of them is left out. */
	GHashTable *pycs;
} SmithInstallTarget;

SmithEntryIter *smith_wheel_entries(SmithWheel *wheel, const SmithInstallTarget *target,
				    GError **error);
