/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"

static SmithPlace at(const char *file, guint line, guint column)
{
	return (SmithPlace){file, line, column};
}

static void assert_findings(const SmithDiag *diag, const char *const *expected)
{
	guint i = 0;
	for (; expected[i] != NULL; i++) {
		g_assert_cmpuint(i, <, diag->findings->len);
		g_autofree char *text = smith_finding_to_string(diag->findings->pdata[i]);
		g_assert_cmpstr(text, ==, expected[i]);
	}
	g_assert_cmpuint(i, ==, diag->findings->len);
}

static void test_sort(void)
{
	static const char *const expected[] = {
		"(unnamed): note: no file [n]",
		"a.yaml: warning: whole file [w]",
		"a.yaml:2: error: line 2 [e]",
		"a.yaml:2:1: error: x [a]",
		"a.yaml:2:1: error: one [b]",
		"a.yaml:2:1: error: two [b]",
		"a.yaml:10:1: error: line 10 [e]",
		"b.yaml:1:1: note: other file [n]",
		NULL,
	};
	g_autoptr(SmithDiag) diag = smith_diag_new();
	smith_diag_add(diag, SMITH_SEVERITY_NOTE, at("b.yaml", 1, 1), "n", "other file");
	smith_diag_add(diag, SMITH_SEVERITY_ERROR, at("a.yaml", 10, 1), "e", "line %d", 10);
	smith_diag_add(diag, SMITH_SEVERITY_ERROR, at("a.yaml", 2, 1), "b", "two");
	smith_diag_add(diag, SMITH_SEVERITY_ERROR, at("a.yaml", 2, 1), "b", "one");
	smith_diag_add(diag, SMITH_SEVERITY_ERROR, at("a.yaml", 2, 1), "a", "x");
	smith_diag_add(diag, SMITH_SEVERITY_ERROR, at("a.yaml", 2, 0), "e", "line 2");
	smith_diag_add(diag, SMITH_SEVERITY_WARNING, at("a.yaml", 0, 0), "w", "whole file");
	smith_diag_add(diag, SMITH_SEVERITY_NOTE, at(NULL, 0, 0), "n", "no file");
	g_assert_cmpuint(diag->errors, ==, 5);
	g_assert_cmpuint(diag->warnings, ==, 1);
	smith_diag_sort(diag);
	assert_findings(diag, expected);
}

static void test_check(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithDiag) diag = smith_diag_new();
	g_assert_true(smith_diag_check(diag, &error));
	smith_diag_add(diag, SMITH_SEVERITY_WARNING, at("f", 1, 2), "w", "only a warning");
	g_assert_true(smith_diag_check(diag, &error));
	g_assert_no_error(error);

	smith_diag_add(diag, SMITH_SEVERITY_ERROR, at("f", 3, 4), "e", "100%% %s", "%s");
	g_assert_false(smith_diag_check(diag, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_FINDINGS);
	g_assert_cmpstr(error->message, ==, "f:3:4: 100% %s");
	g_clear_error(&error);

	smith_diag_add(diag, SMITH_SEVERITY_ERROR, at("f", 5, 6), "e", "more");
	g_assert_false(smith_diag_throw(diag, SMITH_ERROR_STALE, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_STALE);
	g_assert_cmpstr(error->message, ==, "f:3:4: 100% %s (and 1 more)");
}

static void test_limit(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithDiag) diag = smith_diag_new();
	for (guint i = 0; i < SMITH_DIAG_MAX_FINDINGS + 5; i++)
		smith_diag_add(diag, SMITH_SEVERITY_NOTE, at("f", i, 1), "n", "note");
	smith_diag_add(diag, SMITH_SEVERITY_ERROR, at("f", 1, 1), "e", "late");
	g_assert_cmpuint(diag->findings->len, ==, SMITH_DIAG_MAX_FINDINGS);
	g_assert_false(smith_diag_check(diag, &error));
	g_assert_cmpstr(error->message, ==, "1 errors");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/base/diag/sort", test_sort);
	g_test_add_func("/base/diag/check", test_check);
	g_test_add_func("/base/diag/limit", test_limit);
	return g_test_run();
}
