/* SPDX-License-Identifier: Apache-2.0 */
#include "build/app.h"

#include <sys/stat.h>

#include "tests/unit/fleet-test.h"

/* A fleet of one service whose `app:` is @app, and some files. */
static const SmithService *begin(TestFleet *test, const char *app)
{
	g_autofree char *text =
		g_strdup_printf("fleet: t\nservices: {Site: {family: base, app: %s}}\n"
				"groups: {g: {host: h, services: [Site]}}\nhosts: {h: {}}\n",
				app);

	test_fleet_write(test, "families.d/base.yaml", "family: base\nfrom: debian:12\n");
	test_fleet_write(test, "fleet.yaml", text);
	test_fleet_write(test, "src/main.py", "print(1)\n");
	test_fleet_write(test, "src/lib/a.py", "a = 1\n");
	test_fleet_write(test, "src/lib/a.pyc", "x");
	test_fleet_write(test, "src/run.sh", "#!/bin/sh\n");
	g_assert_cmpint(fchmodat(test->fd, "src/run.sh", 0700, 0), ==, 0);
	test_fleet_write(test, "README", "");
	test_fleet_load(test);
	return smith_fleet_service(test->fleet, "Site");
}

static GPtrArray *entries_of(TestFleet *test, const char *app)
{
	g_autoptr(GError) error = NULL;
	GPtrArray *entries = smith_app_entries(test->fleet, begin(test, app), &error);

	g_assert_no_error(error);
	return entries;
}

static int compare(gconstpointer a, gconstpointer b)
{
	const SmithEntry *const *x = a, *const *y = b;
	return smith_entry_path_compare((*x)->path, (*y)->path);
}

/* "app/ app/x" with the mode of files that are not 0644 behind a colon. */
static char *text_of(GPtrArray *entries)
{
	GString *text = g_string_new(NULL);

	g_ptr_array_sort(entries, compare);
	for (guint i = 0; i < entries->len; i++) {
		const SmithEntry *entry = entries->pdata[i];
		g_string_append_printf(text, "%s%s", i > 0 ? " " : "", entry->path);
		if (entry->type == SMITH_ENTRY_DIR)
			g_string_append_c(text, '/');
		else if (entry->type == SMITH_ENTRY_SYMLINK)
			g_string_append_printf(text, ">%s", entry->target);
		else if (entry->mode != 0644)
			g_string_append_printf(text, ":%o", entry->mode);
	}
	return g_string_free(text, FALSE);
}

static void check(const char *ignore, const char *app, const char *expected)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(GPtrArray) entries = NULL;
	g_autofree char *text = NULL;

	if (ignore != NULL)
		test_fleet_write(&test, ".containerignore", ignore);
	begin(&test, app);
	g_assert_cmpint(symlinkat("main.py", test.fd, "src/link.py"), ==, 0);
	entries = entries_of(&test, app);
	text = text_of(entries);
	g_assert_cmpstr(text, ==, expected);
}

static void test_files(void)
{
	check(NULL, "{module: m}", "app/");
	check(NULL, "{module: m, files: src/main.py}", "app/ app/src/main.py");
	check(NULL, "{module: m, files: src}",
	      "app/ app/src/ app/src/lib/ app/src/lib/a.py app/src/lib/a.pyc "
	      "app/src/link.py>main.py "
	      "app/src/main.py app/src/run.sh:755");
	/* listed twice, and below one another */
	check(NULL, "{module: m, files: [./src/lib//, src/lib/a.py, src/lib]}",
	      "app/ app/src/lib/ app/src/lib/a.py app/src/lib/a.pyc");
	check("*\n!src/lib\n", "{module: m, files: .}",
	      "app/ app/src/ app/src/lib/ app/src/lib/a.py app/src/lib/a.pyc");
	check("**/*.pyc\nsrc/l*.py\n", "{script: ./src/main.py, files: src}",
	      "app/ app/src/ app/src/lib/ app/src/lib/a.py app/src/main.py app/src/run.sh:755");
}

