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

/* What is written to @out goes into the file, and its digest into @hash. */
typedef struct {
	SmithTmpfile tmp;
	SmithHasher *hasher;
	SmithSink *out;
	SmithSink *file;
	SmithSink *hash;
} Incoming;

static void incoming_clear(Incoming *incoming)
{
	g_clear_pointer(&incoming->out, smith_sink_free);
	g_clear_pointer(&incoming->file, smith_sink_free);
	g_clear_pointer(&incoming->hash, smith_sink_free);
	smith_tmpfile_clear(&incoming->tmp);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Incoming, incoming_clear)

static gboolean incoming_open(Incoming *incoming, SmithStore *store, const char *name,
			      GError **error)
{
	HashSink *hash = g_new0(HashSink, 1);
	hash->sink.ops = &hash_ops;
	hash->hasher = smith_hasher_new();
	incoming->hash = &hash->sink;
	incoming->hasher = hash->hasher;
	if (!smith_tmpfile_open(&incoming->tmp, smith_store_files_fd(store), 0444, error))
		return FALSE;
	incoming->file = smith_sink_new_fd(incoming->tmp.fd, name);
	incoming->out = smith_sink_new_tee(incoming->file, incoming->hash);
	return TRUE;
}

static char *incoming_keep(Incoming *incoming, SmithStore *store, const char *name,
			   const char *sha256, GError **error)
{
	if (!smith_sink_finish(incoming->out, error))
		return NULL;
	g_autofree char *digest = smith_hasher_finish(incoming->hasher);
	const char *hex = smith_digest_hex(digest);
	if (sha256 != NULL && strcmp(sha256, hex) != 0) {
		smith_throw(error, SMITH_ERROR_VERIFY,
			    "'%s': digest mismatch, expected 'sha256:%s', got '%s'", name, sha256,
			    digest);
		return NULL;
	}
	g_autofree char *path = smith_store_file_path(hex);
	if (!smith_store_make_file_dir(store, path, error) ||
	    !smith_tmpfile_link(&incoming->tmp, path, SMITH_TMPFILE_REPLACE, error))
		return NULL;
	return g_strdup(hex);
}

static char *download(SmithStore *store, const char *url, const char *sha256, GError **error)
{
	g_auto(Incoming) incoming = {.tmp = SMITH_TMPFILE_INIT};
	g_autoptr(SmithHttp) http = smith_http_new();
	if (!incoming_open(&incoming, store, url, error) ||
	    !smith_http_download(http, url, DOWNLOAD_LIMIT, incoming.out, NULL, error))
		return NULL;
	return incoming_keep(&incoming, store, url, sha256, error);
}

char *smith_fetch_add(SmithStore *store, int fd, const char *name, GError **error)
{
	struct stat st;
	guint8 buffer[65536];
	g_auto(Incoming) incoming = {.tmp = SMITH_TMPFILE_INIT};
	if (fstat(fd, &st) < 0)
		return smith_throw_errno_null(error, "cannot stat '%s'", name);
	if (!S_ISREG(st.st_mode))
		return smith_throw_null(error, SMITH_ERROR_INVALID, "'%s' is no regular file",
					name);
	if (!incoming_open(&incoming, store, name, error))
		return NULL;
	g_autoptr(SmithSource) source = smith_source_new_range(fd, 0, (guint64)st.st_size, name);
	for (;;) {
		gssize got = smith_source_read(source, buffer, sizeof(buffer), error);
		if (got < 0)
			return NULL;
		if (got == 0)
			return incoming_keep(&incoming, store, name, NULL, error);
		smith_sink_write(incoming.out, buffer, (gsize)got);
	}
}

int smith_fetch_open(const SmithStore *store, const char *hex, GError **error)
{
	g_autofree char *path = smith_store_file_path(hex);
	int fd = smith_fd_open_beneath(smith_store_files_fd(store), path, O_RDONLY, 0, error);
	if (fd >= 0)
		smith_store_touch(smith_store_files_fd(store), path);
	return fd;
}

char *smith_fetch_add_bytes(SmithStore *store, GBytes *bytes, const char *name, GError **error)
{
	gsize length = 0;
	const guint8 *data = g_bytes_get_data(bytes, &length);
	g_autofree char *digest = smith_digest_of(data, length);
	g_auto(Incoming) incoming = {.tmp = SMITH_TMPFILE_INIT};
	smith_autofd int fd = smith_fetch_open(store, smith_digest_hex(digest), NULL);
	if (fd >= 0 && smith_fetch_check(fd, (gint64)length, smith_digest_hex(digest), name, NULL))
		return g_strdup(smith_digest_hex(digest));
	if (!incoming_open(&incoming, store, name, error))
		return NULL;
	smith_sink_write(incoming.out, data, length);
	return incoming_keep(&incoming, store, name, NULL, error);
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
