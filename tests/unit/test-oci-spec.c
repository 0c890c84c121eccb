/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "oci/spec.h"

#define D "\"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\""
#define DIGEST "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define CONFIG "{\"mediaType\":\"" SMITH_MEDIA_CONFIG "\",\"digest\":" D ",\"size\":2}"
#define LAYER "{\"mediaType\":\"" SMITH_MEDIA_LAYER_GZIP "\",\"digest\":" D ",\"size\":0}"

static GBytes *bytes_of(const char *text)
{
	return g_bytes_new(text, strlen(text));
}

static char *manifest_round_trip(const char *text, GError **error)
{
	g_autoptr(GBytes) bytes = bytes_of(text);
	g_autoptr(SmithManifest) manifest = smith_manifest_parse(bytes, "m", error);

	return manifest ? smith_manifest_write(manifest, NULL) : NULL;
}

static char *index_round_trip(const char *text, GError **error)
{
	g_autoptr(GBytes) bytes = bytes_of(text);
	g_autoptr(SmithIndex) index = smith_index_parse(bytes, "i", error);

	return index ? smith_index_write(index, NULL) : NULL;
}

static char *config_round_trip(const char *text, GError **error)
{
	g_autoptr(GBytes) bytes = bytes_of(text);
	g_autoptr(SmithImageConfig) config = smith_image_config_parse(bytes, "c", error);

	return config ? smith_image_config_write(config, NULL) : NULL;
}

static char *descriptor_round_trip(const char *text, GError **error)
{
	g_autoptr(GBytes) bytes = bytes_of(text);
	g_autoptr(SmithDescriptor) descriptor = smith_descriptor_parse(bytes, "d", error);

	return descriptor ? smith_descriptor_write(descriptor, NULL) : NULL;
}

typedef char *(*RoundTrip)(const char *text, GError **error);

static void check_same(RoundTrip round_trip, const char *text)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *written = round_trip(text, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(written, ==, text);
}

static void check_error(RoundTrip round_trip, const char *text, const char *message)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *written = round_trip(text, &error);

	g_test_message("%s", text);
	g_assert_null(written);
	g_assert_nonnull(error);
	if (!strstr(error->message, message))
		g_error("got '%s', expected '%s' in it", error->message, message);
}

static void test_round_trips(void)
{
	check_same(descriptor_round_trip, CONFIG);
	check_same(
		descriptor_round_trip,
		"{\"mediaType\":\"a/b\",\"digest\":\"other+x:Abc_=-\",\"size\":9223372036854775807,"
		"\"urls\":[\"https://"
		"x\"],\"annotations\":{\"A\":\"1\",\"b\":\"\",\"\xc3\xa9\":\"2\"},"
		"\"data\":\"e30=\",\"artifactType\":\"c/d\",\"platform\":{\"architecture\":\"arm\","
		"\"os\":\"linux\",\"os.version\":\"1\",\"os.features\":[\"f\"],\"variant\":\"v7\"}"
		"}");
	check_same(manifest_round_trip, "{\"schemaVersion\":2,\"mediaType\":\"" SMITH_MEDIA_MANIFEST
					"\",\"config\":" CONFIG ",\"layers\":[" LAYER "," LAYER
					"],\"subject\":" LAYER ",\"annotations\":{\"k\":\"v\"}}");
	check_same(manifest_round_trip,
		   "{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[]}");
	check_same(index_round_trip, "{\"schemaVersion\":2,\"mediaType\":\"" SMITH_MEDIA_INDEX
				     "\",\"manifests\":[" LAYER "],\"annotations\":{\"k\":\"v\"}}");
	check_same(index_round_trip, "{\"schemaVersion\":2,\"manifests\":[]}");
	check_same(
		config_round_trip,
		"{\"created\":\"1970-01-01T00:00:00Z\",\"author\":\"a\",\"architecture\":\"amd64\","
		"\"os\":\"linux\",\"os.version\":\"1\",\"os.features\":[\"f\"],\"variant\":\"v2\","
		"\"config\":{\"User\":\"10001:10001\",\"ExposedPorts\":{\"443/tcp\":{},"
		"\"80/tcp\":{}},\"Env\":[\"B=1\",\"A=2\"],\"Entrypoint\":[\"/usr/bin/tini\","
		"\"--\"],\"Cmd\":[\"x\"],\"Volumes\":{\"/data\":{}},\"WorkingDir\":\"/app\","
		"\"Labels\":{\"a\":\"1\",\"b\":\"2\"},\"StopSignal\":\"SIGINT\",\"Healthcheck\":{"
		"\"Test\":[\"CMD\",\"true\"],\"Interval\":30000000000,\"Timeout\":1,"
		"\"StartPeriod\":2,\"StartInterval\":3,\"Retries\":4}},\"rootfs\":{\"type\":"
		"\"layers\",\"diff_ids\":[" D "]},\"history\":[{\"created\":"
		"\"1970-01-01T00:00:00Z\",\"author\":\"a\",\"created_by\":\"b\",\"comment\":\"c\"},"
		"{\"empty_layer\":true}]}");
}

