/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/lock.h"
#include "store/store.h"

/*
 * Parts: bytes of this program's own that go into images, as oci-probe and the seccomp profiles
 * that come with it do. Another version of the program may have others, and yet the same lock must
 * yield the same images: so `lock` writes their digests down and keeps the bytes in the store, and
 * what is built is named by the locked digest.
 *
 *   smith_part_add (lock, store, "seccomp/web", bytes, error)        `lock`, before the lock is
 * sorted smith_lock_part (lock, "seccomp/web")->sha256                     for the key of a step
 *   bytes = smith_part_get (lock, store, "seccomp/web", own, error)   when it must be made
 */

#define SMITH_PART_PROBE "oci-probe"

/* All parts that the fleet's images have; that of a platform without a probe lacks it. */
gboolean smith_parts_fill(SmithLock *lock, SmithStore *store, GError **error);

/* Whether this program has a probe for the platform ("linux/arm64"). */
bool smith_part_has_probe(const char *platform);
/* The probe that the lock means, as smith_part_get(). */
GBytes *smith_part_get_probe(const SmithLock *lock, SmithStore *store, GError **error);

/* The row of @name has the digest of @bytes, which are kept among the store's files. */
gboolean smith_part_add(SmithLock *lock, SmithStore *store, const char *name, GBytes *bytes,
			GError **error);

/* The bytes that the lock means: @own, this program's (NULL: it has none), when they are those, and
 * else the store's. SMITH_ERROR_STALE when neither has them, or when the lock has no such part. In
 * any thread. */
GBytes *smith_part_get(const SmithLock *lock, SmithStore *store, const char *name, GBytes *own,
		       GError **error);