static void refuse(const char *ignore, const char *app, const char *expected)
{
	g_auto(TestFleet) test = test_fleet_new();
	const SmithService *service = begin(&test, app);
	g_autoptr(GError) error = NULL;

	if (ignore != NULL)
		test_fleet_write(&test, ".dockerignore", ignore);
	g_assert_cmpint(symlinkat("/etc/passwd", test.fd, "out"), ==, 0);
	g_assert_cmpint(symlinkat("../../etc", test.fd, "src/up"), ==, 0);
	g_assert_cmpint(mkfifoat(test.fd, "pipe", 0600), ==, 0);
	g_assert_null(smith_app_entries(test.fleet, service, &error));
	g_assert_nonnull(error);
	if (!g_regex_match_simple(expected, error->message, 0, 0))
		g_error("'%s' is not like '%s'", error->message, expected);
}

static void test_refused(void)
{
	refuse(NULL, "{module: m, files: [nothing]}",
	       "^service 'Site': app path 'nothing': cannot find: No such file or directory$");
	refuse("# no sources\n\nsrc/main*\n", "{module: m, files: [src/main.py]}",
	       "^service 'Site': app path 'src/main.py': it is hidden by .dockerignore:3: "
	       "'src/main\\*'$");
	refuse("src\n", "{module: m, files: [src]}",
	       "^service 'Site': app path 'src': it is hidden by .dockerignore:1: 'src'$");
	refuse("*.py\nsrc/main.py", "{script: ./src/main.py, files: [src/lib]}",
	       "^service 'Site': script 'src/main.py' is hidden by .dockerignore:2: "
	       "'src/main.py'$");
	refuse(NULL, "{script: src/main.py, files: [src/lib]}",
	       "^service 'Site': script 'src/main.py' is not among the paths of app.files$");
	refuse(NULL, "{module: m, files: [out]}",
	       "^service 'Site': app path 'out': .*'/etc/passwd'");
	refuse(NULL, "{module: m, files: [src]}", "^service 'Site': app path 'src': .*'../../etc'");
	refuse(NULL, "{module: m, files: [pipe]}", "^service 'Site': app path 'pipe': ");
	refuse("[\n", "{module: m}", "^service 'Site': .dockerignore:1: ");
}

/* What podman mounts over gets a directory; what is the host's may be a file. */
static void test_volumes(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(GError) error = NULL;
	test_fleet_write(&test, "families.d/base.yaml", "family: base\nfrom: debian:12\n");
	test_fleet_write(
		&test, "fleet.yaml",
		"fleet: t\n"
		"volumes: {kept: {target: /kept}, theirs: {path: /srv/a, target: /theirs}}\n"
		"services: {Site: {family: base, app: {module: m}, writable: [/own],\n"
		"  volumes: [kept, theirs, \"/run/user/1/podman/podman.sock:/run/p.sock\"]}}\n"
		"groups: {g: {host: h, services: [Site]}}\nhosts: {h: {}}\n");
	test_fleet_load(&test);
	g_autoptr(GPtrArray) entries =
		smith_app_entries(test.fleet, smith_fleet_service(test.fleet, "Site"), &error);
	g_assert_no_error(error);
	g_autofree char *text = text_of(entries);
	g_assert_cmpstr(text, ==, "app/ kept/ own/");
}

static char *pin(TestFleet *test, GPtrArray **entries)
{
	g_autoptr(SmithInputs) inputs = smith_inputs_load(test_fleet_store(test));
	g_autoptr(GError) error = NULL;
	char *digest;

	*entries = smith_app_entries(test->fleet, smith_fleet_service(test->fleet, "Site"), &error);
	g_assert_no_error(error);
	digest = smith_app_pin(*entries, inputs, &error);
	g_assert_no_error(error);
	return digest;
}

