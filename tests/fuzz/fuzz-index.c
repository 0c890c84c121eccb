/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"
#include "python/index.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void check_page(GBytes *page, const char *content_type)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) files =
		smith_index_page_parse(page, content_type, "https://example.org/simple/x/", &error);
	fuzz_check_error(files != NULL, error);
	for (guint i = 0; files != NULL && i < files->len; i++) {
		const SmithIndexFile *file = files->pdata[i];
		g_assert_true(*file->file_name != '\0' && strchr(file->file_name, '/') == NULL);
		g_assert_nonnull(strstr(file->url, ":"));
		g_assert_null(strchr(file->url, '#'));
		g_assert_true(file->sha256 == NULL || smith_digest_is_hex(file->sha256));
		g_assert_true(file->metadata_sha256 == NULL ||
			      smith_digest_is_hex(file->metadata_sha256));
		g_assert_cmpint(file->size, >=, -1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) page = g_bytes_new(data, size);
	check_page(page, NULL);
	check_page(page, "application/vnd.pypi.simple.v1+json");
	return 0;
}
