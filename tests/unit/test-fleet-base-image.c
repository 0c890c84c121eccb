/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/base-image.h"

#include "layers/archive.h"
#include "tests/unit/fleet-test.h"

static void begin(TestFleet *test)
{
	test_fleet_write(test, "families.d/base.yaml", "family: base\nfrom: oci:base:py\n");
	test_fleet_write(test, "fleet.yaml", "fleet: t\nplatform: linux/amd64\n");
	test_fleet_load(test);
	test_fleet_store(test);
}

static SmithLockBase *look(TestFleet *test, const char *from)
{
	g_autoptr(GError) error = NULL;
	SmithLockBase *base =
		smith_base_lock(test->fleet, test->store, from, "linux/amd64", NULL, &error);

	g_assert_no_error(error);
	return base;
}

/* The base that these files make; its @config has more members. */
static SmithLockBase *look_at(const TestFile *files, const char *config)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autofree char *digest = NULL;

	begin(&test);
	digest = test_fleet_base(&test, &(TestBase){.files = files, .config = config});
	return look(&test, "oci:base:py");
}

static void test_debian(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autofree char *digest = test_fleet_base(&test, NULL);
	g_autoptr(SmithLockBase) base = NULL;

	begin(&test);
	base = look(&test, "oci:base:py");
	g_assert_cmpstr(base->from, ==, "oci:base:py");
	g_assert_cmpstr(base->media_type, ==, SMITH_MEDIA_MANIFEST);
	g_assert_cmpstr(base->digest, ==, digest);
	g_assert_cmpint(base->size, >, 0);
	g_assert_cmpstr(base->python, ==, "/usr/bin/python3.11");
	g_assert_cmpstr(base->python_version, ==, "3.11.2");
	g_assert_cmpstr(base->libc, ==, "glibc");
	g_assert_cmpstr(base->libc_version, ==, "2.36");
	g_assert_cmpstr(base->init, ==, "/usr/bin/tini");
	g_assert_cmpstr(base->passwd[0], ==, "root:x:0:0:root:/root:/bin/bash");
	g_assert_null(base->passwd[1]);
	g_assert_cmpstr(base->group[0], ==, "root:x:0:");
	/* its blobs are in the store now */
	g_assert_true(smith_layout_has_blob(smith_store_layout(test.store), digest, base->size));
}

static void test_alpine(void)
{
	static const TestFile files[] = {
		{"lib/", NULL},
		{"lib/apk/db/installed",
		 "C:Q1\nP:musl\nV:1.2.4-r2\n\nP:python3\nV:3.12.3-r1\n\nP:x\nV:9\n"},
		{"sbin/tini", "ELF"},
		{"usr/bin/python3", "ELF"},
		{"usr/bin/python3-config", "#!"},
		{"usr/bin/python3.12", "ELF"},
		{"usr/bin/python3.12-config", "#!"},
		{"usr/bin/python3.9", "ELF"},
		{NULL, NULL},
	};
	g_autoptr(SmithLockBase) base = look_at(files, "");

	g_assert_cmpstr(base->python, ==, "/usr/bin/python3.12");
	g_assert_cmpstr(base->python_version, ==, "3.12.3");
	g_assert_cmpstr(base->libc, ==, "musl");
	g_assert_cmpstr(base->libc_version, ==, "1.2");
	g_assert_cmpstr(base->init, ==, "/sbin/tini");
	g_assert_cmpuint(g_strv_length(base->passwd), ==, 0);
}

/* The interpreter of docker.io/library/python is in /usr/local, its version in the environment. */
static void test_docker_python(void)
{
	static const TestFile files[] = {
		{"usr/bin/python3.11", "ELF"},
		{"usr/local/bin/python3.12", "ELF"},
		{"var/lib/dpkg/status",
		 "Package: python3.11-minimal\nVersion: 3.11.2-6\n\n"
		 "Package: libc6-dev\nVersion: 9\n\nPackage: libc6\nVersion: 1:2.41-9\n"},
		{NULL, NULL},
	};
	g_autoptr(SmithLockBase) base =
		look_at(files, ",\"config\":{\"Env\":[\"A=B\",\"PYTHON_VERSION=3.12.7\"]}");

	g_assert_cmpstr(base->python, ==, "/usr/local/bin/python3.12");
	g_assert_cmpstr(base->python_version, ==, "3.12.7");
	g_assert_cmpstr(base->libc_version, ==, "2.41");
	g_assert_null(base->init);
}

