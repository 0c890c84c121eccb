/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "base/entry.h"
#include "base/stream.h"

/*
 * A deterministic tar writer, pax interchange format (POSIX.1-2001 pax(1), "ustar Interchange
 * Format" and "pax Extended Header").
 *
 * It works in segments, since the layer writer puts header, content and padding into different
 * places. For each entry, in order:
 *   smith_tar_write_header (entry, bytes, error)     appends 512 bytes, or more with a pax header
 *   ... smith_entry_size (entry) bytes of content by the caller ...
 *   smith_tar_padding (size) zero bytes
 * and SMITH_TAR_END zero bytes after the last.
 *
 * The bytes are a function of the entry alone: no user or group names, no atime or ctime, whole
 * seconds, never sparse; a pax header only where ustar cannot say it (long or non-ASCII names,
 * large numbers, xattrs), with a fixed name and its records in a fixed order. Extended attributes
 * are "SCHILY.xattr.NAME" records, as image-spec layer.md wants. Names that are not UTF-8 are
 * marked by hdrcharset=BINARY. A directory's name ends in "/", the root's is "./".
 */
#define SMITH_TAR_BLOCK 512
#define SMITH_TAR_END 1024
/* pax headers above this are refused by libarchive and Go's archive/tar */
#define SMITH_TAR_PAX_MAX (1024 * 1024)

/* Appends the header blocks of @entry to @out. SMITH_ERROR_INVALID when the entry cannot be in a
 * tar: its path is not normalised, a link lacks its target, a device number is too large, an
 * xattr's name holds '=' or the xattrs are not sorted; SMITH_ERROR_LIMIT over SMITH_TAR_PAX_MAX. */
gboolean smith_tar_write_header(const SmithEntry *entry, GByteArray *out, GError **error);

/* Zero bytes that follow a content of @size bytes: 0 to 511. */
gsize smith_tar_padding(guint64 size);

/* A whole tar of the entries of @iter (borrowed) in their order, uncompressed, into @sink
 * (borrowed, not finished). */
gboolean smith_tar_write_all(SmithEntryIter *iter, SmithSink *sink, GError **error);
