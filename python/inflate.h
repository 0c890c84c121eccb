/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "base/stream.h"

/*
 * SmithInflate: one raw deflate stream (RFC 1951) that stands in a file, inflated piece by piece.
 *
 *   SmithInflate *inflate = smith_inflate_new (fd, offset, length, "name");
 *   while ((n = smith_inflate_read (inflate, buffer, sizeof buffer, NULL, error)) > 0) ...
 *   smith_inflate_free (inflate);
 *
 * The stream is read by pread in small pieces: nothing is mapped, so that a file that is truncated
 * meanwhile is an error and no SIGBUS. The working memory (about 150 KiB) of the last one freed in
 * a thread is kept for the next. One thread at a time; the descriptor is borrowed.
 */
typedef struct SmithInflate SmithInflate;

/* The stream of @length bytes at @offset of @fd; @name (borrowed) is for error texts. */
SmithInflate *smith_inflate_new(int fd, guint64 offset, guint64 length, const char *name);

/* Up to @length inflated bytes, fewer only at the end of the stream; 0 when it is over; -1 on
 * error. The stream must end exactly where its @length bytes end. Raw bytes that were read on the
 * way are written to @raw unless it is NULL. */
gssize smith_inflate_read(SmithInflate *inflate, void *buffer, gsize length, SmithSink *raw,
			  GError **error);

/* TRUE once the end of the stream has been seen and checked. */
gboolean smith_inflate_ended(const SmithInflate *inflate);
void smith_inflate_free(SmithInflate *inflate);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithInflate, smith_inflate_free)

/* The CRC-32 of RFC 1952, continued from @crc (0 at the beginning). */
guint32 smith_crc32(guint32 crc, const void *data, gsize length);

/* Exactly @length bytes at @offset of @fd, else an error: SMITH_ERROR_INVALID when the file is
 * shorter. */
gboolean smith_pread_full(int fd, void *buffer, gsize length, guint64 offset, const char *name,
			  GError **error);
