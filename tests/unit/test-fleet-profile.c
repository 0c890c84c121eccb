/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/profile.h"

#include "seccomp/profile-name.h"
#include "tests/unit/fleet-test.h"

#define APP "app: {script: a.py}"

static void write_families(const TestFleet *test)
{
	test_fleet_write(test, "families.d/plain.yaml", "family: plain\nfrom: debian:12\n");
	test_fleet_write(test, "families.d/gpu.yaml", "family: gpu\nfrom: plain\nseccomp: gpu\n");
	test_fleet_write(test, "families.d/both.yaml",
			 "family: both\nfrom: plain\nseccomp: [gpu, web, gpu]\n");
	test_fleet_write(test, "families.d/free.yaml",
			 "family: free\nfrom: plain\nseccomp: unconfined\n");
	test_fleet_write(test, "a.py", "");
	test_fleet_write(test, "seccomp/own.json",
			 "{\"include\": [\"baseline\"], \"syscalls\": [{\"names\": [\"acct\"], "
			 "\"action\": \"SCMP_ACT_ALLOW\"}]}");
}

static SmithFleet *load(TestFleet *test, const char *text)
{
	write_families(test);
	test_fleet_write(test, "fleet.yaml", text);
	return test_fleet_load(test);
}

static void check_name(const SmithFleet *fleet, const char *service, const char *name)
{
	const SmithService *found = smith_fleet_service(fleet, service);

	g_assert_cmpstr(smith_fleet_profile(fleet, found, found->family), ==, name);
	g_assert_cmpstr(smith_service_seccomp(fleet, found), ==, name);
}

/* A service's word holds instead of its family's, and a list is all of it together. */
static void test_names(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	const SmithFleet *fleet =
		load(&test, "fleet: t\n"
			    "services:\n"
			    "  A: {family: gpu, " APP "}\n"
			    "  B: {family: gpu, " APP ", seccomp: audio}\n"
			    "  C: {family: gpu, " APP ", seccomp: [gpu, audio]}\n"
			    "  D: {family: gpu, " APP ", seccomp: [audio]}\n"
			    "  E: {family: both, " APP "}\n"
			    "  F: {family: plain, " APP "}\n"
			    "  G: {family: plain, " APP ", seccomp: web+audio}\n"
			    "groups: {one: {host: h, services: [A, B, C, D, E, F, G]}}\n"
			    "hosts: {h: {}}\n");

	check_name(fleet, "A", "gpu");
	check_name(fleet, "B", "audio");
	check_name(fleet, "C", "audio+gpu");
	check_name(fleet, "D", "audio");
	check_name(fleet, "E", "gpu+web");
	check_name(fleet, "F", "baseline");
	check_name(fleet, "G", "audio+web");
}

static void test_not_together(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autofree char *found = NULL;

	write_families(&test);
	test_fleet_write(&test, "fleet.yaml",
			 "fleet: t\n"
			 "services:\n"
			 "  A: {family: gpu, " APP ", seccomp: [gpu, unconfined]}\n"
			 "groups: {one: {host: h, services: [A]}}\n"
			 "hosts: {h: {}}\n");
	test_fleet_check(&test);
	found = test_diag_text(test.diag);
	g_assert_cmpstr(found, ==,
			"fleet.yaml:3:50: error: seccomp of 'A': 'unconfined' cannot be together "
			"with profiles [bad-value]\n");
}

static char *supervised(const char *services)
{
	return g_strconcat("fleet: t\nservices:\n", services,
			   "groups: {one: {host: h, mode: supervised, family: plain,\n"
			   "  supervisor: {script: a.py}, services: [A, B, C]}}\n"
			   "hosts: {h: {}}\n",
			   NULL);
}

static void check_supervised(const char *services, const char *name)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autofree char *text = supervised(services);
	const SmithFleet *fleet = load(&test, text);
	const SmithService *all = smith_group_supervisor(fleet, smith_fleet_group(fleet, "one"));

	g_assert_nonnull(all);
	g_assert_cmpstr(smith_fleet_profile(fleet, all, all->family), ==, name);
	g_assert_cmpstr(smith_service_seccomp(fleet, all), ==, name);
}

/* One container for all: what any of them may call. */
static void test_supervised(void)
{
	check_supervised("  A: {family: plain, " APP "}\n"
			 "  B: {family: plain, " APP "}\n"
			 "  C: {family: plain, " APP "}\n",
			 "baseline");
	/* of families as well, and not the first one's alone */
	check_supervised("  A: {family: plain, " APP ", seccomp: web}\n"
			 "  B: {family: gpu, " APP "}\n"
			 "  C: {family: plain, " APP ", seccomp: [audio, web]}\n",
			 "audio+baseline+gpu+web");
	check_supervised("  A: {family: plain, " APP ", seccomp: web}\n"
			 "  B: {family: gpu, " APP ", seccomp: unconfined}\n"
			 "  C: {family: plain, " APP "}\n",
			 "unconfined");
	check_supervised("  A: {family: plain, " APP ", seccomp: web}\n"
			 "  B: {family: free, " APP "}\n"
			 "  C: {family: plain, " APP "}\n",
			 "unconfined");
}

/* What the lock keeps, and what an image gets. */
static void test_lock(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	const SmithFleet *fleet =
		load(&test, "fleet: t\n"
			    "services:\n"
			    "  A: {family: plain, " APP ", seccomp: [gpu, audio]}\n"
			    "  B: {family: plain, " APP ", seccomp: [own, audio]}\n"
			    "groups: {one: {host: h, services: [A, B]}}\n"
			    "hosts: {h: {}}\n");
	SmithStore *store = test_fleet_store(&test);
	g_autoptr(SmithLock) lock = smith_lock_new();
	g_autoptr(SmithProfile) joined = smith_profile_load(-1, "audio+gpu", NULL);
	g_autofree char *whole = smith_profile_write(joined, NULL);
	g_autofree char *text = NULL;
	g_autofree char *mixed = NULL;
	g_autoptr(GError) error = NULL;

	smith_fleet_lock_profiles(fleet, lock, store, &error);
	g_assert_no_error(error);
	g_assert_nonnull(smith_lock_part(lock, "seccomp/audio+gpu"));
	g_assert_null(smith_lock_part(lock, "seccomp/audio+own"));
	text = smith_fleet_profile_text(fleet, lock, store, "audio+gpu", &error);
	g_assert_no_error(error);
	g_assert_cmpstr(text, ==, whole);
	mixed = smith_fleet_profile_text(fleet, lock, store, "audio+own", &error);
	g_assert_no_error(error);
	g_assert_nonnull(strstr(mixed, "\"acct\""));
	g_assert_nonnull(strstr(mixed, "\"semget\""));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/fleet/profile/names", test_names);
	g_test_add_func("/fleet/profile/not-together", test_not_together);
	g_test_add_func("/fleet/profile/supervised", test_supervised);
	g_test_add_func("/fleet/profile/lock", test_lock);
	return g_test_run();
}
