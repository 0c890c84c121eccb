/* SPDX-License-Identifier: Apache-2.0 */
#include "base/stream.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"

#define CHUNK (128 * 1024)

gssize smith_source_read(SmithSource *source, void *buffer, gsize length, GError **error)
{
	if (source->error == NULL) {
		length = MIN(length, G_MAXSSIZE);
		gssize got = source->ops->read(source, buffer, length, &source->error);
		if (got >= 0)
			return got;
		g_assert(source->error != NULL);
	}
	if (error != NULL)
		g_propagate_error(error, g_error_copy(source->error));
	return -1;
}

gssize smith_source_read_full(SmithSource *source, void *buffer, gsize length, GError **error)
{
	gsize done = 0;
	while (done < length) {
		gssize got = smith_source_read(source, (char *)buffer + done, length - done, error);
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (gsize)got;
	}
	return (gssize)done;
}

GBytes *smith_source_read_all(SmithSource *source, gsize limit, GError **error)
{
	/* One byte more than the limit shows that there is more; memory grows with what came, not
	 * with what was promised. */
	limit = MIN(limit, G_MAXSSIZE - 1);
	gsize room = MIN(limit, 4095) + 1;
	gsize used = 0;
	g_autofree char *buffer = g_malloc(room);
	for (;;) {
		gssize got = smith_source_read_full(source, buffer + used, room - used, error);
		if (got < 0)
			return NULL;
		used += (gsize)got;
		if (used > limit)
			return smith_throw_null(error, SMITH_ERROR_LIMIT,
						"more than %" G_GSIZE_FORMAT " bytes", limit);
		if (used < room)
			break;
		room = room > limit / 4 ? limit + 1 : room * 4;
		buffer = g_realloc(buffer, room);
	}
	buffer = g_realloc(buffer, MAX(used, 1));
	return g_bytes_new_take(g_steal_pointer(&buffer), used);
}

gboolean smith_source_drain(SmithSource *source, GError **error)
{
	g_autofree char *buffer = g_malloc(CHUNK);
	gssize got = 1;
	while (got > 0)
		got = smith_source_read(source, buffer, CHUNK, error);
	return got == 0;
}

void smith_source_free(SmithSource *source)
{
	if (source == NULL)
		return;
	g_clear_error(&source->error);
	source->ops->free(source);
}

typedef struct {
	SmithSource base;
	GBytes *bytes;
	gsize position;
} BytesSource;

static gssize bytes_read(SmithSource *source, void *buffer, gsize length,
			 G_GNUC_UNUSED GError **error)
{
	BytesSource *self = (BytesSource *)source;
	gsize size = 0;
	const char *data = g_bytes_get_data(self->bytes, &size);
	length = MIN(length, size - self->position);
	if (length > 0)
		memcpy(buffer, data + self->position, length);
	self->position += length;
	return (gssize)length;
}

static void bytes_free(SmithSource *source)
{
	BytesSource *self = (BytesSource *)source;
	g_bytes_unref(self->bytes);
	g_free(self);
}

SmithSource *smith_source_new_bytes(GBytes *bytes)
{
	static const SmithSourceOps ops = {bytes_read, bytes_free};
	BytesSource *self = g_new0(BytesSource, 1);
	self->base.ops = &ops;
	self->bytes = g_bytes_ref(bytes);
	return &self->base;
}

typedef struct {
	SmithSource base;
	int fd;
	gboolean close;
	char *name;
} FdSource;

