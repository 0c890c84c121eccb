/* SPDX-License-Identifier: Apache-2.0 */
#include "store/repo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "store/repo-private.h"
#include "store/temporary.h"

#define REF_LIMIT 128
#define TEMPORARY SMITH_TMPFILE_PREFIX "repo-"

char *smith_repo_layer_ref(const char *diff_id)
{
	return g_strconcat("layer/sha256/", smith_digest_hex(diff_id), NULL);
}

static char *ref_path(const char *diff_id)
{
	return g_strconcat("refs/heads/layer/sha256/", smith_digest_hex(diff_id), NULL);
}

static gboolean fill_repo(const SmithOstreeLib *lib, int store_fd, int fd, const char *name,
			  GError **error)
{
	if (fsetxattr(fd, "user.ocismith", "", 0, 0) < 0 && errno == ENOTSUP)
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED, SMITH_REPO_NO_XATTRS);
	g_autoptr(OstreeRepo) repo = lib->ostree_repo_create_at(
		store_fd, name, OSTREE_REPO_MODE_BARE_USER, NULL, NULL, error);
	if (repo == NULL)
		return FALSE;
	g_autoptr(GKeyFile) config = lib->ostree_repo_copy_config(repo);
	/* nothing is believed that is not whole, so nothing has to be waited for */
	g_key_file_set_boolean(config, "core", "fsync", FALSE);
	/* a full disk says so itself */
	g_key_file_set_integer(config, "core", "min-free-space-percent", 0);
	g_key_file_set_integer(config, "core", "lock-timeout-secs", -1);
	return lib->ostree_repo_write_config(repo, config, error);
}

/* A repository that is half made never has its name. */
static gboolean make_repo(const SmithOstreeLib *lib, int store_fd, GError **error)
{
	g_autofree char *name = NULL;
	smith_temporary_sweep(store_fd, TEMPORARY, NULL, NULL);
	smith_autofd int fd = smith_temporary_make(store_fd, TEMPORARY, 0777, &name, error);
	if (fd < 0)
		return FALSE;
	gboolean ok = fill_repo(lib, store_fd, fd, name, error);
	if (ok && renameat2(store_fd, name, store_fd, "repo", RENAME_NOREPLACE) == 0)
		return TRUE;
	/* another process was first */
	if (ok && errno != EEXIST && errno != ENOTEMPTY)
		ok = smith_throw_errno(error, "cannot rename '%s' to 'repo'", name);
	smith_fd_remove_tree(store_fd, name, NULL);
	return ok;
}

gboolean smith_repo_open(SmithRepo *repo, const SmithStore *store, GError **error)
{
	SMITH_AUTO_PREFIX("repository of store", smith_store_get_path(store), error);
	repo->lib = smith_ostree_lib(error);
	if (repo->lib == NULL)
		return FALSE;
	smith_autofd int store_fd = smith_fd_open_dir(AT_FDCWD, smith_store_get_path(store), error);
	if (store_fd < 0)
		return FALSE;
	if (faccessat(store_fd, "repo/config", F_OK, 0) < 0 &&
	    !make_repo(repo->lib, store_fd, error))
		return FALSE;
	repo->fd = smith_fd_open_dir(store_fd, "repo", error);
	if (repo->fd < 0)
		return FALSE;
	repo->objects_fd = smith_fd_open_dir(repo->fd, "objects", error);
	if (repo->objects_fd < 0)
		return FALSE;
	repo->repo = repo->lib->ostree_repo_open_at(repo->fd, ".", NULL, error);
	return repo->repo != NULL;
}

void smith_repo_close(SmithRepo *repo)
{
	g_clear_object(&repo->repo);
	smith_fd_clear(&repo->fd);
	smith_fd_clear(&repo->objects_fd);
}

gboolean smith_repo_has_layer(const SmithStore *store, const char *diff_id)
{
	g_autofree char *ref = ref_path(diff_id);
	g_autofree char *path = g_build_filename(smith_store_get_path(store), "repo", ref, NULL);
	g_autoptr(GBytes) bytes = smith_fd_read_file(AT_FDCWD, path, REF_LIMIT, NULL);
	if (bytes != NULL)
		smith_store_touch(AT_FDCWD, path);
	/* a machine that lost power may leave an empty one */
	return bytes != NULL && g_bytes_get_size(bytes) == SMITH_SHA256_HEX_SIZE;
}

void smith_repo_forget(const SmithRepo *repo, const char *diff_id)
{
	g_autofree char *path = ref_path(diff_id);
	unlinkat(repo->fd, path, 0);
}

char *smith_repo_chain_id(const char *const *diff_ids)
{
	return smith_chain_id(diff_ids, g_strv_length((char **)diff_ids));
}
