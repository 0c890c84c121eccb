/* SPDX-License-Identifier: Apache-2.0 */
#include "store/gc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "oci/layout-sweep.h"
#include "store/gc-private.h"
#include "store/temporary.h"

#define RECORD_LIMIT (64 * 1024)
#define STAMP ".boot"
#define DIGEST "sha256:"
#define DIGITS (SMITH_SHA256_HEX_SIZE - 1)

typedef struct {
	SmithStore *store;
	const SmithGcOptions *options;
	SmithGcCount *counts;
	GHashTable *live; /* blobs by their hex digits */
} Gc;

bool smith_gc_is_old(const SmithGcOptions *options, int dirfd, const char *path)
{
	struct stat st;
	return options->before == G_MAXINT64 ||
	       fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	       (gint64)st.st_mtim.tv_sec < options->before;
}

/* What takes its place under one name only. */
static guint64 size_of(int dirfd, const char *name)
{
	struct stat st;
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (!S_ISDIR(st.st_mode))
		return st.st_nlink == 1 ? (guint64)st.st_size : 0;
	smith_autofd int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	g_autoptr(GPtrArray) names = fd >= 0 ? smith_fd_list_dir(fd, NULL) : NULL;
	guint64 size = 0;
	for (guint i = 0; names != NULL && i < names->len; i++)
		size += size_of(fd, names->pdata[i]);
	return size;
}

static gboolean remove_file(Gc *gc, SmithGcKind kind, int dirfd, const char *name, GError **error)
{
	gc->counts[kind].removed++;
	gc->counts[kind].bytes += size_of(dirfd, name);
	if (!gc->options->dry && unlinkat(dirfd, name, 0) < 0)
		return smith_throw_errno(error, "cannot remove '%s'", name);
	return TRUE;
}

