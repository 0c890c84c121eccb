/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "quadlet/marker.h"
#include "quadlet/quadlet.h"

#define UNIT_LIMIT (1024 * 1024)

static bool is_ours(int dirfd, const char *path)
{
	g_autoptr(GBytes) bytes = smith_fd_read_file(dirfd, path, UNIT_LIMIT, NULL);
	static const char marker[] = "# " SMITH_QUADLET_MARKER;
	return bytes != NULL && g_bytes_get_size(bytes) >= strlen(marker) &&
	       memcmp(g_bytes_get_data(bytes, NULL), marker, strlen(marker)) == 0;
}

static gboolean check_free(GPtrArray *files, int dirfd, GError **error)
{
	for (guint i = 0; i < files->len; i++) {
		const SmithUnitFile *file = files->pdata[i];
		struct stat st;
		if (fstatat(dirfd, file->path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    !is_ours(dirfd, file->path))
			return smith_throw(error, SMITH_ERROR_CONFLICT,
					   "'%s' is there and was not written by ocismith",
					   file->path);
	}
	return TRUE;
}

static gboolean remove_old(GPtrArray *files, int dirfd, const char *host, GError **error)
{
	smith_autofd int hostfd = smith_fd_open_dir(dirfd, host, error);
	if (hostfd < 0)
		return FALSE;
	g_autoptr(GPtrArray) names = smith_fd_list_dir(hostfd, error);
	if (names == NULL)
		return FALSE;
	for (guint i = 0; i < names->len; i++) {
		const char *name = names->pdata[i];
		g_autofree char *path = g_strconcat(host, "/", name, NULL);
		bool wanted = false;
		for (guint j = 0; j < files->len && !wanted; j++)
			wanted = strcmp(((SmithUnitFile *)files->pdata[j])->path, path) == 0;
		if (!wanted && is_ours(hostfd, name) && unlinkat(hostfd, name, 0) < 0)
			return smith_throw_errno(error, "cannot remove '%s'", path);
	}
	return TRUE;
}

gboolean smith_quadlet_write(GPtrArray *files, const char *directory, gboolean complete,
			     GError **error)
{
	SMITH_AUTO_PREFIX("units in", directory, error);
	if (!smith_fd_make_dirs(AT_FDCWD, directory, error))
		return FALSE;
	smith_autofd int dirfd = smith_fd_open_dir(AT_FDCWD, directory, error);
	if (dirfd < 0 || !check_free(files, dirfd, error))
		return FALSE;
	g_autofree char *last = NULL;
	for (guint i = 0; i < files->len; i++) {
		const SmithUnitFile *file = files->pdata[i];
		g_autofree char *host = g_path_get_dirname(file->path);
		if (!smith_fd_make_dirs(dirfd, host, error) ||
		    !smith_fd_write_file(dirfd, file->path, file->text, strlen(file->text), 0644,
					 error))
			return FALSE;
		if (complete && g_strcmp0(last, host) != 0 &&
		    !remove_old(files, dirfd, host, error))
			return FALSE;
		g_free(last);
		last = g_steal_pointer(&host);
	}
	return TRUE;
}
