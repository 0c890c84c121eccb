/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/export.h"

#include "python/toml.h"
#include "tests/unit/fleet-test.h"

#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void add_wheel(SmithLock *lock, const char *name, const char *version, const char *url)
{
	SmithLockWheel *wheel = g_new0(SmithLockWheel, 1);
	wheel->file = g_strdup_printf("%s-%s-py3-none-any.whl", name, version);
	wheel->name = g_strdup(name);
	wheel->version = g_strdup(version);
	wheel->url = g_strdup(url);
	wheel->size = 7;
	wheel->sha256 = g_strdup(HEX);
	g_ptr_array_add(lock->wheels, wheel);
}

static void add_set(GPtrArray *sets, const char *name, const char *from, const char *wheels)
{
	SmithLockSet *set = g_new0(SmithLockSet, 1);
	set->name = g_strdup(name);
	set->from = g_strdup(from);
	set->wheels = g_strsplit(wheels, " ", -1);
	g_ptr_array_add(sets, set);
}

/* Two services, each with another version of b, in a family with a. */
static SmithLock *begin(TestFleet *test)
{
	test_fleet_write(test, "fleet.yaml",
			 "fleet: t\n"
			 "services:\n"
			 "  One: {family: web, app: {module: m}}\n"
			 "  Two: {family: web, app: {module: m}}\n"
			 "groups: {g: {host: h, services: [One, Two]}}\n"
			 "hosts: {h: {}}\n");
	test_fleet_write(test, "families.d/web.yaml", "family: web\nfrom: 'oci:base:py'\n");
	test_fleet_load(test);
	SmithLock *lock = smith_lock_new();
	add_wheel(lock, "a", "1", "wheels/a-1-py3-none-any.whl");
	add_wheel(lock, "b", "1", "https://h/b-1-py3-none-any.whl");
	add_wheel(lock, "b", "2", "wheels/b\"-2-py3-none-any.whl");
	add_set(lock->families, "web", "oci:base:py", "a-1-py3-none-any.whl");
	add_set(lock->services, "One", "web", "b-1-py3-none-any.whl");
	add_set(lock->services, "Two", "web", "b-2-py3-none-any.whl");
	return lock;
}

static char *export(const TestFleet *test, const SmithLock *lock, const char *of, const char *name)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = g_build_filename(test->path, name, NULL);
	char *text = smith_export(test->fleet, lock, of, path, &error);
	g_assert_no_error(error);
	return text;
}

static void test_requirements(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(SmithLock) lock = begin(&test);
	g_autofree char *text = export(&test, lock, "One", "r.txt");
	g_assert_cmpstr(text, ==,
			"# by ocismith lock --export\n"
			"a==1 \\\n    --hash=sha256:" HEX "\n"
			"b==1 \\\n    --hash=sha256:" HEX "\n");
}

static void test_pylock(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(SmithLock) lock = begin(&test);
	g_autoptr(GError) error = NULL;
	g_autofree char *text = export(&test, lock, "Two", "sub/pylock.two.toml");
	g_autoptr(SmithNode) node = smith_toml_read(text, strlen(text), "pylock.two.toml", &error);
	g_assert_no_error(error);
	g_assert_cmpstr(smith_node_get_string(node, "lock-version"), ==, "1.0");
	const SmithNode *packages = smith_node_get(node, "packages");
	g_assert_cmpuint(smith_node_length(packages), ==, 2);
	const SmithNode *b = packages->items->pdata[1];
	g_assert_cmpstr(smith_node_get_string(b, "version"), ==, "2");
	const SmithNode *wheel = smith_node_get(b, "wheels")->items->pdata[0];
	g_assert_cmpstr(smith_node_get_string(wheel, "path"), ==,
			"../wheels/b\"-2-py3-none-any.whl");
	g_assert_cmpint(smith_node_get_int(wheel, "size", 0), ==, 7);
	g_assert_cmpstr(smith_node_get_string(smith_node_get(wheel, "hashes"), "sha256"), ==, HEX);
}

static void test_refused(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(SmithLock) lock = begin(&test);
	g_autoptr(GError) error = NULL;
	g_assert_null(smith_export(test.fleet, lock, NULL, "r.txt", &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_CONFLICT);
	g_clear_error(&error);
	g_assert_null(smith_export(test.fleet, lock, "nobody", "r.txt", &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_USAGE);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/fleet/export/requirements", test_requirements);
	g_test_add_func("/fleet/export/pylock", test_pylock);
	g_test_add_func("/fleet/export/refused", test_refused);
	return g_test_run();
}