/* Below @dirfd; what is not there was never made. */
static int open_dir(int dirfd, const char *name)
{
	return openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Blobs that the record @text names stay as long as it; whether one of them is an image's. */
static gboolean mark_record(Gc *gc, const char *text, bool is_old, bool *stays, GError **error)
{
	const SmithLayout *layout = smith_store_layout(gc->store);
	*stays = !is_old;
	for (const char *p = strstr(text, DIGEST); p != NULL; p = strstr(p, DIGEST)) {
		g_autofree char *digest = g_strndup(p, strlen(DIGEST) + DIGITS);
		p += strlen(DIGEST);
		if (is_old) {
			*stays = *stays || g_hash_table_contains(gc->live, digest + strlen(DIGEST));
		} else if (!smith_layout_mark(layout, digest, gc->live, error)) {
			return FALSE;
		}
	}
	return TRUE;
}

/* First the records in use, for what these name keeps others; @old or not. */
static gboolean mark_records(Gc *gc, int fd, const GPtrArray *names, bool old, GHashTable *stay,
			     GError **error)
{
	for (guint i = 0; i < names->len; i++) {
		const char *name = names->pdata[i];
		bool stays = false;
		if (smith_gc_is_old(gc->options, fd, name) != old)
			continue;
		g_autoptr(GBytes) bytes = smith_fd_read_file(fd, name, RECORD_LIMIT, NULL);
		if (bytes == NULL)
			continue;
		g_autofree char *text =
			g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
		if (!mark_record(gc, text, old, &stays, error))
			return FALSE;
		if (stays)
			g_hash_table_add(stay, (gpointer)name);
	}
	return TRUE;
}

static gboolean sweep_records(Gc *gc, GError **error)
{
	smith_autofd int fd = open_dir(smith_store_cache_fd(gc->store), "steps");
	g_autoptr(GPtrArray) names = fd >= 0 ? smith_fd_list_dir(fd, error) : NULL;
	if (fd < 0)
		return smith_throw_errno(error, "cannot open the records of steps");
	g_autoptr(GHashTable) stay = g_hash_table_new(g_str_hash, g_str_equal);
	if (names == NULL || !mark_records(gc, fd, names, false, stay, error) ||
	    !mark_records(gc, fd, names, true, stay, error))
		return FALSE;
	for (guint i = 0; i < names->len; i++) {
		const char *name = names->pdata[i];
		if (g_hash_table_contains(stay, name))
			gc->counts[SMITH_GC_RECORDS].kept++;
		else if (!remove_file(gc, SMITH_GC_RECORDS, fd, name, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean sweep_blobs(Gc *gc, GError **error)
{
	SmithSwept swept = {0};
	const SmithLayout *layout = smith_store_layout(gc->store);
	/* bases that no fleet uses any more */
	if (!gc->options->dry && !smith_layout_remove_unnamed(layout, gc->live, error))
		return FALSE;
	if (!smith_layout_sweep(layout, gc->live, gc->options->dry, &swept, error))
		return FALSE;
	gc->counts[SMITH_GC_BLOBS] =
		(SmithGcCount){.kept = swept.kept, .removed = swept.removed, .bytes = swept.bytes};
	return TRUE;
}

static gboolean sweep_downloads_of(Gc *gc, int parent, const char *prefix, GError **error)
{
	smith_autofd int fd = open_dir(parent, prefix);
	g_autoptr(GPtrArray) names = fd >= 0 ? smith_fd_list_dir(fd, error) : NULL;
	for (guint i = 0; names != NULL && i < names->len; i++) {
		const char *name = names->pdata[i];
		if (smith_digest_is_hex(name) && !smith_gc_is_old(gc->options, fd, name))
			gc->counts[SMITH_GC_DOWNLOADS].kept++;
		else if (!remove_file(gc, SMITH_GC_DOWNLOADS, fd, name, error))
			return FALSE;
	}
	return fd < 0 || names != NULL;
}

static gboolean sweep_downloads(Gc *gc, GError **error)
{
	int fd = smith_store_files_fd(gc->store);
	g_autoptr(GPtrArray) names = smith_fd_list_dir(fd, error);
	for (guint i = 0; names != NULL && i < names->len; i++) {
		const char *name = names->pdata[i];
		if (g_str_has_prefix(name, SMITH_TMPFILE_PREFIX)
			    ? !remove_file(gc, SMITH_GC_REMAINS, fd, name, error)
			    : !sweep_downloads_of(gc, fd, name, error))
			return FALSE;
	}
	return names != NULL;
}

/* It loses its name first: a directory of that name is always whole. */
static gboolean remove_dir(Gc *gc, SmithGcKind kind, int dirfd, const char *path, const char *name,
			   GError **error)
{
	gc->counts[kind].removed++;
	gc->counts[kind].bytes += size_of(dirfd, name);
	if (gc->options->dry)
		return TRUE;
	g_autofree char *aside = g_strconcat(SMITH_TMPFILE_PREFIX "root-", name, NULL);
	bool is_aside = g_str_has_prefix(name, SMITH_TMPFILE_PREFIX);
	const char *now = is_aside ? name : aside;
	if (!is_aside && renameat2(dirfd, name, dirfd, aside, RENAME_NOREPLACE) < 0)
		return smith_throw_errno(error, "cannot move '%s' away", name);
	g_autofree char *whole = g_build_filename(path, now, NULL);
	if (gc->options->settle != NULL)
		(void)gc->options->settle(whole);
	return smith_fd_remove_tree(dirfd, now, error);
}

static gboolean sweep_root(Gc *gc, int fd, const char *path, const char *name, GError **error)
{
	g_autofree char *stamp = g_strconcat(name, STAMP, NULL);
	if (g_str_has_prefix(name, SMITH_TMPFILE_PREFIX))
		return remove_dir(gc, SMITH_GC_REMAINS, fd, path, name, error);
	if (!smith_gc_is_old(gc->options, fd, stamp)) {
		gc->counts[SMITH_GC_ROOTS].kept++;
		return TRUE;
	}
	/* the stamp last: without a directory it is nothing */
	if (!remove_dir(gc, SMITH_GC_ROOTS, fd, path, name, error))
		return FALSE;
	if (!gc->options->dry && unlinkat(fd, stamp, 0) < 0 && errno != ENOENT)
		return smith_throw_errno(error, "cannot remove '%s'", stamp);
	return TRUE;
}

static bool is_dir(int dirfd, const char *name)
{
	struct stat st;
	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* Names of roots begin with the digits of a chain; `empty` is the root of none. */
static bool is_root(const char *name)
{
	g_autofree char *digits = g_strndup(name, DIGITS);
	return smith_digest_is_hex(digits) || g_str_has_prefix(name, SMITH_TMPFILE_PREFIX);
}

static gboolean sweep_roots(Gc *gc, GError **error)
{
	smith_autofd int fd = open_dir(smith_store_cache_fd(gc->store), "roots");
	g_autoptr(GPtrArray) names = fd >= 0 ? smith_fd_list_dir(fd, error) : NULL;
	g_autofree char *path =
		g_build_filename(smith_store_get_path(gc->store), "cache", "roots", NULL);
	for (guint i = 0; names != NULL && i < names->len; i++) {
		const char *name = names->pdata[i];
		if (is_root(name) && is_dir(fd, name) && !sweep_root(gc, fd, path, name, error))
			return FALSE;
	}
	return fd < 0 || names != NULL;
}

/* What was not used for long of a directory of the cache. */
static gboolean sweep_old(Gc *gc, SmithGcKind kind, const char *directory, GError **error)
{
	smith_autofd int fd = open_dir(smith_store_cache_fd(gc->store), directory);
	g_autoptr(GPtrArray) names = fd >= 0 ? smith_fd_list_dir(fd, error) : NULL;
	for (guint i = 0; names != NULL && i < names->len; i++) {
		const char *name = names->pdata[i];
		if (!smith_gc_is_old(gc->options, fd, name))
			gc->counts[kind].kept++;
		else if (!(is_dir(fd, name) ? remove_dir(gc, kind, fd, "", name, error)
					    : remove_file(gc, kind, fd, name, error)))
			return FALSE;
	}
	return fd < 0 || names != NULL;
}

typedef struct {
	Gc *gc;
	const char *path;
} Remains;

static void remove_remains(int dirfd, const char *name, gpointer data)
{
	const Remains *remains = data;
	(void)remove_dir(remains->gc, SMITH_GC_REMAINS, dirfd, remains->path, name, NULL);
}

/* Directories of steps, and of a repository that was never done. */
static gboolean sweep_remains(Gc *gc, GError **error)
{
	const char *store = smith_store_get_path(gc->store);
	g_autofree char *cache = g_build_filename(store, "cache", NULL);
	g_autofree char *work = g_build_filename(cache, "work", NULL);
	const char *const paths[] = {store, cache, work};
	for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
		Remains remains = {gc, paths[i]};
		smith_autofd int fd = open_dir(AT_FDCWD, paths[i]);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return smith_throw_errno(error, "cannot open '%s'", paths[i]);
		smith_temporary_sweep(fd, SMITH_TMPFILE_PREFIX, remove_remains, &remains);
	}
	return TRUE;
}

static gboolean run(Gc *gc, GError **error)
{
	return smith_layout_mark_index(smith_store_layout(gc->store), gc->live, error) &&
	       sweep_records(gc, error) && sweep_blobs(gc, error) && sweep_downloads(gc, error) &&
	       sweep_old(gc, SMITH_GC_PIPS, "pips", error) &&
	       sweep_old(gc, SMITH_GC_LOGS, "logs", error) && sweep_roots(gc, error) &&
	       sweep_remains(gc, error) && smith_gc_repo(gc->store, gc->options, gc->counts, error);
}

gboolean smith_gc(SmithStore *store, const SmithGcOptions *options,
		  SmithGcCount counts[SMITH_GC_KINDS], GError **error)
{
	SMITH_AUTO_PREFIX("store", smith_store_get_path(store), error);
	g_autoptr(GHashTable) live = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	Gc gc = {.store = store, .options = options, .counts = counts, .live = live};
	memset(counts, 0, SMITH_GC_KINDS * sizeof *counts);
	return run(&gc, error);
}
