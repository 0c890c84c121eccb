/* SPDX-License-Identifier: Apache-2.0 */
#include "layers/unpack.h"

#include <errno.h>

#include "base/error.h"
#include "layers/archive-lib.h"

#define READ_SIZE (64 * 1024)

typedef struct {
	SmithSource source;
	const SmithArchiveLib *lib;
	struct archive *archive;
	SmithSource *inner;
	char *name;
	guint8 buffer[READ_SIZE];
} Unpack;

static la_ssize_t read_callback(struct archive *archive, void *data, const void **buffer)
{
	Unpack *self = data;
	gssize count = smith_source_read(self->inner, self->buffer, READ_SIZE, NULL);
	if (count < 0)
		self->lib->archive_set_error(archive, EIO, "cannot be read");
	*buffer = self->buffer;
	return count;
}

static gboolean throw_archive(Unpack *self, GError **error)
{
	const char *text = self->lib->archive_error_string(self->archive);
	if (self->inner->error == NULL)
		return smith_throw(error, SMITH_ERROR_INVALID, "'%s' cannot be decompressed: %s",
				   self->name, text != NULL ? text : "unknown format");
	if (error != NULL)
		*error = g_error_copy(self->inner->error);
	return FALSE;
}

static gssize unpack_read(SmithSource *source, void *buffer, gsize length, GError **error)
{
	Unpack *self = (Unpack *)source;
	gpointer locale = smith_archive_lib_enter();
	gssize count = self->lib->archive_read_data(self->archive, buffer, length);
	smith_archive_lib_leave(locale);
	if (count > 0)
		return count;
	if (count < 0) {
		throw_archive(self, error);
		return -1;
	}
	/* behind the last member the inner one may still have its digest to check */
	return smith_source_drain(self->inner, error) ? 0 : -1;
}

static void unpack_free(SmithSource *source)
{
	Unpack *self = (Unpack *)source;
	gpointer locale = smith_archive_lib_enter();
	if (self->archive != NULL)
		self->lib->archive_read_free(self->archive);
	smith_archive_lib_leave(locale);
	smith_source_free(self->inner);
	g_free(self->name);
	g_free(self);
}

static gboolean open_archive(Unpack *self, GError **error)
{
	const SmithArchiveLib *lib = self->lib;
	struct archive_entry *entry = NULL;
	gpointer locale = smith_archive_lib_enter();
	self->archive = lib->archive_read_new();
	g_assert(self->archive != NULL);
	int result = lib->archive_read_support_format_raw(self->archive);
	if (result == ARCHIVE_OK)
		result = lib->archive_read_support_filter_gzip(self->archive);
	if (result == ARCHIVE_OK)
		result = lib->archive_read_support_filter_zstd(self->archive);
	if (result == ARCHIVE_OK)
		result = lib->archive_read_open2(self->archive, self, NULL, read_callback, NULL,
						 NULL);
	if (result == ARCHIVE_OK)
		result = lib->archive_read_next_header(self->archive, &entry);
	smith_archive_lib_leave(locale);
	return result == ARCHIVE_OK || throw_archive(self, error);
}

SmithSource *smith_unpack_new(SmithSource *inner, const char *name, GError **error)
{
	static const SmithSourceOps ops = {unpack_read, unpack_free};
	g_autoptr(SmithSource) taken = inner;
	const SmithArchiveLib *lib = smith_archive_lib(error);
	if (lib == NULL)
		return NULL;
	Unpack *self = g_new0(Unpack, 1);
	g_autoptr(SmithSource) source = &self->source;
	self->source.ops = &ops;
	self->lib = lib;
	self->inner = g_steal_pointer(&taken);
	self->name = g_strdup(name);
	return open_archive(self, error) ? g_steal_pointer(&source) : NULL;
}
