/* SPDX-License-Identifier: Apache-2.0 */
#include "python/requirement.h"

#include <string.h>

#include "base/error.h"

static void test_parse(void)
{
	static const struct {
		const char *text, *normal, *key;
	} rows[] = {
		{"fastapi", "fastapi", "fastapi"},
		{" Ruamel.YAML_clib (>=0.2, <1) ", "Ruamel.YAML_clib<1,>=0.2", "ruamel-yaml-clib"},
		{"uvicorn[Standard, a_b,standard]==0.17.6", "uvicorn[a-b,standard]==0.17.6",
		 "uvicorn"},
		{"a[]", "a", "a"},
		{"a>=1,", "a>=1", "a"},
		{"a ()", "a", "a"},
		{"a;os_name=='nt'", "a; os_name == \"nt\"", "a"},
		{"a @ https://example.org/a.whl ; os_name=='nt'",
		 "a @ https://example.org/a.whl ; os_name == \"nt\"", "a"},
		{"a@file:///x", "a @ file:///x", "a"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(SmithRequirement) req = smith_requirement_parse(rows[i].text, &error);
		g_assert_no_error(error);
		g_autofree char *text = smith_requirement_to_string(req);
		g_assert_cmpstr(text, ==, rows[i].normal);
		g_assert_cmpstr(req->key, ==, rows[i].key);
		g_autoptr(SmithRequirement) again = smith_requirement_parse(text, &error);
		g_assert_no_error(error);
		g_autofree char *same = smith_requirement_to_string(again);
		g_assert_cmpstr(same, ==, text);
	}
}

static void test_invalid(void)
{
	static const char *const rows[] = {"",
					   "-e .",
					   "a b",
					   "a==",
					   "a[b",
					   "a[,]",
					   "a[b c]",
					   "a (>=1",
					   "a>=1)",
					   "a;",
					   "a; bogus",
					   "a @",
					   "a @ nothing",
					   "a @ https:///x",
					   "a @ https://h/x; os_name == 'nt' x",
					   "_a",
					   "a_",
					   "a\n",
					   "a>=1 <2",
					   "a===1\xff"};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_test_message("%s", rows[i]);
		g_assert_null(smith_requirement_parse(rows[i], &error));
		g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
		g_assert_true(g_utf8_validate(error->message, -1, NULL));
	}
	g_autoptr(GError) error = NULL;
	g_assert_null(smith_requirement_parse("fastapi=0.92", &error));
	g_assert_cmpstr(error->message, ==,
			"requirement 'fastapi=0.92': expected a version specifier, ';' or the end "
			"before '=0.92'");
	g_clear_error(&error);
	g_autofree char *longer = g_strnfill(SMITH_REQUIREMENT_MAX + 1, 'a');
	g_assert_null(smith_requirement_parse(longer, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_LIMIT);
}

static void test_applies(void)
{
	g_auto(SmithMarkerEnv) env = {0};
	smith_marker_env_init(&env, "3.11.2", "aarch64");
	g_autoptr(SmithRequirement) plain = smith_requirement_parse("a", NULL);
	g_autoptr(SmithRequirement) extra =
		smith_requirement_parse("a; extra == 's3' and platform_machine == 'aarch64'", NULL);
	gboolean applies = FALSE;
	g_assert_true(smith_requirement_applies(plain, &env, NULL, &applies, NULL));
	g_assert_true(applies);
	g_assert_true(smith_requirement_applies(extra, &env, NULL, &applies, NULL));
	g_assert_false(applies);
	g_assert_true(smith_requirement_applies(extra, &env, "S3", &applies, NULL));
	g_assert_true(applies);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/python/requirement/parse", test_parse);
	g_test_add_func("/python/requirement/invalid", test_invalid);
	g_test_add_func("/python/requirement/applies", test_applies);
	return g_test_run();
}
