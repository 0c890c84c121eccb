/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <sys/stat.h>
#include <sys/types.h>

/*
 * Owned descriptors, and files below a directory descriptor.
 *
 * `smith_autofd int fd = -1;` closes at scope end; hand over with g_steal_fd (&fd). Every
 * descriptor that we open is close-on-exec. A @dirfd may be AT_FDCWD.
 *
 * Nothing gets its final name before its content is whole: write through SmithTmpfile (O_TMPFILE,
 * then linkat; a named temporary file where the file system has no O_TMPFILE), or through
 * smith_fd_write_file() which does that for a small file.
 */
#define smith_autofd __attribute__((cleanup(smith_fd_clear)))
void smith_fd_clear(int *fd); /* closes unless negative, keeps errno */

/* Opens @path, resolved strictly beneath @dirfd (openat2 RESOLVE_BENEATH | NO_MAGICLINKS; where the
 * kernel lacks openat2, component by component with O_NOFOLLOW, which then refuses any link
 * and any ".."). A path that leads out is SMITH_ERROR_INVALID. */
int smith_fd_open_beneath(int dirfd, const char *path, int flags, mode_t mode, GError **error);

/* Opens a directory for use as @dirfd (links in @path are followed: it is the user's own). */
int smith_fd_open_dir(int dirfd, const char *path, GError **error);

/* mkdir -p; existing directories are success. Mode 0777 less umask. */
gboolean smith_fd_make_dirs(int dirfd, const char *path, GError **error);

/* Lets the file system (of ext2's kind; others know nothing of it) begin each new directory in
 * @dirfd elsewhere on the disk instead of beside it. Where many files were removed in the last
 * minutes ext4 looks at the inode of each of them before it makes one: 0.6 ms in place of 0.01
 * after 3,000 removals. For a directory whose children are large trees that come and go. */
void smith_fd_spread(int dirfd);

/* rm -rf below @dirfd without following links; a missing @name is success. */
gboolean smith_fd_remove_tree(int dirfd, const char *name, GError **error);

/* The whole file, at most @limit bytes (else SMITH_ERROR_LIMIT). @name is for the error text. */
GBytes *smith_fd_read_all(int fd, const char *name, gsize limit, GError **error);
GBytes *smith_fd_read_file(int dirfd, const char *path, gsize limit, GError **error);
/* The same of a directory in which somebody else has written: beneath @dirfd, no link, and a
 * regular file (else SMITH_ERROR_INVALID), so that it does not wait for anybody. */
GBytes *smith_fd_read_foreign(int dirfd, const char *path, gsize limit, GError **error);

/* Writes all of @data, resuming short writes and EINTR. */
gboolean smith_fd_write_all(int fd, const void *data, gsize length, GError **error);

/* Atomic replace of @path below @dirfd with mode @mode exactly (umask does not matter). */
gboolean smith_fd_write_file(int dirfd, const char *path, const void *data, gsize length,
			     mode_t mode, GError **error);

/* A directory's entry names, sorted bytewise, without "." and ".."; (element-type char*). */
GPtrArray *smith_fd_list_dir(int dirfd, GError **error);

/*
 * SmithTmpfile: a file without a name in @dirfd's directory.
 *   g_auto(SmithTmpfile) tmp = SMITH_TMPFILE_INIT;
 *   smith_tmpfile_open (&tmp, dirfd, 0444, error) ... write to tmp.fd ...
 *   smith_tmpfile_link (&tmp, "name", SMITH_TMPFILE_KEEP, error)
 * Cleared without being linked, it is gone. dirfd is borrowed and must outlive it.
 *
 * A name of this prefix is had for a moment while a file is replaced, and all the time where the
 * file system has no O_TMPFILE; that is what a process that is killed then leaves behind.
 */
#define SMITH_TMPFILE_PREFIX ".tmp-"

typedef struct {
	int dirfd;
	int fd;
	char *name; /* only where O_TMPFILE is not to be had */
	mode_t mode;
} SmithTmpfile;

#define SMITH_TMPFILE_INIT                                                                         \
	{                                                                                          \
		-1, -1, NULL, 0                                                                    \
	}

typedef enum {
	SMITH_TMPFILE_KEEP,    /* an existing file of that name stays, which is success */
	SMITH_TMPFILE_REPLACE, /* atomic replace */
	SMITH_TMPFILE_NEW,     /* an existing file of that name is an error */
} SmithTmpfileMode;

gboolean smith_tmpfile_open(SmithTmpfile *tmp, int dirfd, mode_t mode, GError **error);
gboolean smith_tmpfile_link(SmithTmpfile *tmp, const char *path, SmithTmpfileMode mode,
			    GError **error);
void smith_tmpfile_clear(SmithTmpfile *tmp);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SmithTmpfile, smith_tmpfile_clear)

/* Takes an OFD lock on @path (created, mode 0644, when missing), waiting for it. The lock lives as
 * long as the returned descriptor and its copies, those in forked children too. Where the directory
 * is read-only, a shared lock opens the file for reading only. */
int smith_fd_lock(int dirfd, const char *path, gboolean exclusive, GError **error);
/* The same, exclusive and without waiting: -1 without an error when another holds it. */
int smith_fd_try_lock(int dirfd, const char *path, GError **error);
