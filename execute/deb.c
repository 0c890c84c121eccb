/* SPDX-License-Identifier: Apache-2.0 */
#include "execute/deb.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/pool.h"
#include "base/stream.h"
#include "store/fetch.h"

#define FILE_NAME "^[a-z0-9][a-z0-9+.-]*_[A-Za-z0-9.+~%-]+_[a-z0-9-]+\\.deb$"

void smith_deb_free(SmithDeb *deb)
{
	if (deb == NULL)
		return;
	g_free(deb->file);
	g_free(deb->name);
	g_free(deb->version);
	g_free(deb->architecture);
	g_free(deb->url);
	g_free(deb->sha256);
	g_free(deb);
}

SmithDeb *smith_deb_copy(const SmithDeb *deb)
{
	SmithDeb *copy = g_new0(SmithDeb, 1);
	copy->file = g_strdup(deb->file);
	copy->name = g_strdup(deb->name);
	copy->version = g_strdup(deb->version);
	copy->architecture = g_strdup(deb->architecture);
	copy->url = g_strdup(deb->url);
	copy->size = deb->size;
	copy->sha256 = g_strdup(deb->sha256);
	return copy;
}

gboolean smith_deb_parse_file(SmithDeb *deb, GError **error)
{
	if (!g_regex_match_simple(FILE_NAME, deb->file, G_REGEX_DOLLAR_ENDONLY, 0))
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "'%s' is no name of a Debian package's file", deb->file);
	g_auto(GStrv) parts = g_strsplit(deb->file, "_", 3);
	g_autofree char *version = g_uri_unescape_string(parts[1], NULL);
	if (version == NULL || strpbrk(version, "%/ ") != NULL)
		return smith_throw(error, SMITH_ERROR_INVALID, "'%s' has no legal version",
				   deb->file);
	g_free(deb->name);
	g_free(deb->version);
	g_free(deb->architecture);
	deb->name = g_strdup(parts[0]);
	deb->version = g_steal_pointer(&version);
	deb->architecture = g_strndup(parts[2], strlen(parts[2]) - strlen(".deb"));
	return TRUE;
}

typedef struct {
	SmithStore *store;
	const SmithDeb *deb;
} Fetch;

static gboolean check(const SmithStore *store, const SmithDeb *deb, GError **error)
{
	struct stat st;
	smith_autofd int fd = smith_fetch_open(store, deb->sha256, error);
	if (fd < 0)
		return FALSE;
	if (fstat(fd, &st) < 0)
		return smith_throw_errno(error, "cannot stat it");
	if (st.st_size != deb->size)
		return smith_throw(error, SMITH_ERROR_VERIFY,
				   "size differs, expected %" G_GINT64_FORMAT
				   " bytes, got %" G_GINT64_FORMAT,
				   deb->size, (gint64)st.st_size);
	return smith_fetch_check(fd, deb->size, deb->sha256, deb->file, error);
}

static gpointer fetch(gpointer item, GError **error)
{
	const Fetch *job = item;
	const SmithDeb *deb = job->deb;
	SMITH_AUTO_PREFIX("package", deb->file, error);
	if (check(job->store, deb, NULL))
		return item;
	g_autofree char *hex = smith_fetch(job->store, deb->url, deb->sha256, error);
	return hex != NULL && check(job->store, deb, error) ? item : NULL;
}

gboolean smith_debs_fetch(SmithStore *store, const GPtrArray *debs, guint workers,
			  SmithEvents *events, GError **error)
{
	g_autofree Fetch *jobs = g_new0(Fetch, debs->len);
	/* they wait for the network more than for a processor */
	g_autoptr(SmithPool) pool = smith_pool_new(workers > 1 ? MAX(workers, 4) : 1);
	for (guint i = 0; i < debs->len; i++) {
		jobs[i] = (Fetch){store, debs->pdata[i]};
		smith_pool_submit(pool, fetch, &jobs[i], (guint64)jobs[i].deb->size, NULL);
	}
	while (smith_pool_pending(pool) > 0) {
		gpointer done = NULL;
		if (!smith_pool_take(pool, &done, error))
			return FALSE;
		const SmithDeb *deb = ((Fetch *)done)->deb;
		smith_events_done(events, deb->file, deb->sha256, (guint64)deb->size, false);
	}
	return TRUE;
}

static gboolean copy(const SmithStore *store, const SmithDeb *deb, int dirfd, GError **error)
{
	smith_autofd int from = smith_fetch_open(store, deb->sha256, error);
	smith_autofd int to = -1;
	if (from < 0)
		return FALSE;
	to = openat(dirfd, deb->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	if (to < 0)
		return smith_throw_errno(error, "cannot create '%s'", deb->file);
	g_autoptr(SmithSource) source =
		smith_source_new_range(from, 0, (guint64)deb->size, deb->file);
	g_autoptr(SmithSink) sink = smith_sink_new_fd(to, deb->file);
	return smith_stream_copy(source, sink, error) && smith_sink_finish(sink, error);
}

gboolean smith_debs_link(const SmithStore *store, const GPtrArray *debs, int dirfd, GError **error)
{
	for (guint i = 0; i < debs->len; i++) {
		const SmithDeb *deb = debs->pdata[i];
		g_autofree char *path = smith_store_file_path(deb->sha256);
		if (linkat(smith_store_files_fd(store), path, dirfd, deb->file, 0) == 0)
			continue;
		if (errno != EXDEV && errno != EPERM && errno != EMLINK)
			return smith_throw_errno(error, "cannot link '%s'", deb->file);
		if (!copy(store, deb, dirfd, error))
			return FALSE;
	}
	return TRUE;
}
