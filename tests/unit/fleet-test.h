/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "fleet/load.h"
#include "fleet/resolve.h"
#include "layers/layer.h"
#include "lint/lint.h"
#include "oci/layout.h"
#include "tests/unit/wheel-builder.h"

/*
 * What the tests of fleet/, build/ and quadlet/ share: a fleet in a temporary directory, with its
 * wheels, a base image and a store, all made here and gone at the end.
 *
 *   g_auto (TestFleet) fleet = test_fleet_new ();
 *   test_fleet_write (&fleet, "fleet.yaml", "fleet: t\n...");
 *   test_fleet_base (&fleet, NULL);                        oci:base:py
 *   test_fleet_wheel (&fleet, &(TestWheel){.name = "demo"});    wheels/demo-1.0-py3-none-any.whl
 *   test_fleet_load (&fleet);
 */
typedef struct {
	char *path;
	int fd;
	SmithDiag *diag;
	SmithFleet *fleet;
	SmithStore *store;
} TestFleet;

static inline TestFleet test_fleet_new(void)
{
	TestFleet test = {g_dir_make_tmp("smith-fleet-XXXXXX", NULL), -1, NULL, NULL, NULL};

	g_assert_nonnull(test.path);
	test.fd = smith_fd_open_dir(AT_FDCWD, test.path, NULL);
	g_assert_cmpint(test.fd, >=, 0);
	test.diag = smith_diag_new();
	return test;
}

static inline void test_fleet_clear(TestFleet *test)
{
	g_clear_pointer(&test->store, smith_store_free);
	g_clear_pointer(&test->fleet, smith_fleet_free);
	g_clear_pointer(&test->diag, smith_diag_free);
	smith_fd_clear(&test->fd);
	g_assert_true(smith_fd_remove_tree(AT_FDCWD, test->path, NULL));
	g_free(test->path);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TestFleet, test_fleet_clear)

static inline void test_fleet_write_bytes(const TestFleet *test, const char *path, const void *data,
					  gsize length)
{
	g_autofree char *parent = g_path_get_dirname(path);
	g_autoptr(GError) error = NULL;

	smith_fd_make_dirs(test->fd, parent, &error);
	g_assert_no_error(error);
	smith_fd_write_file(test->fd, path, data, length, 0644, &error);
	g_assert_no_error(error);
}

static inline void test_fleet_write(const TestFleet *test, const char *path, const char *text)
{
	test_fleet_write_bytes(test, path, text, strlen(text));
}

static inline char *test_fleet_read(const TestFleet *test, const char *path)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = smith_fd_read_file(test->fd, path, 1 << 24, &error);

	g_assert_no_error(error);
	return g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
}

/* Loads and lints anew; findings are in test->diag. */
static inline SmithFleet *test_fleet_check(TestFleet *test)
{
	g_autoptr(GError) error = NULL;

	g_clear_pointer(&test->fleet, smith_fleet_free);
	g_clear_pointer(&test->diag, smith_diag_free);
	test->diag = smith_diag_new();
	test->fleet = smith_fleet_load(test->path, test->diag, &error);
	g_assert_no_error(error);
	smith_lint_fleet(test->fleet, test->diag);
	return test->fleet;
}

/* All findings, one a line. */
static inline char *test_diag_text(const SmithDiag *diag)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < diag->findings->len; i++) {
		g_autofree char *line = smith_finding_to_string(diag->findings->pdata[i]);
		g_string_append_printf(text, "%s\n", line);
	}
	return g_string_free(text, FALSE);
}

/* As test_fleet_check(), of a fleet that has no errors. */
static inline SmithFleet *test_fleet_load(TestFleet *test)
{
	SmithFleet *fleet = test_fleet_check(test);

	if (test->diag->errors > 0) {
		g_autofree char *text = test_diag_text(test->diag);
		g_error("%s", text);
	}
	return fleet;
}

static inline SmithStore *test_fleet_store(TestFleet *test)
{
	g_autofree char *path = g_build_filename(test->path, "store", NULL);
	g_autoptr(GError) error = NULL;

	if (test->store == NULL)
		test->store = smith_store_open(path, &error);
	g_assert_no_error(error);
	return test->store;
}