static void check_digest(TestFleet *test, const char *other, bool equal)
{
	g_autoptr(GPtrArray) entries = NULL;
	g_autofree char *digest = pin(test, &entries);

	g_assert_cmpint(strcmp(digest, other) == 0, ==, equal);
}

/* Only what gets into the layer counts. */
static void test_digest(void)
{
	static const struct timespec past[] = {{1000, 0}, {1000, 0}};
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(GPtrArray) entries = NULL;
	g_autofree char *digest = NULL;

	begin(&test, "{module: m, files: src}");
	digest = pin(&test, &entries);
	g_assert_true(smith_digest_is_sha256(digest));
	check_digest(&test, digest, true);
	g_assert_cmpint(utimensat(test.fd, "src/main.py", past, 0), ==, 0);
	g_assert_cmpint(fchmodat(test.fd, "src/main.py", 0600, 0), ==, 0);
	g_assert_cmpint(fchmodat(test.fd, "src/lib", 0700, 0), ==, 0);
	test_fleet_write(&test, "README", "changed");
	check_digest(&test, digest, true);
	g_assert_cmpint(fchmodat(test.fd, "src/main.py", 0700, 0), ==, 0);
	check_digest(&test, digest, false);
	g_assert_cmpint(fchmodat(test.fd, "src/main.py", 0644, 0), ==, 0);
	check_digest(&test, digest, true);
	test_fleet_write(&test, "src/main.py", "print(2)\n");
	check_digest(&test, digest, false);
	test_fleet_write(&test, "src/main.py", "print(1)\n");
	g_assert_cmpint(renameat(test.fd, "src/run.sh", test.fd, "src/ran.sh"), ==, 0);
	check_digest(&test, digest, false);
	g_assert_cmpint(renameat(test.fd, "src/ran.sh", test.fd, "src/run.sh"), ==, 0);
	g_assert_cmpint(symlinkat("main.py", test.fd, "src/z"), ==, 0);
	check_digest(&test, digest, false);
}

static void check_read(GPtrArray *entries, const char *path, const char *expected)
{
	for (guint i = 0; i < entries->len; i++) {
		SmithEntry *entry = entries->pdata[i];
		g_autoptr(GError) error = NULL;
		g_autoptr(SmithSource) source = NULL;
		g_autoptr(GBytes) bytes = NULL;

		if (strcmp(entry->path, path) != 0)
			continue;
		source = entry->content->ops->open(entry->content, &error);
		bytes = source != NULL ? smith_source_read_all(source, 1000, &error) : NULL;
		if (expected == NULL) {
			g_assert_null(bytes);
			g_assert_nonnull(strstr(error->message, "main.py"));
			return;
		}
		g_assert_no_error(error);
		g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), expected,
				strlen(expected));
		return;
	}
	g_assert_not_reached();
}

/* What is written to a layer is what its key was made of, or nothing. */
static void test_changed(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(GPtrArray) entries = NULL;
	g_autofree char *digest = NULL;

	begin(&test, "{module: m, files: src}");
	digest = pin(&test, &entries);
	check_read(entries, "app/src/main.py", "print(1)\n");
	check_read(entries, "app/src/main.py", "print(1)\n");
	test_fleet_write(&test, "src/main.py", "print(2)\n");
	check_read(entries, "app/src/main.py", NULL);
	test_fleet_write(&test, "src/main.py", "longer than before\n");
	check_read(entries, "app/src/main.py", NULL);
	g_assert_cmpint(unlinkat(test.fd, "src/main.py", 0), ==, 0);
	check_read(entries, "app/src/main.py", NULL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/build/app/files", test_files);
	g_test_add_func("/build/app/refused", test_refused);
	g_test_add_func("/build/app/volumes", test_volumes);
	g_test_add_func("/build/app/digest", test_digest);
	g_test_add_func("/build/app/changed", test_changed);
	return g_test_run();
}
