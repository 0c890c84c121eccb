/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/entry.h"

/*
 * What installing packages leaves behind that is no part of them: it depends on when, where and how
 * often something ran, or is a secret that every image would share. The rules are a table, which
 * docs/debs.md prints with the reasons.
 *
 * Patterns are those of glob(7) against the whole path, where a "*" does not match "/"; "DIR/"
 * followed by two stars is everything below DIR, and two stars with a slash in front of a name are
 * any directory. The first rule that matches holds.
 */
typedef enum {
	SMITH_TIDY_KEEP,
	SMITH_TIDY_DROP,
	SMITH_TIDY_DROP_FILES, /* directories stay */
	SMITH_TIDY_EMPTY,      /* regular files become empty, others stay */
	SMITH_TIDY_BYTECODE,   /* times in them become the epoch */
} SmithTidyAction;

typedef struct {
	const char *pattern;
	SmithTidyAction action;
	const char *reason;
} SmithTidyRule;

/* Ends with a NULL pattern. */
extern const SmithTidyRule smith_tidy_rules[];

/* The rule for @path, or NULL: it is kept. */
const SmithTidyRule *smith_tidy_find(const char *path);

/* As SmithExecutionFilter; @data is the epoch (const gint64*), which must outlive it. */
SmithEntryIter *smith_tidy(SmithEntryIter *entries, gpointer data);
