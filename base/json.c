/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <math.h>
#include <string.h>

typedef struct {
	GString *out;
	SmithJsonFlags flags;
	guint depth;
} Writer;

static void write_value(Writer *writer, const SmithNode *node);

/* valid UTF-8 */
static void append_escaped(GString *out, const char *text, gsize length)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	gsize run = 0;
	for (gsize i = 0; i < length; i++) {
		guchar c = (guchar)text[i];
		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		g_string_append_len(out, text + run, (gssize)(i - run));
		run = i + 1;
		const char *known = strchr(from, c);
		if (known != NULL) {
			g_string_append_c(out, '\\');
			g_string_append_c(out, to[known - from]);
			continue;
		}
		g_string_append_printf(out, "\\u%04x", c);
	}
	g_string_append_len(out, text + run, (gssize)(length - run));
}

void smith_json_append_string(GString *out, const char *value)
{
	g_string_append_c(out, '"');
	const char *bad;
	while (!g_utf8_validate(value, -1, &bad)) {
		append_escaped(out, value, bad - value);
		g_string_append(out, "\xef\xbf\xbd");
		value = bad + 1;
	}
	append_escaped(out, value, strlen(value));
	g_string_append_c(out, '"');
}

static void append_double(GString *out, double value)
{
	char buffer[G_ASCII_DTOSTR_BUF_SIZE], format[8];
	if (!isfinite(value)) {
		g_string_append(out, "null");
		return;
	}
	if (value == 0) /* no sign: "-0" would come back as the integer 0 */
		value = 0;
	for (int precision = 1; precision <= 17; precision++) {
		g_snprintf(format, sizeof format, "%%.%dg", precision);
		g_ascii_formatd(buffer, sizeof buffer, format, value);
		if (g_ascii_strtod(buffer, NULL) == value)
			break;
	}
	g_string_append(out, buffer);
}

static void append_line(Writer *writer)
{
	if (!(writer->flags & SMITH_JSON_PRETTY))
		return;
	g_string_append_c(writer->out, '\n');
	for (guint i = 0; i < writer->depth; i++)
		g_string_append(writer->out, "  ");
}

static int compare_members(gconstpointer a, gconstpointer b)
{
	const SmithNodeMember *x = *(SmithNodeMember *const *)a;
	const SmithNodeMember *y = *(SmithNodeMember *const *)b;
	return strcmp(x->key, y->key);
}

static void write_member(Writer *writer, const SmithNodeMember *member)
{
	smith_json_append_string(writer->out, member->key);
	g_string_append(writer->out, writer->flags & SMITH_JSON_PRETTY ? ": " : ":");
	write_value(writer, member->value);
}

static void write_elements(Writer *writer, const SmithNode *node)
{
	bool is_map = node->type == SMITH_NODE_MAP;
	g_autoptr(GPtrArray) elements = g_ptr_array_ref(is_map ? node->members : node->items);
	if (is_map && writer->flags & SMITH_JSON_SORTED) {
		g_ptr_array_unref(elements);
		elements = g_ptr_array_sized_new(node->members->len);
		for (guint i = 0; i < node->members->len; i++)
			g_ptr_array_add(elements, node->members->pdata[i]);
		g_ptr_array_sort(elements, compare_members);
	}
	g_string_append_c(writer->out, is_map ? '{' : '[');
	writer->depth++;
	for (guint i = 0; i < elements->len; i++) {
		if (i > 0)
			g_string_append_c(writer->out, ',');
		append_line(writer);
		if (is_map)
			write_member(writer, elements->pdata[i]);
		else
			write_value(writer, elements->pdata[i]);
	}
	writer->depth--;
	if (elements->len > 0)
		append_line(writer);
	g_string_append_c(writer->out, is_map ? '}' : ']');
}

static void write_value(Writer *writer, const SmithNode *node)
{
	switch (node->type) {
	case SMITH_NODE_NULL:
		g_string_append(writer->out, "null");
		break;
	case SMITH_NODE_BOOL:
		g_string_append(writer->out, node->boolean ? "true" : "false");
		break;
	case SMITH_NODE_INT:
		g_string_append_printf(writer->out, "%" G_GINT64_FORMAT, node->integer);
		break;
	case SMITH_NODE_DOUBLE:
		append_double(writer->out, node->number);
		break;
	case SMITH_NODE_STRING:
		smith_json_append_string(writer->out, node->text);
		break;
	case SMITH_NODE_SEQ:
	case SMITH_NODE_MAP:
		write_elements(writer, node);
		break;
	}
}

char *smith_json_write(const SmithNode *node, SmithJsonFlags flags, gsize *length)
{
	Writer writer = {g_string_new(NULL), flags, 0};
	write_value(&writer, node);
	if (flags & SMITH_JSON_PRETTY)
		g_string_append_c(writer.out, '\n');
	if (length != NULL)
		*length = writer.out->len;
	return g_string_free(writer.out, FALSE);
}
