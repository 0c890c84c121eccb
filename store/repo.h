/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "base/entry.h"
#include "store/store.h"

/*
 * The store's OSTree repository (repo/, mode bare-user): layers unpacked, each file once, for what
 * must execute on them or look inside.
 *
 * A layer is a commit under the ref layer/sha256/HEX of its diff ID; a root is a checkout of
 * several, bottom first, with their whiteouts applied (image-spec layer.md), kept in cache/roots by
 * its chain ID and made of hard links to the repository's files: it must never be written to.
 * Directories carry the record of their owner (sandbox/record.h) as files do. Devices, FIFOs and
 * sockets of a layer are not unpacked, and links have no owner. Equal files of equal attributes are
 * one file with several names.
 *
 * An object that is there is neither hashed twice nor written again. libostree is loaded when the
 * first of these is called; SMITH_ERROR_UNSUPPORTED names the package when it cannot be. Several
 * processes and threads may do this at once.
 */
gboolean smith_repo_has_layer(const SmithStore *store, const char *diff_id);
/* @layer is consumed (borrowed); what it holds has been verified against @diff_id by its source. */
gboolean smith_repo_import(const SmithStore *store, const char *diff_id, SmithEntryIter *layer,
			   GError **error);

/* The chain ID (image-spec config.md) of diff IDs, bottom first. */
char *smith_repo_chain_id(const char *const *diff_ids);
/* The directory of the root of these layers, which all have been imported; made when it is not
 * there. */
char *smith_repo_checkout(const SmithStore *store, const char *const *diff_ids, GError **error);
