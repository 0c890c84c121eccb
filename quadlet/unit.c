/* SPDX-License-Identifier: Apache-2.0 */
#include "quadlet/unit.h"

#include <stdarg.h>
#include <string.h>

struct SmithUnit {
	GString *text;
};

SmithUnit *smith_unit_new(void)
{
	SmithUnit *unit = g_new0(SmithUnit, 1);
	unit->text = g_string_new(NULL);
	return unit;
}

void smith_unit_free(SmithUnit *unit)
{
	if (unit == NULL)
		return;
	g_string_free(unit->text, TRUE);
	g_free(unit);
}

static char *escape(const char *value, const char *doubled)
{
	GString *out = g_string_new(NULL);
	for (; *value != '\0'; value++) {
		if (strchr(doubled, *value) != NULL)
			g_string_append_c(out, *value);
		/* the last one would join the next line to this one */
		if (g_ascii_iscntrl(*value) || (*value == '\\' && value[1] == '\0'))
			g_string_append_printf(out, "\\x%02x", (guchar)*value);
		else
			g_string_append_c(out, *value);
	}
	return g_string_free(out, FALSE);
}

char *smith_unit_escape(const char *value)
{
	return escape(value, "%$");
}

char *smith_unit_quote(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "@+=:,./_-";
	if (*word != '\0' && word[strspn(word, plain)] == '\0')
		return g_strdup(word);
	GString *out = g_string_new("\"");
	for (; *word != '\0'; word++) {
		if (*word == '%' || *word == '$')
			g_string_append_c(out, *word);
		if (*word == '"' || *word == '\\')
			g_string_append_c(out, '\\');
		if (g_ascii_iscntrl(*word))
			g_string_append_printf(out, "\\x%02x", (guchar)*word);
		else
			g_string_append_c(out, *word);
	}
	g_string_append_c(out, '"');
	return g_string_free(out, FALSE);
}

void smith_unit_comment(SmithUnit *unit, const char *text)
{
	g_autofree char *safe = escape(text, "");
	g_string_append_printf(unit->text, "# %s\n", safe);
}

void smith_unit_section(SmithUnit *unit, const char *name)
{
	if (unit->text->len > 0)
		g_string_append_c(unit->text, '\n');
	g_string_append_printf(unit->text, "[%s]\n", name);
}

void smith_unit_add(SmithUnit *unit, const char *key, const char *value)
{
	g_autofree char *safe = smith_unit_escape(value);
	g_string_append_printf(unit->text, "%s=%s\n", key, safe);
}

void smith_unit_add_text(SmithUnit *unit, const char *key, const char *value)
{
	g_autofree char *safe = escape(value, "%");
	g_string_append_printf(unit->text, "%s=%s\n", key, safe);
}

void smith_unit_addf(SmithUnit *unit, const char *key, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *value = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	smith_unit_add(unit, key, value);
}

void smith_unit_add_words(SmithUnit *unit, const char *key, const char *const *words)
{
	g_string_append_printf(unit->text, "%s=", key);
	for (guint i = 0; words[i] != NULL; i++) {
		g_autofree char *quoted = smith_unit_quote(words[i]);
		g_string_append_printf(unit->text, "%s%s", i > 0 ? " " : "", quoted);
	}
	g_string_append_c(unit->text, '\n');
}

char *smith_unit_text(const SmithUnit *unit)
{
	return g_strdup(unit->text->str);
}
