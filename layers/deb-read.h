/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/entry.h"

/*
 * The files of a Debian package (deb(5)): an ar archive whose member data.tar, plain or compressed
 * with gzip, xz or zstd, holds them. The package is taken to be hostile, as smith_tar_read() takes
 * its input to be; contents are `once`.
 *
 * Paths are as a system with a merged /usr has them: what is below bin, sbin, lib and lib64 is
 * below usr.
 */

/* @fd is borrowed and must outlive the entries; @name is for error texts. */
SmithEntryIter *smith_deb_read(int fd, const char *name, GError **error);
