/* SPDX-License-Identifier: Apache-2.0 */
#include "quadlet/unit.h"

typedef char *Convert(const char *text);

static void check(Convert *convert, const char *text, const char *expected)
{
	g_autofree char *out = convert(text);
	g_assert_cmpstr(out, ==, expected);
}

static void test_escape(void)
{
	check(smith_unit_escape, "", "");
	check(smith_unit_escape, "plain 'x' \"y\" \\z", "plain 'x' \"y\" \\z");
	check(smith_unit_escape, "100%", "100%%");
	check(smith_unit_escape, "$HOME ${X}", "$$HOME $${X}");
	check(smith_unit_escape, "a\nExecStart=/bin/sh", "a\\x0aExecStart=/bin/sh");
	check(smith_unit_escape, "a\r\t\x7f", "a\\x0d\\x09\\x7f");
	check(smith_unit_escape, "end\\", "end\\x5c");
	check(smith_unit_escape, "end\\\\", "end\\\\x5c");
	check(smith_unit_escape, "\xc3\xa4", "\xc3\xa4");
}

static void test_quote(void)
{
	check(smith_unit_quote, "plain/a.b:c=d,e_f-g+h@i", "plain/a.b:c=d,e_f-g+h@i");
	check(smith_unit_quote, "", "\"\"");
	check(smith_unit_quote, "a b", "\"a b\"");
	check(smith_unit_quote, "say \"hi\" \\ 'x'", "\"say \\\"hi\\\" \\\\ 'x'\"");
	check(smith_unit_quote, "50% of $X", "\"50%% of $$X\"");
	check(smith_unit_quote, "a\nb\\", "\"a\\x0ab\\\\\"");
	check(smith_unit_quote, "#;", "\"#;\"");
}

static void test_text(void)
{
	static const char *const words[] = {"A=b", "C=d e", "", NULL};
	g_autoptr(SmithUnit) unit = smith_unit_new();
	g_autofree char *text = NULL;

	smith_unit_comment(unit, "100% ours\n[Service]");
	smith_unit_section(unit, "Unit");
	smith_unit_add_text(unit, "Description", "costs $5, 10%\\");
	smith_unit_section(unit, "Container");
	smith_unit_addf(unit, "User", "%d", 10001);
	smith_unit_add(unit, "Image", "a$b");
	smith_unit_add_words(unit, "Environment", words);
	text = smith_unit_text(unit);
	g_assert_cmpstr(text, ==,
			"# 100% ours\\x0a[Service]\n"
			"\n"
			"[Unit]\n"
			"Description=costs $5, 10%%\\x5c\n"
			"\n"
			"[Container]\n"
			"User=10001\n"
			"Image=a$$b\n"
			"Environment=A=b \"C=d e\" \"\"\n");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/quadlet/unit/escape", test_escape);
	g_test_add_func("/quadlet/unit/quote", test_quote);
	g_test_add_func("/quadlet/unit/text", test_text);
	return g_test_run();
}
