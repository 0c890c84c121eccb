/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/lock.h"

/*
 * A lock for other programs: what of it @of (a service or a family; NULL: all of it) has, as a
 * hashed requirements file for pip, or, when the file is called pylock.toml or pylock.NAME.toml, in
 * that format (packaging specifications: pylock.toml). Paths are relative to the file. A wheel that
 * is built of a source distribution is that distribution here.
 *
 * SMITH_ERROR_USAGE when there is no such set, SMITH_ERROR_CONFLICT when all of it has two versions
 * of one project. Transfer full.
 */
char *smith_export(const SmithFleet *fleet, const SmithLock *lock, const char *of, const char *path,
		   GError **error);
