/* SPDX-License-Identifier: Apache-2.0 */
#include "python/pyc.h"

#include <glib.h>

static void test_sources(void)
{
	g_assert_true(smith_pyc_is_source("a.py"));
	g_assert_true(smith_pyc_is_source("x/y/a.b.py"));
	g_assert_true(smith_pyc_is_source("x__pycache__/a.py"));
	g_assert_false(smith_pyc_is_source(".py"));
	g_assert_false(smith_pyc_is_source("x/.py"));
	g_assert_false(smith_pyc_is_source("x/a.pyc"));
	g_assert_false(smith_pyc_is_source("x/a.pyi"));
	g_assert_false(smith_pyc_is_source("__pycache__/a.py"));
	g_assert_false(smith_pyc_is_source("x/__pycache__/y/a.py"));
}

static void test_names(void)
{
	static const struct {
		const char *source, *python, *pyc;
	} rows[] = {
		{"a.py", "3.11", "__pycache__/a.cpython-311.pyc"},
		{"x/a.py", "3.9", "x/__pycache__/a.cpython-39.pyc"},
		{"../../x/a.b.py", "3.13", "../../x/__pycache__/a.b.cpython-313.pyc"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *pyc = smith_pyc_path(rows[i].source, rows[i].python);
		g_assert_cmpstr(pyc, ==, rows[i].pyc);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/python/pyc/sources", test_sources);
	g_test_add_func("/python/pyc/names", test_names);
	return g_test_run();
}
