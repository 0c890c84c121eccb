/* SPDX-License-Identifier: Apache-2.0 */
#include "store/repo-object.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

#define META_TYPE "(uuua(ayay))"
#define PIECE (256 * 1024)
#define META_MAX (64 * 1024)

void smith_repo_object_path(const guint8 *id, char path[SMITH_REPO_OBJECT_PATH_SIZE])
{
	static const char hex[] = "0123456789abcdef";
	char *p = path;
	for (guint i = 0; i < SMITH_SHA256_SIZE; i++) {
		*p++ = hex[id[i] >> 4];
		*p++ = hex[id[i] & 15];
		if (i == 0)
			*p++ = '/';
	}
	memcpy(p, ".file", sizeof ".file");
}

static GVariant *pair_new(const char *name, gconstpointer value, gsize length)
{
	return g_variant_new("(@ay@ay)", g_variant_new_bytestring(name),
			     g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, value, length, 1));
}

/* Names of our own: a layer cannot say these. */
static bool is_reserved(const char *name)
{
	return g_str_has_prefix(name, "ocismith.") || strcmp(name, SMITH_REPO_META) == 0;
}

static GVariant *xattrs_new(const SmithEntry *entry, bool implied)
{
	GVariantBuilder builder;
	guint64 mtime = GUINT64_TO_BE((guint64)entry->mtime);
	bool timed = false;
	guint count = entry->xattrs != NULL ? entry->xattrs->len : 0;
	g_variant_builder_init(&builder, G_VARIANT_TYPE("a(ayay)"));
	for (guint i = 0; i <= count; i++) {
		const SmithXattr *xattr =
			i < count ? &g_array_index(entry->xattrs, SmithXattr, i) : NULL;
		if (!timed && (xattr == NULL || strcmp(xattr->name, "ocismith.") > 0)) {
			if (implied)
				g_variant_builder_add_value(&builder,
							    pair_new(SMITH_REPO_IMPLIED, "", 0));
			g_variant_builder_add_value(
				&builder, pair_new(SMITH_REPO_MTIME, &mtime, sizeof mtime));
			timed = true;
		}
		if (xattr == NULL || is_reserved(xattr->name))
			continue;
		gsize length = 0;
		const void *value = g_bytes_get_data(xattr->value, &length);
		g_variant_builder_add_value(&builder, pair_new(xattr->name, value, length));
	}
	return g_variant_builder_end(&builder);
}

static guint32 full_mode(const SmithEntry *entry)
{
	guint32 type = entry->type == SMITH_ENTRY_DIR	    ? S_IFDIR
		       : entry->type == SMITH_ENTRY_SYMLINK ? S_IFLNK
							    : S_IFREG;
	return type | (entry->mode & 07777);
}

static GVariant *meta_new(const SmithEntry *entry, GVariant *xattrs)
{
	GVariant *meta =
		g_variant_new("(uuu@a(ayay))", GUINT32_TO_BE(entry->uid), GUINT32_TO_BE(entry->gid),
			      GUINT32_TO_BE(full_mode(entry)), xattrs);
	return g_variant_ref_sink(meta);
}

GVariant *smith_repo_dir_meta(const SmithEntry *entry)
{
	return meta_new(entry, xattrs_new(entry, false));
}

GVariant *smith_repo_implied_meta(void)
{
	g_autoptr(SmithEntry) entry = smith_entry_new(SMITH_ENTRY_DIR, ".", 0755);
	return meta_new(entry, xattrs_new(entry, true));
}

void smith_repo_implied_id(guint8 id[SMITH_SHA256_SIZE])
{
	g_autoptr(GVariant) meta = smith_repo_implied_meta();
	g_autoptr(SmithHasher) hasher = smith_hasher_new();
	smith_hasher_update(hasher, g_variant_get_data(meta), g_variant_get_size(meta));
	smith_hasher_finish_raw(hasher, id);
}

