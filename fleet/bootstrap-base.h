/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/family-root.h"
#include "fleet/resolve.h"

/*
 * Bases of `from: {debian: ...}`: made here, of packages, as images of the store.
 *
 * The manifest's digest is in the lock as that of any base; the image is made of the locked
 * packages alone, so that one that the store has lost is made again, and is the same.
 */

/* The row of @family's base for the lock, and its packages' into @lock (which context->lock is).
 * That of the previous lock, while what is asked for is the same and --update does not name it. */
SmithLockBase *smith_bootstrap_lock(const SmithFamilyContext *context, SmithLock *lock,
				    const SmithResolveOptions *options, const SmithFamily *family,
				    GError **error);

/* Makes sure that the store has the image of the locked @base, a bootstrap's; SMITH_ERROR_VERIFY
 * when what is made of its packages is another. */
gboolean smith_bootstrap_import(const SmithFamilyContext *context, const SmithLockBase *base,
				GError **error);
