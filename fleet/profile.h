/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/lock.h"
#include "seccomp/profile.h"
#include "store/store.h"

/*
 * Which seccomp profile whose is, and its text for images.
 *
 * One that comes with the program is a part of the lock (fleet/part.h), "seccomp/web"
 * (several together: "seccomp/audio+gpu"): another version of the program may say other things, and
 * yet the same lock must yield the same images. A fleet's own file is as it is.
 */
#define SMITH_PROFILE_UNCONFINED "unconfined"

/* The service's, else the nearest of its families' (of @family with @service NULL), else
 * SMITH_PROFILE_DEFAULT; never NULL, borrowed. Of an upstream image's service @family is NULL. */
const char *smith_fleet_profile(const SmithFleet *fleet, const SmithService *service,
				const char *family);

/* The fleet's directory, for smith_profile_load(); -1 with @error. */
int smith_fleet_open_profiles(const SmithFleet *fleet, GError **error);

/* Adds the parts of all that images of the fleet have. A name that there is not is told by check,
 * and passed over here. */
gboolean smith_fleet_lock_profiles(const SmithFleet *fleet, SmithLock *lock, SmithStore *store,
				   GError **error);

/* Flat JSON of profile @name as the lock means it; SMITH_ERROR_STALE when it does not have it. */
char *smith_fleet_profile_text(const SmithFleet *fleet, const SmithLock *lock, SmithStore *store,
			       const char *name, GError **error);
