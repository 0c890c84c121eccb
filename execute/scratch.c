/* SPDX-License-Identifier: Apache-2.0 */
#include "execute/scratch.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "store/temporary.h"

#define TEMPORARY SMITH_TMPFILE_PREFIX "step-"

gboolean smith_scratch_make(SmithScratch *scratch, const SmithStore *store, GError **error)
{
	g_autofree char *name = NULL;
	scratch->parent = smith_store_cache_fd(store);
	smith_temporary_sweep(scratch->parent, TEMPORARY, NULL, NULL);
	scratch->fd = smith_temporary_make(scratch->parent, TEMPORARY, 0700, &name, error);
	if (scratch->fd < 0)
		return FALSE;
	scratch->path = g_build_filename(smith_store_get_path(store), "cache", name, NULL);
	/* a step's root may be another user than the one that has made it */
	if (fchmod(scratch->fd, 0755) < 0)
		return smith_throw_errno(error, "cannot change '%s'", scratch->path);
	return TRUE;
}

gboolean smith_scratch_remove(SmithScratch *scratch, GError **error)
{
	g_autofree char *path = g_steal_pointer(&scratch->path);
	g_autofree char *name = path != NULL ? g_path_get_basename(path) : NULL;
	/* the lock goes last, lest another process removes it with us */
	gboolean ok = name == NULL || smith_fd_remove_tree(scratch->parent, name, error);
	smith_fd_clear(&scratch->fd);
	return ok;
}

void smith_scratch_clear(SmithScratch *scratch)
{
	(void)smith_scratch_remove(scratch, NULL);
}

static gboolean write_file(int dirfd, const SmithEntry *entry, GError **error)
{
	smith_autofd int fd =
		smith_fd_open_beneath(dirfd, entry->path, O_WRONLY | O_CREAT | O_EXCL, 0600, error);
	if (fd < 0)
		return FALSE;
	if (entry->content != NULL) {
		g_autoptr(SmithSource) source = entry->content->ops->open(entry->content, error);
		g_autoptr(SmithSink) sink = smith_sink_new_fd(fd, entry->path);
		if (source == NULL || !smith_stream_copy(source, sink, error) ||
		    !smith_sink_finish(sink, error))
			return FALSE;
	}
	if (fchmod(fd, entry->mode & 0777) < 0)
		return smith_throw_errno(error, "cannot set the mode of '%s'", entry->path);
	return TRUE;
}

static gboolean lay_entry(int dirfd, const SmithEntry *entry, GError **error)
{
	if (entry->type == SMITH_ENTRY_DIR)
		return smith_fd_make_dirs(dirfd, entry->path, error);
	g_autofree char *parent = g_path_get_dirname(entry->path);
	if (!smith_fd_make_dirs(dirfd, parent, error))
		return FALSE;
	if (entry->type == SMITH_ENTRY_FILE)
		return write_file(dirfd, entry, error);
	if (entry->type == SMITH_ENTRY_SYMLINK && symlinkat(entry->target, dirfd, entry->path) < 0)
		return smith_throw_errno(error, "cannot make the link '%s'", entry->path);
	return TRUE;
}

/* Behind all others, for what is made in a directory changes its time. */
static gboolean set_times(int dirfd, const GPtrArray *entries, gint64 mtime, GError **error)
{
	const struct timespec times[] = {{.tv_sec = mtime}, {.tv_sec = mtime}};
	for (guint i = entries->len; i > 0; i--) {
		const SmithEntry *entry = entries->pdata[i - 1];
		if (utimensat(dirfd, entry->path, times, AT_SYMLINK_NOFOLLOW) < 0)
			return smith_throw_errno(error, "cannot set the time of '%s'", entry->path);
	}
	return futimens(dirfd, times) == 0 || smith_throw_errno(error, "cannot set times");
}

gboolean smith_scratch_lay(const SmithScratch *scratch, const char *name, const GPtrArray *entries,
			   gint64 mtime, GError **error)
{
	if (!smith_fd_make_dirs(scratch->fd, name, error))
		return FALSE;
	smith_autofd int fd = smith_fd_open_dir(scratch->fd, name, error);
	if (fd < 0)
		return FALSE;
	for (guint i = 0; i < entries->len; i++)
		if (!lay_entry(fd, entries->pdata[i], error))
			return FALSE;
	return set_times(fd, entries, mtime, error);
}
