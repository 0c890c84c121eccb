/* SPDX-License-Identifier: Apache-2.0 */
#include "layers/tar-read.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void check_entry(const SmithEntry *entry)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = smith_entry_path_normalize(entry->path, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(path, ==, entry->path);
	g_assert_true(entry->target != NULL ||
		      (entry->type != SMITH_ENTRY_SYMLINK && entry->type != SMITH_ENTRY_HARDLINK));
	g_assert_cmpuint(entry->mode & ~07777u, ==, 0);
	if (entry->content == NULL)
		return;
	g_autoptr(SmithSource) source = entry->content->ops->open(entry->content, &error);
	fuzz_check_error(source != NULL, error);
	if (source == NULL)
		return;
	gboolean ok = smith_source_drain(source, &error);
	fuzz_check_error(ok, error);
}

/* Paths are normal, and sizes stay below the limits. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const SmithTarLimits limits = {
		.entries = 1000,
		.total_bytes = 4 * 1024 * 1024,
		.xattr_bytes = 4096,
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = g_bytes_new(data, size);
	g_autoptr(SmithEntryIter) iter =
		smith_tar_read(smith_source_new_bytes(bytes), &limits, "fuzz.tar", &error);
	fuzz_check_error(iter != NULL, error);
	while (iter != NULL) {
		g_autoptr(SmithEntry) entry = NULL;
		gboolean ok = smith_entry_iter_next(iter, &entry, &error);
		fuzz_check_error(ok, error);
		if (entry == NULL)
			break;
		check_entry(entry);
	}
	return 0;
}
