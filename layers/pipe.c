/* SPDX-License-Identifier: Apache-2.0 */
#include "layers/pipe.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"

#define BUFFER_SIZE (128 * 1024)
#define RING_SIZE 16

typedef enum { LANE_PLAIN, LANE_RAW, N_LANES } LaneId;

typedef struct {
	guint8 *data;
	gsize length;
	LaneId lane;
} Buffer;

/* The blob's file: collects small writes, hashes and counts. */
typedef struct {
	SmithSink sink;
	SmithTmpfile tmp;
	SmithHasher *hasher; /* NULL: the blob is the plain tar, whose digest is known */
	guint64 size;
	guint8 *buffer;
	gsize used;
} BlobSink;

typedef struct {
	SmithSink sink;
	SmithPipe *pipe;
	LaneId id;
	guint64 size;
	Buffer *current; /* split: being filled */
} Lane;

/* All that the two threads share is behind the lock. Buffers travel from free to queued and back;
 * the producer holds at most one for each lane, so there is always one for the helper to return. */
typedef struct {
	GThread *thread;
	GMutex lock;
	GCond changed;
	Buffer buffers[RING_SIZE];
	Buffer *free[RING_SIZE];
	guint n_free;
	Buffer *queue[RING_SIZE];
	guint first, n_queued;
	bool closed;
	GError *error; /* the helper's */
} Ring;

struct SmithPipe {
	Lane lanes[N_LANES];
	SmithHasher *diff;
	SmithSink *compressed; /* NULL with splice; owns the blob sink, as `out` does otherwise */
	BlobSink *blob;
	Ring *ring; /* NULL: serial */
};

static gboolean blob_flush(BlobSink *self, const void *data, gsize length, GError **error)
{
	if (self->hasher != NULL)
		smith_hasher_update(self->hasher, data, length);
	self->size += length;
	return smith_fd_write_all(self->tmp.fd, data, length, error);
}

static gboolean blob_write(SmithSink *sink, const void *data, gsize length, GError **error)
{
	BlobSink *self = (BlobSink *)sink;
	if (self->used + length > BUFFER_SIZE) {
		gsize used = self->used;
		self->used = 0;
		if (used > 0 && !blob_flush(self, self->buffer, used, error))
			return FALSE;
	}
	if (length >= BUFFER_SIZE)
		return blob_flush(self, data, length, error);
	memcpy(self->buffer + self->used, data, length);
	self->used += length;
	return TRUE;
}

static gboolean blob_finish(SmithSink *sink, GError **error)
{
	BlobSink *self = (BlobSink *)sink;
	gsize used = self->used;
	self->used = 0;
	return used == 0 || blob_flush(self, self->buffer, used, error);
}

static void blob_free(SmithSink *sink)
{
	BlobSink *self = (BlobSink *)sink;
	smith_tmpfile_clear(&self->tmp);
	g_clear_pointer(&self->hasher, smith_hasher_free);
	g_free(self->buffer);
	g_free(self);
}

/* What one piece of a lane is good for. Only ever called by one thread at a time. */
static gboolean consume(SmithPipe *pipe, LaneId lane, const void *data, gsize length,
			GError **error)
{
	SmithSink *to = lane == LANE_RAW ? &pipe->blob->sink : pipe->compressed;
	if (lane == LANE_PLAIN)
		smith_hasher_update(pipe->diff, data, length);
	if (to == NULL || smith_sink_write(to, data, length))
		return TRUE;
	if (error != NULL)
		*error = g_error_copy(to->error);
	return FALSE;
}

static gpointer run_helper(gpointer user_data)
{
	SmithPipe *pipe = user_data;
	Ring *ring = pipe->ring;
	g_mutex_lock(&ring->lock);
	for (;;) {
		while (ring->n_queued == 0 && !ring->closed)
			g_cond_wait(&ring->changed, &ring->lock);
		if (ring->n_queued == 0)
			break;
		Buffer *buffer = ring->queue[ring->first];
		ring->first = (ring->first + 1) % RING_SIZE;
		ring->n_queued--;
		/* after an error the rest is only taken off the producer's hands */
		if (ring->error == NULL) {
			GError *failure = NULL;
			g_mutex_unlock(&ring->lock);
			consume(pipe, buffer->lane, buffer->data, buffer->length, &failure);
			g_mutex_lock(&ring->lock);
			ring->error = failure;
		}
		ring->free[ring->n_free++] = buffer;
		g_cond_signal(&ring->changed);
	}
	g_mutex_unlock(&ring->lock);
	return NULL;
}

