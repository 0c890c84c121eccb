/* SPDX-License-Identifier: Apache-2.0 */
#include "quadlet/quote.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"

static bool is_doubled(gunichar c, unsigned quote)
{
	return (c == '%' && (quote & SMITH_QUOTE_PERCENT) != 0) ||
	       (c == '$' && (quote & SMITH_QUOTE_DOLLAR) != 0);
}

/* Messages show it without what would harm a terminal. */
static gboolean refuse(GError **error, const char *value, const char *why)
{
	g_autofree char *shown = g_strescape(value, NULL);
	return smith_throw(error, SMITH_ERROR_UNSUPPORTED, "'%s' cannot be said in a unit: %s",
			   shown, why);
}

static gboolean check_text(const char *value, GError **error)
{
	if (!g_utf8_validate(value, -1, NULL))
		return refuse(error, value, "it is not UTF-8");
	if (strstr(value, "\302\200") != NULL)
		return refuse(error, value, "U+0080 becomes a byte");
	return TRUE;
}

static bool has_control(const char *value)
{
	for (; *value != '\0'; value++)
		if (g_ascii_iscntrl(*value))
			return true;
	return false;
}

static bool is_bare(const char *word)
{
	static const char bare[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "@+=:,./_-%$";
	return *word != '\0' && word[strspn(word, bare)] == '\0';
}

static char *double_in(const char *value, unsigned quote)
{
	GString *out = g_string_new(NULL);
	for (; *value != '\0'; value++) {
		if (is_doubled((guchar)*value, quote))
			g_string_append_c(out, *value);
		g_string_append_c(out, *value);
	}
	return g_string_free(out, FALSE);
}

char *smith_quote_word(const char *word, unsigned quote, GError **error)
{
	if (!check_text(word, error))
		return NULL;
	if (is_bare(word))
		return double_in(word, quote);
	GString *out = g_string_new("\"");
	for (; *word != '\0'; word++) {
		if (*word == '"' || *word == '\\')
			g_string_append_c(out, '\\');
		if (is_doubled((guchar)*word, quote))
			g_string_append_c(out, *word);
		if (g_ascii_iscntrl(*word))
			g_string_append_printf(out, "\\x%02x", (guchar)*word);
		else
			g_string_append_c(out, *word);
	}
	g_string_append_c(out, '"');
	return g_string_free(out, FALSE);
}

char *smith_quote_plain(const char *word, unsigned quote, GError **error)
{
	char mark = strchr(word, '"') == NULL ? '"' : '\'';
	if (!check_text(word, error))
		return NULL;
	if (*word == '\0' || has_control(word) || strchr(word, mark) != NULL) {
		refuse(error, word,
		       "this key takes no empty words, control characters, or quotes "
		       "of both kinds");
		return NULL;
	}
	g_autofree char *doubled = double_in(word, quote);
	if (is_bare(word))
		return g_steal_pointer(&doubled);
	return g_strdup_printf("%c%s%c", mark, doubled, mark);
}

static bool is_end(gunichar c)
{
	return g_unichar_isspace(c) || c == 0x85 || c == '"';
}

char *smith_quote_line(const char *value, unsigned quote, GError **error)
{
	gsize length = strlen(value);
	if (!check_text(value, error))
		return NULL;
	if (length == 0 || has_control(value) || value[length - 1] == '\\' ||
	    is_end(g_utf8_get_char(value)) ||
	    is_end(g_utf8_get_char(g_utf8_prev_char(value + length)))) {
		refuse(error, value,
		       "this key takes nothing empty, no control characters, no white space or "
		       "quotes at its ends and no backslash at its end");
		return NULL;
	}
	return double_in(value, quote);
}

/* JSON may say a character by its number: here all that is not plain ASCII text below U+00A1. */
static void append_json(GString *text, const char *word)
{
	g_autoptr(GString) raw = g_string_new(NULL);
	smith_json_append_string(raw, word);
	for (const char *at = raw->str; *at != '\0'; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);
		if (c >= 0x7f && c <= 0xa0)
			g_string_append_printf(text, "\\u%04x", c);
		else
			g_string_append_unichar(text, c);
	}
}

static void append_list(GString *text, const char *const *argv)
{
	for (guint i = 0; argv[i] != NULL; i++) {
		if (text->len > 1)
			g_string_append_c(text, ',');
		append_json(text, argv[i]);
	}
	g_string_append_c(text, ']');
}

char *smith_quote_json(const char *const *argv)
{
	GString *text = g_string_new("[");
	append_list(text, argv);
	return g_string_free(text, FALSE);
}

char *smith_quote_health(const char *const *argv)
{
	GString *text = g_string_new(argv[1] == NULL ? "[\"/usr/bin/env\"" : "[");
	append_list(text, argv);
	return g_string_free(text, FALSE);
}
