/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * Where a wheel's files go in a venv (packaging specifications: binary distribution format, the
 * .data directory; the schemes are those of pip 23.0.1 in a venv).
 *
 * Every mapping gives two paths: the one below the image root ("opt/venv/bin/x"), and the one that
 * an installed RECORD writes, relative to site-packages ("../../../bin/x"). A venv's lib64 is a
 * link to lib: what a wheel puts there is mapped to lib.
 */
typedef struct SmithScheme SmithScheme;

/* @prefix: normalised, below the root ("opt/venv"); @python: "3.11"; @name: the project's name in
 * the file name, from which pip makes the directory of headers. */
SmithScheme *smith_scheme_new(const char *prefix, const char *python, const char *name,
			      GError **error);
void smith_scheme_free(SmithScheme *scheme);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithScheme, smith_scheme_free)

/* A member of the wheel, which must be a checked zip name. *@is_script: of .data/scripts. */
gboolean smith_scheme_map(const SmithScheme *scheme, const char *member, char **path,
			  char **record_path, bool *is_script, GError **error);
/* A file in site-packages. */
char *smith_scheme_library(const SmithScheme *scheme, const char *relative);
/* A command in bin. */
char *smith_scheme_command(const SmithScheme *scheme, const char *name, char **record_path);

/* When @path is in the place of one of the venv's own files or links: its name below the prefix
 * ("bin/python3"), borrowed from @path; else NULL. */
const char *smith_scheme_protected(const SmithScheme *scheme, const char *path);
