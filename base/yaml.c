/* SPDX-License-Identifier: Apache-2.0 */
#include "base/yaml.h"

#include <math.h>
#include <string.h>

/* A key that may stand before ':' on one line ends within 1024 characters. */
#define KEY_LIMIT 1000

static void write_node(GString *out, const SmithNode *node, guint indent, bool is_begun);

/* --- strings */

/* What YAML 1.1 takes for a boolean or for nothing, in any case. */
static bool is_word(const char *text)
{
	static const char *const words[] = {"y",   "n",	   "yes",   "no",   "on",
					    "off", "true", "false", "null", NULL};
	g_autofree char *lower = g_ascii_strdown(text, -1);
	return g_strv_contains(words, lower);
}

static bool is_plain_char(char c)
{
	return g_ascii_isalnum(c) || (c != '\0' && strchr("._/@+-", c) != NULL);
}

static bool is_plain(const char *text)
{
	if (!g_ascii_isalpha(*text) && *text != '/')
		return false;
	for (const char *c = text; *c != '\0'; c++)
		if (!is_plain_char(*c) && (*c != ':' || !is_plain_char(c[1])))
			return false;
	return !is_word(text);
}

static bool is_shown(gunichar c)
{
	return (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') ||
	       (c >= 0xa0 && c != 0x2028 && c != 0x2029 && c != 0xfeff && c < 0xfffe) || c > 0xffff;
}

static void append_char(GString *out, gunichar c)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *known = c != 0 && c < 0x80 ? strchr(from, (int)c) : NULL;
	if (is_shown(c))
		g_string_append_unichar(out, c);
	else if (known != NULL)
		g_string_append_printf(out, "\\%c", to[known - from]);
	else
		g_string_append_printf(out, "\\u%04x", c);
}

void smith_yaml_append_string(GString *out, const char *value)
{
	g_autofree char *text = g_utf8_make_valid(value, -1);
	if (is_plain(text)) {
		g_string_append(out, text);
		return;
	}
	g_string_append_c(out, '"');
	for (const char *c = text; *c != '\0'; c = g_utf8_next_char(c))
		append_char(out, g_utf8_get_char(c));
	g_string_append_c(out, '"');
}

/* --- numbers */

/* Without a '.' and a sign in the exponent YAML 1.1 has a string. */
static void append_double(GString *out, double value)
{
	char buffer[G_ASCII_DTOSTR_BUF_SIZE], format[8];
	if (!isfinite(value)) {
		g_string_append(out, isnan(value) ? ".nan" : value > 0 ? ".inf" : "-.inf");
		return;
	}
	for (int precision = 1; precision <= 17; precision++) {
		g_snprintf(format, sizeof format, "%%.%dg", precision);
		g_ascii_formatd(buffer, sizeof buffer, format, value);
		if (g_ascii_strtod(buffer, NULL) == value)
			break;
	}
	const char *exponent = strchr(buffer, 'e');
	int mantissa = (int)(exponent != NULL ? (size_t)(exponent - buffer) : strlen(buffer));
	g_string_append_len(out, buffer, mantissa);
	if (memchr(buffer, '.', (size_t)mantissa) == NULL)
		g_string_append(out, ".0");
	if (exponent != NULL)
		g_string_append(out, exponent);
}

static void append_scalar(GString *out, const SmithNode *node)
{
	switch (node->type) {
	case SMITH_NODE_NULL:
		g_string_append(out, "null");
		break;
	case SMITH_NODE_BOOL:
		g_string_append(out, node->boolean ? "true" : "false");
		break;
	case SMITH_NODE_INT:
		g_string_append_printf(out, "%" G_GINT64_FORMAT, node->integer);
		break;
	case SMITH_NODE_DOUBLE:
		append_double(out, node->number);
		break;
	case SMITH_NODE_STRING:
		smith_yaml_append_string(out, node->text);
		break;
	case SMITH_NODE_SEQ:
	case SMITH_NODE_MAP:
		g_string_append(out, node->type == SMITH_NODE_SEQ ? "[]" : "{}");
		break;
	}
}

/* --- lists and maps */

static bool is_block(const SmithNode *node)
{
	return (node->type == SMITH_NODE_SEQ || node->type == SMITH_NODE_MAP) &&
	       smith_node_length(node) > 0;
}

static void append_indent(GString *out, guint indent)
{
	for (guint i = 0; i < indent; i++)
		g_string_append_c(out, ' ');
}

static void write_key(GString *out, const char *key, guint indent)
{
	gsize begin = out->len;
	smith_yaml_append_string(out, key);
	if (out->len - begin > KEY_LIMIT) {
		g_string_insert(out, (gssize)begin, "? ");
		g_string_append_c(out, '\n');
		append_indent(out, indent);
	}
	g_string_append_c(out, ':');
}

static void write_member(GString *out, const SmithNodeMember *member, guint indent)
{
	bool is_list = member->value->type == SMITH_NODE_SEQ;
	write_key(out, member->key, indent);
	if (is_block(member->value)) {
		g_string_append_c(out, '\n');
		write_node(out, member->value, is_list ? indent : indent + 2, false);
	} else {
		g_string_append_c(out, ' ');
		append_scalar(out, member->value);
		g_string_append_c(out, '\n');
	}
}

static void write_item(GString *out, const SmithNode *item, guint indent)
{
	g_string_append(out, "- ");
	if (is_block(item)) {
		write_node(out, item, indent + 2, true);
	} else {
		append_scalar(out, item);
		g_string_append_c(out, '\n');
	}
}

/* @is_begun: the first line has its indentation. */
static void write_node(GString *out, const SmithNode *node, guint indent, bool is_begun)
{
	for (guint i = 0; i < smith_node_length(node); i++) {
		if (i > 0 || !is_begun)
			append_indent(out, indent);
		if (node->type == SMITH_NODE_MAP)
			write_member(out, node->members->pdata[i], indent);
		else
			write_item(out, node->items->pdata[i], indent);
	}
}

char *smith_yaml_write(const SmithNode *node, gsize *length)
{
	GString *out = g_string_new(NULL);
	if (is_block(node)) {
		write_node(out, node, 0, false);
	} else {
		append_scalar(out, node);
		g_string_append_c(out, '\n');
	}
	if (length != NULL)
		*length = out->len;
	return g_string_free(out, FALSE);
}
