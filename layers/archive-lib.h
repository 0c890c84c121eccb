/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <glib.h>

/*
 * libarchive as a table of functions, loaded when a tar is first read: to be linked with it costs
 * 4 ms at every start, and most runs read no tar.
 *
 * libarchive's names depend on the locale: it converts UTF-8 to the locale's character set, and
 * normalises it where that is UTF-8 too. Callers therefore run its functions between
 * smith_archive_lib_enter() and smith_archive_lib_leave(), which make the calling thread's locale
 * "C", where names stay the bytes that they are.
 */
#define SMITH_ARCHIVE_FUNCTIONS(X)                                                                 \
	X(archive_errno)                                                                           \
	X(archive_error_string)                                                                    \
	X(archive_read_data)                                                                       \
	X(archive_read_data_block)                                                                 \
	X(archive_read_free)                                                                       \
	X(archive_read_new)                                                                        \
	X(archive_read_next_header)                                                                \
	X(archive_read_open2)                                                                      \
	X(archive_read_support_filter_gzip)                                                        \
	X(archive_read_support_filter_xz)                                                          \
	X(archive_read_support_filter_zstd)                                                        \
	X(archive_read_support_format_raw)                                                         \
	X(archive_read_support_format_tar)                                                         \
	X(archive_set_error)                                                                       \
	X(archive_entry_filetype)                                                                  \
	X(archive_entry_gid)                                                                       \
	X(archive_entry_hardlink)                                                                  \
	X(archive_entry_mtime)                                                                     \
	X(archive_entry_pathname)                                                                  \
	X(archive_entry_perm)                                                                      \
	X(archive_entry_rdevmajor)                                                                 \
	X(archive_entry_rdevminor)                                                                 \
	X(archive_entry_size)                                                                      \
	X(archive_entry_symlink)                                                                   \
	X(archive_entry_uid)                                                                       \
	X(archive_entry_xattr_next)                                                                \
	X(archive_entry_xattr_reset)

#define SMITH_ARCHIVE_MEMBER(name) __typeof__(&(name)) name;
typedef struct {
	SMITH_ARCHIVE_FUNCTIONS(SMITH_ARCHIVE_MEMBER)
} SmithArchiveLib;
#undef SMITH_ARCHIVE_MEMBER

/* The table, loaded once for the process; NULL with SMITH_ERROR_UNSUPPORTED when the library is not
 * installed. */
const SmithArchiveLib *smith_archive_lib(GError **error);

/* The token goes to smith_archive_lib_leave() of the same thread. */
gpointer smith_archive_lib_enter(void);
void smith_archive_lib_leave(gpointer token);
