/* SPDX-License-Identifier: Apache-2.0 */
#include "python/wheel-name.h"

#include "base/error.h"

static void test_parse(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithWheelName) name = smith_wheel_name_parse(
		"Ruamel.YAML_clib-0.2.7-2local-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_"
		"x86_64.whl",
		&error);
	g_assert_no_error(error);
	g_assert_cmpstr(name->name, ==, "Ruamel.YAML_clib");
	g_assert_cmpstr(name->key, ==, "ruamel-yaml-clib");
	g_assert_cmpstr(name->version_text, ==, "0.2.7");
	g_assert_cmpint(name->build_number, ==, 2);
	g_assert_cmpstr(name->build_tag, ==, "local");
	g_assert_cmpstr(name->python, ==, "cp311");
	g_assert_cmpstr(name->abi, ==, "cp311");
	g_assert_cmpstr(name->platform, ==, "manylinux_2_17_x86_64.manylinux2014_x86_64");

	g_autoptr(SmithWheelName) plain =
		smith_wheel_name_parse("torch-2.0.1+cu118-cp311-cp311-linux_x86_64.whl", &error);
	g_assert_no_error(error);
	g_assert_cmpint(plain->build_number, ==, -1);
	g_assert_null(plain->build_tag);
	g_assert_true(smith_version_has_local(plain->version));
	g_assert_cmpint(smith_wheel_name_compare_build(plain, name), <, 0);
	g_assert_cmpint(smith_wheel_name_compare_build(name, name), ==, 0);
}

static void test_invalid(void)
{
	static const char *const rows[] = {
		"",
		".whl",
		"a-1.0-py3-none-any.tar.gz",
		"a-1.0-py3-none-any",
		"a-1.0-none-any.whl",
		"a-1.0-1-2-py3-none-any.whl",
		"a-1.0-x1-py3-none-any.whl",
		"a-1.0-9999999999999999999-py3-none-any.whl",
		"a-one-py3-none-any.whl",
		"-1.0-py3-none-any.whl",
		"a--py3-none-any.whl",
		"a-1.0-py3..py2-none-any.whl",
		"a-1.0--none-any.whl",
		"a-1.0-py3-none-.whl",
		"../a-1.0-py3-none-any.whl",
		"a-1.0-py3-none-any\n.whl",
		"a\xff-1.0-py3-none-any.whl",
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_test_message("%s", rows[i]);
		g_assert_null(smith_wheel_name_parse(rows[i], &error));
		g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
		g_assert_true(g_utf8_validate(error->message, -1, NULL));
	}
	g_autoptr(GError) error = NULL;
	g_autofree char *longer = g_strnfill(300, 'a');
	g_assert_null(smith_wheel_name_parse(longer, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_LIMIT);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/python/wheel-name/parse", test_parse);
	g_test_add_func("/python/wheel-name/invalid", test_invalid);
	return g_test_run();
}
