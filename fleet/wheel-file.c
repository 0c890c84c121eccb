/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/wheel-file.h"

#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "fleet/pip-package.h"
#include "store/fetch.h"

gboolean smith_wheel_file_is_local(const char *url)
{
	return strstr(url, "://") == NULL && !g_str_has_prefix(url, SMITH_LOCK_SDIST);
}

int smith_wheel_file_open_local(const SmithFleet *fleet, const char *url, GError **error)
{
	struct stat st;
	g_autofree char *path = g_canonicalize_filename(url, fleet->directory);
	/* nonblocking: a fifo of that name must not hang us */
	smith_autofd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		return smith_throw_errno_fd(error, "cannot open '%s'", url);
	if (!S_ISREG(st.st_mode))
		return smith_throw_fd(error, SMITH_ERROR_INVALID, "'%s' is no regular file", url);
	return g_steal_fd(&fd);
}

static gboolean check_wheel(int fd, const SmithLockWheel *wheel, GError **error)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return smith_throw_errno(error, "cannot stat '%s'", wheel->url);
	if (st.st_size != wheel->size)
		return smith_throw(error, SMITH_ERROR_VERIFY,
				   "size differs from the lock, expected %" G_GINT64_FORMAT
				   " bytes, got %" G_GINT64_FORMAT,
				   wheel->size, (gint64)st.st_size);
	return smith_fetch_check(fd, wheel->size, wheel->sha256, wheel->file, error);
}

static int open_remote(SmithStore *store, const SmithLockWheel *wheel, GError **error)
{
	smith_autofd int known = smith_fetch_open(store, wheel->sha256, NULL);
	if (known >= 0 && check_wheel(known, wheel, NULL))
		return g_steal_fd(&known);
	/* not there yet, or damaged */
	g_autofree char *hex = smith_pip_package_fetch(store, wheel->url, wheel->sha256, error);
	smith_autofd int fd = hex != NULL ? smith_fetch_open(store, hex, error) : -1;
	return fd >= 0 && check_wheel(fd, wheel, error) ? g_steal_fd(&fd) : -1;
}

static int open_local(const SmithFleet *fleet, const SmithLockWheel *wheel, GError **error)
{
	smith_autofd int fd = smith_wheel_file_open_local(fleet, wheel->url, error);
	return fd >= 0 && check_wheel(fd, wheel, error) ? g_steal_fd(&fd) : -1;
}

static int open_file(const SmithFleet *fleet, SmithStore *store, const SmithLockWheel *wheel,
		     GError **error)
{
	return smith_wheel_file_is_local(wheel->url) ? open_local(fleet, wheel, error)
						     : open_remote(store, wheel, error);
}

SmithWheel *smith_wheel_file_open(const SmithFleet *fleet, SmithStore *store,
				  const SmithLockWheel *wheel, GError **error)
{
	smith_autofd int fd = open_file(fleet, store, wheel, error);
	return fd >= 0 ? smith_wheel_open_fd(g_steal_fd(&fd), wheel->file, error) : NULL;
}

char *smith_wheel_file_path(const SmithFleet *fleet, SmithStore *store, const SmithLockWheel *wheel,
			    GError **error)
{
	SMITH_AUTO_PREFIX("wheel", wheel->file, error);
	smith_autofd int fd = open_file(fleet, store, wheel, error);
	if (fd < 0)
		return NULL;
	if (smith_wheel_file_is_local(wheel->url))
		return g_canonicalize_filename(wheel->url, fleet->directory);
	g_autofree char *file = smith_store_file_path(wheel->sha256);
	return g_build_filename(smith_store_get_path(store), "cache/files", file, NULL);
}
