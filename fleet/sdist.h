/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "execute/pip-build.h"
#include "fleet/family-root.h"

/*
 * Wheels of locked source distributions: kept in the store by a key (the source, its build
 * requirements, the interpreter, the root, the epoch), built when they are not there, and believed
 * only when they have the locked digest.
 */

/* Builds the wheel of @sdist, of which `wheel` need not be known yet, with @wheels (element-type
 * SmithLockWheel*: build requirements) and @pip (or NULL), or takes it from the store. Its SHA-256
 * (64 hex digits), and its file name in *@file (transfer full). Errors as smith_pip_build_wheel().
 */
char *smith_sdist_build(const SmithFamilyContext *context, const SmithLockSdist *sdist,
			const GPtrArray *wheels, const SmithLockWheel *pip, char **file,
			GError **error);

/* Sees to it that the store has @wheel when it is one that is built. SMITH_ERROR_VERIFY when
 * another one comes out than the lock has; that one is kept, and the text says where. */
gboolean smith_sdist_provide(const SmithFamilyContext *context, const SmithLockWheel *wheel,
			     GError **error);

/* The path of the file of @sdist on this machine; what is remote is downloaded, and has its
 * SHA-256 unless that is NULL. Transfer full. */
char *smith_sdist_path(const SmithFamilyContext *context, const SmithLockSdist *sdist,
		       GError **error);

/* The paths of @wheels (element-type SmithLockWheel*) and their file names (borrowed), both ended
 * by NULL. */
gboolean smith_sdist_wheel_paths(const SmithFamilyContext *context, const GPtrArray *wheels,
				 GPtrArray *paths, GPtrArray *files, GError **error);
