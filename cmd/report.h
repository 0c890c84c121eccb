/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/diag.h"

/*
 * stderr: errors and findings, and the exit status that follows from an error.
 *
 *   0 done   1 failed   2 usage   3 findings   4 stale lock   5 verification failed
 */
enum {
	SMITH_EXIT_DONE,
	SMITH_EXIT_FAILED,
	SMITH_EXIT_USAGE,
	SMITH_EXIT_FINDINGS,
	SMITH_EXIT_STALE,
	SMITH_EXIT_VERIFY,
};

/* Colours for all that follows; off until it is called. */
void smith_report_set_color(bool color);

/* The status of @error; NULL is SMITH_EXIT_DONE. */
int smith_report_status(const GError *error);

/* "ocismith: error: TEXT". An error that only sums up findings which have been told already is not
 * repeated. */
void smith_report_error(const GError *error);

/* One line per finding, sorted; notes are for `check`. */
void smith_report_findings(SmithDiag *diag);

/* Errors among the findings were told by other means: as the result. */
void smith_report_told(void);

/* "ocismith: TEXT" */
void smith_report_hint(const char *format, ...) G_GNUC_PRINTF(1, 2);
