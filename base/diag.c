/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"

#include "base/error.h"

#include <string.h>

static void finding_free(gpointer data)
{
	SmithFinding *finding = data;
	g_free(finding->subject);
	g_free(finding->text);
	g_free(finding);
}

SmithDiag *smith_diag_new(void)
{
	SmithDiag *diag = g_new0(SmithDiag, 1);
	diag->findings = g_ptr_array_new_with_free_func(finding_free);
	return diag;
}

void smith_diag_free(SmithDiag *diag)
{
	if (diag == NULL)
		return;
	g_ptr_array_unref(diag->findings);
	g_free(diag);
}

void smith_diag_addv(SmithDiag *diag, SmithSeverity severity, SmithPlace place, const char *rule,
		     const char *subject, const char *format, va_list args)
{
	if (severity == SMITH_SEVERITY_ERROR)
		diag->errors++;
	else if (severity == SMITH_SEVERITY_WARNING)
		diag->warnings++;
	if (diag->findings->len >= SMITH_DIAG_MAX_FINDINGS)
		return;

	SmithFinding *finding = g_new0(SmithFinding, 1);
	finding->severity = severity;
	finding->place = place;
	finding->rule = g_intern_string(rule);
	finding->subject = g_strdup(subject);
	finding->text = g_strdup_vprintf(format, args);
	g_ptr_array_add(diag->findings, finding);
}

void smith_diag_add(SmithDiag *diag, SmithSeverity severity, SmithPlace place, const char *rule,
		    const char *format, ...)
{
	va_list args;
	va_start(args, format);
	smith_diag_addv(diag, severity, place, rule, NULL, format, args);
	va_end(args);
}

void smith_diag_add_about(SmithDiag *diag, SmithSeverity severity, SmithPlace place,
			  const char *rule, const char *subject, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	smith_diag_addv(diag, severity, place, rule, subject, format, args);
	va_end(args);
}

void smith_diag_take(SmithDiag *diag, SmithDiag *from)
{
	while (from->findings->len > 0 && diag->findings->len < SMITH_DIAG_MAX_FINDINGS)
		g_ptr_array_add(diag->findings, g_ptr_array_steal_index(from->findings, 0));
	diag->errors += from->errors;
	diag->warnings += from->warnings;
	g_ptr_array_set_size(from->findings, 0);
	from->errors = from->warnings = 0;
}

static int compare_numbers(guint a, guint b)
{
	return (a > b) - (a < b);
}

static int compare_findings(gconstpointer a, gconstpointer b)
{
	const SmithFinding *x = *(SmithFinding *const *)a, *y = *(SmithFinding *const *)b;
	int order = g_strcmp0(x->place.file, y->place.file);
	if (order == 0)
		order = compare_numbers(x->place.line, y->place.line);
	if (order == 0)
		order = compare_numbers(x->place.column, y->place.column);
	if (order == 0)
		order = g_strcmp0(x->rule, y->rule);
	/* checks may run in any order; what they say at one place still comes out the same */
	return order != 0 ? order : strcmp(x->text, y->text);
}

static void forget(SmithDiag *diag, const SmithFinding *finding)
{
	if (finding->severity == SMITH_SEVERITY_ERROR)
		diag->errors--;
	else if (finding->severity == SMITH_SEVERITY_WARNING)
		diag->warnings--;
}

void smith_diag_sort(SmithDiag *diag)
{
	g_ptr_array_sort(diag->findings, compare_findings);
	gsize count = 0;
	g_autofree gpointer *all = g_ptr_array_steal(diag->findings, &count);
	for (gsize i = 0; i < count; i++) {
		if (i + 1 < count && compare_findings(&all[i], &all[i + 1]) == 0) {
			forget(diag, all[i]);
			finding_free(all[i]);
		} else {
			g_ptr_array_add(diag->findings, all[i]);
		}
	}
}

char *smith_place_to_string(SmithPlace place)
{
	const char *file = place.file != NULL ? place.file : "(unnamed)";
	if (place.line == 0)
		return g_strdup(file);
	if (place.column == 0)
		return g_strdup_printf("%s:%u", file, place.line);
	return g_strdup_printf("%s:%u:%u", file, place.line, place.column);
}

char *smith_finding_to_string(const SmithFinding *finding)
{
	static const char *const severities[] = {"note", "warning", "error"};
	g_autofree char *place = smith_place_to_string(finding->place);
	return g_strdup_printf("%s: %s: %s [%s]", place, severities[finding->severity],
			       finding->text, finding->rule);
}

gboolean smith_diag_throw(const SmithDiag *diag, SmithErrorCode code, GError **error)
{
	if (diag->errors == 0)
		return TRUE;
	const SmithFinding *first = NULL;
	for (guint i = 0; i < diag->findings->len && first == NULL; i++) {
		const SmithFinding *finding = diag->findings->pdata[i];
		if (finding->severity == SMITH_SEVERITY_ERROR)
			first = finding;
	}
	if (first == NULL) /* the errors came after more notes than are kept */
		return smith_throw(error, code, "%u errors", diag->errors);
	g_autofree char *place = smith_place_to_string(first->place);
	if (diag->errors == 1)
		return smith_throw(error, code, "%s: %s", place, first->text);
	return smith_throw(error, code, "%s: %s (and %u more)", place, first->text,
			   diag->errors - 1);
}

gboolean smith_diag_check(const SmithDiag *diag, GError **error)
{
	return smith_diag_throw(diag, SMITH_ERROR_FINDINGS, error);
}
