/* SPDX-License-Identifier: Apache-2.0 */
#include "layers/layer.h"

#include <libdeflate.h>
#include <string.h>

#include "base/error.h"
#include "layers/deflate.h"
#include "layers/members.h"
#include "layers/pipe.h"
#include "layers/tar-write.h"

#define READ_SIZE (128 * 1024)
/* Tar bytes that are not spliced gather in one gzip member up to this size, */
#define MEMBER_SIZE (256 * 1024)
/* or from this size on up to an entry whose path says so: where a member ends must not depend on
 * what came long before it, so that a layer that changed a little has most members in common with
 * the one before. */
#define MEMBER_ENOUGH (32 * 1024)

typedef struct {
	SmithPipe *pipe;
	SmithSink *plain;
	SmithSink *raw;
	/* splice only: what is between two spliced contents */
	SmithDeflater *deflater;
	SmithMembers *like; /* NULL: none */
	GByteArray *pending;
	GByteArray *member;
	GByteArray *header;
	guint8 *buffer;
	char *last_path;
	guint64 entries;
} Writer;

static void writer_clear(Writer *writer)
{
	g_clear_pointer(&writer->pipe, smith_pipe_free);
	g_clear_pointer(&writer->deflater, smith_deflater_free);
	g_clear_pointer(&writer->like, smith_members_free);
	g_clear_pointer(&writer->pending, g_byte_array_unref);
	g_clear_pointer(&writer->member, g_byte_array_unref);
	g_clear_pointer(&writer->header, g_byte_array_unref);
	g_free(writer->buffer);
	g_free(writer->last_path);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Writer, writer_clear)

static void flush_pending(Writer *writer)
{
	if (writer->deflater == NULL || writer->pending->len == 0)
		return;
	const GByteArray *pending = writer->pending;
	g_autoptr(GBytes) there = smith_members_find(writer->like, pending->data, pending->len);
	if (there != NULL) {
		gsize size;
		const void *member = g_bytes_get_data(there, &size);
		smith_sink_write(writer->raw, member, size);
	} else {
		g_byte_array_set_size(writer->member, 0);
		smith_deflater_member(writer->deflater, pending->data, pending->len,
				      writer->member);
		smith_sink_write(writer->raw, writer->member->data, writer->member->len);
	}
	g_byte_array_set_size(writer->pending, 0);
}

static bool ends_member(const SmithEntry *entry)
{
	return libdeflate_crc32(0, entry->path, strlen(entry->path)) % 2 == 0;
}

/* Tar bytes that are to be compressed by us. Members end at fixed places, however the bytes come.
 */
static void put_plain(Writer *writer, const guint8 *data, gsize length)
{
	smith_sink_write(writer->plain, data, length);
	while (writer->deflater != NULL && length > 0) {
		gsize part = MIN(length, MEMBER_SIZE - writer->pending->len);
		g_byte_array_append(writer->pending, data, (guint)part);
		data += part;
		length -= part;
		if (writer->pending->len == MEMBER_SIZE)
			flush_pending(writer);
	}
}

static gboolean throw_size(const char *what, guint64 got, guint64 expected, GError **error)
{
	return smith_throw(error, SMITH_ERROR_VERIFY,
			   "%s has %" G_GUINT64_FORMAT " bytes, expected %" G_GUINT64_FORMAT, what,
			   got, expected);
}

static gboolean splice_content(Writer *writer, SmithContent *content, GError **error)
{
	guint8 trailer[SMITH_GZIP_TRAILER_SIZE];
	flush_pending(writer);
	smith_sink_write(writer->raw, smith_gzip_header, sizeof smith_gzip_header);
	guint64 plain_before = smith_pipe_plain_size(writer->pipe);
	guint64 raw_before = smith_pipe_raw_size(writer->pipe);

	g_autoptr(GError) failure = NULL;
	gboolean ok = content->ops->splice(content, writer->raw, writer->plain, &failure);
	/* what stopped the sinks is the cause, whatever the content makes of it */
	if (!smith_pipe_check(writer->pipe, error))
		return FALSE;
	if (!ok) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return FALSE;
	}
	guint64 plain = smith_pipe_plain_size(writer->pipe) - plain_before;
	guint64 raw = smith_pipe_raw_size(writer->pipe) - raw_before;
	if (plain != content->size)
		return throw_size("content", plain, content->size, error);
	if (raw != content->deflated_size)
		return throw_size("deflate stream", raw, content->deflated_size, error);
	smith_gzip_trailer(trailer, content->crc32, content->size);
	smith_sink_write(writer->raw, trailer, sizeof trailer);
	return TRUE;
}