/* Versions that contradict the interpreter's name are not believed. */
static void test_odd_versions(void)
{
	static const TestFile files[] = {
		{"usr/bin/python3.11", "ELF"},
		{"usr/include/python3.11/patchlevel.h", "#define PY_VERSION \"none\"\n"},
		{"var/lib/dpkg/status", "Package: python3.11\nVersion: 3.1.2-6\n"},
		{NULL, NULL},
	};
	g_autoptr(SmithLockBase) base =
		look_at(files, ",\"config\":{\"Env\":[\"PYTHON_VERSION=3.12.7\"]}");

	g_assert_cmpstr(base->python_version, ==, "3.11.0");
	g_assert_null(base->libc);
}

static void test_nothing(void)
{
	static const TestFile files[] = {{"etc/", NULL}, {NULL, NULL}};
	g_autoptr(SmithLockBase) base = look_at(files, "");

	g_assert_null(base->python);
	g_assert_null(base->libc);
	g_assert_null(base->init);
}

static void refuse(TestFleet *test, const char *from, const SmithLockBase *keep, int code,
		   const char *says)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithLockBase) base =
		smith_base_lock(test->fleet, test->store, from, "linux/amd64", keep, &error);

	g_assert_null(base);
	g_assert_error(error, SMITH_ERROR, code);
	if (strstr(error->message, says) == NULL)
		g_error("'%s' not in '%s'", says, error->message);
}

static void test_bad_references(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autofree char *digest = test_fleet_base(&test, NULL);

	begin(&test);
	refuse(&test, "oci:base:other", NULL, SMITH_ERROR_NOT_FOUND, "base 'oci:base:other': ");
	refuse(&test, "oci:", NULL, SMITH_ERROR_INVALID, "no path after 'oci:'");
	refuse(&test, "debian:12", NULL, SMITH_ERROR_NOT_FOUND,
	       "the store has no image 'debian:12' for linux/amd64; copy it there with 'skopeo");
}

static void test_other_platform(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autofree char *digest = NULL, *path = NULL;
	g_autoptr(SmithLayout) layout = NULL;
	g_autoptr(SmithDescriptor) image = NULL;
	g_autoptr(SmithSink) sink = NULL;
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	g_autoptr(GError) error = NULL;

	begin(&test);
	digest = test_fleet_base(&test, &(TestBase){.architecture = "arm64"});
	layout = smith_layout_open(test.fd, "base", FALSE, &error);
	g_assert_no_error(error);
	image = smith_layout_find(layout, "py", NULL, &error);
	g_assert_no_error(error);
	sink = smith_sink_new_bytes(bytes);
	g_assert_true(smith_archive_export_oci(layout, image, "py:1", sink, &error));
	test_fleet_write_bytes(&test, "arm.tar", bytes->data, bytes->len);
	refuse(&test, "oci:base:py", NULL, SMITH_ERROR_NOT_FOUND, "linux/arm64");
	refuse(&test, "oci-archive:arm.tar", NULL, SMITH_ERROR_INVALID,
	       "it is an image for linux/arm64, the fleet's platform is linux/amd64");
}

/* A moved reference: the locked manifest stays while the store has it. */
static void test_keep(void)
{
	static const TestFile files[] = {{"usr/bin/python3.13", "ELF"}, {NULL, NULL}};
	g_auto(TestFleet) test = test_fleet_new();
	g_autofree char *digest = test_fleet_base(&test, NULL), *moved = NULL;
	g_autoptr(SmithLockBase) base = NULL;
	g_autoptr(SmithLockBase) kept = NULL;
	g_autoptr(GError) error = NULL;

	begin(&test);
	base = look(&test, "oci:base:py");
	moved = test_fleet_base(&test, &(TestBase){.files = files});
	g_assert_cmpstr(moved, !=, digest);
	kept = smith_base_lock(test.fleet, test.store, "oci:base:py", "linux/amd64", base, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(kept->digest, ==, digest);
	g_assert_cmpstr(kept->python, ==, "/usr/bin/python3.11");
	g_clear_pointer(&test.store, smith_store_free);
	g_assert_true(smith_fd_remove_tree(test.fd, "store", &error));
	test_fleet_store(&test);
	refuse(&test, "oci:base:py", base, SMITH_ERROR_VERIFY, "'ocismith lock --update'");
}

/* Replaces the record of what was found in the layers; the other one says that they are in use. */
static void record(const SmithStore *store, const char *text)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *steps = g_build_filename(smith_store_get_path(store), "cache/steps", NULL);
	g_autoptr(GDir) dir = g_dir_open(steps, 0, &error);
	guint replaced = 0;
	g_assert_no_error(error);
	for (const char *name; (name = g_dir_read_name(dir)) != NULL;) {
		g_autofree char *path = g_build_filename(steps, name, NULL);
		g_autofree char *old = NULL;
		g_assert_true(g_file_get_contents(path, &old, NULL, &error));
		if (strstr(old, "\"python\"") == NULL)
			continue;
		g_assert_true(g_file_set_contents(path, text, -1, &error));
		replaced++;
	}
	g_assert_cmpuint(replaced, ==, 1);
}

