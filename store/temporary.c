/* SPDX-License-Identifier: Apache-2.0 */
#include "store/temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"

#define OPEN_DIR (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

int smith_temporary_make(int dirfd, const char *prefix, mode_t mode, char **name, GError **error)
{
	for (guint tries = 0; tries < 100; tries++) {
		struct stat st;
		g_autofree char *made =
			g_strdup_printf("%s%08x%08x", prefix, g_random_int(), g_random_int());
		if (mkdirat(dirfd, made, mode) < 0) {
			if (errno == EEXIST)
				continue;
			break;
		}
		smith_autofd int fd = openat(dirfd, made, OPEN_DIR);
		/* between the two, another process may have taken it for a dead one's */
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &st) == 0 &&
		    st.st_nlink > 0) {
			*name = g_steal_pointer(&made);
			return g_steal_fd(&fd);
		}
	}
	return smith_throw_errno_fd(error, "cannot make a directory '%s...'", prefix);
}

void smith_temporary_sweep(int dirfd, const char *prefix, SmithTemporaryRemove remove,
			   gpointer data)
{
	g_autoptr(GPtrArray) names = smith_fd_list_dir(dirfd, NULL);
	for (guint i = 0; names != NULL && i < names->len; i++) {
		const char *name = names->pdata[i];
		if (!g_str_has_prefix(name, prefix))
			continue;
		smith_autofd int fd = openat(dirfd, name, OPEN_DIR);
		if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) != 0)
			continue;
		if (remove != NULL)
			remove(dirfd, name, data);
		else
			(void)smith_fd_remove_tree(dirfd, name, NULL);
	}
}