static gboolean copy_content(Writer *writer, SmithContent *content, GError **error)
{
	g_autoptr(SmithSource) source = content->ops->open(content, error);
	if (source == NULL)
		return FALSE;
	guint64 size = 0;
	for (;;) {
		gssize count = smith_source_read(source, writer->buffer, READ_SIZE, error);
		if (count < 0)
			return FALSE;
		if (count == 0)
			break;
		size += (guint64)count;
		if (size > content->size)
			return throw_size("content", size, content->size, error);
		put_plain(writer, writer->buffer, (gsize)count);
		if (!smith_pipe_check(writer->pipe, error))
			return FALSE;
	}
	return size == content->size || throw_size("content", size, content->size, error);
}

static gboolean write_content(Writer *writer, const SmithEntry *entry, GError **error)
{
	static const guint8 zeros[SMITH_TAR_BLOCK];
	SmithContent *content = entry->content;
	guint64 size = smith_entry_size(entry);
	if (content == NULL || entry->type != SMITH_ENTRY_FILE)
		return TRUE;

	SMITH_AUTO_PREFIX("content of", entry->path, error);
	/* an empty one is read too: its checks are done while reading */
	if (writer->deflater != NULL && content->can_splice && size > 0) {
		if (!splice_content(writer, content, error))
			return FALSE;
	} else if (!copy_content(writer, content, error)) {
		return FALSE;
	}
	put_plain(writer, zeros, smith_tar_padding(size));
	return TRUE;
}

static gboolean check_order(Writer *writer, const SmithEntry *entry, GError **error)
{
	const char *last = writer->last_path;
	int order = last != NULL ? smith_entry_path_compare(last, entry->path) : -1;
	if (order == 0)
		return smith_throw(error, SMITH_ERROR_INVALID, "'%s' is twice in one layer",
				   entry->path);
	if (order > 0)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "'%s' is out of order in a layer, it comes after '%s'",
				   entry->path, last);
	if (entry->type == SMITH_ENTRY_HARDLINK && entry->target != NULL &&
	    smith_entry_path_compare(entry->target, entry->path) >= 0)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "hard link '%s' comes before its target '%s'", entry->path,
				   entry->target);
	return TRUE;
}

static gboolean write_entry(Writer *writer, const SmithEntry *entry, GError **error)
{
	if (!check_order(writer, entry, error))
		return FALSE;
	if (writer->deflater != NULL && writer->pending->len >= MEMBER_ENOUGH && ends_member(entry))
		flush_pending(writer);
	g_byte_array_set_size(writer->header, 0);
	if (!smith_tar_write_header(entry, writer->header, error))
		return FALSE;
	put_plain(writer, writer->header->data, writer->header->len);
	if (!write_content(writer, entry, error))
		return FALSE;
	g_free(writer->last_path);
	writer->last_path = g_strdup(entry->path);
	writer->entries++;
	return smith_pipe_check(writer->pipe, error);
}

static gboolean write_all(Writer *writer, SmithEntryIter *iter, GError **error)
{
	static const guint8 end[SMITH_TAR_END];
	for (;;) {
		g_autoptr(SmithEntry) entry = NULL;
		if (!smith_entry_iter_next(iter, &entry, error))
			return FALSE;
		if (entry == NULL)
			break;
		if (!write_entry(writer, entry, error))
			return FALSE;
	}
	put_plain(writer, end, sizeof end);
	flush_pending(writer);
	return TRUE;
}

SmithLayer *smith_layer_write(SmithEntryIter *iter, const SmithLayerOptions *options,
			      GError **error)
{
	g_auto(Writer) writer = {0};
	SmithPipeResult result = {0};
	SmithCompression compression = options->compression;
	writer.pipe = smith_pipe_new(compression, options->split, options->blobs_dirfd, error);
	if (writer.pipe == NULL)
		return NULL;
	writer.plain = smith_pipe_plain(writer.pipe);
	writer.raw = smith_pipe_raw(writer.pipe);
	writer.header = g_byte_array_new();
	writer.buffer = g_malloc(READ_SIZE);
	if (compression == SMITH_COMPRESSION_SPLICE) {
		writer.deflater = smith_deflater_new();
		writer.pending = g_byte_array_sized_new(SMITH_TAR_BLOCK * 4);
		writer.member = g_byte_array_new();
		if (options->like != NULL)
			writer.like = smith_members_open(options->blobs_dirfd, options->like);
	}
	if (!write_all(&writer, iter, error) || !smith_pipe_finish(writer.pipe, &result, error))
		return NULL;

	SmithLayer *layer = g_new0(SmithLayer, 1);
	layer->media_type = g_strdup(smith_compression_media_type(compression));
	layer->digest = result.digest;
	layer->diff_id = result.diff_id;
	layer->size = result.size;
	layer->unpacked_size = result.unpacked_size;
	layer->entries = writer.entries;
	return layer;
}

void smith_layer_free(SmithLayer *layer)
{
	if (layer == NULL)
		return;
	g_free(layer->media_type);
	g_free(layer->digest);
	g_free(layer->diff_id);
	g_free(layer);
}
