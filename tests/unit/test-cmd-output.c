/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/output.h"

static void check_size(guint64 bytes, const char *expected)
{
	g_autofree char *got = smith_output_size(bytes);

	g_assert_cmpstr(got, ==, expected);
}

static void test_size(void)
{
	check_size(0, "0 B");
	check_size(999, "999 B");
	check_size(1000, "1.0 kB");
	check_size(9999, "9.9 kB");
	check_size(10000, "10 kB");
	check_size(999999, "999 kB");
	check_size(1000000, "1.0 MB");
	check_size(243000000, "243 MB");
	check_size(G_MAXUINT64, "18 EB");
}

static void check_escape(const char *text, const char *expected)
{
	g_autofree char *got = smith_output_escape(text);

	g_assert_cmpstr(got, ==, expected);
}

static void test_escape(void)
{
	check_escape("", "");
	check_escape("opt/venv", "opt/venv");
	check_escape("gr\303\274n \342\202\254", "gr\303\274n \342\202\254");
	check_escape("a\033[31mb", "a\\x1b[31mb");
	check_escape("a\nb\tc\177", "a\\x0ab\\x09c\\x7f");
	/* C1 control characters are control sequences for a terminal, too */
	check_escape("\302\233m", "\\xc2\\x9bm");
	check_escape("\377\303", "\\xff\\xc3");
	check_escape("\355\240\200", "\\xed\\xa0\\x80");
}

static void test_table(void)
{
	static const char *const headings[] = {"NAME", ">SIZE", "DIGEST", NULL};
	g_autoptr(SmithTable) table = smith_table_new(headings);
	g_autofree char *empty = smith_table_to_string(table);
	g_autofree char *got = NULL;

	g_assert_cmpstr(empty, ==, "NAME  SIZE  DIGEST\n");
	smith_table_add(table, "web", "1.2 kB", "sha256:1");
	smith_table_add(table, "gr\303\274n\033", "34 MB", NULL);
	smith_table_add(table, "", "1234567 B", "sha256:22");
	got = smith_table_to_string(table);
	g_assert_cmpstr(got, ==,
			"NAME           SIZE  DIGEST\n"
			"web          1.2 kB  sha256:1\n"
			"gr\303\274n\\x1b      34 MB  -\n"
			"-         1234567 B  sha256:22\n");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/cmd/output/size", test_size);
	g_test_add_func("/cmd/output/escape", test_escape);
	g_test_add_func("/cmd/output/table", test_table);
	return g_test_run();
}
