/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/prepare.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

#define FLEET_FILE "fleet.yaml"
/* more levels than a path can have */
#define MAX_PARENTS 4096

static gboolean same_directory(int a, int b)
{
	struct stat sa;
	struct stat sb;

	return fstat(a, &sa) == 0 && fstat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
	       sa.st_ino == sb.st_ino;
}

static gboolean find_fleet(SmithPrepared *prepared, GError **error)
{
	g_autoptr(GString) path = g_string_new(".");
	smith_autofd int dirfd = smith_fd_open_dir(AT_FDCWD, ".", error);

	if (dirfd < 0)
		return FALSE;
	for (guint level = 0; level < MAX_PARENTS; level++) {
		int parent;

		if (faccessat(dirfd, FLEET_FILE, F_OK, 0) == 0) {
			prepared->fleet_dir = g_strdup(path->str);
			prepared->fleet_dirfd = g_steal_fd(&dirfd);
			return TRUE;
		}
		if (errno != ENOENT)
			return smith_throw_errno(error, "cannot look for '%s/" FLEET_FILE "'",
						 path->str);
		parent = smith_fd_open_dir(dirfd, "..", error);
		if (parent < 0)
			return FALSE;
		if (same_directory(dirfd, parent)) {
			close(parent);
			break;
		}
		close(dirfd);
		dirfd = parent;
		g_string_assign(path, level == 0 ? ".." : path->str);
		if (level > 0)
			g_string_append(path, "/..");
	}
	return smith_throw(error, SMITH_ERROR_NOT_FOUND,
			   "no '" FLEET_FILE "' in the current directory or a parent of it "
			   "(-C DIR names another directory)");
}

static char *store_path(const SmithInvocation *inv)
{
	const char *path = smith_options_string(inv->options, "store");

	if (path == NULL)
		path = g_getenv("OCISMITH_STORE");
	if (path != NULL && *path != '\0')
		return g_strdup(path);
	return g_build_filename(g_get_user_data_dir(), "ocismith", NULL);
}

gboolean smith_prepare(SmithInvocation *inv, GError **error)
{
	unsigned needs = inv->command->needs;
	SmithPrepared *prepared = g_new0(SmithPrepared, 1);

	inv->prepared = prepared;
	prepared->fleet_dirfd = -1;
	prepared->store_path = store_path(inv);
	if ((needs & (SMITH_NEEDS_FLEET | SMITH_NEEDS_LOCK)) && !find_fleet(prepared, error))
		return FALSE;
	return TRUE;
}

void smith_prepared_free(SmithPrepared *prepared)
{
	if (prepared == NULL)
		return;
	smith_fd_clear(&prepared->fleet_dirfd);
	g_free(prepared->fleet_dir);
	g_free(prepared->store_path);
	g_free(prepared);
}
