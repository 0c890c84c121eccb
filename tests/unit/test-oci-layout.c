/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "oci/layout.h"

#define TEXT "hello"
#define TEXT_DIGEST "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

/* Has its own directory, and opens the layout that stands in it. */
typedef struct {
	char *dir;
	int fd;
	SmithLayout *layout;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	GError *error = NULL;
	fixture->dir = g_dir_make_tmp("ocismith-XXXXXX", &error);
	g_assert_no_error(error);
	fixture->fd = smith_fd_open_dir(AT_FDCWD, fixture->dir, &error);
	g_assert_no_error(error);
	fixture->layout = smith_layout_open(fixture->fd, "a/oci", TRUE, &error);
	g_assert_no_error(error);
}

static void tear_down(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	smith_layout_free(fixture->layout);
	smith_fd_clear(&fixture->fd);
	g_assert_true(smith_fd_remove_tree(AT_FDCWD, fixture->dir, NULL));
	g_free(fixture->dir);
}

static void put_file(Fixture *fixture, const char *path, const char *text)
{
	g_autoptr(GError) error = NULL;
	smith_fd_write_file(fixture->fd, path, text, strlen(text), 0644, &error);
	g_assert_no_error(error);
}

static char *get_file(Fixture *fixture, const char *path)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = smith_fd_read_file(fixture->fd, path, 1 << 20, &error);
	g_assert_no_error(error);
	gsize length;
	const char *text = g_bytes_get_data(bytes, &length);
	return g_strndup(text, length);
}

static struct stat stat_of(Fixture *fixture, const char *path)
{
	struct stat st;
	g_assert_cmpint(fstatat(fixture->fd, path, &st, AT_SYMLINK_NOFOLLOW), ==, 0);
	return st;
}

static guint count_blobs(const SmithLayout *layout)
{
	g_autoptr(GPtrArray) names = smith_fd_list_dir(smith_layout_blobs_fd(layout), NULL);
	return names->len;
}

static char *blob_path(const char *digest)
{
	return g_strconcat("a/oci/blobs/sha256/", smith_digest_hex(digest), NULL);
}

/* An image of one layer whose bytes are @text; it is not looked into here. */
static SmithDescriptor *make_image(const SmithLayout *layout, const char *text,
				   const char *architecture, const char *name)
{
	g_autoptr(SmithImageConfig) config = smith_image_config_new();
	g_autoptr(SmithManifest) manifest = smith_manifest_new();
	g_autoptr(GError) error = NULL;
	SmithDescriptor *layer =
		smith_layout_write_blob(layout, text, strlen(text), SMITH_MEDIA_LAYER, &error);
	g_assert_no_error(error);
	g_ptr_array_add(manifest->layers, layer);
	config->created = g_strdup("1970-01-01T00:00:00Z");
	config->os = g_strdup("linux");
	config->architecture = g_strdup(architecture);
	config->config->user = g_strdup("10001:10001");
	config->config->env = g_strsplit("PATH=/opt/venv/bin:/usr/bin,LANG=C.UTF-8", ",", -1);
	config->config->exposed_ports = g_strsplit("8080/tcp,80/tcp", ",", -1);
	config->config->labels = smith_spec_strmap_new();
	g_hash_table_insert(config->config->labels, g_strdup("org.x"), g_strdup("\xc3\xa9\"\n"));
	config->config->healthcheck = g_new0(SmithHealthcheck, 1);
	config->config->healthcheck->test = g_strsplit("CMD-SHELL|true", "|", -1);
	config->config->healthcheck->interval = 30000000000;
	g_strfreev(config->rootfs->diff_ids);
	config->rootfs->diff_ids = g_strsplit(layer->digest, "|", -1);
	g_ptr_array_add(config->history, smith_history_new(config->created, "layer"));
	gsize length;
	g_autofree char *config_text = smith_image_config_write(config, &length);
	manifest->config =
		smith_layout_write_blob(layout, config_text, length, SMITH_MEDIA_CONFIG, &error);
	g_assert_no_error(error);
	g_autofree char *manifest_text = smith_manifest_write(manifest, &length);
	SmithDescriptor *descriptor = smith_layout_write_blob(layout, manifest_text, length,
							      SMITH_MEDIA_MANIFEST, &error);
	g_assert_no_error(error);
	if (name)
		smith_descriptor_set_annotation(descriptor, SMITH_ANNOTATION_REF_NAME, name);
	return descriptor;
}

