/* SPDX-License-Identifier: Apache-2.0 */
#include "base/library.h"

#include <string.h>

static void test_there(void)
{
	double (*root)(double) = NULL;
	const SmithLibrarySymbol symbols[] = {{"sqrt", &root}};
	g_assert_null(smith_library_load("libm.so.6", symbols, 1));
	g_assert_cmpfloat(root(9), ==, 3);
}

static void test_missing(void)
{
	double (*root)(double) = NULL;
	const SmithLibrarySymbol symbols[] = {{"sqrt", &root}, {"sqroot", &root}};
	const char *problem = smith_library_load("libnone.so.9", symbols, 1);
	g_assert_nonnull(strstr(problem, "libnone.so.9"));
	g_assert_cmpstr(smith_library_load("libm.so.6", symbols, 2), ==, "it lacks sqroot");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/base/library/there", test_there);
	g_test_add_func("/base/library/missing", test_missing);
	return g_test_run();
}
