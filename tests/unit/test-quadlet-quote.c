/* SPDX-License-Identifier: Apache-2.0 */
#include "quadlet/quote.h"

#include <glib.h>
#include <string.h>

#include "base/error.h"

#define COMMAND (SMITH_QUOTE_PERCENT | SMITH_QUOTE_DOLLAR)

typedef char *Quote(const char *text, unsigned quote, GError **error);

/* @expected is NULL for what cannot be said. */
static void check(Quote *quote, const char *text, const char *expected)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *out = quote(text, COMMAND, &error);

	g_assert_cmpstr(out, ==, expected);
	if (expected == NULL)
		g_assert_error(error, SMITH_ERROR, SMITH_ERROR_UNSUPPORTED);
	else
		g_assert_no_error(error);
}

static void test_word(void)
{
	check(smith_quote_word, "plain/a.b:c=d,e_f-g+h@i", "plain/a.b:c=d,e_f-g+h@i");
	check(smith_quote_word, "", "\"\"");
	check(smith_quote_word, "a b", "\"a b\"");
	check(smith_quote_word, "say \"hi\" \\ 'x'", "\"say \\\"hi\\\" \\\\ 'x'\"");
	check(smith_quote_word, "50% of $X", "\"50%% of $$X\"");
	check(smith_quote_word, "50%$X", "50%%$$X");
	check(smith_quote_word, "a\nb\\", "\"a\\x0ab\\\\\"");
	check(smith_quote_word, "#;", "\"#;\"");
	check(smith_quote_word, "\303\244", "\"\303\244\"");
	check(smith_quote_word, "\200", NULL);
	check(smith_quote_word, "a\302\200b", NULL);
}

static void test_plain(void)
{
	check(smith_quote_plain, "/dev/snd", "/dev/snd");
	check(smith_quote_plain, "a b\\n", "\"a b\\n\"");
	check(smith_quote_plain, "a \"b\"", "'a \"b\"'");
	check(smith_quote_plain, "a'b", "\"a'b\"");
	check(smith_quote_plain, "100%$x", "100%%$$x");
	check(smith_quote_plain, "'\"", NULL);
	check(smith_quote_plain, "", NULL);
	check(smith_quote_plain, "a\tb", NULL);
}

static void test_line(void)
{
	check(smith_quote_line, "plain 'x' \"y\" \\z", "plain 'x' \"y\" \\z");
	check(smith_quote_line, "100% $HOME ${X}", "100%% $$HOME $${X}");
	check(smith_quote_line, "\303\244", "\303\244");
	check(smith_quote_line, "", NULL);
	check(smith_quote_line, "a\nExecStart=/bin/sh", NULL);
	check(smith_quote_line, "end\\", NULL);
	check(smith_quote_line, " a", NULL);
	check(smith_quote_line, "a\302\240", NULL);
	check(smith_quote_line, "\"a", NULL);
	check(smith_quote_line, "a\"", NULL);
}

static void check_health(const char *const *argv, const char *expected)
{
	g_autofree char *out = smith_quote_health(argv);

	g_assert_cmpstr(out, ==, expected);
}

static void test_health(void)
{
	check_health((const char *[]){"/x", "a b", NULL}, "[\"/x\",\"a b\"]");
	check_health((const char *[]){"/x", NULL}, "[\"/usr/bin/env\",\"/x\"]");
	check_health((const char *[]){"/x", "", "\"\\\n\302\200\302\240\303\244", NULL},
		     "[\"/x\",\"\",\"\\\"\\\\\\n\\u0080\\u00a0\303\244\"]");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/quadlet/quote/word", test_word);
	g_test_add_func("/quadlet/quote/plain", test_plain);
	g_test_add_func("/quadlet/quote/line", test_line);
	g_test_add_func("/quadlet/quote/health", test_health);
	return g_test_run();
}
