/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/entry.h"

/*
 * SmithZip: a reader for zip archives from strangers (PKWARE APPNOTE 6.3.10, the part that wheels
 * use), over a descriptor by pread.
 *
 *   SmithZip *zip = smith_zip_new (fd, "x.whl", 0, error);
 *   const SmithZipMember *member = smith_zip_find (zip, "x-1.dist-info/RECORD");
 *   SmithContent *content = smith_zip_content (zip, member, sha256);
 *
 * Only an archive that every reader understands in the same way is accepted: it must end with its
 * end record, hold nothing before or behind, name no member twice, and have no overlapping members;
 * one disk, no encryption, methods 0 (stored) and 8 (deflate) only. Names are UTF-8 paths without
 * "." or ".." components, backslashes or control characters, relative; members are regular files
 * and directories (a link or device is refused). Sizes are bounded by the limits below before
 * memory is taken. A member's local header is compared with the directory when it is read.
 *
 * A SmithZip is immutable and reference counted (atomically); several threads may read one.
 */
#define SMITH_ZIP_MAX_MEMBERS 200000
#define SMITH_ZIP_MAX_NAME 4096
#define SMITH_ZIP_MAX_DEPTH 128 /* components of a name */
#define SMITH_ZIP_MAX_DIRECTORY (64 * 1024 * 1024)
#define SMITH_ZIP_MAX_TOTAL                                                                        \
	(8 * G_GUINT64_CONSTANT(1073741824)) /* inflated bytes of all members                      \
					      */

typedef struct {
	const char *name; /* a directory's without its final '/' */
	guint64 size;	  /* inflated */
	guint64 stored_size;
	guint64 offset; /* of the local header */
	guint64 limit;	/* where the next member, or the directory, begins */
	guint32 crc32;
	guint32 mode; /* as zipfile and pip see it: the upper half of the external attributes */
	guint16 method;
	guint16 flags;
	bool is_dir;
} SmithZipMember;

typedef struct SmithZip SmithZip;

/* Takes @fd, also on failure. @name is for error texts; @max_total 0: SMITH_ZIP_MAX_TOTAL. */
SmithZip *smith_zip_new(int fd, const char *name, guint64 max_total, GError **error);
SmithZip *smith_zip_ref(SmithZip *zip);
void smith_zip_unref(SmithZip *zip);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithZip, smith_zip_unref)

/* Members in the order of the directory; all borrowed from @zip. */
guint smith_zip_length(const SmithZip *zip);
const SmithZipMember *smith_zip_member(const SmithZip *zip, guint index);
const SmithZipMember *smith_zip_find(const SmithZip *zip, const char *name); /* files only */
const char *smith_zip_name(const SmithZip *zip);
int smith_zip_fd(const SmithZip *zip);

/* Where the member's data begins: reads its local header and checks it against the directory. */
gboolean smith_zip_locate(const SmithZip *zip, const SmithZipMember *member, guint64 *offset,
			  GError **error);

/* The bytes of a file member; keeps @zip alive. Size, CRC-32 and, unless NULL, the SHA-256 (32 raw
 * bytes, copied) are checked before the last byte is handed out, by open() and splice() alike;
 * what differs is SMITH_ERROR_VERIFY. Deflated members can be spliced. */
SmithContent *smith_zip_content(SmithZip *zip, const SmithZipMember *member,
				const guint8 *expected_sha256);

/* A whole member, at most @limit bytes (else SMITH_ERROR_LIMIT), checked likewise. */
GBytes *smith_zip_read(SmithZip *zip, const SmithZipMember *member, gsize limit,
		       const guint8 *expected_sha256, GError **error);
