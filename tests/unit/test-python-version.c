/* SPDX-License-Identifier: Apache-2.0 */
#include "python/version.h"

#include <string.h>

#include "base/error.h"

static void test_normal_form(void)
{
	static const struct {
		const char *text, *normal;
	} rows[] = {
		{"1.0", "1.0"},
		{" v1.0.0-ALPHA.2\n", "1.0.0a2"},
		{"1.0preview", "1.0rc0"},
		{"1.0-1", "1.0.post1"},
		{"1.0.rev3", "1.0.post3"},
		{"01.002!3", NULL},
		{"01!002.3", "1!2.3"},
		{"1.0a1.post2.dev3+Ubuntu-01", "1.0a1.post2.dev3+ubuntu.1"},
		{"1.0a-", "1.0a0"},
		{"00000000000000000000099999999999999999999999.0", "99999999999999999999999.0"},
		{"", NULL},
		{"1.", NULL},
		{"1.0+", NULL},
		{"1.0+a..b", NULL},
		{"2004d", NULL},
		{"1.0 2", NULL},
		{"1.0\xff", NULL},
		{"french toast", NULL},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(SmithVersion) version = smith_version_parse(rows[i].text, &error);
		if (rows[i].normal == NULL) {
			g_assert_null(version);
			g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
			g_assert_true(g_utf8_validate(error->message, -1, NULL));
			continue;
		}
		g_assert_no_error(error);
		g_autofree char *text = smith_version_to_string(version);
		g_assert_cmpstr(text, ==, rows[i].normal);
	}
}

/* The order of PEP 440, "Summary of permitted suffixes and relative ordering". */
static void test_order(void)
{
	static const char *const rows[] = {"0.9",	    "1.dev0",
					   "1.0.dev456",    "1.0a1",
					   "1.0a2.dev456",  "1.0a12.dev456",
					   "1.0a12",	    "1.0b1.dev456",
					   "1.0b2",	    "1.0b2.post345.dev456",
					   "1.0b2.post345", "1.0rc1.dev456",
					   "1.0rc1",	    "1.0",
					   "1.0+abc.5",	    "1.0+abc.7",
					   "1.0+5",	    "1.0.post456.dev34",
					   "1.0.post456",   "1.0.15",
					   "1.1.dev1",	    "9!0",
					   "10!0"};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(SmithVersion) a = smith_version_parse(rows[i], NULL);
		for (gsize k = 0; k < G_N_ELEMENTS(rows); k++) {
			g_autoptr(SmithVersion) b = smith_version_parse(rows[k], NULL);
			int order = smith_version_compare(a, b);
			g_assert_cmpint((order > 0) - (order < 0), ==, (i > k) - (i < k));
		}
	}
	g_autoptr(SmithVersion) a = smith_version_parse("1.0.0", NULL);
	g_autoptr(SmithVersion) b = smith_version_parse("1+cpu", NULL);
	g_assert_cmpint(smith_version_compare(a, b), <, 0);
	g_assert_cmpint(smith_version_compare_public(a, b), ==, 0);
}

static void test_limit(void)
{
	g_autofree char *longest = g_strnfill(SMITH_VERSION_MAX, '1');
	g_autoptr(SmithVersion) version = smith_version_parse(longest, NULL);
	g_assert_nonnull(version);
	g_autoptr(SmithVersion) copy = smith_version_copy(version);
	g_assert_cmpint(smith_version_compare(version, copy), ==, 0);
	g_autofree char *longer = g_strnfill(SMITH_VERSION_MAX + 1, '1');
	g_autoptr(GError) error = NULL;
	g_assert_null(smith_version_parse(longer, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_LIMIT);
}

static void test_scan(void)
{
	guint parts = 0;
	gsize release = 0;
	g_assert_cmpuint(smith_version_scan("1.2.*", true, &parts, &release), ==, 3);
	g_assert_cmpuint(parts, ==, 2);
	g_assert_cmpuint(release, ==, 3);
	g_assert_cmpuint(smith_version_scan("1.0rc1+a.b-", true, NULL, NULL), ==, 10);
	g_assert_cmpuint(smith_version_scan("1.0rc1+a.b-", false, NULL, NULL), ==, 6);
	g_assert_cmpuint(smith_version_scan("1.0-", false, NULL, NULL), ==, 3);
	g_assert_cmpuint(smith_version_scan("v", false, NULL, NULL), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/python/version/normal-form", test_normal_form);
	g_test_add_func("/python/version/order", test_order);
	g_test_add_func("/python/version/limit", test_limit);
	g_test_add_func("/python/version/scan", test_scan);
	return g_test_run();
}
