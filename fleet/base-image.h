/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/event.h"
#include "fleet/lock.h"
#include "layers/layer.h"
#include "store/store.h"

/*
 * Base images: where they are, and what is in them.
 *
 * A reference names an image layout or archive (oci:DIR:REF, oci-archive:FILE, docker-archive:FILE,
 * relative to the fleet's directory), or an image that the store has under that name. The image's
 * blobs are copied or linked into the store as they are, verified; layers are never unpacked.
 */

/* Imports @from for @platform and reads its layers once for what a lock says of a base. @keep (or
 * NULL) is what the lock says of it already: it stays so while the store has it, and after that
 * only if the reference still names the same manifest, else SMITH_ERROR_VERIFY. */
SmithLockBase *smith_base_lock(const SmithFleet *fleet, SmithStore *store, const char *from,
			       const char *platform, const SmithLockBase *keep, GError **error);

/* The manifest of @from for @platform, imported if it is not in the store under its name. */
SmithDescriptor *smith_base_fetch(const SmithFleet *fleet, SmithStore *store, const char *from,
				  const char *platform, GError **error);

/* What is found in the base with @layers (element-type SmithLayer*) on top. */
SmithLockBase *smith_base_look(SmithStore *store, const SmithLockBase *base,
			       const GPtrArray *layers, GError **error);

/* TRUE if the store has all blobs of the locked base. */
bool smith_base_is_whole(const SmithStore *store, const SmithLockBase *base);

/* Makes sure that the store has all blobs of the locked base; SMITH_ERROR_VERIFY when what its
 * reference names now has another digest or size. */
gboolean smith_base_import(const SmithFleet *fleet, SmithStore *store, const SmithLockBase *base,
			   const char *platform, GError **error);
