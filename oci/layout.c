/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/node.h"

#define BLOBS "blobs/sha256"
#define BLOB_MODE 0444
#define MAX_LAYOUT_FILE (64 * 1024)

static const char layout_text[] = "{\"imageLayoutVersion\":\"1.0.0\"}";
static const char empty_index_text[] =
	"{\"schemaVersion\":2,\"mediaType\":\"" SMITH_MEDIA_INDEX "\",\"manifests\":[]}";

struct SmithLayout {
	int fd;
	int blobs_fd;
	char *path;
};

/* Made whole, and left alone when another process was first. */
static gboolean make_file(int dirfd, const char *name, const char *text, GError **error)
{
	g_auto(SmithTmpfile) tmp = SMITH_TMPFILE_INIT;

	if (faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return TRUE;
	return smith_tmpfile_open(&tmp, dirfd, 0644, error) &&
	       smith_fd_write_all(tmp.fd, text, strlen(text), error) &&
	       smith_tmpfile_link(&tmp, name, SMITH_TMPFILE_KEEP, error);
}

static gboolean make_missing(SmithLayout *layout, int dirfd, GError **error)
{
	if (faccessat(dirfd, layout->path, F_OK, 0) < 0 &&
	    !smith_fd_make_dirs(dirfd, layout->path, error))
		return FALSE;
	layout->fd = smith_fd_open_dir(dirfd, layout->path, error);
	if (layout->fd < 0)
		return FALSE;
	if (faccessat(layout->fd, BLOBS, F_OK, 0) < 0 &&
	    !smith_fd_make_dirs(layout->fd, BLOBS, error))
		return FALSE;
	/* oci-layout last: what has it, is complete */
	return make_file(layout->fd, "index.json", empty_index_text, error) &&
	       make_file(layout->fd, "oci-layout", layout_text, error);
}

static gboolean check_version(const SmithLayout *layout, GError **error)
{
	if (faccessat(layout->fd, "oci-layout", F_OK, 0) < 0 && errno == ENOENT)
		return smith_throw(error, SMITH_ERROR_NOT_FOUND,
				   "no image layout, file 'oci-layout' is missing");
	g_autoptr(GBytes) bytes =
		smith_fd_read_file(layout->fd, "oci-layout", MAX_LAYOUT_FILE, error);
	if (!bytes)
		return FALSE;
	gsize length;
	const char *text = g_bytes_get_data(bytes, &length);
	g_autoptr(SmithNode) node =
		smith_node_read_json(text ? text : "", length, "oci-layout", error);
	if (!node)
		return FALSE;
	const char *version = smith_node_get_string(node, "imageLayoutVersion");
	if (!version)
		return smith_throw(error, SMITH_ERROR_INVALID, "oci-layout: no imageLayoutVersion");
	if (!g_str_has_prefix(version, "1."))
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
				   "oci-layout: imageLayoutVersion '%s', expected '1.0.0'",
				   version);
	return TRUE;
}

SmithLayout *smith_layout_open(int dirfd, const char *path, gboolean create, GError **error)
{
	SMITH_AUTO_PREFIX("image layout", path, error);
	g_autoptr(SmithLayout) layout = g_new0(SmithLayout, 1);

	layout->fd = layout->blobs_fd = -1;
	layout->path = g_strdup(path);
	if (create && !make_missing(layout, dirfd, error))
		return NULL;
	if (layout->fd < 0)
		layout->fd = smith_fd_open_dir(dirfd, path, error);
	if (layout->fd < 0 || !check_version(layout, error))
		return NULL;
	layout->blobs_fd = smith_fd_open_dir(layout->fd, BLOBS, error);
	if (layout->blobs_fd < 0)
		return NULL;
	return g_steal_pointer(&layout);
}

void smith_layout_free(SmithLayout *layout)
{
	if (!layout)
		return;
	smith_fd_clear(&layout->fd);
	smith_fd_clear(&layout->blobs_fd);
	g_free(layout->path);
	g_free(layout);
}

const char *smith_layout_get_path(const SmithLayout *layout)
{
	return layout->path;
}

int smith_layout_dir_fd(const SmithLayout *layout)
{
	return layout->fd;
}

int smith_layout_blobs_fd(const SmithLayout *layout)
{
	return layout->blobs_fd;
}

