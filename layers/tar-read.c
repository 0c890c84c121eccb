/* SPDX-License-Identifier: Apache-2.0 */
#include "layers/tar-read.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "layers/archive-lib.h"

#define READ_SIZE (64 * 1024)
#define MAX_TARGET 4095
#define MAX_XATTR_NAME 255

/* Shared by the iterator and by contents that may outlive it. */
typedef struct {
	gint refs; /* atomic */
	const SmithArchiveLib *lib;
	struct archive *archive; /* NULL once the iterator is gone */
	SmithSource *source;
	char *name;
	SmithTarLimits limits;
	guint64 entries;
	guint64 total;
	guint64 current; /* number of the entry whose content can be read */
	bool opened;	 /* that content has been opened */
	GError *error;	 /* sticky */
	guint8 buffer[READ_SIZE];
} Reader;

typedef struct {
	SmithEntryIter iter;
	Reader *reader;
	bool at_end;
} TarIter;

typedef struct {
	SmithContent content;
	Reader *reader;
	guint64 number;
} TarContent;

typedef struct {
	SmithSource source;
	Reader *reader;
	guint64 number;
	guint64 size;
	guint64 position;
	const guint8 *block; /* libarchive's, until its next call */
	gsize block_length;
	guint64 block_offset;
	bool exhausted;
} TarSource;

static Reader *reader_ref(Reader *reader)
{
	g_atomic_int_inc(&reader->refs);
	return reader;
}

static void reader_close(Reader *reader)
{
	if (reader->archive == NULL)
		return;
	gpointer locale = smith_archive_lib_enter();
	reader->lib->archive_read_free(g_steal_pointer(&reader->archive));
	smith_archive_lib_leave(locale);
}

static void reader_unref(Reader *reader)
{
	if (!g_atomic_int_dec_and_test(&reader->refs))
		return;
	reader_close(reader);
	smith_source_free(reader->source);
	g_clear_error(&reader->error);
	g_free(reader->name);
	g_free(reader);
}

static la_ssize_t read_callback(struct archive *archive, void *data, const void **buffer)
{
	Reader *reader = data;
	gssize count = smith_source_read(reader->source, reader->buffer, READ_SIZE, NULL);
	if (count < 0)
		reader->lib->archive_set_error(archive, EIO, "cannot be read");
	*buffer = reader->buffer;
	return count;
}

/* The cause of a failure of libarchive: the source's own error, if that was it. */
static gboolean throw_archive(Reader *reader, GError **error)
{
	const char *text = reader->lib->archive_error_string(reader->archive);
	if (reader->source->error == NULL)
		return smith_throw(error, SMITH_ERROR_INVALID, "'%s' is a damaged archive: %s",
				   reader->name, text != NULL ? text : "unknown format");
	if (error != NULL)
		*error = g_error_copy(reader->source->error);
	return FALSE;
}

/* The next stretch of the content; exhausted when there is none. */
static gboolean next_block(TarSource *self, GError **error)
{
	Reader *reader = self->reader;
	const void *block = NULL;
	size_t length = 0;
	la_int64_t offset = 0;
	gpointer locale = smith_archive_lib_enter();
	int result =
		reader->lib->archive_read_data_block(reader->archive, &block, &length, &offset);
	smith_archive_lib_leave(locale);
	if (result == ARCHIVE_EOF) {
		self->exhausted = true;
		return TRUE;
	}
	if (result != ARCHIVE_OK)
		return throw_archive(reader, error);
	if (offset < 0 || (guint64)offset < self->position || (guint64)offset > self->size ||
	    length > self->size - (guint64)offset)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "'%s' is a damaged archive: data outside of a file",
				   reader->name);
	self->block = block;
	self->block_length = length;
	self->block_offset = (guint64)offset;
	return TRUE;
}

