/* SPDX-License-Identifier: Apache-2.0 */
#include "python/inflate.h"

#include <errno.h>
#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#include <unistd.h>

#include "base/error.h"

#define RAW_SIZE (64 * 1024)
#define MAX_STEP (1 << 30) /* isa-l counts in 32 bits */

struct SmithInflate {
	struct inflate_state state;
	int fd;
	gboolean ended;
	guint64 offset;
	guint64 left; /* raw bytes not yet read */
	const char *name;
	guint8 raw[RAW_SIZE];
};

/* A wheel has thousands of small members: allocating and faulting in the state for each of them
 * costs more than inflating it. */
static GPrivate spare = G_PRIVATE_INIT(g_free);

SmithInflate *smith_inflate_new(int fd, guint64 offset, guint64 length, const char *name)
{
	SmithInflate *inflate = g_private_get(&spare);

	if (inflate != NULL)
		g_private_set(&spare, NULL);
	else
		inflate = g_malloc(sizeof *inflate);
	isal_inflate_init(&inflate->state);
	inflate->fd = fd;
	inflate->ended = FALSE;
	inflate->offset = offset;
	inflate->left = length;
	inflate->name = name;
	return inflate;
}

void smith_inflate_free(SmithInflate *inflate)
{
	if (inflate == NULL)
		return;
	if (g_private_get(&spare) == NULL)
		g_private_set(&spare, inflate);
	else
		g_free(inflate);
}

gboolean smith_inflate_ended(const SmithInflate *inflate)
{
	return inflate->ended;
}

gboolean smith_pread_full(int fd, void *buffer, gsize length, guint64 offset, const char *name,
			  GError **error)
{
	guint8 *p = buffer;

	while (length > 0) {
		gssize n;

		do
			n = pread(fd, p, length, (off_t)offset);
		while (n < 0 && errno == EINTR);
		if (n < 0)
			return smith_throw_errno(error, "cannot read '%s'", name);
		if (n == 0)
			return smith_throw(error, SMITH_ERROR_INVALID,
					   "file ends early, %" G_GSIZE_FORMAT
					   " bytes of '%s' are missing",
					   length, name);
		p += n;
		length -= (gsize)n;
		offset += (guint64)n;
	}
	return TRUE;
}

static gboolean fill(SmithInflate *self, SmithSink *raw, GError **error)
{
	gsize length = MIN(self->left, RAW_SIZE);

	if (!smith_pread_full(self->fd, self->raw, length, self->offset, self->name, error))
		return FALSE;
	self->offset += length;
	self->left -= length;
	self->state.next_in = self->raw;
	self->state.avail_in = (guint32)length;
	if (raw != NULL && !smith_sink_write(raw, self->raw, length)) {
		g_propagate_error(error, g_error_copy(raw->error));
		return FALSE;
	}
	return TRUE;
}

/* isa-l reads ahead into a bit buffer: whole bytes of it have not been used. */
static gboolean check_end(SmithInflate *self, GError **error)
{
	guint64 unused =
		self->left + self->state.avail_in + (guint64)self->state.read_in_length / 8;

	if (unused != 0)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "%" G_GUINT64_FORMAT
				   " bytes follow the deflate stream of '%s', expected none",
				   unused, self->name);
	self->ended = TRUE;
	return TRUE;
}

gssize smith_inflate_read(SmithInflate *self, void *buffer, gsize length, SmithSink *raw,
			  GError **error)
{
	struct inflate_state *state = &self->state;

	if (self->ended)
		return 0;
	length = MIN(length, MAX_STEP);
	state->next_out = buffer;
	state->avail_out = (guint32)length;
	while (state->avail_out > 0) {
		guint32 room = state->avail_out, waiting;
		int status;

		if (state->avail_in == 0 && self->left > 0 && !fill(self, raw, error))
			return -1;
		waiting = state->avail_in;
		status = isal_inflate(state);
		if (status < 0 || status == ISAL_NEED_DICT) {
			smith_throw(error, SMITH_ERROR_INVALID, "broken deflate stream of '%s'",
				    self->name);
			return -1;
		}
		if (state->block_state == ISAL_BLOCK_FINISH) {
			if (!check_end(self, error))
				return -1;
			break;
		}
		if (state->avail_out == room && state->avail_in == waiting) {
			smith_throw(error, SMITH_ERROR_INVALID, "deflate stream of '%s' ends early",
				    self->name);
			return -1;
		}
	}
	return (gssize)(length - state->avail_out);
}

guint32 smith_crc32(guint32 crc, const void *data, gsize length)
{
	return crc32_gzip_refl(crc, data, length);
}
