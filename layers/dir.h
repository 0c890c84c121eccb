/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "base/entry.h"
#include "layers/ignore.h"

/*
 * A directory of the user's as entries, sorted.
 *
 * What a checkout or a umask changes by accident is evened out: directories and files with the
 * owner's x bit are 0755, other files 0644, everything belongs to 0:0, and hard links are files of
 * their own. Times are the files' own: clamp them. Links are kept as they are, but one that is
 * absolute or leads out of the context is an error that names it, as is a socket or a device: an
 * image would not mean by them what the tree does.
 *
 * Hidden directories of which something is brought back by a "!" rule are kept as directories.
 *
 * No link is followed on the way: everything is opened beneath @context_dirfd. The names are read
 * at once; contents are opened when they are read, and hold a descriptor of the context until the
 * last of them is freed. A file whose size has changed in between is an error.
 */

/* @subpath ("." or below it) of the context becomes @dest in the image ("." or "srv/app"): a
 * directory with all that is in it, or one file. @ignore (borrowed, may be NULL) has its patterns
 * relative to the context. SMITH_ERROR_NOT_FOUND, with file, line and pattern, when a rule hides
 * all of @subpath. */
SmithEntryIter *smith_dir_read(int context_dirfd, const char *subpath, const char *dest,
			       const SmithIgnore *ignore, GError **error);