static gboolean ring_take(Ring *ring, Buffer **out, GError **error)
{
	g_mutex_lock(&ring->lock);
	while (ring->n_free == 0)
		g_cond_wait(&ring->changed, &ring->lock);
	GError *failure = ring->error != NULL ? g_error_copy(ring->error) : NULL;
	if (failure == NULL)
		*out = ring->free[--ring->n_free];
	g_mutex_unlock(&ring->lock);
	if (failure != NULL) {
		g_propagate_error(error, failure);
		return FALSE;
	}
	/* made when first needed: most layers are far smaller than the ring */
	if ((*out)->data == NULL)
		(*out)->data = g_malloc(BUFFER_SIZE);
	(*out)->length = 0;
	return TRUE;
}

static void ring_submit(Ring *ring, Buffer *buffer, LaneId lane)
{
	buffer->lane = lane;
	g_mutex_lock(&ring->lock);
	ring->queue[(ring->first + ring->n_queued++) % RING_SIZE] = buffer;
	g_cond_signal(&ring->changed);
	g_mutex_unlock(&ring->lock);
}

static void ring_close(Ring *ring)
{
	if (ring->thread == NULL)
		return;
	g_mutex_lock(&ring->lock);
	ring->closed = true;
	g_cond_signal(&ring->changed);
	g_mutex_unlock(&ring->lock);
	g_thread_join(g_steal_pointer(&ring->thread));
}

static void ring_free(Ring *ring)
{
	if (ring == NULL)
		return;
	ring_close(ring);
	for (guint i = 0; i < RING_SIZE; i++)
		g_free(ring->buffers[i].data);
	g_clear_error(&ring->error);
	g_mutex_clear(&ring->lock);
	g_cond_clear(&ring->changed);
	g_free(ring);
}

static void ring_start(SmithPipe *pipe)
{
	Ring *ring = g_new0(Ring, 1);
	g_mutex_init(&ring->lock);
	g_cond_init(&ring->changed);
	for (guint i = 0; i < RING_SIZE; i++)
		ring->free[ring->n_free++] = &ring->buffers[i];
	pipe->ring = ring;
	ring->thread = g_thread_new("layer", run_helper, pipe);
}

static gboolean lane_write(SmithSink *sink, const void *data, gsize length, GError **error)
{
	Lane *lane = (Lane *)sink;
	Ring *ring = lane->pipe->ring;
	const guint8 *from = data;
	lane->size += length;
	if (ring == NULL)
		return consume(lane->pipe, lane->id, data, length, error);
	while (length > 0) {
		if (lane->current == NULL && !ring_take(ring, &lane->current, error))
			return FALSE;
		Buffer *buffer = lane->current;
		gsize part = MIN(length, BUFFER_SIZE - buffer->length);
		memcpy(buffer->data + buffer->length, from, part);
		buffer->length += part;
		from += part;
		length -= part;
		if (buffer->length == BUFFER_SIZE)
			ring_submit(ring, g_steal_pointer(&lane->current), lane->id);
	}
	return TRUE;
}

static void lane_free(SmithSink *sink)
{
	(void)sink; /* part of the pipe */
}

static SmithSink *new_blob_sink(BlobSink **out, bool hash)
{
	static const SmithSinkOps ops = {blob_write, blob_finish, blob_free};
	BlobSink *self = g_new0(BlobSink, 1);
	self->sink.ops = &ops;
	self->tmp = (SmithTmpfile)SMITH_TMPFILE_INIT;
	self->hasher = hash ? smith_hasher_new() : NULL;
	self->buffer = g_malloc(BUFFER_SIZE);
	*out = self;
	return &self->sink;
}

