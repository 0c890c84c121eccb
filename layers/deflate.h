/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * A small deterministic deflate encoder (RFC 1951) and the gzip members (RFC 1952) of spliced
 * layers.
 *
 * A spliced layer's content is a wheel's own deflate streams; what stands between them (tar
 * headers, padding, files that are not stored as deflate) comes from this encoder. It is ours so
 * that the digest of a layer depends on no library's version. Its output is a function of the input
 * bytes alone: a change of it needs a new name in smith_compression_id().
 *
 *   SmithDeflater *deflater = smith_deflater_new ();
 *   smith_deflater_member (deflater, data, length, out) ... any number of times
 *
 * Each member is complete and independent of those before it. About 400 KiB of memory. One thread
 * at a time.
 */
typedef struct SmithDeflater SmithDeflater;

#define SMITH_GZIP_HEADER_SIZE 10
#define SMITH_GZIP_TRAILER_SIZE 8
/* the largest input of one smith_deflater_member() */
#define SMITH_DEFLATER_MAX (1024 * 1024)

/* Deflate, no flags, no time, no extra flags, unknown system. */
extern const guint8 smith_gzip_header[SMITH_GZIP_HEADER_SIZE];

/* CRC-32 and the length modulo 2^32, little-endian. */
void smith_gzip_trailer(guint8 out[SMITH_GZIP_TRAILER_SIZE], guint32 crc32, guint64 length);

SmithDeflater *smith_deflater_new(void);
/* Appends one gzip member with these bytes to @out; @length is at most SMITH_DEFLATER_MAX. */
void smith_deflater_member(SmithDeflater *deflater, const void *data, gsize length,
			   GByteArray *out);
void smith_deflater_free(SmithDeflater *deflater);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithDeflater, smith_deflater_free)