static gssize fd_read(SmithSource *source, void *buffer, gsize length, GError **error)
{
	FdSource *self = (FdSource *)source;
	gssize got = -1;
	do {
		got = read(self->fd, buffer, length);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return smith_throw_errno_fd(error, "cannot read '%s'", self->name);
	return got;
}

static void fd_free(SmithSource *source)
{
	FdSource *self = (FdSource *)source;
	if (self->close)
		smith_fd_clear(&self->fd);
	g_free(self->name);
	g_free(self);
}

SmithSource *smith_source_new_fd(int fd, gboolean take_fd, const char *name)
{
	static const SmithSourceOps ops = {fd_read, fd_free};
	FdSource *self = g_new0(FdSource, 1);
	self->base.ops = &ops;
	self->fd = fd;
	self->close = take_fd;
	self->name = g_strdup(name);
	return &self->base;
}

typedef struct {
	SmithSource base;
	int fd;
	guint64 offset;
	guint64 left;
	char *name;
} RangeSource;

static gssize range_read(SmithSource *source, void *buffer, gsize length, GError **error)
{
	RangeSource *self = (RangeSource *)source;
	length = (gsize)MIN(length, self->left);
	if (length == 0)
		return 0;
	gssize got = -1;
	do {
		got = pread(self->fd, buffer, length, (off_t)self->offset);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return smith_throw_errno_fd(error, "cannot read '%s'", self->name);
	if (got == 0)
		return smith_throw_fd(error, SMITH_ERROR_INVALID,
				      "'%s' ends at byte %" G_GUINT64_FORMAT
				      ", expected %" G_GUINT64_FORMAT " more",
				      self->name, self->offset, self->left);
	self->offset += (guint64)got;
	self->left -= (guint64)got;
	return got;
}

static void range_free(SmithSource *source)
{
	RangeSource *self = (RangeSource *)source;
	g_free(self->name);
	g_free(self);
}

SmithSource *smith_source_new_range(int fd, guint64 offset, guint64 length, const char *name)
{
	static const SmithSourceOps ops = {range_read, range_free};
	RangeSource *self = g_new0(RangeSource, 1);
	self->base.ops = &ops;
	self->fd = fd;
	self->offset = offset;
	self->left = length;
	self->name = g_strdup(name);
	/* off_t is signed: an offset beyond it would wrap round to a valid one */
	if (offset > G_MAXINT64 || length > G_MAXINT64 - offset)
		smith_throw(&self->base.error, SMITH_ERROR_INVALID,
			    "'%s': range of %" G_GUINT64_FORMAT " bytes at %" G_GUINT64_FORMAT
			    " is beyond the end of any file",
			    name, length, offset);
	return &self->base;
}

typedef struct {
	SmithSource base;
	SmithSource *inner;
	SmithHasher *hasher; /* NULL: no digest to check */
	guint64 size;
	guint64 count;
	char *digest;
	char *name;
	gboolean ended;
} VerifySource;

static gssize throw_too_long(const VerifySource *self, GError **error)
{
	return smith_throw_fd(error, SMITH_ERROR_VERIFY,
			      "'%s': size mismatch, expected %" G_GUINT64_FORMAT " bytes, got more",
			      self->name, self->size);
}

/* 0 when all promises hold, else -1. */
static gssize verify_end(VerifySource *self, GError **error)
{
	self->ended = TRUE;
	if (self->size != G_MAXUINT64 && self->count != self->size)
		return smith_throw_fd(error, SMITH_ERROR_VERIFY,
				      "'%s': size mismatch, expected %" G_GUINT64_FORMAT
				      " bytes, got %" G_GUINT64_FORMAT,
				      self->name, self->size, self->count);
	if (self->hasher == NULL)
		return 0;
	g_autofree char *got = smith_hasher_finish(self->hasher);
	if (strcmp(got, self->digest) != 0)
		return smith_throw_fd(error, SMITH_ERROR_VERIFY,
				      "'%s': digest mismatch, expected '%s', got '%s'", self->name,
				      self->digest, got);
	return 0;
}

static gssize verify_read(SmithSource *source, void *buffer, gsize length, GError **error)
{
	VerifySource *self = (VerifySource *)source;
	if (self->ended || length == 0)
		return 0;
	gssize got = smith_source_read(self->inner, buffer, length, error);
	if (got < 0)
		return -1;
	if (got == 0)
		return verify_end(self, error);

	self->count += (guint64)got;
	if (self->count > self->size)
		return throw_too_long(self, error);
	if (self->hasher != NULL)
		smith_hasher_update(self->hasher, buffer, (gsize)got);
	if (self->count < self->size)
		return got;

	/* The promised size is reached: check now, for a reader that knows the size never asks
	 * again, and must not get the last byte of something wrong. */
	char probe;
	gssize more = smith_source_read(self->inner, &probe, 1, error);
	if (more < 0)
		return -1;
	if (more > 0)
		return throw_too_long(self, error);
	return verify_end(self, error) < 0 ? -1 : got;
}

static void verify_free(SmithSource *source)
{
	VerifySource *self = (VerifySource *)source;
	smith_source_free(self->inner);
	smith_hasher_free(self->hasher);
	g_free(self->digest);
	g_free(self->name);
	g_free(self);
}

SmithSource *smith_source_new_verify(SmithSource *inner, guint64 size, const char *digest,
				     const char *name)
{
	static const SmithSourceOps ops = {verify_read, verify_free};
	VerifySource *self = g_new0(VerifySource, 1);
	self->base.ops = &ops;
	self->inner = inner;
	self->size = size;
	self->digest = g_strdup(digest);
	self->name = g_strdup(name);
	if (digest != NULL && smith_digest_is_sha256(digest))
		self->hasher = smith_hasher_new();
	else if (digest != NULL && smith_digest_check(digest, name, &self->base.error))
		smith_throw(&self->base.error, SMITH_ERROR_UNSUPPORTED,
			    "'%s': cannot check digest '%s', expected one of sha256", name, digest);
	return &self->base;
}

gboolean smith_sink_write(SmithSink *sink, const void *data, gsize length)
{
	g_assert(!sink->finished);
	if (sink->error != NULL)
		return FALSE;
	if (length == 0)
		return TRUE;
	gboolean done = sink->ops->write(sink, data, length, &sink->error);
	g_assert(done == (sink->error == NULL));
	return done;
}

static gboolean throw_sink_error(const SmithSink *sink, GError **error)
{
	if (error != NULL)
		g_propagate_error(error, g_error_copy(sink->error));
	return FALSE;
}

gboolean smith_sink_finish(SmithSink *sink, GError **error)
{
	if (sink->error != NULL)
		return throw_sink_error(sink, error);
	if (sink->finished)
		return TRUE;
	if (sink->ops->finish != NULL && !sink->ops->finish(sink, &sink->error))
		return throw_sink_error(sink, error);
	sink->finished = TRUE;
	return TRUE;
}

void smith_sink_free(SmithSink *sink)
{
	if (sink == NULL)
		return;
	g_clear_error(&sink->error);
	sink->ops->free(sink);
}

typedef struct {
	SmithSink base;
	GByteArray *array;
} BytesSink;

static gboolean bytes_write(SmithSink *sink, const void *data, gsize length, GError **error)
{
	BytesSink *self = (BytesSink *)sink;
	/* a GByteArray ends the program when it grows over its 32-bit length */
	if (length > G_MAXUINT / 2 - self->array->len)
		return smith_throw(error, SMITH_ERROR_LIMIT,
				   "more than %u bytes cannot be kept in memory", G_MAXUINT / 2);
	g_byte_array_append(self->array, data, (guint)length);
	return TRUE;
}

static void bytes_sink_free(SmithSink *sink)
{
	BytesSink *self = (BytesSink *)sink;
	g_byte_array_unref(self->array);
	g_free(self);
}

SmithSink *smith_sink_new_bytes(GByteArray *array)
{
	static const SmithSinkOps ops = {bytes_write, NULL, bytes_sink_free};
	BytesSink *self = g_new0(BytesSink, 1);
	self->base.ops = &ops;
	self->array = g_byte_array_ref(array);
	return &self->base;
}

typedef struct {
	SmithSink base;
	int fd;
	char *name;
} FdSink;

static gboolean fd_write(SmithSink *sink, const void *data, gsize length, GError **error)
{
	FdSink *self = (FdSink *)sink;
	SMITH_AUTO_PREFIX("writing", self->name, error);
	return smith_fd_write_all(self->fd, data, length, error);
}

static void fd_sink_free(SmithSink *sink)
{
	FdSink *self = (FdSink *)sink;
	g_free(self->name);
	g_free(self);
}

SmithSink *smith_sink_new_fd(int fd, const char *name)
{
	static const SmithSinkOps ops = {fd_write, NULL, fd_sink_free};
	FdSink *self = g_new0(FdSink, 1);
	self->base.ops = &ops;
	self->fd = fd;
	self->name = g_strdup(name);
	return &self->base;
}

typedef struct {
	SmithSink base;
	SmithSink *a;
	SmithSink *b;
} TeeSink;

static gboolean tee_write(SmithSink *sink, const void *data, gsize length, GError **error)
{
	TeeSink *self = (TeeSink *)sink;
	if (!smith_sink_write(self->a, data, length))
		return throw_sink_error(self->a, error);
	if (self->b != NULL && !smith_sink_write(self->b, data, length))
		return throw_sink_error(self->b, error);
	return TRUE;
}

static void tee_free(SmithSink *sink)
{
	g_free(sink);
}

SmithSink *smith_sink_new_tee(SmithSink *a, SmithSink *b)
{
	static const SmithSinkOps ops = {tee_write, NULL, tee_free};
	TeeSink *self = g_new0(TeeSink, 1);
	self->base.ops = &ops;
	self->a = a;
	self->b = b;
	return &self->base;
}

gboolean smith_stream_copy(SmithSource *source, SmithSink *sink, GError **error)
{
	g_autofree char *buffer = g_malloc(CHUNK);
	for (;;) {
		gssize got = smith_source_read(source, buffer, CHUNK, error);
		if (got <= 0)
			return got == 0;
		if (!smith_sink_write(sink, buffer, (gsize)got))
			return throw_sink_error(sink, error);
	}
}