static gboolean set_ref(const SmithLayout *layout, SmithDescriptor *descriptor, GError **error)
{
	g_autoptr(GPtrArray) refs = g_ptr_array_new();
	g_ptr_array_add(refs, descriptor);
	return smith_layout_set_refs(layout, refs, error);
}

static SmithDescriptor *add_image(const SmithLayout *layout, const char *text,
				  const char *architecture, const char *name)
{
	g_autoptr(GError) error = NULL;
	SmithDescriptor *descriptor = make_image(layout, text, architecture, name);
	set_ref(layout, descriptor, &error);
	g_assert_no_error(error);
	return descriptor;
}

/* An index blob of @images (NULL-terminated; taken) with these platforms. */
static SmithDescriptor *make_index(const SmithLayout *layout, SmithDescriptor **images,
				   const char *const *platforms, const char *name)
{
	g_autoptr(SmithIndex) index = smith_index_new();
	for (guint i = 0; images[i]; i++) {
		images[i]->platform = smith_platform_parse(platforms[i], NULL);
		g_ptr_array_add(index->manifests, images[i]);
	}
	gsize length;
	g_autofree char *text = smith_index_write(index, &length);
	SmithDescriptor *descriptor =
		smith_layout_write_blob(layout, text, length, SMITH_MEDIA_INDEX, NULL);
	if (name)
		smith_descriptor_set_annotation(descriptor, SMITH_ANNOTATION_REF_NAME, name);
	return descriptor;
}