static gssize tar_source_read(SmithSource *source, void *buffer, gsize length, GError **error)
{
	TarSource *self = (TarSource *)source;
	Reader *reader = self->reader;
	if (reader->archive == NULL || reader->current != self->number) {
		smith_throw(error, SMITH_ERROR_FAILED,
			    "'%s': the archive's reader has gone past this content", reader->name);
		return -1;
	}
	while (self->block_length == 0 && !self->exhausted)
		if (!next_block(self, error))
			return -1;

	/* libarchive says where data is; all else up to the size is a hole */
	guint64 hole_end = self->block_length > 0 ? self->block_offset : self->size;
	if (self->position < hole_end) {
		length = (gsize)MIN((guint64)length, hole_end - self->position);
		memset(buffer, 0, length);
	} else {
		length = MIN(length, self->block_length);
		if (length > 0)
			memcpy(buffer, self->block, length);
		self->block += length;
		self->block_length -= length;
		self->block_offset += length;
	}
	self->position += length;
	return (gssize)length;
}

static void tar_source_free(SmithSource *source)
{
	TarSource *self = (TarSource *)source;
	reader_unref(self->reader);
	g_free(self);
}

static SmithSource *tar_content_open(SmithContent *content, GError **error)
{
	static const SmithSourceOps ops = {tar_source_read, tar_source_free};
	TarContent *self = (TarContent *)content;
	Reader *reader = self->reader;
	if (reader->archive == NULL || reader->current != self->number || reader->opened) {
		smith_throw(error, SMITH_ERROR_FAILED,
			    "'%s': a content of an archive can be read once, in its turn",
			    reader->name);
		return NULL;
	}
	reader->opened = true;
	TarSource *source = g_new0(TarSource, 1);
	source->source.ops = &ops;
	source->reader = reader_ref(reader);
	source->number = self->number;
	source->size = content->size;
	return &source->source;
}

static void tar_content_free(SmithContent *content)
{
	TarContent *self = (TarContent *)content;
	reader_unref(self->reader);
	g_free(self);
}

static SmithContent *tar_content_new(Reader *reader, guint64 size)
{
	static const SmithContentOps ops = {tar_content_open, NULL, tar_content_free};
	TarContent *self = g_new0(TarContent, 1);
	self->content.ops = &ops;
	self->content.refs = 1;
	self->content.size = size;
	self->content.once = true;
	self->reader = reader_ref(reader);
	self->number = reader->current;
	return &self->content;
}

static gboolean read_type(Reader *reader, struct archive_entry *from, SmithEntryType *type,
			  GError **error)
{
	guint kind = reader->lib->archive_entry_filetype(from);
	if (reader->lib->archive_entry_hardlink(from) != NULL)
		*type = SMITH_ENTRY_HARDLINK;
	else if (kind == AE_IFREG)
		*type = SMITH_ENTRY_FILE;
	else if (kind == AE_IFDIR)
		*type = SMITH_ENTRY_DIR;
	else if (kind == AE_IFLNK)
		*type = SMITH_ENTRY_SYMLINK;
	else if (kind == AE_IFCHR)
		*type = SMITH_ENTRY_CHAR;
	else if (kind == AE_IFBLK)
		*type = SMITH_ENTRY_BLOCK;
	else if (kind == AE_IFIFO)
		*type = SMITH_ENTRY_FIFO;
	else
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED, "file of unknown type %o", kind);
	return TRUE;
}

static gboolean read_target(Reader *reader, struct archive_entry *from, SmithEntry *entry,
			    GError **error)
{
	if (entry->type == SMITH_ENTRY_HARDLINK) {
		const char *target = reader->lib->archive_entry_hardlink(from);
		entry->target = smith_entry_path_normalize(target, error);
		return entry->target != NULL;
	}
	if (entry->type != SMITH_ENTRY_SYMLINK)
		return TRUE;
	const char *target = reader->lib->archive_entry_symlink(from);
	if (target == NULL || target[0] == '\0')
		return smith_throw(error, SMITH_ERROR_INVALID, "symbolic link without a target");
	if (strlen(target) > MAX_TARGET)
		return smith_throw(error, SMITH_ERROR_LIMIT,
				   "link target of %" G_GSIZE_FORMAT " bytes, at most %d are legal",
				   strlen(target), MAX_TARGET);
	entry->target = g_strdup(target);
	return TRUE;
}