SmithPipe *smith_pipe_new(SmithCompression compression, bool split, int blobs_dirfd, GError **error)
{
	static const SmithSinkOps lane_ops = {lane_write, NULL, lane_free};
	g_autoptr(SmithPipe) pipe = g_new0(SmithPipe, 1);
	for (LaneId i = 0; i < N_LANES; i++) {
		pipe->lanes[i].sink.ops = &lane_ops;
		pipe->lanes[i].pipe = pipe;
		pipe->lanes[i].id = i;
	}
	pipe->diff = smith_hasher_new();
	SmithSink *blob = new_blob_sink(&pipe->blob, compression != SMITH_COMPRESSION_NONE);
	if (compression != SMITH_COMPRESSION_SPLICE)
		pipe->compressed = smith_compress_new(compression, blob);
	if (!smith_tmpfile_open(&pipe->blob->tmp, blobs_dirfd, 0444, error))
		return NULL;
	if (split)
		ring_start(pipe);
	return g_steal_pointer(&pipe);
}

SmithSink *smith_pipe_plain(SmithPipe *pipe)
{
	return &pipe->lanes[LANE_PLAIN].sink;
}

SmithSink *smith_pipe_raw(SmithPipe *pipe)
{
	return &pipe->lanes[LANE_RAW].sink;
}

guint64 smith_pipe_plain_size(const SmithPipe *pipe)
{
	return pipe->lanes[LANE_PLAIN].size;
}

guint64 smith_pipe_raw_size(const SmithPipe *pipe)
{
	return pipe->lanes[LANE_RAW].size;
}

gboolean smith_pipe_check(const SmithPipe *pipe, GError **error)
{
	for (LaneId i = 0; i < N_LANES; i++) {
		if (pipe->lanes[i].sink.error != NULL) {
			if (error != NULL)
				*error = g_error_copy(pipe->lanes[i].sink.error);
			return FALSE;
		}
	}
	return TRUE;
}

/* Everything written has been consumed when this returns TRUE. */
static gboolean join(SmithPipe *pipe, GError **error)
{
	Ring *ring = pipe->ring;
	if (ring == NULL)
		return smith_pipe_check(pipe, error);
	for (LaneId i = 0; i < N_LANES; i++) {
		Lane *lane = &pipe->lanes[i];
		if (lane->current != NULL)
			ring_submit(ring, g_steal_pointer(&lane->current), lane->id);
	}
	ring_close(ring);
	if (ring->error != NULL) {
		g_propagate_error(error, g_steal_pointer(&ring->error));
		return FALSE;
	}
	return smith_pipe_check(pipe, error);
}

/* A blob of that name that is as long as ours is ours; any other is damaged, as after a power loss.
 */
static gboolean link_blob(BlobSink *blob, const char *name, GError **error)
{
	struct stat st;
	bool damaged = fstatat(blob->tmp.dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		       (!S_ISREG(st.st_mode) || (guint64)st.st_size != blob->size);
	return smith_tmpfile_link(&blob->tmp, name,
				  damaged ? SMITH_TMPFILE_REPLACE : SMITH_TMPFILE_KEEP, error);
}

gboolean smith_pipe_finish(SmithPipe *pipe, SmithPipeResult *result, GError **error)
{
	BlobSink *blob = pipe->blob;
	SmithSink *last = pipe->compressed != NULL ? pipe->compressed : &blob->sink;
	if (!join(pipe, error) || !smith_sink_finish(last, error))
		return FALSE;

	g_autofree char *diff_id = smith_hasher_finish(pipe->diff);
	g_autofree char *digest =
		blob->hasher != NULL ? smith_hasher_finish(blob->hasher) : g_strdup(diff_id);
	if (!link_blob(blob, smith_digest_hex(digest), error))
		return FALSE;
	result->unpacked_size = smith_pipe_plain_size(pipe);
	result->size = blob->size;
	result->diff_id = g_steal_pointer(&diff_id);
	result->digest = g_steal_pointer(&digest);
	return TRUE;
}

void smith_pipe_free(SmithPipe *pipe)
{
	ring_free(pipe->ring);
	for (LaneId i = 0; i < N_LANES; i++)
		g_clear_error(&pipe->lanes[i].sink.error);
	g_clear_pointer(&pipe->diff, smith_hasher_free);
	/* the compressor owns the blob sink */
	smith_sink_free(pipe->compressed != NULL ? pipe->compressed : &pipe->blob->sink);
	g_free(pipe);
}