gboolean smith_repo_meta_read(GVariant *variant, SmithRepoMeta *meta)
{
	g_autoptr(GVariant) xattrs = NULL;
	if (!g_variant_is_normal_form(variant))
		return FALSE;
	memset(meta, 0, sizeof *meta);
	g_variant_get(variant, "(uuu@a(ayay))", &meta->uid, &meta->gid, &meta->mode, &xattrs);
	meta->uid = GUINT32_FROM_BE(meta->uid);
	meta->gid = GUINT32_FROM_BE(meta->gid);
	meta->mode = GUINT32_FROM_BE(meta->mode);
	meta->plain = meta->uid == 0 && meta->gid == 0;
	for (gsize i = 0; i < g_variant_n_children(xattrs); i++) {
		g_autoptr(GVariant) name = NULL;
		g_autoptr(GVariant) value = NULL;
		guint64 mtime;
		g_variant_get_child(xattrs, i, "(@ay@ay)", &name, &value);
		const char *text = g_variant_get_bytestring(name);
		if (strcmp(text, SMITH_REPO_MTIME) == 0 &&
		    g_variant_get_size(value) == sizeof mtime) {
			memcpy(&mtime, g_variant_get_data(value), sizeof mtime);
			meta->mtime = (gint64)GUINT64_FROM_BE(mtime);
		} else if (strcmp(text, SMITH_REPO_IMPLIED) == 0) {
			meta->implied = true;
		} else {
			meta->plain = false;
		}
	}
	return TRUE;
}

GVariant *smith_repo_meta_of_fd(int fd, const char *name, GError **error)
{
	g_autofree guint8 *buffer = g_malloc(META_MAX);
	gssize length = fgetxattr(fd, SMITH_REPO_META, buffer, META_MAX);
	if (length < 0)
		return smith_throw_errno_null(error, "cannot read the record of '%s'", name);
	gpointer data = g_memdup2(buffer, (gsize)length);
	return g_variant_ref_sink(g_variant_new_from_data(G_VARIANT_TYPE(META_TYPE), data,
							  (gsize)length, FALSE, g_free, data));
}

typedef struct {
	SmithTmpfile tmp; /* once there is more than a piece */
	guint8 *piece;
	gsize room;
	gsize used;
	guint64 size;
	SmithHasher *hasher;
} Writer;

static void writer_clear(Writer *writer)
{
	smith_tmpfile_clear(&writer->tmp);
	g_clear_pointer(&writer->hasher, smith_hasher_free);
	g_free(writer->piece);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Writer, writer_clear)

static gboolean flush_piece(Writer *writer, int objects_fd, GError **error)
{
	if (writer->tmp.fd < 0 && !smith_tmpfile_open(&writer->tmp, objects_fd, 0600, error))
		return FALSE;
	gboolean ok = smith_fd_write_all(writer->tmp.fd, writer->piece, writer->used, error);
	writer->used = 0;
	return ok;
}

/* Small contents wait in memory until it is known whether they are to be written at all. */
static gboolean read_content(Writer *writer, int objects_fd, SmithContent *content, GError **error)
{
	g_autoptr(SmithSource) source = content->ops->open(content, error);
	if (source == NULL)
		return FALSE;
	for (;;) {
		gssize count = smith_source_read_full(source, writer->piece + writer->used,
						      writer->room - writer->used, error);
		if (count < 0)
			return FALSE;
		if (count == 0)
			break;
		smith_hasher_update(writer->hasher, writer->piece + writer->used, (gsize)count);
		writer->used += (gsize)count;
		writer->size += (guint64)count;
		if (writer->used == writer->room && !flush_piece(writer, objects_fd, error))
			return FALSE;
	}
	if (writer->size != content->size)
		return smith_throw(error, SMITH_ERROR_VERIFY,
				   "content has %" G_GUINT64_FORMAT
				   " bytes, expected %" G_GUINT64_FORMAT,
				   writer->size, content->size);
	return TRUE;
}

static void hash_header(SmithHasher *hasher, const SmithEntry *entry, GVariant *xattrs)
{
	const char *target = entry->type == SMITH_ENTRY_SYMLINK ? entry->target : "";
	g_autoptr(GVariant) header = g_variant_ref_sink(g_variant_new(
		"(uuuus@a(ayay))", GUINT32_TO_BE(entry->uid), GUINT32_TO_BE(entry->gid),
		GUINT32_TO_BE(full_mode(entry)), 0, target, xattrs));
	guint32 prefix[2] = {GUINT32_TO_BE((guint32)g_variant_get_size(header)), 0};
	smith_hasher_update(hasher, prefix, sizeof prefix);
	smith_hasher_update(hasher, g_variant_get_data(header), g_variant_get_size(header));
}

