/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * Streams of bytes: a source is read from, a sink is written to.
 *
 * Both remember their first error: later reads return -1 with a copy of it, later writes are
 * no-ops, and smith_sink_finish() reports it. A pipeline therefore checks once, at its end. Freeing
 * a sink without a successful finish discards what it would have made (no named file appears).
 *
 * To implement one, embed SmithSource or SmithSink as the first member, and fill in the ops.
 * Wrappers own the stream that they wrap. Not thread-safe; one thread at a time.
 */
typedef struct SmithSource SmithSource;
typedef struct SmithSink SmithSink;

typedef struct {
	/* Up to @length bytes; 0 at the end; -1 with @error set. */
	gssize (*read)(SmithSource *source, void *buffer, gsize length, GError **error);
	void (*free)(SmithSource *source); /* frees the object itself too */
} SmithSourceOps;

struct SmithSource {
	const SmithSourceOps *ops;
	GError *error; /* the first error, owned */
};

gssize smith_source_read(SmithSource *source, void *buffer, gsize length, GError **error);
/* Reads until @length bytes or the end: the count read, or -1. */
gssize smith_source_read_full(SmithSource *source, void *buffer, gsize length, GError **error);
/* Everything, at most @limit bytes, else SMITH_ERROR_LIMIT. */
GBytes *smith_source_read_all(SmithSource *source, gsize limit, GError **error);
/* Reads to the end and forgets the bytes: digests and lengths behind the source get checked. */
gboolean smith_source_drain(SmithSource *source, GError **error);
void smith_source_free(SmithSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithSource, smith_source_free)

SmithSource *smith_source_new_bytes(GBytes *bytes);
/* Reads @fd from its position on; @take_fd closes it at the end. */
SmithSource *smith_source_new_fd(int fd, gboolean take_fd, const char *name);
/* Reads @length bytes at @offset by pread, so that several may share a descriptor (borrowed). A
 * file that ends early is an error. */
SmithSource *smith_source_new_range(int fd, guint64 offset, guint64 length, const char *name);
/* Passes @inner on and fails, at its end, unless it had @size bytes (G_MAXUINT64: any) of @digest
 * (NULL: any); more than @size bytes fail at once. With a @size the check comes with the last byte,
 * so that a reader that stops at @size has been told. Digests are sha256. Takes @inner. */
SmithSource *smith_source_new_verify(SmithSource *inner, guint64 size, const char *digest,
				     const char *name);

typedef struct {
	gboolean (*write)(SmithSink *sink, const void *data, gsize length, GError **error);
	gboolean (*finish)(SmithSink *sink, GError **error); /* NULL: nothing to do */
	void (*free)(SmithSink *sink);
} SmithSinkOps;

struct SmithSink {
	const SmithSinkOps *ops;
	GError *error; /* the first error, owned */
	gboolean finished;
};

/* FALSE as soon as the sink has failed: a producer may stop early, but need not look. */
gboolean smith_sink_write(SmithSink *sink, const void *data, gsize length);
gboolean smith_sink_finish(SmithSink *sink, GError **error);
void smith_sink_free(SmithSink *sink);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithSink, smith_sink_free)

SmithSink *smith_sink_new_bytes(GByteArray *array);	/* takes a reference */
SmithSink *smith_sink_new_fd(int fd, const char *name); /* borrowed */
/* Writes to both, owning neither: finish them yourself. @b may be NULL. */
SmithSink *smith_sink_new_tee(SmithSink *a, SmithSink *b);

/* Pumps @source into @sink; does not finish the sink. */
gboolean smith_stream_copy(SmithSource *source, SmithSink *sink, GError **error);
