/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/stream.h"
#include "layers/compress.h"

/*
 * The lower half of the layer writer: bytes of the tar become a diff ID, bytes of the blob become
 * its digest and a file.
 *
 * Two lanes lead in. What is written to `plain` is the tar: it is hashed and, unless the
 * compression is `splice`, compressed into the blob. What is written to `raw` goes to the blob as
 * it is (splice only). Both lanes keep their own order and know nothing of each other.
 *
 *   SmithPipe *pipe = smith_pipe_new (...);
 *   smith_sink_write (smith_pipe_plain (pipe), ...) ...
 *   smith_pipe_finish (pipe, &result, error)
 *
 * A split pipe hashes and writes in a thread of its own, behind a ring of 16 buffers of 128 KiB;
 * the other one does it at once, in the caller's thread. Both make the same bytes. The lanes'
 * errors are sticky: a producer may stop when a write fails, or go on. Freed without having been
 * finished, it leaves nothing behind.
 */
typedef struct SmithPipe SmithPipe;

typedef struct {
	char *diff_id; /* owned by the caller, as digest */
	char *digest;
	guint64 unpacked_size;
	guint64 size;
} SmithPipeResult;

/* The blob will be a file of @blobs_dirfd (borrowed), named by the hex of its digest. */
SmithPipe *smith_pipe_new(SmithCompression compression, bool split, int blobs_dirfd,
			  GError **error);
SmithSink *smith_pipe_plain(SmithPipe *pipe); /* borrowed */
SmithSink *smith_pipe_raw(SmithPipe *pipe);   /* borrowed */
/* Bytes written to the lanes so far. */
guint64 smith_pipe_plain_size(const SmithPipe *pipe);
guint64 smith_pipe_raw_size(const SmithPipe *pipe);
/* FALSE with a copy of the error when one of the lanes has failed. */
gboolean smith_pipe_check(const SmithPipe *pipe, GError **error);
/* Waits for everything and gives the blob its name. */
gboolean smith_pipe_finish(SmithPipe *pipe, SmithPipeResult *result, GError **error);
void smith_pipe_free(SmithPipe *pipe);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithPipe, smith_pipe_free)
