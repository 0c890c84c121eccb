/* SPDX-License-Identifier: Apache-2.0 */
#include "python/import-map.h"

#include "python/stdlib.h"

static void test_distributions(void)
{
	static const struct {
		const char *module, *key, *distributions;
	} rows[] = {
		{"zmq", "zmq", "pyzmq"},
		{"zmq.asyncio", "zmq", "pyzmq"},
		{"yaml", "yaml", "pyyaml"},
		{"PIL.Image", "PIL", "pillow"},
		{"Crypto.Cipher", "Crypto", "pycryptodome,pycrypto"},
		{"google.protobuf.message", "google.protobuf", "protobuf"},
		{"google.cloud.storage.blob", "google.cloud.storage", "google-cloud-storage"},
		{"google.cloud.newthing.x", "google.cloud.newthing", "google-cloud-newthing"},
		{"google.auth.transport", "google.auth", "google-auth"},
		{"ruamel.yaml.comments", "ruamel.yaml", "ruamel-yaml"},
		{"zope.interface", "zope.interface", "zope-interface"},
		{"win32com.client", "win32com", ""},
		{"prometheus_client", "prometheus_client", "prometheus-client"},
		{"docker.errors", "docker", "docker"},
		{"sklearn", "sklearn", "scikit-learn"},
		{"skimage", "skimage", "scikit-image"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *key = smith_import_key(rows[i].module);
		g_assert_cmpstr(key, ==, rows[i].key);
		g_auto(GStrv) names = smith_import_distributions(rows[i].module);
		g_autofree char *joined = g_strjoinv(",", names);
		g_assert_cmpstr(joined, ==, rows[i].distributions);
	}
	g_assert_true(smith_import_is_shared("google.cloud"));
	g_assert_false(smith_import_is_shared("google.protobuf"));
}

static void test_gpu(void)
{
	g_assert_true(smith_import_is_gpu("torch"));
	g_assert_true(smith_import_is_gpu("torch.nn"));
	g_assert_true(smith_import_is_gpu("llama_cpp"));
	g_assert_false(smith_import_is_gpu("torchmetrics"));
	g_assert_false(smith_import_is_gpu("transformers"));
	g_assert_false(smith_import_is_gpu("onnxruntime"));
	g_assert_true(smith_distribution_is_gpu("onnxruntime-gpu"));
	g_assert_true(smith_distribution_is_gpu("cupy-cuda12x"));
	g_assert_true(smith_distribution_is_gpu("nvidia-cudnn-cu12"));
	g_assert_false(smith_distribution_is_gpu("onnxruntime"));
}

static void test_stdlib(void)
{
	gsize count;
	const char *const *names = smith_stdlib_names(&count);
	for (gsize i = 1; i < count; i++)
		g_assert_cmpstr(names[i - 1], <, names[i]);
	for (gsize i = 0; i < count; i++)
		g_assert_true(smith_stdlib_has(names[i], 0));
	g_assert_true(smith_stdlib_has("asyncio", 11));
	g_assert_true(smith_stdlib_has("distutils", 11));
	g_assert_false(smith_stdlib_has("distutils", 12));
	g_assert_true(smith_stdlib_has("distutils", 0));
	g_assert_false(smith_stdlib_has("tomllib", 10));
	g_assert_false(smith_stdlib_has("torch", 0));
	g_assert_true(smith_stdlib_is_early("sys"));
	g_assert_true(smith_stdlib_is_early("zipimport"));
	g_assert_false(smith_stdlib_is_early("logging"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/python/import-map/distributions", test_distributions);
	g_test_add_func("/python/import-map/gpu", test_gpu);
	g_test_add_func("/python/import-map/stdlib", test_stdlib);
	return g_test_run();
}
