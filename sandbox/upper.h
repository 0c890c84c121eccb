/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/entry.h"
#include "sandbox/sandbox.h"

/*
 * What a step changed, as the entries of a layer (image-spec layer.md): the upper directory of its
 * overlay with recorded owners, or, where a copy served instead, the difference to `root`.
 *
 * Whiteouts and opaque directories become ".wh." files; marks of the overlay and the record itself
 * do not show; directories that are there only because something in them changed are as they were
 * in the root. Sorted; hard links within the step are hard links. The same entries in every mode of
 * the sandbox. Sockets are left out. Contents are read when they are opened, so the work directory
 * must outlive them.
 *
 * `root` here is always the one of the mode ONE_UID, whose files we can read; in the other modes
 * the work directory is first made ours (sandbox/owners.h).
 */
SmithEntryIter *smith_upper_read(const SmithSandboxStep *step, GError **error);
/* Leaves out of @sorted (taken) the directories that are as in the root and have nothing in them
 * (any more): after a filter. */
SmithEntryIter *smith_upper_prune(const SmithSandboxStep *step, SmithEntryIter *sorted,
				  GError **error);

/* Makes a work directory below @parent (which must be on the file system of the roots) and gives
 * its path, whose last component begins with this; removes one, whatever owners and modes its files
 * have. */
#define SMITH_UPPER_PREFIX ".tmp-work-"
/* Whether the step's root was a copy, for want of an overlay. */
bool smith_upper_is_copy(const char *work);
char *smith_upper_make(const char *parent, GError **error);
gboolean smith_upper_remove(const char *work, SmithSandboxMode mode, GError **error);
