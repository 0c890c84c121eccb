/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "base/stream.h"

/*
 * The tar of a layer blob: its bytes decompressed, whatever they are compressed with (gzip, zstd or
 * nothing, by what they begin with; all members of a blob that has several). For who must check a
 * diff ID, which alone tells of damage (libarchive looks at no checksum of gzip's);
 * smith_tar_read() by itself reads compressed archives too.
 */

/* Takes @inner; @name is for error texts. */
SmithSource *smith_unpack_new(SmithSource *inner, const char *name, GError **error);
