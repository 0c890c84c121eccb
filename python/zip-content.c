/* SPDX-License-Identifier: Apache-2.0 */
/* The content of zip members: python/zip.h. */
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "python/inflate.h"
#include "python/zip.h"

#define PLAIN_SIZE (128 * 1024)

typedef struct {
	SmithContent base;
	SmithZip *zip;
	const SmithZipMember *member;
	bool hashed;
	guint8 sha256[SMITH_SHA256_SIZE];
} ZipContent;

typedef struct {
	SmithSource base;
	ZipContent *content;
	SmithInflate *inflate; /* NULL: stored */
	SmithHasher *hasher;   /* NULL: no digest to check */
	guint64 offset;	       /* of the data in the file */
	guint64 done;
	guint32 crc32;
	bool checked;
} ZipSource;

static gboolean check_end(ZipSource *self, GError **error)
{
	const SmithZipMember *member = self->content->member;
	guint8 sha256[SMITH_SHA256_SIZE];

	if (self->done != member->size)
		return smith_throw(error, SMITH_ERROR_VERIFY,
				   "'%s' inflates to %" G_GUINT64_FORMAT
				   " bytes, expected %" G_GUINT64_FORMAT,
				   member->name, self->done, member->size);
	if (self->crc32 != member->crc32)
		return smith_throw(error, SMITH_ERROR_VERIFY,
				   "crc-32 of '%s' is %08x, expected %08x", member->name,
				   self->crc32, member->crc32);
	self->checked = true;
	if (self->hasher == NULL)
		return TRUE;
	smith_hasher_finish_raw(self->hasher, sha256);
	if (memcmp(sha256, self->content->sha256, sizeof sha256) != 0) {
		g_autofree char *got = smith_digest_to_hex(sha256, sizeof sha256);
		g_autofree char *want = smith_digest_to_hex(self->content->sha256, sizeof sha256);

		return smith_throw(error, SMITH_ERROR_VERIFY, "sha256 of '%s' is %s, expected %s",
				   member->name, got, want);
	}
	return TRUE;
}

/* Asks for one byte more than the declared size, to catch a stream that goes on. */
static gssize inflate_some(ZipSource *self, void *buffer, gsize length, SmithSink *raw,
			   GError **error)
{
	const SmithZipMember *member = self->content->member;
	guint64 left = member->size - self->done;
	guint8 one;
	gssize n, more = 0;

	if (length > left)
		length = (gsize)left + 1;
	n = smith_inflate_read(self->inflate, buffer, length, raw, error);
	if (n < 0)
		return -1;
	if ((guint64)n == left && !smith_inflate_ended(self->inflate)) {
		more = smith_inflate_read(self->inflate, &one, 1, raw, error);
		if (more < 0)
			return -1;
	}
	if ((guint64)n + (guint64)more > left) {
		smith_throw(error, SMITH_ERROR_VERIFY,
			    "'%s' inflates to more than its declared %" G_GUINT64_FORMAT " bytes",
			    member->name, member->size);
		return -1;
	}
	return n;
}

static gssize read_some(ZipSource *self, void *buffer, gsize length, SmithSink *raw, GError **error)
{
	gssize n;

	if (self->inflate != NULL) {
		n = inflate_some(self, buffer, length, raw, error);
	} else {
		n = (gssize)MIN(length, self->content->member->size - self->done);
		if (!smith_pread_full(smith_zip_fd(self->content->zip), buffer, (gsize)n,
				      self->offset + self->done, self->content->member->name,
				      error))
			return -1;
	}
	if (n < 0)
		return -1;
	self->crc32 = smith_crc32(self->crc32, buffer, (gsize)n);
	if (self->hasher != NULL)
		smith_hasher_update(self->hasher, buffer, (gsize)n);
	self->done += (guint64)n;
	if ((n == 0 || self->done == self->content->member->size) && !check_end(self, error))
		return -1;
	return n;
}

static gssize zip_source_read(SmithSource *source, void *buffer, gsize length, GError **error)
{
	ZipSource *self = (ZipSource *)source;
	SMITH_AUTO_PREFIX("zip", smith_zip_name(self->content->zip), error);

	return self->checked ? 0 : read_some(self, buffer, length, NULL, error);
}