/* What Docker and BuildKit write: nulls, and members that no specification has. */
static void test_foreign(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *written = config_round_trip(
		"{\"architecture\":\"amd64\",\"os\":\"linux\",\"docker_version\":\"20\","
		"\"container\":"
		"\"x\",\"config\":{\"Hostname\":\"\",\"Cmd\":null,\"Volumes\":null,\"OnBuild\":[],"
		"\"ArgsEscaped\":true,\"Labels\":null,\"Env\":[]},\"rootfs\":{\"type\":\"layers\","
		"\"diff_ids\":[]},\"history\":null}",
		&error);

	g_assert_no_error(error);
	g_assert_cmpstr(written, ==,
			"{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{},\"rootfs\":{"
			"\"type\":\"layers\",\"diff_ids\":[]}}");
}

static void test_bad(void)
{
	check_error(descriptor_round_trip, "", "d:");
	check_error(descriptor_round_trip, "[]", "must be a map");
	check_error(descriptor_round_trip, "{\"mediaType\":\"x\",\"digest\":" D "}", "size");
	check_error(descriptor_round_trip, "{\"mediaType\":\"x\",\"digest\":" D ",\"size\":-1}",
		    "size");
	check_error(descriptor_round_trip, "{\"mediaType\":\"x\",\"digest\":" D ",\"size\":1.5}",
		    "size");
	check_error(descriptor_round_trip,
		    "{\"mediaType\":\"x\",\"digest\":" D ",\"size\":9223372036854775808}", "size");
	check_error(descriptor_round_trip, "{\"mediaType\":\"\",\"digest\":" D ",\"size\":1}",
		    "mediaType");
	check_error(descriptor_round_trip,
		    "{\"mediaType\":\"x\",\"digest\":\"sha256:../../x\",\"size\":1}", "digest");
	check_error(descriptor_round_trip,
		    "{\"mediaType\":\"x\",\"digest\":" D ",\"digest\":" D "}", "digest");
	check_error(manifest_round_trip, "{\"schemaVersion\":1,\"fsLayers\":[]}", "expected 2");
	check_error(manifest_round_trip, "{\"config\":" CONFIG ",\"layers\":[]}", "schemaVersion");
	check_error(manifest_round_trip,
		    "{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[],\"manifests\":[]}",
		    "ambiguous");
	check_error(manifest_round_trip,
		    "{\"schemaVersion\":2,\"mediaType\":\"" SMITH_MEDIA_INDEX
		    "\",\"config\":" CONFIG ",\"layers\":[]}",
		    "expected '" SMITH_MEDIA_MANIFEST);
	check_error(manifest_round_trip,
		    "{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[" LAYER
		    ",{\"mediaType\":\"x\",\"digest\":\"sha256:1\",\"size\":1}]}",
		    "layer 1");
	check_error(manifest_round_trip,
		    "{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":{}}", "layers");
	check_error(index_round_trip, "{\"schemaVersion\":2,\"manifests\":[],\"config\":{}}",
		    "ambiguous");
	check_error(index_round_trip, "{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}",
		    "ambiguous");
	check_error(index_round_trip, "{\"schemaVersion\":3,\"manifests\":[]}", "expected 2");
	check_error(index_round_trip, "{\"schemaVersion\":2}", "manifests");
	check_error(config_round_trip, "{\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\"}}",
		    "architecture");
	check_error(
		config_round_trip,
		"{\"architecture\":\"a\",\"os\":\"l\",\"rootfs\":{\"type\":\"x\",\"diff_ids\":[]}}",
		"expected 'layers'");
	check_error(config_round_trip,
		    "{\"architecture\":\"a\",\"os\":\"l\",\"rootfs\":{\"type\":\"layers\","
		    "\"diff_ids\":[\"sha256:zz\"]}}",
		    "diff ID 0");
}

