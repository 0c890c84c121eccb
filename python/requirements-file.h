/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/diag.h"
#include "python/requirement.h"

/*
 * pip's requirements files: one requirement per line with its hashes, options, includes.
 *
 *   g_autoptr (SmithRequirements) found = smith_requirements_read (dirfd, "requirements.txt",
 * diag);
 *   ... every problem of every file is in diag, at its line; what could be read is in found
 *
 * Read as pip reads it: comments, backslash continuations, `-r` and `-c` relative to the file that
 * says so, quoted option values. Files are opened beneath @dirfd and nowhere else. Not done, and
 * reported at its line: editable, VCS, URL and path requirements, `${VAR}` unless it is given, and
 * options that weaken what a lock promises (--trusted-host) or belong to builds.
 *
 * Hash mode (`--require-hashes`, or any `--hash`) demands of every requirement one exact version
 * and a sha256. Unlike pip, `==1.*` is no exact version.
 */
#define SMITH_REQUIREMENTS_MAX_BYTES (4 * 1024 * 1024) /* of one file */
#define SMITH_REQUIREMENTS_MAX_FILES 256
#define SMITH_REQUIREMENTS_MAX_DEPTH 16

typedef struct {
	SmithRequirement *req;
	char **hashes; /* "sha256:HEX" in their order, any of them may match; never NULL */
	SmithPlace place;
	char *text; /* the requirement as written, without options and comment */
} SmithRequirementLine;

void smith_requirement_line_free(gpointer line);

typedef struct {
	GPtrArray *lines;	     /* (element-type SmithRequirementLine*) in order */
	GPtrArray *constraints;	     /* the same, of files named by -c */
	GPtrArray *files;	     /* (element-type char*) beneath dirfd, in order of reading */
	char *index_url;	     /* NULL: not said; the last one counts */
	GPtrArray *extra_index_urls; /* (element-type char*) */
	GPtrArray *find_links;	     /* (element-type char*) URLs, and paths relative to dirfd */
	GPtrArray *only_binary;	     /* (element-type char*) ":all:" or normalised names */
	GPtrArray *no_binary;
	GPtrArray *pylocks; /* (element-type SmithPylock*) of python/pylock.h, or NULL: none */
	bool no_index;
	bool require_hashes; /* hash mode, for whichever reason */
	bool prefer_binary;
	bool pre;
} SmithRequirements;

/* Never NULL. @path is relative to @dirfd. */
SmithRequirements *smith_requirements_read(int dirfd, const char *path, SmithDiag *diag);
/* The same with values for `${NAME}` (char* -> char*); NULL: none. */
SmithRequirements *smith_requirements_read_with(int dirfd, const char *path, GHashTable *variables,
						SmithDiag *diag);
/* An inline list, one line of a file per element, without includes. Every problem is at @place. */
SmithRequirements *smith_requirements_parse_lines(const char *const *lines, SmithPlace place,
						  SmithDiag *diag);
void smith_requirements_free(SmithRequirements *requirements);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithRequirements, smith_requirements_free)
