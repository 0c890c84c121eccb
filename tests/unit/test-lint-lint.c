/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/lint.h"

#include "tests/unit/fleet-test.h"

static void test_case(gconstpointer file)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autofree char *expected = NULL;
	g_autofree char *found = NULL;

	test_fleet_write(&test, "families.d/base.yaml", "family: base\nfrom: debian:12\n");
	expected = test_case_apply(&test, file);
	test_fleet_check(&test);
	found = test_diag_text(test.diag);
	g_assert_cmpstr(found, ==, expected);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	test_add_cases("lint", test_case);
	return g_test_run();
}
