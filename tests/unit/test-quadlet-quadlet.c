/* SPDX-License-Identifier: Apache-2.0 */
#include "quadlet/quadlet.h"

#include "tests/unit/fleet-test.h"

static char *data_path(const char *name)
{
	return g_test_build_filename(G_TEST_DIST, "tests", "data", "quadlet", name, NULL);
}

static void load(TestFleet *test, const char *text)
{
	test_fleet_write(test, "families.d/base.yaml",
			 "family: base\nfrom: debian:12\nenv: {ON: 'x', FROM: '${host.name}'}\n");
	test_fleet_write(test, "fleet.yaml", text);
	test_fleet_load(test);
}

static void load_data(TestFleet *test, const char *name)
{
	g_autofree char *path = data_path(name);
	g_autofree char *text = NULL;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	load(test, text);
}

static void load_golden(TestFleet *test)
{
	load_data(test, "fleet.yaml");
}

static GPtrArray *units(const SmithFleet *fleet, const char *host, const char *group)
{
	const char *hosts[] = {host, NULL}, *groups[] = {group, NULL};
	g_autoptr(GError) error = NULL;
	const SmithUnitsRequest request = {.fleet = fleet,
					   .hosts = host != NULL ? hosts : NULL,
					   .groups = group != NULL ? groups : NULL};
	GPtrArray *files = smith_quadlet_units(&request, &error);

	g_assert_no_error(error);
	return files;
}

static const char *text_of(const GPtrArray *files, const char *path)
{
	for (guint i = 0; i < files->len; i++) {
		const SmithUnitFile *file = files->pdata[i];
		if (strcmp(file->path, path) == 0)
			return file->text;
	}
	return NULL;
}

static char *paths_of(const GPtrArray *files)
{
	GString *paths = g_string_new(NULL);

	for (guint i = 0; i < files->len; i++)
		g_string_append_printf(paths, "%s%s", i > 0 ? " " : "",
				       ((SmithUnitFile *)files->pdata[i])->path);
	return g_string_free(paths, FALSE);
}

/* Profiles are what their own tests say. */
static void check_golden(const GPtrArray *files, const char *directory)
{
	for (guint i = 0; i < files->len; i++) {
		const SmithUnitFile *file = files->pdata[i];
		if (strstr(file->path, "/seccomp/") != NULL)
			continue;
		g_autofree char *name = g_build_filename(directory, file->path, NULL);
		g_autofree char *path = data_path(name);
		g_autofree char *expected = NULL;

		if (g_getenv("UPDATE_GOLDEN") != NULL)
			g_file_set_contents(path, file->text, -1, NULL);
		if (!g_file_get_contents(path, &expected, NULL, NULL))
			g_error("no '%s'; it should be:\n%s", path, file->text);
		g_assert_cmpstr(file->text, ==, expected);
	}
}

static void test_golden(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(GPtrArray) files = NULL;
	g_autofree char *paths = NULL;

	load_golden(&test);
	files = units(test.fleet, NULL, NULL);
	paths = paths_of(files);
	g_assert_cmpstr(paths, ==,
			"mainpc/core.pod mainpc/machine.env mainpc/seccomp/baseline.json "
			"mainpc/systemd/100-acme.target "
			"mainpc/systemd/core.target mainpc/web.container mainpc/worker.container "
			"old.local/edge.pod old.local/far.container old.local/machine.env "
			"old.local/seccomp/baseline.json "
			"old.local/systemd/100-acme.target old.local/systemd/edge.target");
	check_golden(files, ".");
}

/* All that the model can say; tests/e2e has podman read the same. */
static void test_wide(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(GPtrArray) files = NULL;
	g_autofree char *paths = NULL;

	load_data(&test, "wide.yaml");
	files = units(test.fleet, NULL, NULL);
	paths = paths_of(files);
	g_assert_cmpstr(
		paths, ==,
		"big/camera.container big/core.pod big/hidden.pod big/inner.network "
		"big/logs.volume big/machine.env big/main-net.network big/mood.container "
		"big/plain.pod big/proxy.container big/quiet.container big/redis-data.volume "
		"big/redis.container big/seccomp/baseline.json big/seccomp/web.json "
		"big/systemd/core.target big/systemd/edge.target "
		"big/systemd/hidden.target big/systemd/mood.target big/systemd/plain.target "
		"big/systemd/web-wait-far.service big/systemd/wide.target "
		"big/web-app-cache.volume big/web-var-lib-web.volume big/web.container "
		"big/worker.container old/far.container old/machine.env "
		"old/remote-mood.container old/remote.pod old/seccomp/baseline.json "
		"old/systemd/remote-mood.target "
		"old/systemd/remote.target old/systemd/wide.target");
	check_golden(files, "wide");
}

