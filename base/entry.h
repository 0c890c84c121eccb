/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/stream.h"

/*
 * SmithEntry: one file to be in a layer; SmithEntryIter: a stream of them.
 *
 * Wheels, tar archives, directories, OSTree trees and overlay uppers are sources of entries; layer
 * blobs, OSTree imports and plain directories are destinations; filters (base/entry-filter.h) stand
 * between them.
 *
 * Paths are relative to the image root, bytes with no "." or ".." component, no leading and no
 * trailing slash ("opt/venv/bin"); the root directory itself is ".". Whiteouts are ordinary empty
 * files named as image-spec layer.md says. smith_entry_path_normalize() makes such a path from an
 * untrusted one.
 */
typedef enum {
	SMITH_ENTRY_FILE,
	SMITH_ENTRY_DIR,
	SMITH_ENTRY_SYMLINK,
	SMITH_ENTRY_HARDLINK, /* target is the path of an earlier entry of the same stream */
	SMITH_ENTRY_CHAR,
	SMITH_ENTRY_BLOCK,
	SMITH_ENTRY_FIFO,
} SmithEntryType;

/*
 * The bytes of a regular file, reference counted (atomically).
 *
 * open() may be called several times unless @once, and yields exactly @size bytes; what the content
 * promises (a RECORD hash, a CRC) has been checked when its source has been read to the end.
 *
 * A content that already is one raw deflate stream (RFC 1951) may offer splice(): it writes the
 * stored stream to @raw and the inflated bytes to @plain, checked in the same way; @crc32 and
 * @deflated_size are then known beforehand.
 */
typedef struct SmithContent SmithContent;

typedef struct {
	SmithSource *(*open)(SmithContent *content, GError **error);
	/* NULL when the content is not stored as deflate */
	gboolean (*splice)(SmithContent *content, SmithSink *raw, SmithSink *plain, GError **error);
	void (*free)(SmithContent *content);
} SmithContentOps;

/* A file of this machine as it was when it was found; times in nanoseconds. */
typedef struct {
	guint64 device;
	guint64 inode; /* 0: there is no such file */
	guint64 size;
	guint64 mtime;
	guint64 ctime;
} SmithIdentity;

struct SmithContent {
	const SmithContentOps *ops;
	gint refs; /* atomic */
	guint64 size;
	SmithIdentity identity; /* of files in directories */
	guint64 deflated_size;	/* with splice only */
	guint32 crc32;		/* with splice only */
	bool can_splice;
	bool once; /* only to be opened once, before the iterator moves on (a tar stream) */
};

SmithContent *smith_content_new_bytes(GBytes *bytes);
/* A file beneath @dirfd (borrowed, must outlive it), opened with openat2 when it is read; fails
 * when its size is no longer @size. */
SmithContent *smith_content_new_file(int dirfd, const char *path, guint64 size);
SmithContent *smith_content_ref(SmithContent *content);
void smith_content_unref(SmithContent *content);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithContent, smith_content_unref)

typedef struct {
	char *name; /* "user.foo" */
	GBytes *value;
} SmithXattr;

typedef struct {
	SmithEntryType type;
	guint32 mode; /* permission bits with setuid, setgid, sticky: 07777 */
	guint32 uid;
	guint32 gid;
	guint32 major; /* CHAR, BLOCK */
	guint32 minor;
	gint64 mtime; /* seconds */
	char *path;
	char *target;	       /* SYMLINK, HARDLINK */
	GArray *xattrs;	       /* (element-type SmithXattr) sorted by name; NULL: none */
	SmithContent *content; /* FILE; NULL: empty */
} SmithEntry;

SmithEntry *smith_entry_new(SmithEntryType type, const char *path, guint32 mode);
/* FILE with these bytes (copied). */
SmithEntry *smith_entry_new_file(const char *path, guint32 mode, const void *data, gsize length);
SmithEntry *smith_entry_new_symlink(const char *path, const char *target);
guint64 smith_entry_size(const SmithEntry *entry); /* 0 unless FILE */
void smith_entry_add_xattr(SmithEntry *entry, const char *name, const void *value, gsize length);
const char *smith_entry_type_name(SmithEntryType type); /* "file", "directory", ... */
void smith_entry_free(SmithEntry *entry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithEntry, smith_entry_free)

/* Order of entries in a layer: by path, bytewise with '/' before every other byte, so that a
 * directory comes before all that is in it and siblings' trees do not interleave. The root, ".",
 * is the first of all. */
int smith_entry_path_compare(const char *a, const char *b);

/* "./a//b/" -> "a/b", "/" and "." -> "."; NULL with SMITH_ERROR_INVALID when a component is "..",
 * or the path is empty, longer than 4096 bytes or holds a component over 255 bytes. A leading "/"
 * is dropped, as every layer reader does. */
char *smith_entry_path_normalize(const char *path, GError **error);

typedef struct SmithEntryIter SmithEntryIter;

typedef struct {
	/* The next entry (transfer full) in *out, NULL at the end; FALSE on error. */
	gboolean (*next)(SmithEntryIter *iter, SmithEntry **out, GError **error);
	void (*free)(SmithEntryIter *iter);
} SmithEntryIterOps;

struct SmithEntryIter {
	const SmithEntryIterOps *ops;
};

gboolean smith_entry_iter_next(SmithEntryIter *iter, SmithEntry **out, GError **error);
void smith_entry_iter_free(SmithEntryIter *iter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithEntryIter, smith_entry_iter_free)

/* Yields the entries of an array (element-type SmithEntry*, taken) in its order. */
SmithEntryIter *smith_entry_iter_new_array(GPtrArray *entries);
/* All of them into an array (element-type SmithEntry*, free func set). */
GPtrArray *smith_entry_iter_collect(SmithEntryIter *iter, GError **error);
