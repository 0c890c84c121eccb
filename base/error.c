/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>
#include <gio/gio.h>
#include <stdarg.h>
#include <string.h>

/* Words longer than this are no slip of the fingers, and the table below stays small. */
#define NEAREST_MAX 64

GQuark smith_error_quark(void)
{
	return g_quark_from_static_string("smith-error-quark");
}

static G_GNUC_PRINTF(3, 0) void throw_valist(GError **error, SmithErrorCode code,
					     const char *format, va_list args)
{
	if (error != NULL)
		g_propagate_error(error, g_error_new_valist(SMITH_ERROR, (gint)code, format, args));
}

static G_GNUC_PRINTF(2, 0) void throw_errno_valist(GError **error, const char *format, va_list args)
{
	int saved = errno;
	if (error != NULL) {
		GError *made = g_error_new_valist(G_IO_ERROR, (gint)g_io_error_from_errno(saved),
						  format, args);
		char *message = g_strconcat(made->message, ": ", g_strerror(saved), NULL);
		g_free(made->message);
		made->message = message;
		g_propagate_error(error, made);
	}
	errno = saved;
}

gboolean smith_throw(GError **error, SmithErrorCode code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	throw_valist(error, code, format, args);
	va_end(args);
	return FALSE;
}

gpointer smith_throw_null(GError **error, SmithErrorCode code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	throw_valist(error, code, format, args);
	va_end(args);
	return NULL;
}

int smith_throw_fd(GError **error, SmithErrorCode code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	throw_valist(error, code, format, args);
	va_end(args);
	return -1;
}

gboolean smith_throw_errno(GError **error, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	throw_errno_valist(error, format, args);
	va_end(args);
	return FALSE;
}

gpointer smith_throw_errno_null(GError **error, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	throw_errno_valist(error, format, args);
	va_end(args);
	return NULL;
}

int smith_throw_errno_fd(GError **error, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	throw_errno_valist(error, format, args);
	va_end(args);
	return -1;
}

void smith_error_prefix_clear(SmithErrorPrefix *prefix)
{
	if (prefix->error == NULL || *prefix->error == NULL)
		return;
	if (prefix->subject != NULL)
		g_prefix_error(prefix->error, "%s '%s': ", prefix->what, prefix->subject);
	else
		g_prefix_error(prefix->error, "%s: ", prefix->what);
}

/* Optimal string alignment distance (Levenshtein with swaps of neighbours). */
static gsize edit_distance(const char *a, gsize a_length, const char *b, gsize b_length)
{
	gsize rows[3][NEAREST_MAX + 1];
	for (gsize j = 0; j <= b_length; j++)
		rows[0][j] = j;
	for (gsize i = 1; i <= a_length; i++) {
		gsize *row = rows[i % 3];
		const gsize *above = rows[(i + 2) % 3];
		const gsize *above2 = rows[(i + 1) % 3];
		row[0] = i;
		for (gsize j = 1; j <= b_length; j++) {
			row[j] = MIN(above[j], row[j - 1]) + 1;
			row[j] = MIN(row[j], above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = MIN(row[j], above2[j - 2] + 1);
		}
	}
	return rows[a_length % 3][b_length];
}

const char *smith_nearest(const char *word, const char *const *candidates)
{
	gsize length = strnlen(word, NEAREST_MAX + 1);
	if (length < 2 || length > NEAREST_MAX)
		return NULL;

	const char *best = NULL;
	gsize best_distance = CLAMP(length / 3, 1, 3) + 1;
	for (gsize i = 0; candidates[i] != NULL; i++) {
		gsize other = strnlen(candidates[i], NEAREST_MAX + 1);
		if (other > NEAREST_MAX)
			continue;
		gsize distance = edit_distance(word, length, candidates[i], other);
		if (distance < best_distance) {
			best = candidates[i];
			best_distance = distance;
		}
	}
	return best;
}
