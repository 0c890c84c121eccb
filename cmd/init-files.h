/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * The files of a new fleet, as `ocismith init` writes them. In their texts @NAME@ stands for the
 * fleet's name and @FROM@ for the base, one of them in each.
 */
typedef struct {
	const char *path; /* below the fleet's directory */
	const char *text;
} SmithInitFile;

/* Ends with a zeroed one. */
extern const SmithInitFile smith_init_files[];

/* The text with its placeholder replaced; @from NULL is a base of Debian packages. */
char *smith_init_text(const SmithInitFile *file, const char *name, const char *from);
