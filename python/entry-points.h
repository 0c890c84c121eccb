/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * entry_points.txt (packaging specifications: entry points), read by the rules of Python 3.11's
 * importlib.metadata: lines are stripped, empty ones and those that begin with '#' skipped, the
 * last of two equal names wins.
 *
 * Only console_scripts and gui_scripts are kept: their values must be "module:attribute", extras in
 * brackets are ignored. Names become file names: letters, digits, '_', '-', '.', '+', not beginning
 * with '.'; others are SMITH_ERROR_UNSUPPORTED.
 */
typedef struct {
	char *name;
	char *module;	 /* "pkg.cli" */
	char *attribute; /* "main" or "Class.run" */
} SmithEntryPoint;

void smith_entry_point_free(SmithEntryPoint *point);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithEntryPoint, smith_entry_point_free)

/* Fills both with new arrays (element-type SmithEntryPoint*, free func set), in the file's order.
 * @name is for error texts. */
gboolean smith_entry_points_parse(const char *text, gsize length, const char *name,
				  GPtrArray **console, GPtrArray **gui, GError **error);