static gboolean set_meta(int fd, const SmithEntry *entry, GVariant *xattrs, GError **error)
{
	g_autoptr(GVariant) meta = meta_new(entry, xattrs);
	if (fsetxattr(fd, SMITH_REPO_META, g_variant_get_data(meta), g_variant_get_size(meta), 0) ==
	    0)
		return TRUE;
	if (errno == ENOTSUP)
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED, SMITH_REPO_NO_XATTRS);
	if (errno == ENOSPC || errno == E2BIG || errno == ERANGE)
		return smith_throw(error, SMITH_ERROR_LIMIT,
				   "cannot keep %" G_GSIZE_FORMAT
				   " bytes of owner, mode and attributes: %s",
				   g_variant_get_size(meta), g_strerror(errno));
	return smith_throw_errno(error, "cannot set attributes");
}

static gboolean link_object(Writer *writer, int objects_fd, const char *path,
			    const SmithEntry *entry, GVariant *xattrs, SmithTmpfileMode how,
			    GError **error)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = (time_t)entry->mtime}};
	char fanout[] = {path[0], path[1], '\0'};
	if (!flush_piece(writer, objects_fd, error) ||
	    !set_meta(writer->tmp.fd, entry, xattrs, error))
		return FALSE;
	if (futimens(writer->tmp.fd, times) < 0)
		return smith_throw_errno(error, "cannot set the time");
	if (mkdirat(objects_fd, fanout, 0777) < 0 && errno != EEXIST)
		return smith_throw_errno(error, "cannot make directory '%s'", fanout);
	/* as libostree has it: nobody but the owner writes, and the owner can read */
	writer->tmp.mode = entry->type == SMITH_ENTRY_SYMLINK ? 0644 : (entry->mode & 0775) | 0400;
	return smith_tmpfile_link(&writer->tmp, path, how, error);
}

bool smith_repo_object_is_whole(int dirfd, const char *path, guint64 size, struct stat *st)
{
	struct stat own;
	st = st != NULL ? st : &own;
	if (fstatat(dirfd, path, st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st->st_mode) ||
	    (guint64)st->st_size != size)
		return false;
	g_autofree char *name = g_strdup_printf("/proc/self/fd/%d/%s", dirfd, path);
	return lgetxattr(name, SMITH_REPO_META, NULL, 0) > 0;
}

gboolean smith_repo_object_write(int objects_fd, const SmithEntry *entry, SmithRepoObject *object,
				 GError **error)
{
	g_auto(Writer) writer = {.tmp = SMITH_TMPFILE_INIT};
	g_autoptr(GVariant) xattrs = g_variant_ref_sink(xattrs_new(entry, false));
	char path[SMITH_REPO_OBJECT_PATH_SIZE];
	struct stat st;

	writer.hasher = smith_hasher_new();
	/* one more byte than promised shows a content that is too long */
	writer.room = (gsize)MIN(PIECE, smith_entry_size(entry) + 1);
	if (entry->type == SMITH_ENTRY_SYMLINK)
		writer.room = strlen(entry->target) + 1;
	writer.piece = g_malloc(writer.room);
	hash_header(writer.hasher, entry, xattrs);
	if (entry->type == SMITH_ENTRY_SYMLINK) {
		writer.used = strlen(entry->target);
		writer.size = writer.used;
		memcpy(writer.piece, entry->target, writer.used);
	} else if (entry->content != NULL &&
		   !read_content(&writer, objects_fd, entry->content, error)) {
		return FALSE;
	}
	smith_hasher_finish_raw(writer.hasher, object->id);
	object->size = writer.size;
	smith_repo_object_path(object->id, path);
	bool there = fstatat(objects_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (there && smith_repo_object_is_whole(objects_fd, path, object->size, &st))
		return TRUE;
	return link_object(&writer, objects_fd, path, entry, xattrs,
			   there ? SMITH_TMPFILE_REPLACE : SMITH_TMPFILE_KEEP, error);
}
