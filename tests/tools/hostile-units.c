/* SPDX-License-Identifier: Apache-2.0 */
/* hostile-units DIRECTORY COUNT SEED: COUNT quadlets of podman 5.4 with values of a nasty alphabet,
 * as N.container, and for each N.expected: what its command must have, one entry behind the other,
 * each ended by a NUL byte: "word" and a word; "last" and the number of words that end it, and
 * these. Values that are refused are tried again. Says how many were. */
#include <gio/gio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quadlet/quote.h"
#include "quadlet/unit.h"

static const char *const pieces[] = {"a",
				     "B",
				     "7",
				     " ",
				     "  ",
				     "\t",
				     "\n",
				     "\r",
				     "%",
				     "%%",
				     "%h",
				     "%n",
				     "$",
				     "$$",
				     "${",
				     "}",
				     "$HOME",
				     "${HOME}",
				     "\"",
				     "\"\"",
				     "'",
				     "''",
				     "\\",
				     "\\\\",
				     "\\n",
				     "\\x41",
				     "\\s",
				     ";",
				     " ; ",
				     "#",
				     "=",
				     ",",
				     "`id`",
				     "$(id)",
				     "*",
				     "~",
				     "\001",
				     "\033",
				     "\177",
				     "\303\244",
				     "\360\237\230\200",
				     "\302\201",
				     "\302\205",
				     "\302\240",
				     "\342\200\250",
				     "-",
				     "--",
				     "[",
				     "]",
				     "{",
				     "@",
				     "!",
				     "|",
				     "&",
				     "\f",
				     "\v"};

static guint32 state;

/* The same everywhere. */
static guint32 next(guint32 bound)
{
	state = state * 1664525u + 1013904223u;
	return (state >> 8) % bound;
}

static char *value(void)
{
	GString *text = g_string_new(NULL);
	for (guint n = next(9); n > 0; n--)
		g_string_append(text, pieces[next(G_N_ELEMENTS(pieces))]);
	return g_string_free(text, FALSE);
}

static guint refused;

/* Adds one line, or not when it cannot be said. */
static bool can_say(const char *key, const char *text)
{
	g_autoptr(SmithUnit) trial = smith_unit_new(504, "trial");
	smith_unit_key(trial, "Container", key, text);
	g_autofree char *whole = smith_unit_text(trial, NULL);
	refused += whole == NULL;
	return whole != NULL;
}

static void expect(GString *expected, const char *kind, const char *word)
{
	g_string_append_len(expected, kind, (gssize)strlen(kind) + 1);
	g_string_append_len(expected, word, (gssize)strlen(word) + 1);
}

/* @prefix is what the value needs to be one of that key. */
static void add(SmithUnit *unit, GString *expected, const char *key, const char *prefix,
		const char *suffix)
{
	for (int i = 0; i < 50; i++) {
		g_autofree char *random = value();
		g_autofree char *text = g_strconcat(prefix, random, suffix, NULL);
		/* those are podman's, and refused before they come here */
		bool is_path = strcmp(key, "Volume") == 0;
		if (is_path && strpbrk(random, ": \t\"'\\;") != NULL)
			continue;
		if (!can_say(key, text))
			continue;
		smith_unit_key(unit, "Container", key, text);
		expect(expected, "word", text);
		return;
	}
}

static void add_health(SmithUnit *unit, GString *expected)
{
	g_autofree char *one = value();
	g_autofree char *two = value();
	g_autofree char *json = smith_quote_health((const char *[]){"/x", one, two, NULL});
	smith_unit_key(unit, "Container", "HealthCmd", json);
	expect(expected, "word", json);
}

static void add_exec(SmithUnit *unit, GString *expected)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
	guint count = 1 + next(4);
	g_autofree char *number = g_strdup_printf("%u", count);
	expect(expected, "last", number);
	for (guint i = 0; i < count; i++) {
		char *word = next(5) == 0 ? g_strdup(next(2) == 0 ? ";" : "") : value();
		g_ptr_array_add(words, word);
		g_string_append_len(expected, word, (gssize)strlen(word) + 1);
	}
	g_ptr_array_add(words, NULL);
	smith_unit_exec(unit, (const char *const *)words->pdata);
}

static char *make_unit(GString *expected)
{
	g_autoptr(SmithUnit) unit = smith_unit_new(504, "unit");
	smith_unit_key(unit, "Container", "Image", "localhost/x:1");
	add(unit, expected, "Environment", "A=", "");
	add(unit, expected, "Environment", "B_2=", "");
	add(unit, expected, "Label", "a.b=", "");
	add(unit, expected, "Tmpfs", "/", "");
	add(unit, expected, "Volume", "/", ":/d");
	add(unit, expected, "Secret", "s", ",type=env");
	add(unit, expected, "WorkingDir", "/", "");
	g_autofree char *option = value();
	g_autofree char *word = g_strconcat("--annotation=x=", option, NULL);
	smith_unit_option(unit, "Container", "%s", word);
	expect(expected, "word", word);
	add_health(unit, expected);
	add_exec(unit, expected);
	return smith_unit_text(unit, NULL);
}

static void write_file(const char *directory, guint number, const char *suffix, const char *data,
		       gsize length)
{
	g_autofree char *name = g_strdup_printf("%u%s", number, suffix);
	g_autofree char *path = g_build_filename(directory, name, NULL);
	g_autoptr(GError) error = NULL;
	if (!g_file_set_contents(path, data, (gssize)length, &error)) {
		fprintf(stderr, "%s\n", error->message);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: hostile-units DIRECTORY COUNT SEED\n");
		return 2;
	}
	state = (guint32)strtoul(argv[3], NULL, 10);
	for (guint i = 0; i < strtoul(argv[2], NULL, 10);) {
		g_autoptr(GString) expected = g_string_new(NULL);
		g_autofree char *text = make_unit(expected);
		refused += text == NULL;
		if (text == NULL)
			continue;
		write_file(argv[1], i, ".container", text, strlen(text));
		write_file(argv[1], i, ".expected", expected->str, expected->len);
		i++;
	}
	printf("%u refused\n", refused);
	return 0;
}
