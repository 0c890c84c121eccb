/* SPDX-License-Identifier: Apache-2.0 */
#include "execute/debian-version.h"

/* each after the one before it; the same place on one line */
static const char *const order[] = {"~~",
				    "~~a",
				    "~",
				    "1.0~~",
				    "1.0~rc1",
				    "1.0~rc1-1",
				    "1.0",
				    "1.0-0ubuntu1",
				    "1.0-1",
				    "1.0-1~",
				    "1.0-1+b1",
				    "1.0-1.1",
				    "1.0-1a",
				    "1.0-2",
				    "1.0-10",
				    "1.0a",
				    "1.0+",
				    "1.0.1",
				    "1.0.1-1",
				    "1.0.09",
				    "1.0.10",
				    "2",
				    "10",
				    "99999999999999999999",
				    "100000000000000000000",
				    "0:1",
				    "1:0",
				    "1:0-1",
				    "2:0~",
				    "10:0",
				    "1-2-3",
				    "1.2-3-4",
				    "",
				    "0",
				    "00",
				    "0-0",

				    "1:1.0",
				    "a",
				    "1a",
				    "1.a",
				    "1.A",
				    "1.+",
				    "1.-1",
				    "1.~"};

static bool dpkg_says(const char *a, const char *relation, const char *b)
{
	const char *argv[] = {"dpkg", "--force-bad-version", "--compare-versions", a, relation, b,
			      NULL};
	int status = 0;
	g_autoptr(GError) error = NULL;
	g_spawn_sync(NULL, (char **)argv, NULL,
		     G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL | G_SPAWN_STDOUT_TO_DEV_NULL,
		     NULL, NULL, NULL, NULL, &status, &error);
	g_assert_no_error(error);
	return status == 0;
}

/* Debian's own program is the judge of every pair that it takes. */
static void test_dpkg(void)
{
	g_autofree char *dpkg = g_find_program_in_path("dpkg");
	guint agreed = 0;
	if (dpkg == NULL) {
		g_test_skip("no dpkg");
		return;
	}
	for (guint i = 0; i < G_N_ELEMENTS(order); i++) {
		for (guint j = 0; j < G_N_ELEMENTS(order); j += 3) {
			const char *a = order[i], *b = order[(i + j) % G_N_ELEMENTS(order)];
			/* to dpkg an empty version is none, and what begins with a letter no number
			 */
			if (*a == '\0' || *b == '\0')
				continue;
			if (dpkg_says(a, "lt", b) != (smith_debian_version_compare(a, b) < 0) ||
			    dpkg_says(a, "eq", b) != (smith_debian_version_compare(a, b) == 0))
				g_error("'%s' and '%s': %d", a, b,
					smith_debian_version_compare(a, b));
			agreed++;
		}
	}
	g_assert_cmpuint(agreed, >, 500);
}

static void test_order(void)
{
	static const char *const rising[] = {"~~",
					     "~~a",
					     "~",
					     "",
					     "0.9",
					     "1.0~rc1",
					     "1.0",
					     "1.0-1~",
					     "1.0-1",
					     "1.0-1+b1",
					     "1.0-1.1",
					     "1.0-2",
					     "1.0-10",
					     "1.0a",
					     "1.0+",
					     "1.0.1",
					     "2",
					     "10",
					     "99999999999999999999",
					     "100000000000000000000",
					     "1:0",
					     "10:0"};
	for (guint i = 0; i < G_N_ELEMENTS(rising); i++)
		for (guint j = 0; j < G_N_ELEMENTS(rising); j++) {
			int found = smith_debian_version_compare(rising[i], rising[j]);
			if ((found > 0) != (i > j) || (found < 0) != (i < j))
				g_error("'%s' and '%s': %d", rising[i], rising[j], found);
		}
	g_assert_cmpint(smith_debian_version_compare("0:1.00-0", "1.0"), ==, 0);
}

static void test_relations(void)
{
	static const struct {
		const char *version, *relation, *wanted;
		bool stands;
	} cases[] = {{"1", "<<", "2", true},  {"2", "<<", "2", false},	{"2", "<=", "2", true},
		     {"2", "=", "2", true},   {"2", "=", "2.0", false}, {"2", ">=", "2", true},
		     {"2", ">>", "2", false}, {"3", ">>", "2", true},	{"2", "<", "2", true},
		     {"2", ">", "2", true},   {"2", "~=", "2", false},	{"2", "", "2", false}};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpint(smith_debian_version_is(cases[i].version, cases[i].relation,
							cases[i].wanted),
				==, cases[i].stands);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/execute/debian-version/order", test_order);
	g_test_add_func("/execute/debian-version/relations", test_relations);
	g_test_add_func("/execute/debian-version/dpkg", test_dpkg);
	return g_test_run();
}
