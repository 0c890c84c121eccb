/* SPDX-License-Identifier: Apache-2.0 */
#include "layers/archive.h"

#include "base/digest.h"
#include "base/error.h"
#include "layers-test.h"

/* An image of three layers in a new layout "l" of @dir: zstd or gzip, plain, and spliced. */
static SmithDescriptor *make_image(SmithLayout *layout)
{
	static const SmithCompression how[] = {SMITH_COMPRESSION_GZIP, SMITH_COMPRESSION_NONE,
					       SMITH_COMPRESSION_SPLICE};
	GError *error = NULL;
	g_autofree guint8 *text = test_text(200000, 1);
	g_autoptr(SmithManifest) manifest = smith_manifest_new();
	g_autoptr(SmithImageConfig) config = smith_image_config_new();
	g_autoptr(GPtrArray) diff_ids = g_ptr_array_new();
	config->architecture = g_strdup("amd64");
	config->os = g_strdup("linux");
	for (guint i = 0; i < G_N_ELEMENTS(how); i++) {
		GPtrArray *entries = g_ptr_array_new();
		g_autofree char *path = g_strdup_printf("file%u", i);
		g_ptr_array_add(entries, test_spliced_entry(path, text, 200000 - i));
		g_autoptr(SmithEntryIter) iter = smith_entry_iter_new_array(entries);
		const SmithLayerOptions options = {how[i], false, smith_layout_blobs_fd(layout),
						   NULL};
		g_autoptr(SmithLayer) layer = smith_layer_write(iter, &options, &error);
		g_assert_no_error(error);
		g_ptr_array_add(manifest->layers,
				smith_descriptor_new(layer->media_type, layer->digest,
						     (gint64)layer->size));
		g_ptr_array_add(diff_ids, g_strdup(layer->diff_id));
	}
	g_ptr_array_add(diff_ids, NULL);
	g_strfreev(config->rootfs->diff_ids);
	config->rootfs->diff_ids = (char **)g_ptr_array_free(g_steal_pointer(&diff_ids), FALSE);
	if (config->rootfs->type == NULL)
		config->rootfs->type = g_strdup("layers");

	gsize length;
	g_autofree char *config_text = smith_image_config_write(config, &length);
	manifest->config =
		smith_layout_write_blob(layout, config_text, length, SMITH_MEDIA_CONFIG, &error);
	g_assert_no_error(error);
	g_autofree char *manifest_text = smith_manifest_write(manifest, &length);
	SmithDescriptor *descriptor = smith_layout_write_blob(layout, manifest_text, length,
							      SMITH_MEDIA_MANIFEST, &error);
	g_assert_no_error(error);
	return descriptor;
}

static SmithLayout *new_layout(const TestDir *dir, const char *name)
{
	GError *error = NULL;
	SmithLayout *layout = smith_layout_open(dir->fd, name, TRUE, &error);
	g_assert_no_error(error);
	return layout;
}

typedef gboolean (*ExportFunc)(const SmithLayout *, const SmithDescriptor *, const char *,
			       SmithSink *, GError **);

static GBytes *export_to(ExportFunc func, const SmithLayout *layout,
			 const SmithDescriptor *descriptor, const char *name)
{
	GError *error = NULL;
	GByteArray *bytes = g_byte_array_new();
	g_autoptr(SmithSink) sink = smith_sink_new_bytes(bytes);
	func(layout, descriptor, name, sink, &error);
	g_assert_no_error(error);
	smith_sink_finish(sink, &error);
	g_assert_no_error(error);
	return g_byte_array_free_to_bytes(bytes);
}

static SmithDescriptor *import_from(GBytes *bytes, const SmithLayout *to, const char *ref,
				    GError **error)
{
	return smith_archive_import(smith_source_new_bytes(bytes), to, ref, "a.tar", error);
}

static void write_bytes(const TestDir *dir, const char *name, GBytes *bytes)
{
	gsize size;
	const void *data = g_bytes_get_data(bytes, &size);
	test_write(dir, name, data, size);
}

static GBytes *read_bytes(const TestDir *dir, const char *name)
{
	GError *error = NULL;
	GBytes *bytes = smith_fd_read_file(dir->fd, name, 1 << 26, &error);
	g_assert_no_error(error);
	return bytes;
}

