/* SPDX-License-Identifier: Apache-2.0 */
#include "layers/compress.h"

#include <libdeflate.h>
#include <string.h>
#include <zstd.h>

#include "base/error.h"
#include "base/library.h"
#include "layers/deflate.h"

#define ZSTD_LEVEL 3
#define ZSTD_PIECE (128 * 1024)
#define GZIP_LEVEL 6
#define GZIP_PIECE (1024 * 1024)

/* most runs do without */
#define ZSTD_FUNCTIONS(X)                                                                          \
	X(ZSTD_versionString)                                                                      \
	X(ZSTD_createCCtx)                                                                         \
	X(ZSTD_freeCCtx)                                                                           \
	X(ZSTD_CCtx_setParameter)                                                                  \
	X(ZSTD_CStreamOutSize) X(ZSTD_compressStream2) X(ZSTD_isError) X(ZSTD_getErrorName)
SMITH_LIBRARY(zstd, "libzstd.so.1", ZSTD_FUNCTIONS)

/*
 * Both compressors get pieces of one fixed size, the last excepted: what libzstd makes of a stream,
 * and where gzip members end, must not depend on how the caller cuts its writes.
 */
typedef struct CompressSink CompressSink;
struct CompressSink {
	SmithSink sink;
	SmithSink *inner;
	gboolean (*piece)(CompressSink *self, gsize length, gboolean last, GError **error);
	guint8 *in;
	gsize in_used, in_size;
	guint8 *out;
	gsize out_size;
	ZSTD_CCtx *zstd;
	struct libdeflate_compressor *deflate;
};

static const char *const names[] = {"splice", "zstd", "gzip", "none", NULL};

const char *smith_compression_name(SmithCompression compression)
{
	return names[compression];
}

gboolean smith_compression_from_name(const char *name, SmithCompression *compression,
				     GError **error)
{
	for (guint i = 0; names[i] != NULL; i++) {
		if (strcmp(name, names[i]) == 0) {
			*compression = (SmithCompression)i;
			return TRUE;
		}
	}
	const char *near = smith_nearest(name, names);
	return smith_throw(error, SMITH_ERROR_INVALID,
			   "unknown compression '%s', expected splice, zstd, gzip or none%s%s%s",
			   name, near != NULL ? " (did you mean '" : "", near != NULL ? near : "",
			   near != NULL ? "'?)" : "");
}

const char *smith_compression_id(SmithCompression compression)
{
	static gsize zstd_id;
	switch (compression) {
	case SMITH_COMPRESSION_SPLICE:
		return "splice-4";
	case SMITH_COMPRESSION_GZIP:
		return "gzip-libdeflate-6-1M-" LIBDEFLATE_VERSION_STRING;
	case SMITH_COMPRESSION_NONE:
		return "none-1";
	case SMITH_COMPRESSION_ZSTD:
		break;
	}
	if (g_once_init_enter(&zstd_id)) {
		/* the running library's version: it may be newer than the one we were built with */
		g_autofree char *id = g_strconcat("zstd-3-", zstd()->ZSTD_versionString(), NULL);
		g_once_init_leave(&zstd_id, (gsize)g_intern_string(id));
	}
	return (const char *)zstd_id;
}

const char *smith_compression_media_type(SmithCompression compression)
{
	switch (compression) {
	case SMITH_COMPRESSION_ZSTD:
		return "application/vnd.oci.image.layer.v1.tar+zstd";
	case SMITH_COMPRESSION_NONE:
		return "application/vnd.oci.image.layer.v1.tar";
	case SMITH_COMPRESSION_SPLICE:
	case SMITH_COMPRESSION_GZIP:
		break;
	}
	return "application/vnd.oci.image.layer.v1.tar+gzip";
}

static gboolean put(CompressSink *self, const void *data, gsize length, GError **error)
{
	if (smith_sink_write(self->inner, data, length))
		return TRUE;
	if (error != NULL)
		*error = g_error_copy(self->inner->error);
	return FALSE;
}

