/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"

struct SmithTable {
	const char *const *headings;
	guint columns;
	GPtrArray *cells; /* (element-type char*), row by row */
};

static int write_errno;

static void print_text(const char *text, gsize length)
{
	if (fwrite(text, 1, length, stdout) != length && write_errno == 0)
		write_errno = errno;
}

void smith_print(const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	print_text(text, strlen(text));
}

void smith_print_bytes(const void *data, gsize length)
{
	print_text(data, length);
}

void smith_print_json(const SmithNode *node)
{
	gsize length;
	g_autofree char *text = smith_json_write(node, SMITH_JSON_PRETTY, &length);

	print_text(text, length);
}

char *smith_output_escape(const char *text)
{
	GString *out = g_string_new(NULL);
	const char *end = text + strlen(text);

	while (text < end) {
		gunichar c = g_utf8_get_char_validated(text, end - text);
		const char *next = text + 1;

		/* (gunichar)-1 and -2, not UTF-8, are also no print characters */
		if (c <= 0x10ffff)
			next = g_utf8_next_char(text);
		if (c <= 0x10ffff && !g_unichar_iscntrl(c)) {
			g_string_append_len(out, text, next - text);
			text = next;
			continue;
		}
		for (; text < next; text++)
			g_string_append_printf(out, "\\x%02x", (guchar)*text);
	}
	return g_string_free(out, FALSE);
}

char *smith_output_size(guint64 bytes)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
	guint64 scale = 1;
	guint unit = 0;
	guint64 tenths;

	while (unit + 1 < G_N_ELEMENTS(units) && bytes / scale >= 1000) {
		scale *= 1000;
		unit++;
	}
	if (unit == 0)
		return g_strdup_printf("%" G_GUINT64_FORMAT " B", bytes);
	tenths = bytes / (scale / 10);
	if (tenths < 100)
		return g_strdup_printf("%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT " %s",
				       tenths / 10, tenths % 10, units[unit]);
	return g_strdup_printf("%" G_GUINT64_FORMAT " %s", tenths / 10, units[unit]);
}

gboolean smith_output_finish(GError **error)
{
	if (fflush(stdout) != 0 && write_errno == 0)
		write_errno = errno;
	if (write_errno == 0)
		return TRUE;
	if (write_errno == EPIPE)
		return FALSE;
	errno = write_errno;
	return smith_throw_errno(error, "cannot write to stdout");
}

SmithTable *smith_table_new(const char *const *headings)
{
	SmithTable *table = g_new0(SmithTable, 1);

	table->headings = headings;
	table->columns = g_strv_length((char **)headings);
	table->cells = g_ptr_array_new_with_free_func(g_free);
	return table;
}

void smith_table_free(SmithTable *table)
{
	if (table == NULL)
		return;
	g_ptr_array_unref(table->cells);
	g_free(table);
}

void smith_table_add(SmithTable *table, ...)
{
	va_list args;

	va_start(args, table);
	for (guint i = 0; i < table->columns; i++) {
		const char *cell = va_arg(args, const char *);

		if (cell == NULL || *cell == '\0')
			cell = "-";
		g_ptr_array_add(table->cells, smith_output_escape(cell));
	}
	va_end(args);
}

static guint *column_widths(const SmithTable *table)
{
	guint *widths = g_new0(guint, table->columns);

	for (guint i = 0; i < table->columns; i++)
		widths[i] = (guint)strlen(table->headings[i] + (table->headings[i][0] == '>'));
	for (guint i = 0; i < table->cells->len; i++) {
		guint width = (guint)g_utf8_strlen(g_ptr_array_index(table->cells, i), -1);
		guint column = i % table->columns;

		widths[column] = MAX(widths[column], width);
	}
	return widths;
}

static void append_cell(const SmithTable *table, GString *out, const guint *widths, guint column,
			const char *cell)
{
	guint pad = widths[column] - (guint)g_utf8_strlen(cell, -1);
	bool right = table->headings[column][0] == '>';
	bool last = column + 1 == table->columns;

	if (right)
		g_string_append_printf(out, "%*s", (int)pad, "");
	g_string_append(out, cell);
	if (!right && !last)
		g_string_append_printf(out, "%*s", (int)pad, "");
	g_string_append(out, last ? "\n" : "  ");
}

char *smith_table_to_string(const SmithTable *table)
{
	g_autofree guint *widths = column_widths(table);
	GString *out = g_string_new(NULL);

	for (guint i = 0; i < table->columns; i++) {
		const char *heading = table->headings[i];

		append_cell(table, out, widths, i, heading + (heading[0] == '>'));
	}
	for (guint i = 0; i < table->cells->len; i++)
		append_cell(table, out, widths, i % table->columns,
			    g_ptr_array_index(table->cells, i));
	return g_string_free(out, FALSE);
}

void smith_table_print(const SmithTable *table)
{
	g_autofree char *text = smith_table_to_string(table);

	print_text(text, strlen(text));
}
