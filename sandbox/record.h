/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The owner record of a file: what its owner, mode, device number and privileged attributes would
 * be if root had made it. It is kept in an attribute of the file itself, so that rename, link,
 * unlink and an overlay's copy-up keep it right without our help, and no table can go stale.
 *
 * The attribute is the one that a bare-user OSTree repository writes, so that checked out files
 * carry their record already: GVariant "(uuua(ayay))" with uid, gid and mode (type bits included)
 * big-endian, then pairs of name (NUL-terminated) and value. A device's number is the pair
 * "ocismith.rdev" (major, minor, each four bytes big-endian); such a file is an empty regular one
 * on disk. A file without a record is what stat(2) says, with owner 0:0. Other pairs whose name
 * begins with "ocismith." are the repository's own (store/repo-object.h): they are no attributes of
 * the file, and are neither listed nor answered nor written to a layer.
 *
 * Links, FIFOs and sockets cannot carry attributes (xattr(7)); theirs are in a table of the
 * supervisor, by inode and birth time (sandbox/supervisor.h).
 *
 * Used in the child: no GLib, no allocation.
 */
#define SMITH_RECORD_XATTR "user.ostreemeta"
#define SMITH_RECORD_RDEV "ocismith.rdev"
#define SMITH_RECORD_PRIVATE "ocismith."
#define SMITH_RECORD_MAX 16384 /* bytes of an encoded record */
#define SMITH_RECORD_XATTRS 16 /* at most so many privileged attributes of a file */

typedef struct {
	const char *name; /* "security.capability" */
	const unsigned char *value;
	size_t length;
} SmithRecordXattr;

typedef struct {
	uint32_t uid;
	uint32_t gid;
	uint32_t mode; /* with type */
	uint32_t major;
	uint32_t minor;
	unsigned n_xattrs;
	SmithRecordXattr xattrs[SMITH_RECORD_XATTRS]; /* sorted by name; borrowed */
} SmithRecord;

/* False when @data is no record. What @record points to lies in @data. */
bool smith_record_decode(const void *data, size_t length, SmithRecord *record);
/* The length, or 0 when it does not fit. */
size_t smith_record_encode(const SmithRecord *record, void *buffer, size_t size);