static void test_check_image(void)
{
	g_autoptr(SmithManifest) manifest = smith_manifest_new();
	g_autoptr(SmithImageConfig) config = smith_image_config_new();
	g_autoptr(GError) error = NULL;

	g_assert_true(smith_spec_check_image(manifest, config, "i", &error));
	g_ptr_array_add(manifest->layers, smith_descriptor_new(SMITH_MEDIA_LAYER, DIGEST, 1));
	g_assert_false(smith_spec_check_image(manifest, config, "i", &error));
	g_assert_cmpstr(error->message, ==, "i: config has 0 diff IDs, expected 1, one per layer");
	g_clear_error(&error);
	g_strfreev(config->rootfs->diff_ids);
	config->rootfs->diff_ids = g_strsplit(DIGEST, "|", -1);
	g_assert_true(smith_spec_check_image(manifest, config, "i", &error));
	SmithHistory *row = smith_history_new(NULL, "ENV");
	row->empty_layer = true;
	g_ptr_array_add(config->history, row);
	g_assert_false(smith_spec_check_image(manifest, config, "i", &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
	g_ptr_array_add(config->history, smith_history_new(NULL, "COPY"));
	g_assert_true(smith_spec_check_image(manifest, config, "i", NULL));
}

static void test_copies(void)
{
	g_autoptr(SmithDescriptor) a = smith_descriptor_new(SMITH_MEDIA_LAYER, DIGEST, 7);

	smith_descriptor_set_annotation(a, "k", "v");
	a->platform = smith_platform_new("linux", "arm64", NULL);
	g_autoptr(SmithDescriptor) b = smith_descriptor_copy(a);
	g_autofree char *first = smith_descriptor_write(a, NULL);
	g_autofree char *second = smith_descriptor_write(b, NULL);
	g_assert_cmpstr(first, ==, second);
	smith_descriptor_set_annotation(b, "k", NULL);
	g_assert_null(smith_descriptor_get_annotation(b, "k"));
	g_assert_cmpstr(smith_descriptor_get_annotation(a, "k"), ==, "v");
	g_autoptr(SmithContainerConfig) config = smith_container_config_new();
	config->env = g_strsplit("A=1,B=2", ",", -1);
	config->healthcheck = g_new0(SmithHealthcheck, 1);
	config->healthcheck->retries = 3;
	g_autoptr(SmithContainerConfig) same = smith_container_config_copy(config);
	g_assert_cmpstrv(same->env, config->env);
	g_assert_cmpint(same->healthcheck->retries, ==, 3);
}

static void test_platform(void)
{
	static const struct {
		const char *want, *have;
		int match;
	} rows[] = {
		{"linux/amd64", "linux/amd64", 100},   {"amd64", "linux/amd64", 100},
		{"linux/amd64", "linux/arm64", -1},    {"linux/amd64", "windows/amd64", -1},
		{"linux/amd64", "linux/amd64/v1", 1},  {"linux/amd64", "linux/amd64/v3", -1},
		{"linux/amd64/v3", "linux/amd64", 1},  {"linux/amd64/v3", "linux/amd64/v2", 2},
		{"linux/arm64", "linux/arm64/v8", 8},  {"linux/arm64/v8", "linux/arm64", 8},
		{"linux/arm", "linux/arm/v6", 6},      {"linux/arm", "linux/arm/v8", -1},
		{"linux/arm/v6", "linux/arm/v7", -1},  {"linux/ppc64le", "linux/ppc64le", 100},
		{"linux/arm/foo", "linux/arm/v7", -1}, {"linux/arm/foo", "linux/arm/foo", 100},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(SmithPlatform) want = smith_platform_parse(rows[i].want, NULL);
		g_autoptr(SmithPlatform) have = smith_platform_parse(rows[i].have, NULL);
		g_test_message("%s on %s", rows[i].have, rows[i].want);
		g_assert_cmpint(smith_platform_match(want, have), ==, rows[i].match);
	}
	g_assert_null(smith_platform_parse("", NULL));
	g_assert_null(smith_platform_parse("linux/", NULL));
	g_assert_null(smith_platform_parse("linux/AMD64", NULL));
	g_assert_null(smith_platform_parse("linux/arm/v7/x", NULL));
	g_autofree char *unknown = smith_platform_to_string(NULL);
	g_assert_cmpstr(unknown, ==, "unknown");
}

static void test_chain_id(void)
{
	const char *const ids[] = {DIGEST, DIGEST, DIGEST};
	g_autofree char *one = smith_chain_id(ids, 1);
	g_autofree char *three = smith_chain_id(ids, 3);

	/* sha256("D D") and sha256 of that and D, by sha256sum(1) */
	g_assert_cmpstr(one, ==, DIGEST);
	g_assert_cmpstr(three, ==,
			"sha256:bfde4fe9a58518fcef5113d0cdecb982720a41bcfe19a94e82618c9246496f61");
}

static void test_media_types(void)
{
	g_assert_true(smith_spec_is_manifest(SMITH_MEDIA_DOCKER_MANIFEST));
	g_assert_false(smith_spec_is_manifest(SMITH_MEDIA_INDEX));
	g_assert_true(smith_spec_is_index(SMITH_MEDIA_DOCKER_INDEX));
	g_assert_false(smith_spec_is_index(NULL));
	g_assert_true(smith_spec_is_layer(SMITH_MEDIA_LAYER_ZSTD));
	g_assert_false(smith_spec_is_layer(SMITH_MEDIA_CONFIG));
	g_assert_true(smith_spec_is_config(SMITH_MEDIA_DOCKER_CONFIG));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/oci/spec/round-trips", test_round_trips);
	g_test_add_func("/oci/spec/foreign", test_foreign);
	g_test_add_func("/oci/spec/bad", test_bad);
	g_test_add_func("/oci/spec/check-image", test_check_image);
	g_test_add_func("/oci/spec/copies", test_copies);
	g_test_add_func("/oci/spec/platform", test_platform);
	g_test_add_func("/oci/spec/chain-id", test_chain_id);
	g_test_add_func("/oci/spec/media-types", test_media_types);
	return g_test_run();
}
