/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "base/error.h"

/*
 * Findings with a place: what is wrong with a user's files, all of it and not only the first.
 *
 * A SmithDiag collects; readers and checks add to it and go on. Callers ask smith_diag_has_errors()
 * at their end, or turn it into a GError (the first finding's text, and how many more) for a caller
 * that can only fail. At most SMITH_DIAG_MAX_FINDINGS are kept, so that a hostile document cannot
 * fill the memory with them; the counts go on.
 */
#define SMITH_DIAG_MAX_FINDINGS 10000

typedef enum {
	SMITH_SEVERITY_NOTE,
	SMITH_SEVERITY_WARNING,
	SMITH_SEVERITY_ERROR,
} SmithSeverity;

/* Where a value stands: 1-based; line 0 means "the whole file". @file is an intern string. */
typedef struct {
	const char *file;
	guint line;
	guint column;
} SmithPlace;

typedef struct {
	SmithSeverity severity;
	SmithPlace place;
	const char *rule; /* intern string: "unknown-key" */
	char *subject;	  /* what it is about, by name: "Registry", "Registry:7200"; or NULL */
	char *text;
} SmithFinding;

typedef struct {
	GPtrArray *findings; /* (element-type SmithFinding*) */
	guint errors;
	guint warnings;
} SmithDiag;

SmithDiag *smith_diag_new(void);
void smith_diag_free(SmithDiag *diag);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithDiag, smith_diag_free)

void smith_diag_add(SmithDiag *diag, SmithSeverity severity, SmithPlace place, const char *rule,
		    const char *format, ...) G_GNUC_PRINTF(5, 6);
/* As smith_diag_add(), with the finding's subject (or NULL). */
void smith_diag_add_about(SmithDiag *diag, SmithSeverity severity, SmithPlace place,
			  const char *rule, const char *subject, const char *format, ...)
	G_GNUC_PRINTF(6, 7);
void smith_diag_addv(SmithDiag *diag, SmithSeverity severity, SmithPlace place, const char *rule,
		     const char *subject, const char *format, va_list args) G_GNUC_PRINTF(6, 0);
/* Moves all findings of @from to @diag. */
void smith_diag_take(SmithDiag *diag, SmithDiag *from);
/* By file, line, column, rule; what is said twice of one place is then said once. */
void smith_diag_sort(SmithDiag *diag);
/* "fleet.yaml:12:5", or "fleet.yaml" for the whole file. */
char *smith_place_to_string(SmithPlace place);
/* "fleet.yaml:12:5: error: text [rule]" */
char *smith_finding_to_string(const SmithFinding *finding);
/* TRUE without errors; else FALSE with SMITH_ERROR_FINDINGS and the text of the first error:
 * "fleet.yaml:12:5: text (and N more)". Sort before, to get the first in the file. */
gboolean smith_diag_check(const SmithDiag *diag, GError **error);
/* As smith_diag_check(), with another code. */
gboolean smith_diag_throw(const SmithDiag *diag, SmithErrorCode code, GError **error);
