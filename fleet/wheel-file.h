/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/lock.h"
#include "python/wheel.h"
#include "store/store.h"

/*
 * The file of a locked wheel: below the fleet's directory when its URL is a path, else in the
 * store, downloaded when it is not there. Size and SHA-256 have been checked before anything of it
 * is believed: SMITH_ERROR_VERIFY.
 */
SmithWheel *smith_wheel_file_open(const SmithFleet *fleet, SmithStore *store,
				  const SmithLockWheel *wheel, GError **error);

/* The path of that file, checked likewise, for another program that checks what it reads; transfer
 * full. */
char *smith_wheel_file_path(const SmithFleet *fleet, SmithStore *store, const SmithLockWheel *wheel,
			    GError **error);

/* Opens the wheel at the local @url for reading; an error when it is no regular file. */
int smith_wheel_file_open_local(const SmithFleet *fleet, const char *url, GError **error);

/* TRUE when a lock's URL is a path below the fleet's directory. */
gboolean smith_wheel_file_is_local(const char *url);