static void zip_source_free(SmithSource *source)
{
	ZipSource *self = (ZipSource *)source;

	smith_inflate_free(self->inflate);
	smith_hasher_free(self->hasher);
	smith_content_unref(&self->content->base);
	g_free(self);
}

static const SmithSourceOps zip_source_ops = {zip_source_read, zip_source_free};

static SmithSource *open_source(SmithContent *content, GError **error)
{
	ZipContent *self = (ZipContent *)content;
	ZipSource *source;
	guint64 offset;

	if (!smith_zip_locate(self->zip, self->member, &offset, error))
		return NULL;
	source = g_new0(ZipSource, 1);
	source->base.ops = &zip_source_ops;
	source->content = (ZipContent *)smith_content_ref(content);
	source->offset = offset;
	if (self->member->method != 0)
		source->inflate = smith_inflate_new(smith_zip_fd(self->zip), offset,
						    self->member->stored_size, self->member->name);
	if (self->hashed)
		source->hasher = smith_hasher_new();
	return &source->base;
}

static SmithSource *zip_content_open(SmithContent *content, GError **error)
{
	SMITH_AUTO_PREFIX("zip", smith_zip_name(((ZipContent *)content)->zip), error);

	return open_source(content, error);
}

static gboolean zip_content_splice(SmithContent *content, SmithSink *raw, SmithSink *plain,
				   GError **error)
{
	SMITH_AUTO_PREFIX("zip", smith_zip_name(((ZipContent *)content)->zip), error);
	g_autoptr(SmithSource) source = open_source(content, error);
	gsize room = (gsize)MIN(content->size + 1, PLAIN_SIZE);
	g_autofree guint8 *buffer = NULL;
	ZipSource *self = (ZipSource *)source;
	gssize n;

	if (source == NULL)
		return FALSE;
	buffer = g_malloc(room);
	do {
		n = read_some(self, buffer, room, raw, error);
		if (n < 0)
			return FALSE;
		if (n > 0 && !smith_sink_write(plain, buffer, (gsize)n)) {
			g_propagate_error(error, g_error_copy(plain->error));
			return FALSE;
		}
	} while (!self->checked);
	return TRUE;
}

static void zip_content_free(SmithContent *content)
{
	ZipContent *self = (ZipContent *)content;

	smith_zip_unref(self->zip);
	g_free(self);
}

static const SmithContentOps zip_content_ops = {
	.open = zip_content_open,
	.splice = zip_content_splice,
	.free = zip_content_free,
};

SmithContent *smith_zip_content(SmithZip *zip, const SmithZipMember *member,
				const guint8 *expected_sha256)
{
	ZipContent *self = g_new0(ZipContent, 1);

	self->base.ops = &zip_content_ops;
	self->base.refs = 1;
	self->base.size = member->size;
	self->base.can_splice = member->method == 8;
	if (self->base.can_splice) {
		self->base.crc32 = member->crc32;
		self->base.deflated_size = member->stored_size;
	}
	self->zip = smith_zip_ref(zip);
	self->member = member;
	self->hashed = expected_sha256 != NULL;
	if (self->hashed)
		memcpy(self->sha256, expected_sha256, sizeof self->sha256);
	return &self->base;
}

GBytes *smith_zip_read(SmithZip *zip, const SmithZipMember *member, gsize limit,
		       const guint8 *expected_sha256, GError **error)
{
	g_autoptr(SmithContent) content = smith_zip_content(zip, member, expected_sha256);
	g_autoptr(SmithSource) source = NULL;

	if (member->size > limit) {
		smith_throw(error, SMITH_ERROR_LIMIT,
			    "'%s' of zip '%s' has %" G_GUINT64_FORMAT
			    " bytes, expected at most %" G_GSIZE_FORMAT,
			    member->name, smith_zip_name(zip), member->size, limit);
		return NULL;
	}
	source = zip_content_open(content, error);
	if (source == NULL)
		return NULL;
	return smith_source_read_all(source, limit, error);
}
