/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "quadlet/marker.h"
#include "quadlet/quadlet.h"

char *smith_quadlet_first_line(const SmithFleet *fleet)
{
	return g_strconcat(SMITH_QUADLET_MARKER, fleet->name, "; changes here are lost", NULL);
}

static bool is_regular(int dirfd, const char *path)
{
	struct stat st;
	return fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

static bool begins_with(int dirfd, const char *path, const char *beginning)
{
	g_autoptr(GBytes) bytes =
		is_regular(dirfd, path)
			? smith_fd_read_file(dirfd, path, SMITH_QUADLET_UNIT_LIMIT, NULL)
			: NULL;
	gsize length = strlen(beginning);
	return bytes != NULL && g_bytes_get_size(bytes) >= length &&
	       memcmp(g_bytes_get_data(bytes, NULL), beginning, length) == 0;
}

static gboolean check_free(GPtrArray *files, int dirfd, GError **error)
{
	for (guint i = 0; i < files->len; i++) {
		const SmithUnitFile *file = files->pdata[i];
		struct stat st;
		if (fstatat(dirfd, file->path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    !begins_with(dirfd, file->path, "# " SMITH_QUADLET_MARKER))
			return smith_throw(error, SMITH_ERROR_CONFLICT,
					   "'%s' is there and was not written by ocismith",
					   file->path);
	}
	return TRUE;
}

static int compare_path(gconstpointer path, gconstpointer element)
{
	const SmithUnitFile *const *file = element;
	return strcmp(path, (*file)->path);
}

static bool is_wanted(GPtrArray *files, const char *path)
{
	return files->len > 0 &&
	       bsearch(path, files->pdata, files->len, sizeof(gpointer), compare_path) != NULL;
}

static gboolean remove_old(GPtrArray *files, int dirfd, const char *host, const char *first_line,
			   GError **error)
{
	smith_autofd int hostfd =
		smith_fd_open_beneath(dirfd, host, O_RDONLY | O_DIRECTORY, 0, error);
	if (hostfd < 0)
		return FALSE;
	g_autoptr(GPtrArray) names = smith_fd_list_dir(hostfd, error);
	if (names == NULL)
		return FALSE;
	for (guint i = 0; i < names->len; i++) {
		const char *name = names->pdata[i];
		g_autofree char *path = g_strconcat(host, "/", name, NULL);
		if (!is_wanted(files, path) && begins_with(hostfd, name, first_line) &&
		    unlinkat(hostfd, name, 0) < 0)
			return smith_throw_errno(error, "cannot remove '%s'", path);
	}
	return TRUE;
}

/* Also below directories of hosts that have left the fleet. */
static gboolean remove_all_old(const SmithFleet *fleet, GPtrArray *files, int dirfd,
			       const char *const *hosts, GError **error)
{
	g_autofree char *line = smith_quadlet_first_line(fleet);
	g_autofree char *first_line = g_strconcat("# ", line, "\n", NULL);
	g_autoptr(GPtrArray) names = smith_fd_list_dir(dirfd, error);
	if (names == NULL)
		return FALSE;
	for (guint i = 0; i < names->len; i++) {
		const char *name = names->pdata[i];
		struct stat st;
		if (hosts != NULL && *hosts != NULL && !g_strv_contains(hosts, name))
			continue;
		if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode) &&
		    !remove_old(files, dirfd, name, first_line, error))
			return FALSE;
	}
	return TRUE;
}

gboolean smith_quadlet_write(const SmithFleet *fleet, GPtrArray *files, const char *directory,
			     const char *const *hosts, gboolean complete, GError **error)
{
	SMITH_AUTO_PREFIX("units in", directory, error);
	if (!smith_fd_make_dirs(AT_FDCWD, directory, error))
		return FALSE;
	smith_autofd int dirfd = smith_fd_open_dir(AT_FDCWD, directory, error);
	if (dirfd < 0 || !check_free(files, dirfd, error))
		return FALSE;
	for (guint i = 0; i < files->len; i++) {
		const SmithUnitFile *file = files->pdata[i];
		g_autofree char *host = g_path_get_dirname(file->path);
		if (!smith_fd_make_dirs(dirfd, host, error) ||
		    !smith_fd_write_file(dirfd, file->path, file->text, strlen(file->text), 0644,
					 error))
			return FALSE;
	}
	return !complete || remove_all_old(fleet, files, dirfd, hosts, error);
}
