/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/entry.h"

/*
 * Filters: entry iterators that wrap another one, which they own. What goes into a layer always
 * passes, in this order: exclude, owner, clamp, parents, sort.
 */

/* Sorted by smith_entry_path_compare(). Collects everything, so contents must not be `once`.
 * Two entries of one path are an error, unless both are directories with equal attributes (one
 * stays). A hard link whose target sorts after it is exchanged with its target: of all names of an
 * inode the first in the order holds it, the others link to that one and have its attributes. A
 * link without a target in the stream, to a directory or to itself is an error. */
SmithEntryIter *smith_entry_filter_sort(SmithEntryIter *inner);

/* mtime = @epoch for all: later ones when @only_later, else every one. */
SmithEntryIter *smith_entry_filter_clamp(SmithEntryIter *inner, gint64 epoch, bool only_later);

/* Every entry gets this owner. */
SmithEntryIter *smith_entry_filter_owner(SmithEntryIter *inner, guint32 uid, guint32 gid);

/* Drops entries for which @keep says FALSE; a dropped directory's content is asked for too. */
typedef gboolean (*SmithEntryKeep)(const SmithEntry *entry, gpointer user_data);
SmithEntryIter *smith_entry_filter_exclude(SmithEntryIter *inner, SmithEntryKeep keep,
					   gpointer user_data);

/* Adds every missing parent directory (mode 0755, root:root, mtime @epoch), so that a layer says
 * the same of them as all other layers do. Collects, as sort does. An entry in something that is no
 * directory (a symbolic link, for one) is SMITH_ERROR_CONFLICT. */
SmithEntryIter *smith_entry_filter_parents(SmithEntryIter *inner, gint64 epoch);
