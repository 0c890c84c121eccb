/* SPDX-License-Identifier: Apache-2.0 */
#include "base/entry.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"

#define PATH_LIMIT 4096
#define COMPONENT_LIMIT 255

typedef struct {
	SmithContent base;
	GBytes *bytes;
} BytesContent;

static SmithSource *bytes_open(SmithContent *content, G_GNUC_UNUSED GError **error)
{
	return smith_source_new_bytes(((BytesContent *)content)->bytes);
}

static void bytes_free(SmithContent *content)
{
	BytesContent *self = (BytesContent *)content;
	g_bytes_unref(self->bytes);
	g_free(self);
}

SmithContent *smith_content_new_bytes(GBytes *bytes)
{
	static const SmithContentOps ops = {bytes_open, NULL, bytes_free};
	BytesContent *self = g_new0(BytesContent, 1);
	self->base.ops = &ops;
	self->base.refs = 1;
	self->base.size = g_bytes_get_size(bytes);
	self->bytes = g_bytes_ref(bytes);
	return &self->base;
}

typedef struct {
	SmithContent base;
	int dirfd;
	char *path;
} FileContent;

static SmithSource *file_open(SmithContent *content, GError **error)
{
	FileContent *self = (FileContent *)content;
	/* O_NONBLOCK: a FIFO put in the file's place must not make us wait */
	smith_autofd int fd = smith_fd_open_beneath(
		self->dirfd, self->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0, error);
	if (fd < 0)
		return NULL;
	struct stat st;
	if (fstat(fd, &st) < 0)
		return smith_throw_errno_null(error, "cannot stat '%s'", self->path);
	if (!S_ISREG(st.st_mode))
		return smith_throw_null(error, SMITH_ERROR_CONFLICT,
					"'%s' has changed, expected a regular file", self->path);
	if ((guint64)st.st_size != content->size)
		return smith_throw_null(error, SMITH_ERROR_CONFLICT,
					"'%s' has changed, expected %" G_GUINT64_FORMAT
					" bytes, got %" G_GUINT64_FORMAT,
					self->path, content->size, (guint64)st.st_size);
	SmithSource *file = smith_source_new_fd(g_steal_fd(&fd), TRUE, self->path);
	return smith_source_new_verify(file, content->size, NULL, self->path);
}

static void file_free(SmithContent *content)
{
	FileContent *self = (FileContent *)content;
	g_free(self->path);
	g_free(self);
}

SmithContent *smith_content_new_file(int dirfd, const char *path, guint64 size)
{
	static const SmithContentOps ops = {file_open, NULL, file_free};
	FileContent *self = g_new0(FileContent, 1);
	self->base.ops = &ops;
	self->base.refs = 1;
	self->base.size = size;
	self->dirfd = dirfd;
	self->path = g_strdup(path);
	return &self->base;
}

SmithContent *smith_content_ref(SmithContent *content)
{
	g_atomic_int_inc(&content->refs);
	return content;
}

void smith_content_unref(SmithContent *content)
{
	if (content != NULL && g_atomic_int_dec_and_test(&content->refs))
		content->ops->free(content);
}

SmithEntry *smith_entry_new(SmithEntryType type, const char *path, guint32 mode)
{
	SmithEntry *entry = g_new0(SmithEntry, 1);
	entry->type = type;
	entry->path = g_strdup(path);
	entry->mode = mode;
	return entry;
}

SmithEntry *smith_entry_new_file(const char *path, guint32 mode, const void *data, gsize length)
{
	SmithEntry *entry = smith_entry_new(SMITH_ENTRY_FILE, path, mode);
	if (length > 0) {
		g_autoptr(GBytes) bytes = g_bytes_new(data, length);
		entry->content = smith_content_new_bytes(bytes);
	}
	return entry;
}

SmithEntry *smith_entry_new_symlink(const char *path, const char *target)
{
	SmithEntry *entry = smith_entry_new(SMITH_ENTRY_SYMLINK, path, 0777);
	entry->target = g_strdup(target);
	return entry;
}

guint64 smith_entry_size(const SmithEntry *entry)
{
	if (entry->type != SMITH_ENTRY_FILE || entry->content == NULL)
		return 0;
	return entry->content->size;
}

static void xattr_clear(gpointer data)
{
	SmithXattr *xattr = data;
	g_free(xattr->name);
	g_bytes_unref(xattr->value);
}

void smith_entry_add_xattr(SmithEntry *entry, const char *name, const void *value, gsize length)
{
	if (entry->xattrs == NULL) {
		entry->xattrs = g_array_new(FALSE, FALSE, sizeof(SmithXattr));
		g_array_set_clear_func(entry->xattrs, xattr_clear);
	}
	guint at = 0;
	int order = -1;
	while (at < entry->xattrs->len) {
		order = strcmp(g_array_index(entry->xattrs, SmithXattr, at).name, name);
		if (order >= 0)
			break;
		at++;
	}
	if (order == 0)
		g_array_remove_index(entry->xattrs, at);
	SmithXattr xattr = {g_strdup(name), g_bytes_new(value, length)};
	g_array_insert_val(entry->xattrs, at, xattr);
}

