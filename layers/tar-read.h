/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/entry.h"
#include "base/stream.h"

/*
 * A tar from anywhere as entries: plain, gzip or zstd; ustar, pax, GNU (libarchive reads it, with
 * every other format switched off).
 *
 * The input is taken to be hostile. Paths and hard link targets are normalised as every layer
 * reader does ("./a", "/a" and "a/" are "a"); ".." is refused. Names are bytes, whatever the
 * locale. Sizes and counts are bounded by the limits. Nothing is said about the order of the
 * entries, about duplicates, nor about links that lead out: who unpacks must resolve beneath a
 * root.
 *
 * Contents are `once`: to be read before the iterator moves on. Sparse files come with their holes
 * filled. At the end of the archive the source is read on to its own end, so that one which
 * verifies a digest has seen its last byte; only then does the iterator say that it is at the end.
 */
typedef struct {
	guint64 entries;     /* at most so many; 0 in any field: the default */
	guint64 total_bytes; /* all contents together, holes included */
	guint64 xattr_bytes; /* names and values of one entry */
	bool xz;	     /* xz may compress it, too: no layer's may */
} SmithTarLimits;

#define SMITH_TAR_MAX_ENTRIES 2000000
#define SMITH_TAR_MAX_TOTAL (G_GUINT64_CONSTANT(256) << 30)
#define SMITH_TAR_MAX_XATTRS (256 * 1024)

/* @source is taken; @limits may be NULL; @name is for error texts. */
SmithEntryIter *smith_tar_read(SmithSource *source, const SmithTarLimits *limits, const char *name,
			       GError **error);
