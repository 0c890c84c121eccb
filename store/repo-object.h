/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/entry.h"

/*
 * The objects of a bare-user OSTree repository that hold files: objects/XX/HEX.file, a regular file
 * (also for a link, whose target is its content) with owner, mode and attributes in the attribute
 * "user.ostreemeta".
 *
 * The name of an object is the SHA-256 of its metadata and content, which is computed here while
 * the content passes by, so that an object that is there is not written again. One that has the
 * right name and a wrong size (a machine that lost power) is replaced.
 *
 * The modification time of a file is one of its attributes (SMITH_REPO_MTIME, eight bytes,
 * big-endian), since OSTree knows none: files that differ in it are different objects, and a hard
 * link has the time that the layer gave it. Bytecode that was compiled for a source of that time
 * stays valid.
 */
#define SMITH_REPO_META "user.ostreemeta"
#define SMITH_REPO_NO_XATTRS                                                                       \
	"the store's file system keeps no user attributes (xattr(7)), which unpacked layers "      \
	"need: "                                                                                   \
	"put the store on ext4, xfs or btrfs"
#define SMITH_REPO_MTIME "ocismith.mtime"
#define SMITH_REPO_IMPLIED "ocismith.implied" /* a directory that no entry spoke of */

typedef struct {
	guint8 id[SMITH_SHA256_SIZE];
	guint64 size; /* of the object's file */
} SmithRepoObject;

#define SMITH_REPO_OBJECT_PATH_SIZE (2 + 1 + 62 + sizeof ".file")
/* "XX/HEX.file", below objects/. */
void smith_repo_object_path(const guint8 *id, char path[SMITH_REPO_OBJECT_PATH_SIZE]);

/* Whether the file @path below @dirfd has @size and what its object says of owner and mode, which a
 * copy of a store without attributes has lost. @st may be NULL. */
bool smith_repo_object_is_whole(int dirfd, const char *path, guint64 size, struct stat *st);
/* Stores a FILE or SYMLINK below @objects_fd, reading its content. */
gboolean smith_repo_object_write(int objects_fd, const SmithEntry *entry, SmithRepoObject *object,
				 GError **error);

/* Metadata of a directory, OSTree's "(uuua(ayay))". */
GVariant *smith_repo_dir_meta(const SmithEntry *entry);
/* That of every directory that no entry speaks of, and its object's name. */
GVariant *smith_repo_implied_meta(void);
void smith_repo_implied_id(guint8 id[SMITH_SHA256_SIZE]);

/* What such metadata says; of files, directories and what stands in the attribute. */
typedef struct {
	guint32 uid;
	guint32 gid;
	guint32 mode;
	gint64 mtime;
	bool implied;
	bool plain; /* nothing but owner 0:0 and a mode */
} SmithRepoMeta;

gboolean smith_repo_meta_read(GVariant *variant, SmithRepoMeta *meta);
/* The metadata in the attribute of @fd. */
GVariant *smith_repo_meta_of_fd(int fd, const char *name, GError **error);
