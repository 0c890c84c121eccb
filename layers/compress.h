/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "base/stream.h"

/*
 * How a layer blob is compressed.
 *
 *   splice  tar+gzip of many gzip members; contents that already are deflate streams are taken over
 *           as they are, all else goes through layers/deflate.h. No compressor's version is in it.
 *   zstd    tar+zstd, libzstd's level 3, one thread, one frame; never begins with a skippable frame
 *   gzip    tar+gzip, libdeflate's level 6, one member for each MiB of tar
 *   none    plain tar
 *
 * The compressed bytes are a function of the plain ones (and of the library's version, which
 * smith_compression_id() names), never of the size of the pieces in which they are written.
 */
typedef enum {
	SMITH_COMPRESSION_SPLICE,
	SMITH_COMPRESSION_ZSTD,
	SMITH_COMPRESSION_GZIP,
	SMITH_COMPRESSION_NONE,
} SmithCompression;

/* "splice", "zstd", "gzip", "none": as in fleet.yaml. */
const char *smith_compression_name(SmithCompression compression);
gboolean smith_compression_from_name(const char *name, SmithCompression *compression,
				     GError **error);

/* Everything that can change the bytes, for cache keys and locks: "zstd-3-1.5.4". */
const char *smith_compression_id(SmithCompression compression);

/* OCI media type of the layer blob. */
const char *smith_compression_media_type(SmithCompression compression);

/* A sink that compresses into @inner, which it takes; finishing it finishes @inner. Not for
 * SMITH_COMPRESSION_SPLICE, which is no stream filter. Memory: about 4 MiB. */
SmithSink *smith_compress_new(SmithCompression compression, SmithSink *inner);