static void test_open(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autofree char *header = get_file(fixture, "a/oci/oci-layout");
	g_autofree char *index = get_file(fixture, "a/oci/index.json");
	g_assert_cmpstr(header, ==, "{\"imageLayoutVersion\":\"1.0.0\"}");
	g_assert_cmpstr(index, ==,
			"{\"schemaVersion\":2,\"mediaType\":\"" SMITH_MEDIA_INDEX
			"\",\"manifests\":[]}");
	struct stat before = stat_of(fixture, "a/oci");
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithLayout) again = smith_layout_open(fixture->fd, "a/oci", TRUE, &error);
	g_assert_no_error(error);
	struct stat after = stat_of(fixture, "a/oci");
	g_assert_cmpint(before.st_mtim.tv_nsec, ==, after.st_mtim.tv_nsec);
	g_assert_cmpint(stat_of(fixture, "a/oci/index.json").st_mode & 07777, ==, 0644);
	g_assert_null(smith_layout_open(fixture->fd, "missing", FALSE, &error));
	g_assert_nonnull(error);
	g_clear_error(&error);
	g_assert_null(smith_layout_open(fixture->fd, "a", FALSE, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_NOT_FOUND);
	g_clear_error(&error);
	put_file(fixture, "a/oci/oci-layout", "{\"imageLayoutVersion\":\"2.0.0\"}");
	g_assert_null(smith_layout_open(fixture->fd, "a/oci", FALSE, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_UNSUPPORTED);
	g_clear_error(&error);
	put_file(fixture, "a/oci/oci-layout", "{");
	g_assert_null(smith_layout_open(fixture->fd, "a/oci", TRUE, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
}

static void test_blobs(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	SmithLayout *layout = fixture->layout;
	g_autoptr(GError) error = NULL;
	g_autofree char *path = blob_path(TEXT_DIGEST);
	g_assert_false(smith_layout_has_blob(layout, TEXT_DIGEST, -1));
	g_autoptr(SmithDescriptor) blob = smith_layout_write_blob(layout, TEXT, 5, "a/b", &error);
	g_assert_no_error(error);
	g_assert_cmpstr(blob->digest, ==, TEXT_DIGEST);
	g_assert_cmpint(blob->size, ==, 5);
	g_assert_cmpint(stat_of(fixture, path).st_mode & 07777, ==, 0444);
	g_assert_true(smith_layout_has_blob(layout, TEXT_DIGEST, 5));
	g_assert_false(smith_layout_has_blob(layout, TEXT_DIGEST, 6));
	g_assert_false(smith_layout_has_blob(layout, "sha256:../../index.json", -1));
	ino_t inode = stat_of(fixture, path).st_ino;
	g_autoptr(SmithDescriptor) again = smith_layout_write_blob(layout, TEXT, 5, "a/b", &error);
	g_assert_nonnull(again);
	g_assert_cmpuint(stat_of(fixture, path).st_ino, ==, inode);
	g_autoptr(GBytes) bytes = smith_layout_read_blob(layout, blob, 5, &error);
	g_assert_no_error(error);
	g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), TEXT, 5);
	g_assert_null(smith_layout_read_blob(layout, blob, 4, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_LIMIT);
	g_clear_error(&error);
	g_autoptr(SmithDescriptor) none = smith_layout_write_blob(layout, NULL, 0, "a/b", &error);
	g_assert_no_error(error);
	g_autoptr(GBytes) empty = smith_layout_read_blob(layout, none, 0, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(g_bytes_get_size(empty), ==, 0);
}

static void check_read_fails(const SmithLayout *layout, const SmithDescriptor *blob, int code,
			     const char *text)
{
	g_autoptr(GError) error = NULL;
	g_assert_null(smith_layout_read_blob(layout, blob, 100, &error));
	g_assert_error(error, SMITH_ERROR, code);
	g_test_message("%s", error->message);
	g_assert_nonnull(strstr(error->message, text));
}

static void test_damaged_blobs(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	SmithLayout *layout = fixture->layout;
	g_autoptr(GError) error = NULL;
	g_autofree char *path = blob_path(TEXT_DIGEST);
	g_autoptr(SmithDescriptor) blob = smith_descriptor_new("a/b", TEXT_DIGEST, 5);
	check_read_fails(layout, blob, SMITH_ERROR_NOT_FOUND, "8b9824' is missing");
	put_file(fixture, path, "hell");
	check_read_fails(layout, blob, SMITH_ERROR_VERIFY, "expected 5 bytes, got 4");
	/* a writer heals it */
	g_autoptr(SmithDescriptor) good = smith_layout_write_blob(layout, TEXT, 5, "a/b", &error);
	g_autoptr(GBytes) bytes = smith_layout_read_blob(layout, good, 5, &error);
	g_assert_no_error(error);
	put_file(fixture, path, "hellp");
	check_read_fails(layout, blob, SMITH_ERROR_VERIFY, "expected '" TEXT_DIGEST);
	g_autoptr(SmithSource) source = smith_layout_open_blob(layout, blob, &error);
	g_assert_no_error(error);
	g_assert_false(smith_source_drain(source, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_VERIFY);
	g_clear_error(&error);
	g_assert_cmpint(unlinkat(fixture->fd, path, 0), ==, 0);
	g_assert_cmpint(mkfifoat(fixture->fd, path, 0644), ==, 0);
	check_read_fails(layout, blob, SMITH_ERROR_VERIFY, "no regular file");
	g_autoptr(SmithDescriptor) climber = smith_descriptor_new("a", "sha256:../index", 5);
	check_read_fails(layout, climber, SMITH_ERROR_INVALID, "digest");
	g_autofree char *hex = g_strnfill(128, 'a');
	g_autofree char *sha512 = g_strconcat("sha512:", hex, NULL);
	g_autoptr(SmithDescriptor) other = smith_descriptor_new("a", sha512, 5);
	check_read_fails(layout, other, SMITH_ERROR_UNSUPPORTED, "expected sha256");
}

static gboolean import(const SmithLayout *layout, const char *text, gint64 size, GError **error)
{
	g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
	g_autoptr(SmithDescriptor) expected = smith_descriptor_new("a/b", TEXT_DIGEST, size);
	return smith_layout_import_blob(layout, smith_source_new_bytes(bytes), expected, error);
}

static void test_import(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const struct {
		const char *text;
		gint64 size;
	} bad[] = {{"hellp", 5}, {"hell", 5}, {"hello!", 5}, {"hello", 4}, {"hello", 6}};
	g_autoptr(GError) error = NULL;
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_assert_false(import(fixture->layout, bad[i].text, bad[i].size, &error));
		g_assert_error(error, SMITH_ERROR, SMITH_ERROR_VERIFY);
		g_test_message("%s", error->message);
		g_clear_error(&error);
		g_assert_cmpuint(count_blobs(fixture->layout), ==, 0);
	}
	g_assert_true(import(fixture->layout, TEXT, 5, &error));
	g_assert_no_error(error);
	g_assert_true(smith_layout_has_blob(fixture->layout, TEXT_DIGEST, 5));
	g_assert_true(import(fixture->layout, "not read", 5, &error));
}

static void test_import_file(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithLayout) other = smith_layout_open(fixture->fd, "b", TRUE, &error);
	g_autoptr(SmithDescriptor) blob =
		smith_layout_write_blob(fixture->layout, TEXT, 5, "a/b", &error);
	int from = smith_layout_blobs_fd(fixture->layout);
	g_assert_true(smith_layout_import_blob_file(other, from, blob, TRUE, &error));
	g_assert_no_error(error);
	g_autofree char *path = blob_path(TEXT_DIGEST);
	g_assert_cmpuint(stat_of(fixture, path).st_nlink, ==, 2);
	g_autoptr(SmithLayout) third = smith_layout_open(fixture->fd, "c", TRUE, &error);
	put_file(fixture, path, "hellp");
	g_assert_false(smith_layout_import_blob_file(third, from, blob, TRUE, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_VERIFY);
	g_clear_error(&error);
	put_file(fixture, path, "hell");
	g_assert_false(smith_layout_import_blob_file(third, from, blob, FALSE, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_VERIFY);
	g_assert_cmpuint(count_blobs(third), ==, 0);
}

/* Another file system, where there is one: the copy is verified without being asked. */
static void test_import_across(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autofree char *far = g_strdup("/dev/shm/ocismith-XXXXXX");
	struct stat near_st = stat_of(fixture, "a"), far_st;
	if (!g_mkdtemp(far) || stat(far, &far_st) < 0 || far_st.st_dev == near_st.st_dev) {
		g_test_skip("no second file system");
		return;
	}
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithLayout) other = smith_layout_open(AT_FDCWD, far, TRUE, &error);
	g_autoptr(SmithDescriptor) blob =
		smith_layout_write_blob(fixture->layout, TEXT, 5, "a/b", &error);
	g_autofree char *path = blob_path(TEXT_DIGEST);
	int from = smith_layout_blobs_fd(fixture->layout);
	put_file(fixture, path, "hellp");
	g_assert_false(smith_layout_import_blob_file(other, from, blob, FALSE, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_VERIFY);
	g_clear_error(&error);
	g_assert_cmpuint(count_blobs(other), ==, 0);
	put_file(fixture, path, "hello");
	g_assert_true(smith_layout_import_blob_file(other, from, blob, FALSE, &error));
	g_assert_no_error(error);
	g_assert_true(smith_layout_has_blob(other, TEXT_DIGEST, 5));
	g_assert_true(smith_fd_remove_tree(AT_FDCWD, far, NULL));
}

static void test_set_refs(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	put_file(fixture, "a/oci/index.json",
		 "{\"schemaVersion\": 2, \"x-top\": [1, 2.5], \"manifests\": ["
		 "{\"mediaType\":\"x/y\",\"digest\":\"" TEXT_DIGEST
		 "\",\"size\":1,\"x\":{\"y\":1}},"
		 "{\"mediaType\":\"x/y\",\"digest\":\"" TEXT_DIGEST "\",\"size\":1,\"annotations\":"
		 "{\"" SMITH_ANNOTATION_REF_NAME "\":\"app:1\"}},"
		 "{\"mediaType\":\"x/y\",\"digest\":\"" TEXT_DIGEST "\",\"size\":2,\"annotations\":"
		 "{\"" SMITH_ANNOTATION_REF_NAME "\":\"app:1\"}}]}");
	g_autoptr(SmithDescriptor) one = add_image(fixture->layout, "1", "amd64", "app:1");
	g_autoptr(SmithDescriptor) two = add_image(fixture->layout, "2", "amd64", "app:2");
	g_autofree char *one_text = smith_descriptor_write(one, NULL);
	g_autofree char *two_text = smith_descriptor_write(two, NULL);
	g_autofree char *expected = g_strconcat(
		"{\"schemaVersion\":2,\"x-top\":[1,2.5],\"manifests\":[{\"mediaType\":\"x/y\","
		"\"digest\":\"" TEXT_DIGEST "\",\"size\":1,\"x\":{\"y\":1}},",
		one_text, ",", two_text, "]}", NULL);
	g_autofree char *got = get_file(fixture, "a/oci/index.json");
	g_assert_cmpstr(got, ==, expected);
	/* nothing new: nothing written, no lock taken */
	ino_t inode = stat_of(fixture, "a/oci/index.json").st_ino;
	g_assert_cmpint(unlinkat(fixture->fd, "a/oci/index.lock", 0), ==, 0);
	g_assert_true(set_ref(fixture->layout, two, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(stat_of(fixture, "a/oci/index.json").st_ino, ==, inode);
	g_assert_cmpint(faccessat(fixture->fd, "a/oci/index.lock", F_OK, 0), !=, 0);
	/* without a name: by digest */
	smith_descriptor_set_annotation(two, SMITH_ANNOTATION_REF_NAME, NULL);
	g_assert_true(set_ref(fixture->layout, two, &error));
	g_assert_true(set_ref(fixture->layout, two, &error));
	g_autoptr(SmithIndex) index = smith_layout_read_index(fixture->layout, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(index->manifests->len, ==, 4);
}

static void test_bad_index(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const char *const bad[] = {
		"",
		"{",
		"[]",
		"{\"schemaVersion\":2}",
		"{\"schemaVersion\":2,\"manifests\":{}}",
		"{\"schemaVersion\":2,\"manifests\":[1]}",
		"{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"x\"}]}",
	};
	g_autoptr(SmithDescriptor) image = make_image(fixture->layout, "1", "amd64", "app:1");
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		put_file(fixture, "a/oci/index.json", bad[i]);
		g_assert_false(set_ref(fixture->layout, image, &error));
		g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
		g_assert_nonnull(strstr(error->message, "index.json"));
		g_autofree char *kept = get_file(fixture, "a/oci/index.json");
		g_assert_cmpstr(kept, ==, bad[i]);
	}
}

static void check_find(Fixture *fixture, const char *name, const char *platform_text,
		       const SmithDescriptor *expected)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithPlatform) platform =
		platform_text ? smith_platform_parse(platform_text, NULL) : NULL;
	g_autoptr(SmithDescriptor) found =
		smith_layout_find(fixture->layout, name, platform, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(found->digest, ==, expected->digest);
}

static void check_find_fails(Fixture *fixture, const char *name, const char *platform_text,
			     const char *text)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithPlatform) platform =
		platform_text ? smith_platform_parse(platform_text, NULL) : NULL;
	g_assert_null(smith_layout_find(fixture->layout, name, platform, &error));
	g_test_message("%s", error->message);
	if (!strstr(error->message, text))
		g_error("got '%s', expected '%s'", error->message, text);
}

static void test_find(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	check_find_fails(fixture, NULL, NULL, "no image, there is none");
	g_autoptr(SmithDescriptor) one = add_image(fixture->layout, "1", "amd64", "app:1");
	check_find(fixture, NULL, NULL, one);
	check_find(fixture, "app:1", NULL, one);
	check_find(fixture, "app:1", "linux/amd64", one);
	check_find_fails(fixture, "app:1", "linux/arm64",
			 "no image for platform linux/arm64, there is linux/amd64");
	check_find_fails(fixture, "app:2", NULL, "no image 'app:2', there is 'app:1'");
	smith_descriptor_set_annotation(one, SMITH_ANNOTATION_REF_NAME, "app:latest");
	g_assert_true(set_ref(fixture->layout, one, NULL));
	/* two names of one image are one image, and an SBOM is none */
	g_autoptr(SmithDescriptor) sbom = make_image(fixture->layout, "sbom", "amd64", NULL);
	sbom->artifact_type = g_strdup("application/spdx+json");
	g_assert_true(set_ref(fixture->layout, sbom, NULL));
	check_find(fixture, NULL, NULL, one);
	g_autoptr(SmithDescriptor) two = add_image(fixture->layout, "2", "amd64", "app:2");
	check_find_fails(fixture, NULL, NULL, "'app:1', 'app:latest', 'app:2'");
	check_find(fixture, "app:2", NULL, two);
}

static void test_find_in_index(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const char *const platforms[] = {"linux/amd64", "linux/arm64/v8", "linux/arm/v6",
						"linux/arm/v7", "unknown/unknown"};
	g_autoptr(SmithDescriptor) amd64 = make_image(fixture->layout, "1", "amd64", NULL);
	g_autoptr(SmithDescriptor) arm64 = make_image(fixture->layout, "2", "arm64", NULL);
	g_autoptr(SmithDescriptor) v6 = make_image(fixture->layout, "3", "arm", NULL);
	g_autoptr(SmithDescriptor) v7 = make_image(fixture->layout, "4", "arm", NULL);
	SmithDescriptor *images[] = {smith_descriptor_copy(amd64),
				     smith_descriptor_copy(arm64),
				     smith_descriptor_copy(v6),
				     smith_descriptor_copy(v7),
				     make_image(fixture->layout, "5", "amd64", NULL),
				     NULL};
	g_autoptr(SmithDescriptor) index = make_index(fixture->layout, images, platforms, "multi");
	g_assert_true(set_ref(fixture->layout, index, NULL));
	check_find(fixture, "multi", "linux/amd64", amd64);
	check_find(fixture, NULL, "linux/arm64", arm64);
	check_find(fixture, "multi", "linux/arm/v7", v7);
	check_find(fixture, "multi", "linux/arm", v7);
	check_find(fixture, "multi", "linux/arm/v6", v6);
	check_find_fails(fixture, "multi", "linux/arm/v5", "linux/arm/v6, linux/arm/v7");
	check_find_fails(fixture, "multi", NULL, "several platforms");
	/* one that was cut short */
	g_autofree char *path = blob_path(index->digest);
	put_file(fixture, path, "{}");
	check_find_fails(fixture, "multi", "linux/amd64", "size mismatch");
}

/* An index that holds an index that holds ...: an end comes. */
static void test_deep_index(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const char *const platforms[] = {"linux/amd64"};
	SmithDescriptor *inner = make_image(fixture->layout, "1", "amd64", NULL);
	for (guint i = 0; i < 8; i++) {
		SmithDescriptor *images[] = {inner, NULL};
		inner = make_index(fixture->layout, images, platforms, i == 7 ? "deep" : NULL);
	}
	g_autoptr(SmithDescriptor) deep = inner;
	g_autoptr(GError) error = NULL;
	g_assert_true(set_ref(fixture->layout, deep, NULL));
	check_find_fails(fixture, "deep", NULL, "nested deeper");
	g_assert_false(smith_layout_copy_image(fixture->layout, fixture->layout, deep, "x", FALSE,
					       &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_LIMIT);
}

static void test_load_image(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithDescriptor) image = make_image(fixture->layout, "1", "amd64", "app:1");
	g_autoptr(SmithManifest) manifest = NULL;
	g_autoptr(SmithImageConfig) config = NULL;
	g_assert_true(smith_layout_load_image(fixture->layout, image, &manifest, &config, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(manifest->layers->len, ==, 1);
	g_assert_cmpstr(config->config->user, ==, "10001:10001");
	g_assert_cmpint(config->config->healthcheck->interval, ==, 30000000000);
	/* the descriptor says docker, the manifest OCI */
	g_autoptr(SmithDescriptor) liar = smith_descriptor_copy(image);
	g_free(liar->media_type);
	liar->media_type = g_strdup(SMITH_MEDIA_DOCKER_MANIFEST);
	g_assert_false(smith_layout_load_image(fixture->layout, liar, NULL, NULL, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
	g_clear_error(&error);
	/* a helm chart */
	g_free(manifest->config->media_type);
	manifest->config->media_type = g_strdup("application/vnd.cncf.helm.config.v1+json");
	gsize length;
	g_autofree char *text = smith_manifest_write(manifest, &length);
	g_autoptr(SmithDescriptor) chart = smith_layout_write_blob(fixture->layout, text, length,
								   SMITH_MEDIA_MANIFEST, &error);
	g_assert_false(smith_layout_load_image(fixture->layout, chart, NULL, NULL, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_UNSUPPORTED);
	g_clear_error(&error);
	/* flips in each byte of the config never pass */
	g_autofree char *path = blob_path(manifest->config->digest);
	g_autofree char *good = get_file(fixture, path);
	for (gsize i = 0; good[i]; i++) {
		good[i] ^= 1;
		put_file(fixture, path, good);
		g_assert_false(smith_layout_load_image(fixture->layout, image, NULL, NULL, &error));
		g_assert_error(error, SMITH_ERROR, SMITH_ERROR_VERIFY);
		g_clear_error(&error);
		good[i] ^= 1;
	}
}

static void test_copy_image(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const char *const platforms[] = {"linux/amd64", "linux/arm64"};
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithLayout) to = smith_layout_open(fixture->fd, "to", TRUE, &error);
	SmithDescriptor *images[] = {make_image(fixture->layout, "1", "amd64", NULL),
				     make_image(fixture->layout, "2", "arm64", NULL), NULL};
	g_autoptr(SmithDescriptor) index = make_index(fixture->layout, images, platforms, "old");
	for (guint i = 0; i < 2; i++) {
		g_assert_true(
			smith_layout_copy_image(fixture->layout, to, index, "new:1", TRUE, &error));
		g_assert_no_error(error);
		g_assert_cmpuint(count_blobs(to), ==, 7);
	}
	g_autoptr(SmithPlatform) arm64 = smith_platform_parse("arm64", NULL);
	g_autoptr(SmithDescriptor) found = smith_layout_find(to, "new:1", arm64, &error);
	g_assert_no_error(error);
	g_assert_true(smith_layout_load_image(to, found, NULL, NULL, &error));
	g_assert_null(smith_layout_find(to, "old", NULL, NULL));
	/* a layer is gone: no name appears */
	g_autofree char *digest = smith_digest_of("1", 1);
	g_autofree char *path = blob_path(digest);
	g_assert_cmpint(unlinkat(fixture->fd, path, 0), ==, 0);
	g_autoptr(SmithLayout) late = smith_layout_open(fixture->fd, "late", TRUE, &error);
	g_assert_false(
		smith_layout_copy_image(fixture->layout, late, index, "new:1", TRUE, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_NOT_FOUND);
	g_assert_null(smith_layout_find(late, "new:1", NULL, NULL));
}

#define WRITERS 4
#define NAMES_EACH 25

static int add_names(const char *dir, guint writer)
{
	g_autofree char *path = g_build_filename(dir, "race", NULL);
	g_autoptr(SmithLayout) layout = smith_layout_open(AT_FDCWD, path, TRUE, NULL);
	if (!layout)
		return 1;
	for (guint i = 0; i < NAMES_EACH; i++) {
		g_autofree char *name = g_strdup_printf("w%u:n%u", writer, i);
		g_autofree char *text = g_strdup_printf("layer %u", i);
		g_autoptr(SmithDescriptor) image = make_image(layout, text, "amd64", name);
		if (!set_ref(layout, image, NULL))
			return 1;
	}
	return 0;
}

static void test_writers(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	pid_t children[WRITERS];
	for (guint i = 0; i < WRITERS; i++) {
		children[i] = fork();
		g_assert_cmpint(children[i], >=, 0);
		if (children[i] == 0)
			_exit(add_names(fixture->dir, i));
	}
	for (guint i = 0; i < WRITERS; i++) {
		int status;
		g_assert_cmpint(waitpid(children[i], &status, 0), ==, children[i]);
		g_assert_cmpint(status, ==, 0);
	}
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithLayout) layout = smith_layout_open(fixture->fd, "race", FALSE, &error);
	g_assert_no_error(error);
	for (guint i = 0; i < WRITERS * NAMES_EACH; i++) {
		g_autofree char *name = g_strdup_printf("w%u:n%u", i / NAMES_EACH, i % NAMES_EACH);
		g_autoptr(SmithDescriptor) found = smith_layout_find(layout, name, NULL, &error);
		g_assert_no_error(error);
		g_assert_true(smith_layout_load_image(layout, found, NULL, NULL, &error));
	}
	/* layer, config and manifest of each; nothing temporary is left */
	g_assert_cmpuint(count_blobs(layout), ==, 3 * NAMES_EACH);
	g_autoptr(GPtrArray) files = smith_fd_list_dir(smith_layout_dir_fd(layout), NULL);
	g_assert_cmpuint(files->len, ==, 4);
}

/* For the schema test: a layout with all that we can write. */
static int write_sample(const char *path)
{
	static const char *const platforms[] = {"linux/amd64", "linux/arm64/v8"};
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithLayout) layout = smith_layout_open(AT_FDCWD, path, TRUE, &error);
	g_assert_no_error(error);
	g_autoptr(SmithDescriptor) image = add_image(layout, "1", "amd64", "app:1");
	SmithDescriptor *images[] = {make_image(layout, "1", "amd64", NULL),
				     make_image(layout, "2", "arm64", NULL), NULL};
	g_autoptr(SmithDescriptor) index = make_index(layout, images, platforms, "multi:1");
	return set_ref(layout, index, NULL) ? 0 : 1;
}

#define ADD(name_, func_) g_test_add(name_, Fixture, NULL, set_up, func_, tear_down)

int main(int argc, char **argv)
{
	if (argc == 3 && g_str_equal(argv[1], "--write-sample"))
		return write_sample(argv[2]);
	g_test_init(&argc, &argv, NULL);
	ADD("/oci/layout/open", test_open);
	ADD("/oci/layout/blobs", test_blobs);
	ADD("/oci/layout/damaged-blobs", test_damaged_blobs);
	ADD("/oci/layout/import", test_import);
	ADD("/oci/layout/import-file", test_import_file);
	ADD("/oci/layout/import-across", test_import_across);
	ADD("/oci/layout/set-refs", test_set_refs);
	ADD("/oci/layout/bad-index", test_bad_index);
	ADD("/oci/layout/find", test_find);
	ADD("/oci/layout/find-in-index", test_find_in_index);
	ADD("/oci/layout/deep-index", test_deep_index);
	ADD("/oci/layout/load-image", test_load_image);
	ADD("/oci/layout/copy-image", test_copy_image);
	ADD("/oci/layout/writers", test_writers);
	return g_test_run();
}