typedef struct {
	const char *name; /* "demo" */
	const char *version;
	const char *tag;
	const char *metadata;  /* more header lines */
	const char *directory; /* "wheels" */
	const char *file;      /* NAME/__init__.py when NULL */
	const char *data;
	const char *file2; /* NULL: none */
	const char *data2;
	bool damaged; /* RECORD lies about the file */
} TestWheel;

/* Writes the wheel into the fleet; its SHA-256 in hex. */
static inline char *test_fleet_wheel(const TestFleet *test, const TestWheel *spec)
{
	g_auto(WheelBuilder) wheel = {0};
	g_autoptr(GBytes) bytes = NULL;
	g_autofree char *init = NULL, *base = NULL, *path = NULL, *digest = NULL;

	wheel.name = spec->name;
	wheel.version = spec->version;
	wheel.tag = spec->tag;
	wheel.metadata = spec->metadata;
	wheel_begin(&wheel);
	init = spec->file != NULL ? g_strdup(spec->file)
				  : g_strconcat(wheel.name, "/__init__.py", NULL);
	wheel_add(&wheel, &(ZipSpec){.name = init,
				     .data = spec->data != NULL ? spec->data : "x = 1\n",
				     .deflate = true});
	if (spec->file2 != NULL)
		wheel_add(&wheel, &(ZipSpec){.name = spec->file2, .data = spec->data2});
	if (spec->damaged) {
		SmithRecordRow *row = wheel_row(&wheel, init);
		g_free(row->hash);
		row->hash = g_strdup("sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU");
	}
	bytes = wheel_finish(&wheel);
	base = g_path_get_basename(wheel.path);
	path = g_build_filename(spec->directory != NULL ? spec->directory : "wheels", base, NULL);
	test_fleet_write_bytes(test, path, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	digest = smith_digest_of(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	return g_strdup(smith_digest_hex(digest));
}

/* A file of the base; a path that ends in "/" is a directory. */
typedef struct {
	const char *path;
	const char *data;
} TestFile;

static const TestFile test_base_files[] = {
	{"etc/", NULL},
	{"etc/group", "root:x:0:\n"},
	{"etc/passwd", "root:x:0:0:root:/root:/bin/bash\n"},
	{"usr/bin/python3.11", "ELF"},
	{"usr/bin/tini", "ELF"},
	{"usr/include/python3.11/patchlevel.h", "#define PY_VERSION \"3.11.2\"\n"},
	{"var/lib/dpkg/status",
	 "Package: libc6\nStatus: install ok installed\nVersion: 2.36-9+deb12u14\n"},
	{NULL, NULL},
};

typedef struct {
	const char *layout;	  /* "base" */
	const char *ref;	  /* "py" */
	const char *architecture; /* "amd64" */
	const TestFile *files;	  /* test_base_files */
	const char *config;	  /* members behind "rootfs", with a comma before */
} TestBase;

static inline SmithLayer *test_layer(int blobs_fd, const TestFile *files)
{
	GPtrArray *entries = g_ptr_array_new_with_free_func((GDestroyNotify)smith_entry_free);
	g_autoptr(SmithEntryIter) iter = NULL;
	g_autoptr(GError) error = NULL;
	SmithLayer *layer;

	for (; files->path != NULL; files++) {
		g_autofree char *path = smith_entry_path_normalize(files->path, NULL);
		g_ptr_array_add(entries, g_str_has_suffix(files->path, "/")
						 ? smith_entry_new(SMITH_ENTRY_DIR, path, 0755)
						 : smith_entry_new_file(path, 0755, files->data,
									strlen(files->data)));
	}
	iter = smith_entry_iter_new_array(entries);
	layer = smith_layer_write(
		iter, &(SmithLayerOptions){SMITH_COMPRESSION_GZIP, false, blobs_fd, NULL}, &error);
	g_assert_no_error(error);
	return layer;
}

/* A base image as "oci:base:py" of one layer; the digest of its manifest. */
static inline char *test_fleet_base(const TestFleet *test, const TestBase *given)
{
	TestBase spec = given != NULL ? *given : (TestBase){0};
	g_autoptr(SmithLayout) layout = NULL;
	g_autoptr(SmithLayer) layer = NULL;
	g_autoptr(SmithManifest) manifest = smith_manifest_new();
	g_autoptr(SmithDescriptor) image = NULL;
	g_autoptr(GPtrArray) refs = g_ptr_array_new();
	g_autoptr(GError) error = NULL;
	g_autofree char *config = NULL, *text = NULL;
	const char *architecture = spec.architecture != NULL ? spec.architecture : "amd64";
	gsize length = 0;

	layout = smith_layout_open(test->fd, spec.layout != NULL ? spec.layout : "base", TRUE,
				   &error);
	g_assert_no_error(error);
	layer = test_layer(smith_layout_blobs_fd(layout),
			   spec.files != NULL ? spec.files : test_base_files);
	config = g_strdup_printf("{\"architecture\":\"%s\",\"os\":\"linux\","
				 "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"%s\"]}%s}",
				 architecture, layer->diff_id,
				 spec.config != NULL ? spec.config
						     : ",\"config\":{\"Env\":[\"PATH=/usr/bin\"]}");
	manifest->config =
		smith_layout_write_blob(layout, config, strlen(config), SMITH_MEDIA_CONFIG, &error);
	g_assert_no_error(error);
	g_ptr_array_add(manifest->layers, smith_descriptor_new(layer->media_type, layer->digest,
							       (gint64)layer->size));
	text = smith_manifest_write(manifest, &length);
	image = smith_layout_write_blob(layout, text, length, SMITH_MEDIA_MANIFEST, &error);
	g_assert_no_error(error);
	image->platform = smith_platform_new("linux", architecture, NULL);
	smith_descriptor_set_annotation(image, SMITH_ANNOTATION_REF_NAME,
					spec.ref != NULL ? spec.ref : "py");
	g_ptr_array_add(refs, image);
	smith_layout_set_refs(layout, refs, &error);
	g_assert_no_error(error);
	return g_strdup(image->digest);
}

/* Resolves the fleet, which must have been loaded. The findings replace test->diag. */
static inline SmithLock *test_fleet_resolve(TestFleet *test, const SmithLock *previous,
					    GError **error)
{
	SmithResolveOptions options = {
		.previous = previous, .workers = 2, .epoch = SMITH_LOCK_EPOCH};

	g_clear_pointer(&test->diag, smith_diag_free);
	test->diag = smith_diag_new();
	return smith_resolve(test->fleet, test_fleet_store(test), &options, test->diag, error);
}

/*
 * A case file: sections that begin with "== NAME"; those that are named like files are the fleet,
 * "findings" is what it must be told, a "#" before the first section is for the reader.
 */
static inline char *test_case_apply(const TestFleet *test, const char *file)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) sections = NULL;
	char *expected = NULL;

	g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
	sections = g_regex_split_simple("^== ", text, G_REGEX_MULTILINE, 0);
	for (guint i = 1; sections[i] != NULL; i++) {
		char *body = strchr(sections[i], '\n');
		g_assert_nonnull(body);
		*body++ = '\0';
		if (strcmp(sections[i], "findings") == 0)
			expected = g_strdup(body);
		else
			test_fleet_write(test, sections[i], body);
	}
	g_assert_nonnull(expected);
	return expected;
}

/* Adds a test for every NAME.case of tests/data/fleet/@directory; @run gets the file's path. */
static inline void test_add_cases(const char *directory, GTestDataFunc run)
{
	g_autofree char *path =
		g_test_build_filename(G_TEST_DIST, "tests", "data", "fleet", directory, NULL);
	smith_autofd int fd = smith_fd_open_dir(AT_FDCWD, path, NULL);
	g_autoptr(GPtrArray) names = NULL;

	g_assert_cmpint(fd, >=, 0);
	names = smith_fd_list_dir(fd, NULL);
	g_assert_cmpuint(names->len, >, 0);
	for (guint i = 0; i < names->len; i++) {
		const char *name = names->pdata[i];
		g_autofree char *test = g_strdup_printf("/fleet/%s/%s", directory, name);
		g_test_add_data_func_full(test, g_build_filename(path, name, NULL), run, g_free);
	}
}
