/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "store/gc.h"

/* Whether what is there has not been used since the time that is asked for. */
bool smith_gc_is_old(const SmithGcOptions *options, int dirfd, const char *path);

/* store/repo-gc.c: unpacked layers */
gboolean smith_gc_repo(const SmithStore *store, const SmithGcOptions *options, SmithGcCount *counts,
		       GError **error);
