/* SPDX-License-Identifier: Apache-2.0 */
#include "store/fetch.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "oci/http.h"

/* larger than any wheel or package that an index takes */
#define DOWNLOAD_LIMIT (G_GUINT64_CONSTANT(16) * 1024 * 1024 * 1024)

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

int smith_fetch_open(const SmithStore *store, const char *hex, GError **error)
{
	g_autofree char *path = smith_store_file_path(hex);
	return smith_fd_open_beneath(smith_store_files_fd(store), path, O_RDONLY, 0, error);
}

gboolean smith_fetch_check(int fd, gint64 size, const char *hex, const char *name, GError **error)
{
	g_autofree char *digest = g_strconcat("sha256:", hex, NULL);
	g_autoptr(SmithSource) checked = smith_source_new_verify(
		smith_source_new_range(fd, 0, (guint64)size, name), (guint64)size, digest, name);
	return smith_source_drain(checked, error);
}

static gboolean is_stored(SmithStore *store, const char *hex)
{
	struct stat st;
	smith_autofd int fd = smith_fetch_open(store, hex, NULL);
	return fd >= 0 && fstat(fd, &st) == 0 && smith_fetch_check(fd, st.st_size, hex, hex, NULL);
}

char *smith_fetch(SmithStore *store, const char *url, const char *sha256, GError **error)
{
	if (sha256 != NULL && is_stored(store, sha256))
		return g_strdup(sha256);
	return download(store, url, sha256, error);
}