static gboolean zstd_piece(CompressSink *self, gsize length, gboolean last, GError **error)
{
	ZSTD_inBuffer in = {self->in, length, 0};
	for (;;) {
		ZSTD_outBuffer out = {self->out, self->out_size, 0};
		gsize left = zstd()->ZSTD_compressStream2(self->zstd, &out, &in,
							  last ? ZSTD_e_end : ZSTD_e_continue);
		if (zstd()->ZSTD_isError(left))
			return smith_throw(error, SMITH_ERROR_FAILED, "zstd cannot compress: %s",
					   zstd()->ZSTD_getErrorName(left));
		if (out.pos > 0 && !put(self, self->out, out.pos, error))
			return FALSE;
		if (last ? left == 0 : in.pos == in.size)
			return TRUE;
	}
}

static gboolean gzip_piece(CompressSink *self, gsize length, gboolean last, GError **error)
{
	(void)last;
	guint8 trailer[SMITH_GZIP_TRAILER_SIZE];
	gsize size = libdeflate_deflate_compress(self->deflate, self->in, length, self->out,
						 self->out_size);
	g_assert(size > 0);
	smith_gzip_trailer(trailer, libdeflate_crc32(0, self->in, length), length);
	return put(self, smith_gzip_header, sizeof smith_gzip_header, error) &&
	       put(self, self->out, size, error) && put(self, trailer, sizeof trailer, error);
}

static gboolean compress_write(SmithSink *sink, const void *data, gsize length, GError **error)
{
	CompressSink *self = (CompressSink *)sink;
	const guint8 *from = data;
	while (length > 0) {
		if (self->in_used == self->in_size) {
			if (!self->piece(self, self->in_used, FALSE, error))
				return FALSE;
			self->in_used = 0;
		}
		gsize part = MIN(length, self->in_size - self->in_used);
		memcpy(self->in + self->in_used, from, part);
		self->in_used += part;
		from += part;
		length -= part;
	}
	return TRUE;
}

static gboolean compress_finish(SmithSink *sink, GError **error)
{
	CompressSink *self = (CompressSink *)sink;
	return self->piece(self, self->in_used, TRUE, error) &&
	       smith_sink_finish(self->inner, error);
}

static void compress_free(SmithSink *sink)
{
	CompressSink *self = (CompressSink *)sink;
	smith_sink_free(self->inner);
	if (self->zstd != NULL)
		zstd()->ZSTD_freeCCtx(self->zstd);
	if (self->deflate != NULL)
		libdeflate_free_compressor(self->deflate);
	g_free(self->in);
	g_free(self->out);
	g_free(self);
}

SmithSink *smith_compress_new(SmithCompression compression, SmithSink *inner)
{
	static const SmithSinkOps ops = {compress_write, compress_finish, compress_free};
	g_assert(compression != SMITH_COMPRESSION_SPLICE);
	if (compression == SMITH_COMPRESSION_NONE)
		return inner;

	CompressSink *self = g_new0(CompressSink, 1);
	self->sink.ops = &ops;
	self->inner = inner;
	if (compression == SMITH_COMPRESSION_ZSTD) {
		self->zstd = zstd()->ZSTD_createCCtx();
		g_assert(self->zstd != NULL);
		zstd()->ZSTD_CCtx_setParameter(self->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL);
		self->piece = zstd_piece;
		self->in_size = ZSTD_PIECE;
		self->out_size = zstd()->ZSTD_CStreamOutSize();
	} else {
		self->deflate = libdeflate_alloc_compressor(GZIP_LEVEL);
		g_assert(self->deflate != NULL);
		self->piece = gzip_piece;
		self->in_size = GZIP_PIECE;
		self->out_size = libdeflate_deflate_compress_bound(self->deflate, GZIP_PIECE);
	}
	self->in = g_malloc(self->in_size);
	self->out = g_malloc(self->out_size);
	return &self->sink;
}
