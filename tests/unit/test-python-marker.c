/* SPDX-License-Identifier: Apache-2.0 */
#include "python/marker.h"

#include <string.h>

#include "base/error.h"

static void test_evaluate(void)
{
	static const struct {
		const char *text, *extra;
		bool value;
	} rows[] = {
		{"python_version < '3.12'", NULL, true},
		{"python_version < '3.2'", NULL, false}, /* not a comparison of strings */
		{"'3.9' <= python_version", NULL, true},
		{"python_full_version == '3.11.*'", NULL, true},
		{"python_version ~= '3.8'", NULL, true},
		{"python_version in '3.10, 3.11'", NULL, true},
		{"python_version not in '3.10 3.11'", NULL, false},
		{"sys_platform == 'win32' or os.name == \"posix\"", NULL, true},
		/* and binds tighter than or */
		{"os_name == 'posix' or os_name == 'posix' and os_name == 'nt'", NULL, true},
		{"(os_name == 'posix' or os_name == 'posix') and os_name == 'nt'", NULL, false},
		{"platform_machine == 'x86_64'and implementation_name=='cpython'", NULL, true},
		{"python_implementation == 'CPython'", NULL, true},
		{"platform_machine > 'x86'", NULL, true},
		{"extra == 'Dev.Tools'", "dev_tools", true},
		{"'dev-tools' == extra", "DEV--tools", true},
		{"extra == 'test'", NULL, false},
		{"extra != 'test'", NULL, true},
		{"extra == '1.0'", NULL, false}, /* a name, not a version */
		{"platform_release == 'x'", NULL, false},
	};
	g_auto(SmithMarkerEnv) env = {0};
	smith_marker_env_init(&env, "3.11.2", "x86_64");
	g_assert_cmpstr(env.python_version, ==, "3.11");
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_test_message("%s", rows[i].text);
		g_autoptr(SmithMarker) marker = smith_marker_parse(rows[i].text, &error);
		g_assert_no_error(error);
		gboolean value = !rows[i].value;
		g_assert_true(smith_marker_evaluate(marker, &env, rows[i].extra, &value, &error));
		g_assert_no_error(error);
		g_assert_cmpint(value, ==, rows[i].value);
	}
}

static void test_no_meaning(void)
{
	static const char *const rows[] = {
		"os_name >= '3'",
		"platform_release >= '5.10'",
		"os_name ~= 'posix'",
		"extra ~= '1.0'",
		"python_version == '3.11' or os_name >= '3'",
	};
	g_auto(SmithMarkerEnv) env = {0};
	smith_marker_env_init(&env, "3.11.2", "x86_64");
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(SmithMarker) marker = smith_marker_parse(rows[i], NULL);
		gboolean value = FALSE;
		g_assert_nonnull(marker);
		g_assert_false(smith_marker_evaluate(marker, &env, NULL, &value, &error));
		g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
	}
}

static void test_invalid(void)
{
	static const char *const rows[] = {
		"",
		"python_version",
		"python_version >=",
		"python_version >= 3",
		"python_version >= '3",
		"python_version >= '3' and",
		"python_version >= '3' xor os_name == 'nt'",
		"python_version >= '3')",
		"(python_version >= '3'",
		"'3' == '3'",
		"python_versions == '3'",
		"python_version not '3'",
		"python_version = '3'",
		"os_name == 'a\\x62'",
		"os_name == 'a\nb'",
		"os_name == '\xff'",
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_test_message("%s", rows[i]);
		g_assert_null(smith_marker_parse(rows[i], &error));
		g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
	}
	g_autoptr(GError) error = NULL;
	g_assert_null(smith_marker_parse("os_name == 'a' xor", &error));
	g_assert_cmpstr(error->message, ==,
			"expected 'and', 'or' or the end at byte 16 of marker 'os_name == 'a' "
			"xor'");
}

static char *nested(guint depth)
{
	g_autofree char *open = g_strnfill(depth, '(');
	g_autofree char *close = g_strnfill(depth, ')');
	return g_strconcat(open, "os_name == 'nt'", close, NULL);
}

static void test_limits(void)
{
	g_autofree char *deepest = nested(SMITH_MARKER_MAX_DEPTH);
	g_autofree char *deeper = nested(SMITH_MARKER_MAX_DEPTH + 1);
	g_autofree char *unclosed = g_strnfill(SMITH_MARKER_MAX, '(');
	g_autofree char *longer = g_strnfill(SMITH_MARKER_MAX + 1, ' ');
	g_autoptr(SmithMarker) marker = smith_marker_parse(deepest, NULL);
	g_assert_nonnull(marker);
	const char *const rows[] = {deeper, unclosed, longer};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_null(smith_marker_parse(rows[i], &error));
		g_assert_error(error, SMITH_ERROR, SMITH_ERROR_LIMIT);
	}
}

static void test_text(void)
{
	static const struct {
		const char *text, *normal;
		bool extra;
	} rows[] = {
		{"os.name=='nt'", "os_name == \"nt\"", false},
		{"((os_name not  in 'a\"b'))", "os_name not in 'a\"b'", false},
		{"extra=='A_b' and (os_name=='x' or os_name=='y')",
		 "extra == \"a-b\" and (os_name == \"x\" or os_name == \"y\")", true},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(SmithMarker) marker = smith_marker_parse(rows[i].text, NULL);
		g_autofree char *text = smith_marker_to_string(marker);
		g_assert_cmpstr(text, ==, rows[i].normal);
		g_assert_cmpint(smith_marker_mentions_extra(marker), ==, rows[i].extra);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/python/marker/evaluate", test_evaluate);
	g_test_add_func("/python/marker/no-meaning", test_no_meaning);
	g_test_add_func("/python/marker/invalid", test_invalid);
	g_test_add_func("/python/marker/limits", test_limits);
	g_test_add_func("/python/marker/text", test_text);
	return g_test_run();
}
