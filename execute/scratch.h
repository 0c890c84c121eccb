/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "base/entry.h"
#include "store/store.h"

/*
 * A directory for what goes into a step and comes out of it, in the store and so on the file system
 * of its files; removed when it is cleared. What a process that was killed has left is removed when
 * the next one is made.
 */
typedef struct {
	char *path;
	int parent; /* borrowed of the store */
	int fd;
} SmithScratch;

#define SMITH_SCRATCH_INIT                                                                         \
	{                                                                                          \
		NULL, -1, -1                                                                       \
	}

gboolean smith_scratch_make(SmithScratch *scratch, const SmithStore *store, GError **error);
/* Removes it; open descriptors of what was in it stay good. */
gboolean smith_scratch_remove(SmithScratch *scratch, GError **error);
void smith_scratch_clear(SmithScratch *scratch);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SmithScratch, smith_scratch_clear)

/* Makes the files, directories and links of @entries (element-type SmithEntry*) below its directory
 * @name, with their modes and the time @mtime, for a step to read. */
gboolean smith_scratch_lay(const SmithScratch *scratch, const char *name, const GPtrArray *entries,
			   gint64 mtime, GError **error);