static void test_round_trip(void)
{
	g_auto(TestDir) dir = test_dir_new();
	g_autoptr(SmithLayout) from = new_layout(&dir, "from");
	g_autoptr(SmithDescriptor) image = make_image(from);
	GError *error = NULL;

	g_autoptr(GBytes) oci = export_to(smith_archive_export_oci, from, image, "app:1");
	g_autoptr(GBytes) again = export_to(smith_archive_export_oci, from, image, "app:1");
	g_assert_true(g_bytes_equal(oci, again));
	g_autoptr(SmithLayout) to = new_layout(&dir, "to");
	g_autoptr(SmithDescriptor) back = import_from(oci, to, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(back->digest, ==, image->digest);
	g_assert_cmpstr(smith_descriptor_get_annotation(back, SMITH_ANNOTATION_REF_NAME), ==,
			"app:1");
	g_autoptr(SmithDescriptor) named = import_from(oci, to, "app:1", &error);
	g_assert_no_error(error);
	g_assert_cmpstr(named->digest, ==, image->digest);
	g_autoptr(GBytes) third = export_to(smith_archive_export_oci, to, back, "app:1");
	g_assert_true(g_bytes_equal(oci, third));

	g_autoptr(GBytes) docker = export_to(smith_archive_export_docker, from, image, "app:1");
	g_autoptr(SmithLayout) other = new_layout(&dir, "other");
	g_autoptr(SmithDescriptor) converted = import_from(docker, other, NULL, &error);
	g_assert_no_error(error);
	/* the same config and layers, so the same manifest */
	g_assert_cmpstr(converted->digest, ==, image->digest);
	g_assert_cmpstr(smith_descriptor_get_annotation(converted, SMITH_ANNOTATION_REF_NAME), ==,
			"app:1");
	g_clear_pointer(&named, smith_descriptor_free);
	g_assert_null(import_from(docker, other, "app:2", &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_NOT_FOUND);
	g_assert_nonnull(strstr(error->message, "no image 'app:2', it has: 'app:1'"));
	g_clear_error(&error);
	g_assert_null(import_from(oci, other, "app:2", &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_NOT_FOUND);
	g_assert_nonnull(strstr(error->message, "no image 'app:2', it has: 'app:1'"));
	g_clear_error(&error);
}

/* Both archives are what skopeo takes, and what it writes is what we take. */
static void test_skopeo(void)
{
	if (!test_need("skopeo"))
		return;
	g_auto(TestDir) dir = test_dir_new();
	g_autoptr(SmithLayout) from = new_layout(&dir, "from");
	g_autoptr(SmithDescriptor) image = make_image(from);
	g_autoptr(GBytes) oci = export_to(smith_archive_export_oci, from, image, "v1");
	g_autoptr(GBytes) docker =
		export_to(smith_archive_export_docker, from, image, "localhost/app:1");
	write_bytes(&dir, "oci.tar", oci);
	write_bytes(&dir, "docker.tar", docker);
	g_free(test_run(&dir,
			"S='skopeo --insecure-policy --tmpdir .';"
			"$S copy -q oci-archive:oci.tar:v1 oci:one:x;"
			"$S copy -q docker-archive:docker.tar oci:two:x;"
			"$S copy -q oci-archive:oci.tar:v1 docker-archive:three.tar:localhost/t:3;"
			"$S copy -q oci-archive:oci.tar:v1 oci-archive:four.tar:t4;"
			"gzip -k three.tar"));
	g_autofree char *digest =
		test_run(&dir, "skopeo --tmpdir . inspect -f '{{.Digest}}' oci-archive:oci.tar:v1");
	g_assert_cmpstr(g_strchomp(digest), ==, image->digest);

	static const struct {
		const char *file, *ref, *name;
	} rows[] = {{"three.tar", NULL, "localhost/t:3"},
		    {"three.tar.gz", "localhost/t:3", "localhost/t:3"},
		    {"four.tar", "t4", "t4"}};
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		GError *error = NULL;
		g_autofree char *layout_name = g_strdup_printf("in%u", i);
		g_autoptr(SmithLayout) to = new_layout(&dir, layout_name);
		g_autoptr(GBytes) bytes = read_bytes(&dir, rows[i].file);
		g_autoptr(SmithDescriptor) got = import_from(bytes, to, rows[i].ref, &error);
		g_assert_no_error(error);
		g_assert_cmpstr(smith_descriptor_get_annotation(got, SMITH_ANNOTATION_REF_NAME), ==,
				rows[i].name);
		g_autoptr(SmithImageConfig) config = NULL;
		g_assert_true(smith_layout_load_image(to, got, NULL, &config, &error));
		g_assert_cmpuint(g_strv_length(config->rootfs->diff_ids), ==, 3);
	}
}

static void test_index(void)
{
	g_auto(TestDir) dir = test_dir_new();
	g_autoptr(SmithLayout) from = new_layout(&dir, "from");
	g_autoptr(SmithDescriptor) image = make_image(from);
	g_autoptr(SmithIndex) index = smith_index_new();
	GError *error = NULL;
	gsize length;
	g_ptr_array_add(index->manifests, smith_descriptor_copy(image));
	g_autofree char *text = smith_index_write(index, &length);
	g_autoptr(SmithDescriptor) top =
		smith_layout_write_blob(from, text, length, SMITH_MEDIA_INDEX, &error);
	g_assert_no_error(error);
	g_autoptr(GBytes) oci = export_to(smith_archive_export_oci, from, top, NULL);
	g_autoptr(SmithLayout) to = new_layout(&dir, "to");
	g_autoptr(SmithDescriptor) back = import_from(oci, to, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(back->digest, ==, top->digest);
	g_assert_true(smith_layout_load_image(to, image, NULL, NULL, &error));

	GByteArray *bytes = g_byte_array_new();
	g_autoptr(SmithSink) sink = smith_sink_new_bytes(bytes);
	g_assert_false(smith_archive_export_docker(from, top, "x:1", sink, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_UNSUPPORTED);
	g_clear_error(&error);
	g_byte_array_unref(bytes);
}

/* Archives made by hand: `rows` are path, text pairs. */
static void refuse(const char *const *rows, const char *ref, int code, const char *message)
{
	g_auto(TestDir) dir = test_dir_new();
	g_autoptr(SmithLayout) to = new_layout(&dir, "to");
	g_autoptr(GError) error = NULL;
	g_autoptr(GByteArray) out = g_byte_array_new();
	g_autoptr(SmithSink) sink = smith_sink_new_bytes(out);
	GPtrArray *entries = g_ptr_array_new();
	for (guint i = 0; rows[i] != NULL; i += 2)
		g_ptr_array_add(entries, rows[i + 1][0] == '@'
						 ? smith_entry_new_symlink(rows[i], rows[i + 1] + 1)
						 : smith_entry_new_file(rows[i], 0644, rows[i + 1],
									strlen(rows[i + 1])));
	g_autoptr(SmithEntryIter) iter = smith_entry_iter_new_array(entries);
	g_assert_true(smith_tar_write_all(iter, sink, NULL));
	g_autoptr(GBytes) bytes = g_bytes_new(out->data, out->len);
	g_assert_null(import_from(bytes, to, ref, &error));
	g_assert_error(error, SMITH_ERROR, code);
	if (strstr(error->message, message) == NULL)
		g_test_message("%s", error->message);
	g_assert_nonnull(strstr(error->message, message));
}

#define HEX "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03" /* "hello\n" */
#define OTHER "6891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
#define TWO                                                                                        \
	"[{\"Config\":\"c\",\"RepoTags\":[\"a:1\",\"a:2\"],\"Layers\":[]},"                        \
	"{\"Config\":\"c\",\"RepoTags\":null,\"Layers\":[]}]"

static void test_hostile(void)
{
#define ROWS(...) ((const char *const[]){__VA_ARGS__, NULL})
	refuse(ROWS("x", "y"), NULL, SMITH_ERROR_INVALID, "neither an oci-archive");
	refuse(ROWS("index.json", "{}"), NULL, SMITH_ERROR_INVALID, "neither an oci-archive");
	refuse(ROWS("oci-layout", "{}", "index.json", "{"), NULL, SMITH_ERROR_INVALID,
	       "index.json");
	refuse(ROWS("blobs/sha256/" OTHER, "hello\n"), NULL, SMITH_ERROR_VERIFY, HEX);
	refuse(ROWS("blobs/sha256/abc", "hello\n"), NULL, SMITH_ERROR_INVALID, "64 hex");
	refuse(ROWS("oci-layout", "{}", "index.json",
		    "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"" SMITH_MEDIA_MANIFEST
		    "\",\"digest\":\"sha256:" HEX "\",\"size\":6}]}"),
	       NULL, SMITH_ERROR_NOT_FOUND, HEX);
	refuse(ROWS("oci-layout", "{}", "index.json", "{\"schemaVersion\":2,\"manifests\":[]}"),
	       NULL, SMITH_ERROR_CONFLICT, "none with a name");
	refuse(ROWS("manifest.json", "[]"), "a", SMITH_ERROR_NOT_FOUND, "no image 'a'");
	refuse(ROWS("manifest.json", "{}"), "a", SMITH_ERROR_NOT_FOUND, "no image 'a'");
	refuse(ROWS("manifest.json", "[1]"), NULL, SMITH_ERROR_INVALID, "no config");
	refuse(ROWS("manifest.json", TWO), NULL, SMITH_ERROR_CONFLICT, "'a:1', 'a:2'");
	refuse(ROWS("manifest.json", TWO), "b", SMITH_ERROR_NOT_FOUND, "'a:1', 'a:2'");
	refuse(ROWS("manifest.json", TWO), "a:2", SMITH_ERROR_NOT_FOUND, "no file 'c'");
	refuse(ROWS("manifest.json", "[{\"Config\":\"../../etc/passwd\",\"Layers\":[]}]"), NULL,
	       SMITH_ERROR_INVALID, "../../etc/passwd");
	refuse(ROWS("a", "@b", "b", "@a", "manifest.json", "[{\"Config\":\"a\",\"Layers\":[]}]"),
	       NULL, SMITH_ERROR_INVALID, "loop of links");
	refuse(ROWS("c",
		    "{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":"
		    "\"layers\",\"diff_ids\":[\"sha256:" OTHER "\"]}}",
		    "l.tar", "hello\n", "manifest.json",
		    "[{\"Config\":\"c\",\"Layers\":[\"l.tar\"]}]"),
	       NULL, SMITH_ERROR_VERIFY, "diff ID mismatch");
	refuse(ROWS("c",
		    "{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":"
		    "\"layers\",\"diff_ids\":[]}}",
		    "l.tar", "hello\n", "manifest.json",
		    "[{\"Config\":\"c\",\"Layers\":[\"l.tar\"]}]"),
	       NULL, SMITH_ERROR_INVALID, "diff IDs");
}

/* A damaged blob in the layout must not get out. */
static void test_damaged(void)
{
	g_auto(TestDir) dir = test_dir_new();
	g_autoptr(SmithLayout) from = new_layout(&dir, "from");
	g_autoptr(SmithDescriptor) image = make_image(from);
	g_autoptr(GError) error = NULL;
	g_free(test_run(&dir, "f=$(ls -S from/blobs/sha256/* | head -1); chmod u+w $f;"
			      "printf X | dd of=$f bs=1 seek=100 conv=notrunc 2>/dev/null"));
	GByteArray *bytes = g_byte_array_new();
	g_autoptr(SmithSink) sink = smith_sink_new_bytes(bytes);
	g_assert_false(smith_archive_export_oci(from, image, "x", sink, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_VERIFY);
	g_byte_array_unref(bytes);
}

/* docker's layout of old: a directory for each layer, a link where one repeats. */
static void test_old_docker(void)
{
	g_auto(TestDir) dir = test_dir_new();
	g_autoptr(SmithLayout) to = new_layout(&dir, "to");
	GError *error = NULL;
	g_free(test_run(&dir,
			"mkdir a b; echo hello > a/layer.tar; ln -s ../a/layer.tar b/layer.tar;"
			"echo 1.0 > a/VERSION; echo '{}' > a/json; cp a/VERSION a/json b;"
			"D=sha256:$(sha256sum < a/layer.tar | cut -c1-64);"
			"echo '{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":"
			"{\"type\":\"layers\",\"diff_ids\":[\"'$D'\",\"'$D'\"]}}' > c.json;"
			"echo '[{\"Config\":\"c.json\",\"RepoTags\":[\"old:latest\"],\"Layers\":"
			"[\"a/layer.tar\",\"b/layer.tar\"]}]' > manifest.json;"
			"echo '{}' > repositories;"
			"tar cf t.tar b a c.json repositories manifest.json"));
	g_autoptr(GBytes) bytes = read_bytes(&dir, "t.tar");
	g_autoptr(SmithDescriptor) got = import_from(bytes, to, "old", &error);
	g_assert_no_error(error);
	g_autoptr(SmithManifest) manifest = NULL;
	g_assert_true(smith_layout_load_image(to, got, &manifest, NULL, &error));
	g_assert_cmpuint(manifest->layers->len, ==, 2);
	g_assert_cmpstr(((SmithDescriptor *)manifest->layers->pdata[1])->digest, ==, "sha256:" HEX);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/layers/archive/round-trip", test_round_trip);
	g_test_add_func("/layers/archive/skopeo", test_skopeo);
	g_test_add_func("/layers/archive/index", test_index);
	g_test_add_func("/layers/archive/hostile", test_hostile);
	g_test_add_func("/layers/archive/damaged", test_damaged);
	g_test_add_func("/layers/archive/old-docker", test_old_docker);
	return g_test_run();
}
