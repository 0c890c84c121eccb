/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/epoch.h"
#include "base/error.h"
#include "base/fd.h"

#define STEP_LIMIT (64 * 1024)
#define LOCK "lock"
#define DAY (24 * 60 * 60)

struct SmithStore {
	char *path;
	SmithLayout *layout;
	int fd;
	int lock_fd;
	int steps_fd;
	int files_fd;
	int cache_fd;
};

static int open_below(int dirfd, const char *path, GError **error)
{
	int fd = smith_fd_open_dir(dirfd, path, NULL);
	if (fd >= 0)
		return fd;
	if (!smith_fd_make_dirs(dirfd, path, error))
		return -1;
	return smith_fd_open_dir(dirfd, path, error);
}

SmithStore *smith_store_open(const char *path, GError **error)
{
	g_autoptr(SmithStore) store = g_new0(SmithStore, 1);
	store->fd = store->lock_fd = store->steps_fd = store->files_fd = store->cache_fd = -1;
	store->path = path != NULL ? g_canonicalize_filename(path, NULL)
				   : g_build_filename(g_get_user_data_dir(), "ocismith", NULL);
	SMITH_AUTO_PREFIX("store", store->path, error);
	int fd = store->fd = open_below(AT_FDCWD, store->path, error);
	if (fd < 0)
		return NULL;
	smith_fd_spread(fd);
	/* where no lock can be had, nothing is removed either */
	store->lock_fd = smith_fd_lock(fd, LOCK, FALSE, NULL);
	/* by its whole path: that is what errors call it, and what they tell the user to type */
	g_autofree char *layout = g_build_filename(store->path, "oci", NULL);
	store->layout = smith_layout_open(AT_FDCWD, layout, TRUE, error);
	if (store->layout == NULL)
		return NULL;
	store->steps_fd = open_below(fd, "cache/steps", error);
	if (store->steps_fd < 0)
		return NULL;
	store->files_fd = open_below(fd, "cache/files", error);
	if (store->files_fd < 0)
		return NULL;
	store->cache_fd = open_below(fd, "cache", error);
	if (store->cache_fd < 0)
		return NULL;
	smith_fd_spread(store->cache_fd);
	return g_steal_pointer(&store);
}

void smith_store_free(SmithStore *store)
{
	if (store == NULL)
		return;
	smith_layout_free(store->layout);
	smith_fd_clear(&store->fd);
	smith_fd_clear(&store->lock_fd);
	smith_fd_clear(&store->steps_fd);
	smith_fd_clear(&store->files_fd);
	smith_fd_clear(&store->cache_fd);
	g_free(store->path);
	g_free(store);
}

gboolean smith_store_lock(SmithStore *store, gboolean wait, GError **error)
{
	SMITH_AUTO_PREFIX("store", store->path, error);
	smith_fd_clear(&store->lock_fd);
	store->lock_fd = wait ? smith_fd_lock(store->fd, LOCK, TRUE, error)
			      : smith_fd_try_lock(store->fd, LOCK, error);
	return store->lock_fd >= 0;
}

void smith_store_touch(int dirfd, const char *path)
{
	struct stat st;
	if (fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    (gint64)st.st_mtim.tv_sec + DAY > smith_epoch_today())
		return;
	/* where nothing can be written, nothing is removed either */
	(void)utimensat(dirfd, path, NULL, AT_SYMLINK_NOFOLLOW);
}

const char *smith_store_get_path(const SmithStore *store)
{
	return store->path;
}

SmithLayout *smith_store_layout(const SmithStore *store)
{
	return store->layout;
}

GBytes *smith_store_get_step(const SmithStore *store, const char *key)
{
	const char *name = smith_digest_hex(key);
	GBytes *bytes = smith_fd_read_file(store->steps_fd, name, STEP_LIMIT, NULL);
	if (bytes != NULL)
		smith_store_touch(store->steps_fd, name);
	return bytes;
}

gboolean smith_store_put_step(const SmithStore *store, const char *key, const char *text,
			      gsize length, GError **error)
{
	/* the same record, by another process or of a blob that was lost: nothing to replace */
	g_autoptr(GBytes) there = smith_store_get_step(store, key);
	if (there != NULL && g_bytes_get_size(there) == length &&
	    memcmp(g_bytes_get_data(there, NULL), text, length) == 0)
		return TRUE;
	return smith_fd_write_file(store->steps_fd, smith_digest_hex(key), text, length, 0444,
				   error);
}

int smith_store_cache_fd(const SmithStore *store)
{
	return store->cache_fd;
}

int smith_store_files_fd(const SmithStore *store)
{
	return store->files_fd;
}

char *smith_store_file_path(const char *sha256_hex)
{
	return g_strdup_printf("%.2s/%s", sha256_hex, sha256_hex);
}

gboolean smith_store_make_file_dir(const SmithStore *store, const char *path, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(path);
	return smith_fd_make_dirs(store->files_fd, parent, error);
}
