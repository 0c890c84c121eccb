/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/wheel-file.h"

#include <fcntl.h>
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "oci/http.h"

/* larger than any wheel that an index takes */
#define DOWNLOAD_LIMIT (G_GUINT64_CONSTANT(16) * 1024 * 1024 * 1024)

gboolean smith_wheel_file_is_local(const char *url)
{
	return strstr(url, "://") == NULL;
}

/* Writes what passes into a file and hashes it. */
typedef struct {
	SmithSink sink;
	SmithHasher *hasher;
} HashSink;

static gboolean hash_write(SmithSink *sink, const void *data, gsize length, GError **error)
{
	(void)error;
	smith_hasher_update(((HashSink *)sink)->hasher, data, length);
	return TRUE;
}

static void hash_free(SmithSink *sink)
{
	smith_hasher_free(((HashSink *)sink)->hasher);
	g_free(sink);
}

static const SmithSinkOps hash_ops = {hash_write, NULL, hash_free};

static char *download(SmithStore *store, const char *url, const char *sha256, GError **error)
{
	int files = smith_store_files_fd(store);
	g_auto(SmithTmpfile) tmp = SMITH_TMPFILE_INIT;
	if (!smith_tmpfile_open(&tmp, files, 0444, error))
		return NULL;
	g_autoptr(SmithHttp) http = smith_http_new();
	g_autoptr(SmithSink) file = smith_sink_new_fd(tmp.fd, url);
	HashSink *hash = g_new0(HashSink, 1);
	hash->sink.ops = &hash_ops;
	hash->hasher = smith_hasher_new();
	g_autoptr(SmithSink) hashing = &hash->sink;
	g_autoptr(SmithSink) tee = smith_sink_new_tee(file, hashing);
	if (!smith_http_download(http, url, DOWNLOAD_LIMIT, tee, NULL, error) ||
	    !smith_sink_finish(tee, error))
		return NULL;
	g_autofree char *digest = smith_hasher_finish(hash->hasher);
	const char *hex = smith_digest_hex(digest);
	if (sha256 != NULL && strcmp(sha256, hex) != 0) {
		smith_throw(error, SMITH_ERROR_VERIFY,
			    "'%s': digest mismatch, expected 'sha256:%s', got '%s'", url, sha256,
			    digest);
		return NULL;
	}
	g_autofree char *path = smith_store_file_path(hex);
	if (!smith_store_make_file_dir(store, path, error) ||
	    !smith_tmpfile_link(&tmp, path, SMITH_TMPFILE_REPLACE, error))
		return NULL;
	return g_strdup(hex);
}

char *smith_wheel_file_fetch(SmithStore *store, const char *url, const char *sha256, GError **error)
{
	g_autofree char *path = sha256 != NULL ? smith_store_file_path(sha256) : NULL;
	struct stat st;
	if (path != NULL && fstatat(smith_store_files_fd(store), path, &st, 0) == 0)
		return g_strdup(sha256);
	return download(store, url, sha256, error);
}

static int open_file(const SmithFleet *fleet, SmithStore *store, const SmithLockWheel *wheel,
		     GError **error)
{
	if (smith_wheel_file_is_local(wheel->url)) {
		g_autofree char *path = g_canonicalize_filename(wheel->url, fleet->directory);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return smith_throw_errno_fd(error, "cannot open '%s'", wheel->url);
		return fd;
	}
	g_autofree char *hex = smith_wheel_file_fetch(store, wheel->url, wheel->sha256, error);
	if (hex == NULL)
		return -1;
	g_autofree char *path = smith_store_file_path(hex);
	return smith_fd_open_beneath(smith_store_files_fd(store), path, O_RDONLY, 0, error);
}

SmithWheel *smith_wheel_file_open(const SmithFleet *fleet, SmithStore *store,
				  const SmithLockWheel *wheel, GError **error)
{
	smith_autofd int fd = open_file(fleet, store, wheel, error);
	if (fd < 0)
		return NULL;
	struct stat st;
	if (fstat(fd, &st) < 0) {
		smith_throw_errno(error, "cannot stat '%s'", wheel->url);
		return NULL;
	}
	g_autofree char *digest = g_strconcat("sha256:", wheel->sha256, NULL);
	if (st.st_size != wheel->size) {
		smith_throw(error, SMITH_ERROR_VERIFY,
			    "size differs from the lock, expected %" G_GINT64_FORMAT
			    " bytes, got %" G_GINT64_FORMAT,
			    wheel->size, (gint64)st.st_size);
		return NULL;
	}
	g_autoptr(SmithSource) range =
		smith_source_new_range(fd, 0, (guint64)wheel->size, wheel->file);
	g_autoptr(SmithSource) checked = smith_source_new_verify(
		g_steal_pointer(&range), (guint64)wheel->size, digest, wheel->file);
	if (!smith_source_drain(checked, error))
		return NULL;
	return smith_wheel_open_fd(g_steal_fd(&fd), wheel->file, error);
}