/* Networks and volumes are those of the chosen groups. */
static void test_wide_choice(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(GPtrArray) files = NULL;
	g_autofree char *paths = NULL;

	load_data(&test, "wide.yaml");
	files = units(test.fleet, NULL, "hidden");
	paths = paths_of(files);
	g_assert_cmpstr(paths, ==,
			"big/hidden.pod big/inner.network big/machine.env big/main-net.network "
			"big/seccomp/baseline.json "
			"big/systemd/hidden.target big/systemd/wide.target big/worker.container");
}

static void check_choice(const SmithFleet *fleet, const char *host, const char *group,
			 const char *expected)
{
	g_autoptr(GPtrArray) files = units(fleet, host, group);
	g_autofree char *paths = paths_of(files);

	g_assert_cmpstr(paths, ==, expected);
}

#define EDGE                                                                                       \
	"old.local/edge.pod old.local/far.container old.local/machine.env "                        \
	"old.local/seccomp/baseline.json "                                                         \
	"old.local/systemd/100-acme.target old.local/systemd/edge.target"

static void test_choice(void)
{
	static const char *const nobody[] = {"mainpc", "nobody", NULL};
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(GError) error = NULL;

	load_golden(&test);
	check_choice(test.fleet, "old.local", NULL, EDGE);
	check_choice(test.fleet, NULL, "edge", EDGE);
	check_choice(test.fleet, "mainpc", "edge", "");
	g_assert_null(smith_quadlet_units(
		&(SmithUnitsRequest){.fleet = test.fleet, .hosts = nobody}, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_USAGE);
	g_clear_error(&error);
	g_assert_null(smith_quadlet_units(
		&(SmithUnitsRequest){.fleet = test.fleet, .groups = nobody}, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_USAGE);
}

/* Of what one host gets for a version: files that are other ones than 5.4's, and names of those
 * that are not there. */
static void append_difference(GString *text, const GPtrArray *files, const GPtrArray *usual)
{
	for (guint i = 0; i < files->len; i++) {
		const SmithUnitFile *file = files->pdata[i];
		const char *other = text_of(usual, file->path);
		if (g_strcmp0(other, file->text) != 0)
			g_string_append_printf(text, "== %s\n%s", file->path, file->text);
	}
	for (guint i = 0; i < usual->len; i++) {
		const SmithUnitFile *file = usual->pdata[i];
		if (text_of(files, file->path) == NULL)
			g_string_append_printf(text, "-- %s\n", file->path);
	}
}

static GPtrArray *wide_for(const char *podman)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autofree char *path = data_path("wide.yaml");
	g_autofree char *version = g_strdup_printf("podman: \"%s\"", podman);
	g_autofree char *text = NULL;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_auto(GStrv) parts = g_strsplit(text, "podman: \"5.4\"", 2);
	g_autofree char *other = g_strconcat(parts[0], version, parts[1], NULL);
	load(&test, other);
	return units(test.fleet, "big", NULL);
}

static void test_podman_versions(void)
{
	static const char *const versions[] = {"4.3", "4.4", "4.6", "4.9", "5.0", "5.2",
					       "5.3", "5.5", "5.6", "5.8", "6"};
	g_autoptr(GPtrArray) usual = wide_for("5.4");
	for (gsize i = 0; i < G_N_ELEMENTS(versions); i++) {
		g_autoptr(GPtrArray) files = wide_for(versions[i]);
		g_autoptr(GString) text = g_string_new(NULL);
		g_autofree char *name = g_strdup_printf("wide-%s.txt", versions[i]);
		g_autofree char *path = data_path(name);
		g_autofree char *expected = NULL;

		append_difference(text, files, usual);
		if (g_getenv("UPDATE_GOLDEN") != NULL)
			g_file_set_contents(path, text->str, -1, NULL);
		if (!g_file_get_contents(path, &expected, NULL, NULL))
			g_error("no '%s'; it should be:\n%s", path, text->str);
		g_assert_cmpstr(text->str, ==, expected);
	}
}

static gboolean write_units(TestFleet *test, GPtrArray *files, const char *host, gboolean complete,
			    GError **error)
{
	const char *hosts[] = {host, NULL};
	g_autofree char *out = g_build_filename(test->path, "out", NULL);

	return smith_quadlet_write(test->fleet, files, out, host != NULL ? hosts : NULL, complete,
				   error);
}

static bool exists(const TestFleet *test, const char *path)
{
	return faccessat(test->fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void test_write(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(GPtrArray) files = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;

	load_golden(&test);
	files = units(test.fleet, NULL, NULL);
	for (int i = 0; i < 2; i++) {
		g_assert_true(write_units(&test, files, NULL, TRUE, &error));
		g_assert_no_error(error);
	}
	text = test_fleet_read(&test, "out/mainpc/core.pod");
	g_assert_cmpstr(text, ==, ((SmithUnitFile *)files->pdata[0])->text);
}

/* A unit that is no longer wanted goes; what others wrote, another fleet of ours too, stays. */
static void test_stale(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(GPtrArray) files = NULL, few = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *ours = NULL;

	load_golden(&test);
	files = units(test.fleet, NULL, NULL);
	g_assert_true(write_units(&test, files, NULL, TRUE, &error));
	ours = test_fleet_read(&test, "out/mainpc/web.container");
	test_fleet_write(&test, "out/mainpc/foreign.container", "[Container]\n");
	test_fleet_write(&test, "out/mainpc/other.container",
			 "# written by ocismith from the fleet other; changes here are lost\n");
	test_fleet_write(&test, "out/gone/web.container", ours);
	test_fleet_write(&test, "out/web.container", ours);
	test_fleet_write(&test, "out/mainpc/web.container.d/x", ours);
	g_assert_cmpint(symlinkat("web.container", test.fd, "out/mainpc/link.container"), ==, 0);
	few = units(test.fleet, "mainpc", "edge");
	g_assert_true(write_units(&test, few, "mainpc", FALSE, &error));
	g_assert_true(exists(&test, "out/mainpc/core.pod"));
	g_assert_true(write_units(&test, few, "mainpc", TRUE, &error));
	g_assert_no_error(error);
	g_assert_false(exists(&test, "out/mainpc/core.pod"));
	g_assert_false(exists(&test, "out/mainpc/web.container"));
	g_assert_true(exists(&test, "out/mainpc/foreign.container"));
	g_assert_true(exists(&test, "out/mainpc/other.container"));
	g_assert_true(exists(&test, "out/mainpc/web.container.d/x"));
	g_assert_true(exists(&test, "out/mainpc/link.container"));
	g_assert_true(exists(&test, "out/old.local/edge.pod"));
	g_assert_true(exists(&test, "out/gone/web.container"));
	g_assert_true(write_units(&test, few, NULL, TRUE, &error));
	g_assert_false(exists(&test, "out/old.local/edge.pod"));
	g_assert_false(exists(&test, "out/gone/web.container"));
	g_assert_true(exists(&test, "out/web.container"));
}

static void check_in_the_way(TestFleet *test, GPtrArray *files, const char *path)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(write_units(test, files, NULL, TRUE, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_CONFLICT);
	g_assert_nonnull(strstr(error->message, path));
	g_assert_nonnull(strstr(error->message, "was not written by ocismith"));
	g_assert_false(exists(test, "out/mainpc/core.pod"));
}

static void test_in_the_way(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(GPtrArray) files = NULL;

	load_golden(&test);
	files = units(test.fleet, NULL, NULL);
	test_fleet_write(&test, "out/old.local/far.container", "# mine\n");
	check_in_the_way(&test, files, "'old.local/far.container'");
	g_assert_cmpint(unlinkat(test.fd, "out/old.local/far.container", 0), ==, 0);
	g_assert_cmpint(symlinkat("nowhere", test.fd, "out/old.local/far.container"), ==, 0);
	check_in_the_way(&test, files, "'old.local/far.container'");
	g_assert_cmpint(unlinkat(test.fd, "out/old.local/far.container", 0), ==, 0);
	test_fleet_write(&test, "out/old.local/edge.pod/x", "");
	check_in_the_way(&test, files, "'old.local/edge.pod'");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/quadlet/quadlet/golden", test_golden);
	g_test_add_func("/quadlet/quadlet/wide", test_wide);
	g_test_add_func("/quadlet/quadlet/wide-choice", test_wide_choice);
	g_test_add_func("/quadlet/quadlet/choice", test_choice);
	g_test_add_func("/quadlet/quadlet/podman-versions", test_podman_versions);
	g_test_add_func("/quadlet/quadlet/write", test_write);
	g_test_add_func("/quadlet/quadlet/stale", test_stale);
	g_test_add_func("/quadlet/quadlet/in-the-way", test_in_the_way);
	return g_test_run();
}
