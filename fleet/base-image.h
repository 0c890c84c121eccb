/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/event.h"
#include "fleet/lock.h"
#include "store/store.h"

/*
 * Base images: where they are, and what is in them.
 *
 * A reference names an image layout or archive (oci:DIR:REF, oci-archive:FILE, docker-archive:FILE,
 * relative to the fleet's directory), or an image that the store has under that name. The image's
 * blobs are copied or linked into the store as they are, verified; layers are never unpacked.
 */

/* Imports @from for @platform and reads its layers once for what a lock says of a base.
 * @keep_digest (or NULL): the manifest to stay with. */
SmithLockBase *smith_base_lock(const SmithFleet *fleet, SmithStore *store, const char *from,
			       const char *platform, const char *keep_digest, GError **error);

/* Makes sure that the store has all blobs of the locked base; SMITH_ERROR_VERIFY when what its
 * reference names now has another digest or size. */
gboolean smith_base_import(const SmithFleet *fleet, SmithStore *store, const SmithLockBase *base,
			   const char *platform, GError **error);
