/* SPDX-License-Identifier: Apache-2.0 */
#include "python/specifier.h"

#include <string.h>

#include "base/error.h"

static void test_contains(void)
{
	static const struct {
		const char *set, *version;
		bool prereleases, contained;
	} rows[] = {
		{"", "1.0", false, true},
		{"", "1.0rc1", false, false},
		{"", "1.0rc1", true, true},
		{"~=1.4.2", "1.4.9", false, true},
		{"~=1.4.2", "1.5", false, false},
		{"~=1.4.2,!=1.4.5", "1.4.5", false, false},
		{"~=2.2.post3", "2.9", false, true},
		{"==1.0", "1.0+cpu", false, true},
		{"==1.0+cpu", "1.0", false, false},
		{"==1.0+cpu", "1.0+CPU", false, true},
		{"==1.0.*", "1", false, true},
		{"==1.0.*", "1.0.5.post1", false, true},
		{"==1.0.*", "1.00", false, true},
		{"==1.0.*", "1.1", false, false},
		{"==1.*", "1.0rc1", true, true},
		{"!=1.5.*", "1.5.3", false, false},
		{"!=1.5.*", "1.50", false, true},
		{">1.7", "1.7.post1", false, false},
		{">1.7", "1.7+local", false, false},
		{">1.7.post0", "1.7.post1", false, true},
		{">1.7", "1.7.1", false, true},
		{"<3.1", "3.1rc1", true, false},
		{"<3.1rc2", "3.1rc1", true, true},
		{">=1.0rc1", "1.0rc1", false, false},
		{"<=1.0", "1.0+local", false, true},
		{"===1.0-WEIRD", "1.0", false, false},
		{"===1.0", "1.0", false, true},
		{"===1.0.0", "1.0", false, false},
		{" >= 1 , , <2 ", "1.5", false, true},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(SmithSpecifierSet) set = smith_specifier_parse(rows[i].set, &error);
		g_assert_no_error(error);
		g_autoptr(SmithVersion) version = smith_version_parse(rows[i].version, NULL);
		g_test_message("%s in %s", rows[i].version, rows[i].set);
		g_assert_cmpint(smith_specifier_contains(set, version, rows[i].prereleases), ==,
				rows[i].contained);
	}
}

static void test_invalid(void)
{
	static const char *const rows[] = {
		"1.0",	     "=1.0",	   "=>1.0", "~=1",    ">=1.0.*", "~=1.0.*", "<1+cpu",
		"==1.0.*.1", "==1.0rc1.*", ">=",    "===1 0", ">=1.0;x", "==\xff",  ">=1.0 <2.0"};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_test_message("%s", rows[i]);
		g_assert_null(smith_specifier_parse(rows[i], &error));
		g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
	}
	g_autoptr(GError) error = NULL;
	g_autofree char *longer = g_strnfill(SMITH_SPECIFIER_MAX + 1, ',');
	g_assert_null(smith_specifier_parse(longer, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_LIMIT);
	g_autofree char *digits = g_strnfill(SMITH_VERSION_MAX + 1, '1');
	g_autofree char *arbitrary = g_strconcat("===", digits, NULL);
	g_assert_null(smith_specifier_parse(arbitrary, NULL));
}

static void test_pinned(void)
{
	static const struct {
		const char *set, *version;
	} rows[] = {
		{"==1.0", "1.0"},	{"== 1.0+cpu", "1.0+cpu"}, {"===x", "x"},   {"==1.*", NULL},
		{">=1.0,==1.2", "1.2"}, {">=1.0", NULL},	   {"~=1.0", NULL}, {"", NULL},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(SmithSpecifierSet) set = smith_specifier_parse(rows[i].set, NULL);
		g_assert_cmpstr(smith_specifier_is_pinned(set), ==, rows[i].version);
	}
}

static void test_text(void)
{
	g_autoptr(SmithSpecifierSet) set =
		smith_specifier_parse(">= 2, <3 ,==2.0,== 2.0.0,!=2.5.*", NULL);
	g_autofree char *text = smith_specifier_to_string(set);
	g_assert_cmpstr(text, ==, "!=2.5.*,<3,==2.0,>=2");
	g_assert_false(smith_specifier_allows_prereleases(set));
	g_assert_false(smith_specifier_is_empty(set));
	g_autoptr(SmithSpecifierSet) pre = smith_specifier_parse(">=2.0.dev0", NULL);
	g_assert_true(smith_specifier_allows_prereleases(pre));
	g_assert_null(smith_specifier_parse_one(">=1,<2"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/python/specifier/contains", test_contains);
	g_test_add_func("/python/specifier/invalid", test_invalid);
	g_test_add_func("/python/specifier/pinned", test_pinned);
	g_test_add_func("/python/specifier/text", test_text);
	return g_test_run();
}
