/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/wheel-finder.h"

#include "tests/unit/fleet-test.h"

/* Two indexes as directories of pages, "public" and "private", that have files of their own. */
static void page(const TestFleet *test, const char *index, const char *key, const char *files)
{
	g_autofree char *path = g_strdup_printf("%s/%s/index.html", index, key);
	g_auto(GStrv) names = g_strsplit(files, " ", -1);
	g_autoptr(GString) html = g_string_new(NULL);

	for (char **name = names; *name != NULL; name++)
		g_string_append_printf(html, "<a href=\"%s\">%s</a>\n", *name, *name);
	test_fleet_write(test, path, html->str);
}

static void begin(TestFleet *test, const char *indexes)
{
	g_autofree char *fleet = g_strdup_printf(
		"fleet: t\nwheels:\n  find_links: [wheels]\n  index: file://%s/public\n"
		"  indexes: %s\n",
		test->path, indexes);
	g_auto(GStrv) parts = g_strsplit(fleet, "@", -1);
	g_autofree char *text = g_strjoinv(test->path, parts);

	test_fleet_write(test, "wheels/none.txt", "");
	test_fleet_write(test, "fleet.yaml", text);
	test_fleet_load(test);
}

/* The files of @key, each as its URL below the fleet's directory. */
static void expect(const TestFleet *test, const char *key, const char *expected)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithWheelFinder) finder = smith_wheel_finder_new(test->fleet, &error);
	const GPtrArray *list;
	g_autoptr(GString) text = g_string_new(NULL);
	g_autofree char *prefix = g_strconcat("file://", test->path, "/", NULL);

	g_assert_no_error(error);
	list = smith_wheel_finder_page(finder, NULL, key, &error);
	g_assert_no_error(error);
	for (guint i = 0; i < list->len; i++) {
		const SmithWheelCandidate *candidate = list->pdata[i];
		const char *url = candidate->url;

		if (g_str_has_prefix(url, prefix))
			url += strlen(prefix);
		g_string_append_printf(text, "%s%s", i > 0 ? " " : "", url);
	}
	g_assert_cmpstr(text->str, ==, expected);
}

/* A name that an index claims is taken from no other, whatever is there. */
static void test_claimed(void)
{
	g_auto(TestFleet) test = test_fleet_new();

	begin(&test, "[{url: 'file://@/private', names: ['Acme_*', torch]}]");
	page(&test, "public", "acme-core", "acme_core-99.0-py3-none-any.whl");
	page(&test, "private", "acme-core", "acme_core-1.0-py3-none-any.whl acme-core-1.1.tar.gz");
	page(&test, "public", "acme-gone", "acme_gone-1.0-py3-none-any.whl");
	page(&test, "private", "flask", "flask-9.0-py3-none-any.whl");
	page(&test, "public", "flask", "flask-2.0-py3-none-any.whl");
	expect(&test, "acme-core",
	       "private/acme-core/acme_core-1.0-py3-none-any.whl "
	       "private/acme-core/acme-core-1.1.tar.gz");
	expect(&test, "acme-gone", "");
	expect(&test, "flask", "public/flask/flask-2.0-py3-none-any.whl");
}

/* Of indexes that claim nothing, the first that has a name has all of it. */
static void test_first(void)
{
	g_auto(TestFleet) test = test_fleet_new();

	begin(&test, "[{url: 'file://@/private'}]");
	page(&test, "private", "a", "a-1-py3-none-any.whl");
	page(&test, "public", "a", "a-2-py3-none-any.whl");
	page(&test, "public", "b", "b-2-py3-none-any.whl b_c-2-py3-none-any.whl b-c-3.zip b-3.zip");
	page(&test, "public", "local", "local-2-py3-none-any.whl");
	test_fleet_write(&test, "wheels/Local-1-py3-none-any.whl", "");
	expect(&test, "a", "private/a/a-1-py3-none-any.whl");
	expect(&test, "b", "public/b/b-2-py3-none-any.whl public/b/b-3.zip");
	expect(&test, "local", "wheels/Local-1-py3-none-any.whl");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/fleet/wheel-finder/claimed", test_claimed);
	g_test_add_func("/fleet/wheel-finder/first", test_first);
	return g_test_run();
}