static gboolean has_xattr(const SmithEntry *entry, const char *name)
{
	for (guint i = 0; entry->xattrs != NULL && i < entry->xattrs->len; i++)
		if (strcmp(g_array_index(entry->xattrs, SmithXattr, i).name, name) == 0)
			return TRUE;
	return FALSE;
}

static gboolean read_xattrs(Reader *reader, struct archive_entry *from, SmithEntry *entry,
			    GError **error)
{
	const char *name;
	const void *value;
	size_t length;
	guint64 total = 0;
	reader->lib->archive_entry_xattr_reset(from);
	while (reader->lib->archive_entry_xattr_next(from, &name, &value, &length) == ARCHIVE_OK) {
		if (name == NULL || name[0] == '\0' || strlen(name) > MAX_XATTR_NAME ||
		    strchr(name, '=') != NULL)
			return smith_throw(error, SMITH_ERROR_INVALID,
					   "illegal name of an extended attribute");
		total += strlen(name) + length;
		if (total > reader->limits.xattr_bytes)
			return smith_throw(error, SMITH_ERROR_LIMIT,
					   "more than %" G_GUINT64_FORMAT
					   " bytes of extended attributes",
					   reader->limits.xattr_bytes);
		/* libarchive's own tars say each twice, in two encodings */
		if (!has_xattr(entry, name))
			smith_entry_add_xattr(entry, name, length > 0 ? value : "", length);
	}
	return TRUE;
}

static gboolean read_size(Reader *reader, struct archive_entry *from, SmithEntry *entry,
			  GError **error)
{
	gint64 size = reader->lib->archive_entry_size(from);
	if (size < 0)
		return smith_throw(error, SMITH_ERROR_INVALID, "negative size %" G_GINT64_FORMAT,
				   size);
	if (entry->type != SMITH_ENTRY_FILE)
		return TRUE;
	if ((guint64)size > reader->limits.total_bytes - reader->total)
		return smith_throw(error, SMITH_ERROR_LIMIT,
				   "contents are larger than %" G_GUINT64_FORMAT " bytes in all",
				   reader->limits.total_bytes);
	reader->total += (guint64)size;
	if (size > 0)
		entry->content = tar_content_new(reader, (guint64)size);
	return TRUE;
}

static gboolean read_ids(Reader *reader, struct archive_entry *from, SmithEntry *entry,
			 GError **error)
{
	gint64 uid = reader->lib->archive_entry_uid(from);
	gint64 gid = reader->lib->archive_entry_gid(from);
	if (uid < 0 || uid >= G_MAXUINT32 || gid < 0 || gid >= G_MAXUINT32)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "impossible owner %" G_GINT64_FORMAT ":%" G_GINT64_FORMAT, uid,
				   gid);
	entry->uid = (guint32)uid;
	entry->gid = (guint32)gid;
	if (entry->type == SMITH_ENTRY_CHAR || entry->type == SMITH_ENTRY_BLOCK) {
		entry->major = (guint32)reader->lib->archive_entry_rdevmajor(from);
		entry->minor = (guint32)reader->lib->archive_entry_rdevminor(from);
	}
	return TRUE;
}

static SmithEntry *read_entry(Reader *reader, struct archive_entry *from, GError **error)
{
	const char *raw = reader->lib->archive_entry_pathname(from);
	SMITH_AUTO_PREFIX("archive", reader->name, error);
	g_autofree char *path = smith_entry_path_normalize(raw != NULL ? raw : "", error);
	SmithEntryType type = SMITH_ENTRY_FILE;
	if (path == NULL || !read_type(reader, from, &type, error))
		return NULL;
	g_autoptr(SmithEntry) entry =
		smith_entry_new(type, path, reader->lib->archive_entry_perm(from) & 07777);
	entry->mtime = reader->lib->archive_entry_mtime(from);

	SmithErrorPrefix in_path
		__attribute__((cleanup(smith_error_prefix_clear), unused)) = {error, "entry", path};
	if (strcmp(path, ".") == 0 && type != SMITH_ENTRY_DIR) {
		smith_throw(error, SMITH_ERROR_INVALID, "the root is a %s",
			    smith_entry_type_name(type));
		return NULL;
	}
	if (!read_target(reader, from, entry, error) || !read_ids(reader, from, entry, error) ||
	    !read_xattrs(reader, from, entry, error) || !read_size(reader, from, entry, error))
		return NULL;
	return g_steal_pointer(&entry);
}

