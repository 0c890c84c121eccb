/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * Ignore files: `.containerignore`, else `.dockerignore`, at the root of a build context, with the
 * rules of Docker (docs.docker.com, "Build context"; github.com/moby/patternmatcher).
 *
 * One pattern a line. "#" in the first column is a comment; blanks at both ends, a leading and a
 * trailing "/" mean nothing; "." and ".." are resolved. "*" and "?" match within a component, "**"
 * any number of components, "[a-z]" and "[^a-z]" a character, "\" takes the next one literally.
 * Every pattern is anchored at the root, and one that matches a directory matches all below it. "!"
 * brings back what earlier lines hid; the last line that says something about a path decides, also
 * about a file below a hidden directory.
 *
 *   SmithIgnore *ignore = smith_ignore_load (context_fd, error);
 *   rule = smith_ignore_match (ignore, "a/b.pyc", false);   NULL: not hidden
 */
typedef struct {
	const char *file; /* intern: ".dockerignore" */
	guint line;
	char *text;    /* as written, without blanks at its ends */
	bool negated;  /* "!" */
	char *pattern; /* cleaned, without "!" */
	GArray *tokens;
	bool by_suffix; /* "**x" matches every path that ends in x */
} SmithIgnoreRule;

typedef struct SmithIgnore SmithIgnore;

/* A missing ignore file gives one without rules. */
SmithIgnore *smith_ignore_load(int context_dirfd, GError **error);
/* @file is for messages and for the rules. SMITH_ERROR_INVALID "FILE:LINE: ..." on a bad pattern.
 */
SmithIgnore *smith_ignore_parse(const char *text, gsize length, const char *file, GError **error);

/* The rule that hides @path (relative to the context's root, normalised), or NULL when it is not
 * hidden. Borrowed. The root itself is never hidden. @ignore may be NULL. */
const SmithIgnoreRule *smith_ignore_match(const SmithIgnore *ignore, const char *path, bool is_dir);

/* TRUE if something below a hidden directory might be visible. */
bool smith_ignore_has_exceptions(const SmithIgnore *ignore);

void smith_ignore_free(SmithIgnore *ignore);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithIgnore, smith_ignore_free)