const char *smith_entry_type_name(SmithEntryType type)
{
	static const char *const names[] = {
		[SMITH_ENTRY_FILE] = "file",
		[SMITH_ENTRY_DIR] = "directory",
		[SMITH_ENTRY_SYMLINK] = "symbolic link",
		[SMITH_ENTRY_HARDLINK] = "hard link",
		[SMITH_ENTRY_CHAR] = "character device",
		[SMITH_ENTRY_BLOCK] = "block device",
		[SMITH_ENTRY_FIFO] = "fifo",
	};
	return names[type];
}

void smith_entry_free(SmithEntry *entry)
{
	if (entry == NULL)
		return;
	g_free(entry->path);
	g_free(entry->target);
	g_clear_pointer(&entry->xattrs, g_array_unref);
	smith_content_unref(entry->content);
	g_free(entry);
}

/* The end of a path sorts first, then '/', then all other bytes. */
static int rank(char byte)
{
	if (byte == '\0')
		return 0;
	return byte == '/' ? 1 : (guchar)byte + 1;
}

int smith_entry_path_compare(const char *a, const char *b)
{
	/* the root holds all others, also those whose names sort before a dot */
	gboolean a_is_root = strcmp(a, ".") == 0;
	gboolean b_is_root = strcmp(b, ".") == 0;
	if (a_is_root || b_is_root)
		return b_is_root - a_is_root;
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return rank(*a) - rank(*b);
}

char *smith_entry_path_normalize(const char *path, GError **error)
{
	if (*path == '\0')
		return smith_throw_null(error, SMITH_ERROR_INVALID, "empty path");
	if (strnlen(path, PATH_LIMIT + 1) > PATH_LIMIT)
		return smith_throw_null(error, SMITH_ERROR_INVALID,
					"path '%.64s...' is longer than %d bytes", path,
					PATH_LIMIT);

	g_autoptr(GString) out = g_string_new(NULL);
	for (const char *p = path; *p != '\0';) {
		gsize length = strcspn(p, "/");
		if (length == 2 && p[0] == '.' && p[1] == '.')
			return smith_throw_null(error, SMITH_ERROR_INVALID,
						"path '%s' climbs out with '..'", path);
		if (length > COMPONENT_LIMIT)
			return smith_throw_null(error, SMITH_ERROR_INVALID,
						"path '%.64s...' has a component longer than %d "
						"bytes",
						path, COMPONENT_LIMIT);
		if (length > 0 && !(length == 1 && p[0] == '.')) {
			if (out->len > 0)
				g_string_append_c(out, '/');
			g_string_append_len(out, p, (gssize)length);
		}
		p += length + (p[length] == '/');
	}
	if (out->len == 0)
		g_string_append_c(out, '.');
	return g_string_free(g_steal_pointer(&out), FALSE);
}

gboolean smith_entry_iter_next(SmithEntryIter *iter, SmithEntry **out, GError **error)
{
	*out = NULL;
	return iter->ops->next(iter, out, error);
}

void smith_entry_iter_free(SmithEntryIter *iter)
{
	if (iter != NULL)
		iter->ops->free(iter);
}

typedef struct {
	SmithEntryIter base;
	GPtrArray *entries;
	guint next;
} ArrayIter;

static gboolean array_next(SmithEntryIter *iter, SmithEntry **out, G_GNUC_UNUSED GError **error)
{
	ArrayIter *self = (ArrayIter *)iter;
	if (self->next < self->entries->len)
		*out = g_steal_pointer(&self->entries->pdata[self->next++]);
	return TRUE;
}

static void array_free(SmithEntryIter *iter)
{
	ArrayIter *self = (ArrayIter *)iter;
	for (guint i = self->next; i < self->entries->len; i++)
		smith_entry_free(self->entries->pdata[i]);
	g_ptr_array_unref(self->entries);
	g_free(self);
}

SmithEntryIter *smith_entry_iter_new_array(GPtrArray *entries)
{
	static const SmithEntryIterOps ops = {array_next, array_free};
	/* freed one by one, whether or not the array was made with a free function */
	g_ptr_array_set_free_func(entries, NULL);
	ArrayIter *self = g_new0(ArrayIter, 1);
	self->base.ops = &ops;
	self->entries = entries;
	return &self->base;
}

GPtrArray *smith_entry_iter_collect(SmithEntryIter *iter, GError **error)
{
	g_autoptr(GPtrArray) entries =
		g_ptr_array_new_with_free_func((GDestroyNotify)smith_entry_free);
	for (;;) {
		SmithEntry *entry = NULL;
		if (!smith_entry_iter_next(iter, &entry, error))
			return NULL;
		if (entry == NULL)
			return g_steal_pointer(&entries);
		g_ptr_array_add(entries, entry);
	}
}