/* Layers are looked into once, whatever image of the same layers asks. */
static void test_recall(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autofree char *digest = test_fleet_base(&test, NULL);
	g_autoptr(SmithLockBase) base = NULL;
	g_autoptr(SmithLockBase) recalled = NULL;
	g_autoptr(SmithLockBase) anew = NULL;

	begin(&test);
	base = look(&test, "oci:base:py");
	record(test.store, "{\"from\": \"x\", \"mediaType\": \"x\", \"digest\": \"x\", "
			   "\"size\": 1, \"python\": \"/recalled\"}");
	recalled = look(&test, "oci:base:py");
	g_assert_cmpstr(recalled->python, ==, "/recalled");
	g_assert_cmpstr(recalled->from, ==, "oci:base:py");
	g_assert_cmpstr(recalled->digest, ==, digest);
	g_assert_cmpint(recalled->size, ==, base->size);
	g_assert_cmpstr(recalled->media_type, ==, base->media_type);
	record(test.store, "{\"from\": 1");
	anew = look(&test, "oci:base:py");
	g_assert_cmpstr(anew->python, ==, base->python);
}

static void test_import(void)
{
	static const TestFile files[] = {{"usr/bin/python3.13", "ELF"}, {NULL, NULL}};
	g_auto(TestFleet) test = test_fleet_new();
	g_autofree char *digest = test_fleet_base(&test, NULL), *moved = NULL;
	g_autoptr(SmithLockBase) base = NULL;
	g_autoptr(GError) error = NULL;

	begin(&test);
	base = look(&test, "oci:base:py");
	g_clear_pointer(&test.store, smith_store_free);
	g_assert_true(smith_fd_remove_tree(test.fd, "store", &error));
	test_fleet_store(&test);
	g_assert_true(smith_base_import(test.fleet, test.store, base, "linux/amd64", &error));
	g_assert_true(smith_layout_has_blob(smith_store_layout(test.store), digest, base->size));
	moved = test_fleet_base(&test, &(TestBase){.files = files});
	/* all is there: nobody looks */
	g_assert_true(smith_base_import(test.fleet, test.store, base, "linux/amd64", &error));
	g_clear_pointer(&test.store, smith_store_free);
	g_assert_true(smith_fd_remove_tree(test.fd, "store", &error));
	test_fleet_store(&test);
	g_assert_false(smith_base_import(test.fleet, test.store, base, "linux/amd64", &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_VERIFY);
	g_assert_nonnull(strstr(error->message, digest));
	g_assert_nonnull(strstr(error->message, moved));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/fleet/base-image/debian", test_debian);
	g_test_add_func("/fleet/base-image/alpine", test_alpine);
	g_test_add_func("/fleet/base-image/docker-python", test_docker_python);
	g_test_add_func("/fleet/base-image/odd-versions", test_odd_versions);
	g_test_add_func("/fleet/base-image/nothing", test_nothing);
	g_test_add_func("/fleet/base-image/bad-references", test_bad_references);
	g_test_add_func("/fleet/base-image/other-platform", test_other_platform);
	g_test_add_func("/fleet/base-image/keep", test_keep);
	g_test_add_func("/fleet/base-image/recall", test_recall);
	g_test_add_func("/fleet/base-image/import", test_import);
	return g_test_run();
}
