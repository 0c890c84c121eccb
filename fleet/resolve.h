/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/event.h"
#include "fleet/lock.h"
#include "layers/compress.h"
#include "sandbox/sandbox.h"
#include "store/store.h"

/*
 * `ocismith lock`: from a fleet to its lock.
 *
 * Base references become manifest digests of the platform, and the base's layers are read once for
 * the interpreter, libc, init, users and groups. Each pinned requirement becomes one wheel file,
 * the best that the base's tags allow, from the fleet's find_links directories or its indexes.
 * Where something is not pinned, or what wheels require is missing, real pip is asked
 * (fleet/resolve-pip.h). Every byte of each file is read, hashed and checked against its RECORD.
 * Then each family and service is proven complete and consistent by the wheels' own Requires-Dist,
 * Requires-Python and markers, and free of files that two wheels would write differently.
 *
 * Everything that is wrong with the requirements goes to @diag; NULL when there was anything. What
 * can be kept for building (base blobs, downloads) goes into the store.
 */
typedef struct {
	const SmithLock *previous; /* base digests are kept from it; NULL: none */
	SmithEvents *events;
	guint workers;
	gint64 epoch;
	SmithCompression compression; /* of layers that are made to look into them */
	const char *const *updates; /* what is not to stay as it is locked; "": everything; NULL */
	bool execute;		    /* pip may be asked; else all must be pinned */
	SmithSandboxMode users;	    /* that steps execute with */
} SmithResolveOptions;

SmithLock *smith_resolve(const SmithFleet *fleet, SmithStore *store,
			 const SmithResolveOptions *options, SmithDiag *diag, GError **error);
