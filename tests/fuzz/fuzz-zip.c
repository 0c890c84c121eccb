/* SPDX-License-Identifier: Apache-2.0 */
#include "base/entry.h"
#include "python/zip.h"
#include "tests/fuzz/fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

/* Spliced and opened, a member has the same bytes, or both fail. */
static void check_splice(SmithZip *zip, const SmithZipMember *member, GBytes *opened)
{
	g_autoptr(SmithContent) content = smith_zip_content(zip, member, NULL);
	if (!content->can_splice)
		return;
	g_autoptr(GError) error = NULL;
	g_autoptr(GByteArray) raw = g_byte_array_new();
	g_autoptr(GByteArray) plain = g_byte_array_new();
	g_autoptr(SmithSink) raw_sink = smith_sink_new_bytes(raw);
	g_autoptr(SmithSink) plain_sink = smith_sink_new_bytes(plain);
	gboolean ok = content->ops->splice(content, raw_sink, plain_sink, &error);
	fuzz_check_error(ok, error);
	g_assert_true(ok == (opened != NULL));
	if (!ok)
		return;
	g_assert_cmpuint(raw->len, ==, content->deflated_size);
	g_assert_cmpmem(plain->data, plain->len, g_bytes_get_data(opened, NULL),
			g_bytes_get_size(opened));
}

static void check_member(SmithZip *zip, const SmithZipMember *member)
{
	enum { LIMIT = 1024 * 1024 };
	g_autoptr(GError) error = NULL;
	g_autofree char *path = smith_entry_path_normalize(member->name, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(path, ==, member->name);
	if (member->is_dir || member->size > LIMIT)
		return;
	g_assert_true(smith_zip_find(zip, member->name) == member);
	g_autoptr(GBytes) bytes = smith_zip_read(zip, member, LIMIT, NULL, &error);
	fuzz_check_error(bytes != NULL, error);
	g_assert_true(bytes == NULL || g_bytes_get_size(bytes) == member->size);
	check_splice(zip, member, bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	int fd = memfd_create("zip", MFD_CLOEXEC);
	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(write(fd, data, size), ==, (gssize)size);
	g_autoptr(SmithZip) zip = smith_zip_new(fd, "fuzz.zip", 0, &error);
	fuzz_check_error(zip != NULL, error);
	for (guint i = 0; zip != NULL && i < smith_zip_length(zip); i++)
		check_member(zip, smith_zip_member(zip, i));
	return 0;
}
