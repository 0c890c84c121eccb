/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/report.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/error.h"
#include "cmd/output.h"

static bool use_color;
static bool findings_told;

void smith_report_set_color(bool color)
{
	use_color = color;
}

int smith_report_status(const GError *error)
{
	if (error == NULL)
		return SMITH_EXIT_DONE;
	if (error->domain != SMITH_ERROR)
		return SMITH_EXIT_FAILED;
	switch ((SmithErrorCode)error->code) {
	case SMITH_ERROR_USAGE:
		return SMITH_EXIT_USAGE;
	case SMITH_ERROR_FINDINGS:
		return SMITH_EXIT_FINDINGS;
	case SMITH_ERROR_STALE:
		return SMITH_EXIT_STALE;
	case SMITH_ERROR_VERIFY:
		return SMITH_EXIT_VERIFY;
	case SMITH_ERROR_FAILED:
	case SMITH_ERROR_INVALID:
	case SMITH_ERROR_LIMIT:
	case SMITH_ERROR_NOT_FOUND:
	case SMITH_ERROR_CONFLICT:
	case SMITH_ERROR_UNSUPPORTED:
	case SMITH_ERROR_CANCELLED:
		break;
	}
	return SMITH_EXIT_FAILED;
}

void smith_report_error(const GError *error)
{
	g_autofree char *text = smith_output_escape(error->message);

	if (findings_told && g_error_matches(error, SMITH_ERROR, SMITH_ERROR_FINDINGS))
		return;
	fprintf(stderr, "ocismith: %serror:%s %s\n", use_color ? "\033[1;31m" : "",
		use_color ? "\033[0m" : "", text);
}

void smith_report_findings(SmithDiag *diag)
{
	smith_diag_sort(diag);
	for (guint i = 0; i < diag->findings->len; i++) {
		const SmithFinding *finding = g_ptr_array_index(diag->findings, i);
		g_autofree char *raw = smith_finding_to_string(finding);
		g_autofree char *text = smith_output_escape(raw);

		if (finding->severity > SMITH_SEVERITY_NOTE)
			fprintf(stderr, "%s\n", text);
	}
	if (diag->errors > 0)
		findings_told = true;
}

void smith_report_told(void)
{
	findings_told = true;
}

void smith_report_hint(const char *format, ...)
{
	va_list args;

	fputs("ocismith: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}
