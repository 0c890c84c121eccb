/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/spec.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static char *rewrite_manifest(GBytes *bytes, GError **error)
{
	g_autoptr(SmithManifest) manifest = smith_manifest_parse(bytes, "manifest", error);
	return manifest != NULL ? smith_manifest_write(manifest, NULL) : NULL;
}

static char *rewrite_index(GBytes *bytes, GError **error)
{
	g_autoptr(SmithIndex) index = smith_index_parse(bytes, "index", error);
	return index != NULL ? smith_index_write(index, NULL) : NULL;
}

static char *rewrite_config(GBytes *bytes, GError **error)
{
	g_autoptr(SmithImageConfig) config = smith_image_config_parse(bytes, "config", error);
	return config != NULL ? smith_image_config_write(config, NULL) : NULL;
}

static char *rewrite_descriptor(GBytes *bytes, GError **error)
{
	g_autoptr(SmithDescriptor) descriptor = smith_descriptor_parse(bytes, "descriptor", error);
	return descriptor != NULL ? smith_descriptor_write(descriptor, NULL) : NULL;
}

/* What was read is written to something that can be read, to the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char *(*const rewriters[])(GBytes * bytes, GError * *error) = {
		rewrite_manifest,
		rewrite_index,
		rewrite_config,
		rewrite_descriptor,
	};
	g_autoptr(GBytes) bytes = g_bytes_new(data, size);
	for (guint i = 0; i < G_N_ELEMENTS(rewriters); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *text = rewriters[i](bytes, &error);
		fuzz_check_error(text != NULL, error);
		if (text == NULL)
			continue;
		g_autoptr(GBytes) written = g_bytes_new(text, strlen(text));
		g_autofree char *again = rewriters[i](written, &error);
		g_assert_no_error(error);
		g_assert_cmpstr(again, ==, text);
	}
	return 0;
}