static gboolean advance(TarIter *self, SmithEntry **out, GError **error)
{
	Reader *reader = self->reader;
	struct archive_entry *from = NULL;
	reader->current++;
	reader->opened = false;
	int result = reader->lib->archive_read_next_header(reader->archive, &from);
	if (result == ARCHIVE_EOF) {
		self->at_end = true;
		return smith_source_drain(reader->source, error);
	}
	/* a warning is a name that the locale cannot express: we have its bytes */
	if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
		return throw_archive(reader, error);
	if (++reader->entries > reader->limits.entries)
		return smith_throw(error, SMITH_ERROR_LIMIT,
				   "archive '%s' has more than %" G_GUINT64_FORMAT " entries",
				   reader->name, reader->limits.entries);
	*out = read_entry(reader, from, error);
	return *out != NULL;
}

static gboolean tar_iter_next(SmithEntryIter *iter, SmithEntry **out, GError **error)
{
	TarIter *self = (TarIter *)iter;
	Reader *reader = self->reader;
	*out = NULL;
	if (reader->error == NULL && !self->at_end) {
		gpointer locale = smith_archive_lib_enter();
		advance(self, out, &reader->error);
		smith_archive_lib_leave(locale);
	}
	if (reader->error == NULL)
		return TRUE;
	if (error != NULL)
		*error = g_error_copy(reader->error);
	return FALSE;
}

static void tar_iter_free(SmithEntryIter *iter)
{
	TarIter *self = (TarIter *)iter;
	reader_close(self->reader);
	reader_unref(self->reader);
	g_free(self);
}

static gboolean open_archive(Reader *reader, GError **error)
{
	const SmithArchiveLib *lib = reader->lib;
	gpointer locale = smith_archive_lib_enter();
	reader->archive = lib->archive_read_new();
	g_assert(reader->archive != NULL);
	int result = lib->archive_read_support_format_tar(reader->archive);
	if (result == ARCHIVE_OK)
		result = lib->archive_read_support_filter_gzip(reader->archive);
	if (result == ARCHIVE_OK)
		result = lib->archive_read_support_filter_zstd(reader->archive);
	if (result == ARCHIVE_OK && reader->limits.xz)
		result = lib->archive_read_support_filter_xz(reader->archive);
	if (result == ARCHIVE_OK)
		result = lib->archive_read_open2(reader->archive, reader, NULL, read_callback, NULL,
						 NULL);
	smith_archive_lib_leave(locale);
	return result == ARCHIVE_OK || throw_archive(reader, error);
}

SmithEntryIter *smith_tar_read(SmithSource *source, const SmithTarLimits *limits, const char *name,
			       GError **error)
{
	static const SmithEntryIterOps ops = {tar_iter_next, tar_iter_free};
	g_autoptr(SmithSource) taken = source;
	const SmithArchiveLib *lib = smith_archive_lib(error);
	if (lib == NULL)
		return NULL;
	Reader *reader = g_new0(Reader, 1);
	reader->refs = 1;
	reader->lib = lib;
	reader->source = g_steal_pointer(&taken);
	reader->name = g_strdup(name);
	if (limits != NULL)
		reader->limits = *limits;
	if (reader->limits.entries == 0)
		reader->limits.entries = SMITH_TAR_MAX_ENTRIES;
	if (reader->limits.total_bytes == 0)
		reader->limits.total_bytes = SMITH_TAR_MAX_TOTAL;
	if (reader->limits.xattr_bytes == 0)
		reader->limits.xattr_bytes = SMITH_TAR_MAX_XATTRS;
	if (!open_archive(reader, error)) {
		reader_unref(reader);
		return NULL;
	}
	TarIter *self = g_new0(TarIter, 1);
	self->iter.ops = &ops;
	self->reader = reader;
	return &self->iter;
}