gboolean smith_layout_has_blob(const SmithLayout *layout, const char *digest, gint64 size)
{
	struct stat st;

	return smith_digest_is_sha256(digest) &&
	       fstatat(layout->blobs_fd, smith_digest_hex(digest), &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(st.st_mode) && (size < 0 || st.st_size == size);
}

/* The digest becomes a file name: nothing but 64 hex digits passes. */
static gboolean check_digest(const SmithDescriptor *descriptor, GError **error)
{
	if (!smith_descriptor_check(descriptor, "descriptor", error))
		return FALSE;
	if (!smith_digest_is_sha256(descriptor->digest))
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
				   "blob '%s': unsupported digest algorithm, expected sha256",
				   descriptor->digest);
	return TRUE;
}

/* The blob for an error text: its file, where we know that. */
static char *blob_name(const SmithLayout *layout, const SmithDescriptor *descriptor)
{
	if (!layout)
		return g_strdup(descriptor->digest);
	return g_strconcat(layout->path, "/" BLOBS "/", smith_digest_hex(descriptor->digest), NULL);
}

/* @layout is for error texts and may be NULL. */
static int open_blob_in(int blobs_fd, const SmithLayout *layout, const SmithDescriptor *descriptor,
			GError **error)
{
	struct stat st;

	if (!check_digest(descriptor, error))
		return -1;
	const char *hex = smith_digest_hex(descriptor->digest);
	g_autofree char *name = blob_name(layout, descriptor);
	if (faccessat(blobs_fd, hex, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		return smith_throw_fd(error, SMITH_ERROR_NOT_FOUND, "blob '%s' is missing", name);
	/* nonblocking: a fifo of that name must not hang us */
	smith_autofd int fd = smith_fd_open_beneath(blobs_fd, hex, O_RDONLY | O_NONBLOCK, 0, error);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return smith_throw_errno_fd(error, "cannot stat blob '%s'", name);
	if (!S_ISREG(st.st_mode))
		return smith_throw_fd(error, SMITH_ERROR_VERIFY, "blob '%s' is no regular file",
				      name);
	if (st.st_size != descriptor->size)
		return smith_throw_fd(error, SMITH_ERROR_VERIFY,
				      "blob '%s': size mismatch, expected %" G_GINT64_FORMAT
				      " bytes, got %" G_GINT64_FORMAT,
				      name, descriptor->size, (gint64)st.st_size);
	return g_steal_fd(&fd);
}

int smith_layout_open_blob_fd(const SmithLayout *layout, const SmithDescriptor *descriptor,
			      GError **error)
{
	return open_blob_in(layout->blobs_fd, layout, descriptor, error);
}

static SmithSource *verify_fd(int fd, const SmithLayout *layout, const SmithDescriptor *descriptor)
{
	g_autofree char *name = blob_name(layout, descriptor);

	return smith_source_new_verify(smith_source_new_fd(fd, TRUE, name),
				       (guint64)descriptor->size, descriptor->digest, name);
}

SmithSource *smith_layout_open_blob(const SmithLayout *layout, const SmithDescriptor *descriptor,
				    GError **error)
{
	int fd = smith_layout_open_blob_fd(layout, descriptor, error);

	return fd < 0 ? NULL : verify_fd(fd, layout, descriptor);
}

GBytes *smith_layout_read_blob(const SmithLayout *layout, const SmithDescriptor *descriptor,
			       gsize limit, GError **error)
{
	if (descriptor->size > 0 && (guint64)descriptor->size > limit)
		return smith_throw_null(error, SMITH_ERROR_LIMIT,
					"blob '%s' has %" G_GINT64_FORMAT
					" bytes, expected at most %zu",
					descriptor->digest, descriptor->size, limit);
	g_autoptr(SmithSource) source = smith_layout_open_blob(layout, descriptor, error);
	return source ? smith_source_read_all(source, limit, error) : NULL;
}

/* A blob with this name and another size is what a crash left, or damage: only that is replaced. */
static gboolean link_blob(const SmithLayout *layout, SmithTmpfile *tmp, const char *digest,
			  GError **error)
{
	gboolean damaged = smith_layout_has_blob(layout, digest, -1);

	return smith_tmpfile_link(tmp, smith_digest_hex(digest),
				  damaged ? SMITH_TMPFILE_REPLACE : SMITH_TMPFILE_KEEP, error);
}

/* Manifests and configs are short: what is there is read, so that damage does not last. */
static gboolean has_text(const SmithLayout *layout, const char *digest, gconstpointer data,
			 gsize length)
{
	if (!smith_layout_has_blob(layout, digest, (gint64)length))
		return FALSE;
	g_autoptr(GBytes) there =
		smith_fd_read_file(layout->blobs_fd, smith_digest_hex(digest), length, NULL);
	return there && g_bytes_get_size(there) == length &&
	       memcmp(g_bytes_get_data(there, NULL), data, length) == 0;
}

SmithDescriptor *smith_layout_write_blob(const SmithLayout *layout, gconstpointer data,
					 gsize length, const char *media_type, GError **error)
{
	SMITH_AUTO_PREFIX("image layout", layout->path, error);
	g_autofree char *digest = smith_digest_of(data, length);
	g_auto(SmithTmpfile) tmp = SMITH_TMPFILE_INIT;

	if (!has_text(layout, digest, data, length) &&
	    (!smith_tmpfile_open(&tmp, layout->blobs_fd, BLOB_MODE, error) ||
	     !smith_fd_write_all(tmp.fd, data, length, error) ||
	     !link_blob(layout, &tmp, digest, error)))
		return NULL;
	return smith_descriptor_new(media_type, digest, (gint64)length);
}

static gboolean import_source(const SmithLayout *layout, SmithSource *source,
			      const SmithDescriptor *expected, GError **error)
{
	g_auto(SmithTmpfile) tmp = SMITH_TMPFILE_INIT;

	if (!smith_tmpfile_open(&tmp, layout->blobs_fd, BLOB_MODE, error))
		return FALSE;
	g_autoptr(SmithSink) sink = smith_sink_new_fd(tmp.fd, expected->digest);
	return smith_stream_copy(source, sink, error) && smith_sink_finish(sink, error) &&
	       link_blob(layout, &tmp, expected->digest, error);
}

gboolean smith_layout_import_blob(const SmithLayout *layout, SmithSource *source,
				  const SmithDescriptor *expected, GError **error)
{
	SMITH_AUTO_PREFIX("image layout", layout->path, error);
	g_autoptr(SmithSource) owned = source;

	if (!check_digest(expected, error))
		return FALSE;
	if (smith_layout_has_blob(layout, expected->digest, expected->size))
		return TRUE;
	g_autoptr(SmithSource) verified =
		smith_source_new_verify(g_steal_pointer(&owned), (guint64)expected->size,
					expected->digest, expected->digest);
	return import_source(layout, verified, expected, error);
}

static gboolean link_from(const SmithLayout *layout, int fd, const char *hex)
{
	char path[sizeof("/proc/self/fd/") + 16];

	/* through the descriptor that was checked: the name may mean another file by now */
	g_snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, path, layout->blobs_fd, hex, AT_SYMLINK_FOLLOW) == 0;
}

/* Leaves the offset of @fd alone. */
static gboolean check_blob_fd(int fd, const SmithDescriptor *descriptor, GError **error)
{
	guint64 size = (guint64)descriptor->size;
	const char *digest = descriptor->digest;
	g_autoptr(SmithSource) checked = smith_source_new_verify(
		smith_source_new_range(fd, 0, size, digest), size, digest, digest);

	return smith_source_drain(checked, error);
}

static gboolean has_blob_verified(const SmithLayout *layout, const SmithDescriptor *descriptor,
				  gboolean verify)
{
	if (!verify)
		return smith_layout_has_blob(layout, descriptor->digest, descriptor->size);
	smith_autofd int fd = open_blob_in(layout->blobs_fd, NULL, descriptor, NULL);

	return fd >= 0 && check_blob_fd(fd, descriptor, NULL);
}

gboolean smith_layout_import_blob_file(const SmithLayout *layout, int blobs_fd,
				       const SmithDescriptor *descriptor, gboolean verify,
				       GError **error)
{
	SMITH_AUTO_PREFIX("image layout", layout->path, error);

	if (!check_digest(descriptor, error))
		return FALSE;
	if (has_blob_verified(layout, descriptor, verify))
		return TRUE;
	smith_autofd int fd = open_blob_in(blobs_fd, NULL, descriptor, error);
	if (fd < 0 || (verify && !check_blob_fd(fd, descriptor, error)))
		return FALSE;
	/* A link fails across file systems, for files of other users, and for full link counts;
	 * each time a copy does as well. */
	if (link_from(layout, fd, smith_digest_hex(descriptor->digest)))
		return TRUE;
	g_autoptr(SmithSource) source = verify_fd(g_steal_fd(&fd), NULL, descriptor);
	return import_source(layout, source, descriptor, error);
}
