/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "store/gc-private.h"
#include "store/repo-private.h"

#define REFS "refs/heads/layer/sha256"

typedef struct {
	const SmithGcOptions *options;
	SmithGcCount *counts;
	SmithRepo repo;
	int refs_fd;
	GHashTable *reachable;
} Sweep;

/* All objects of the layer @name are to stay; FALSE when it is damaged. */
static gboolean reach(Sweep *sweep, const char *name, GError **error)
{
	g_autofree char *ref = g_strconcat("layer/sha256/", name, NULL);
	g_autofree char *commit = NULL;
	const SmithRepo *repo = &sweep->repo;
	return repo->lib->ostree_repo_resolve_rev(repo->repo, ref, FALSE, &commit, error) &&
	       repo->lib->ostree_repo_traverse_commit_union(repo->repo, commit, 0, sweep->reachable,
							    NULL, error);
}

static gboolean sweep_ref(Sweep *sweep, const char *name, GError **error)
{
	SmithGcCount *count = &sweep->counts[SMITH_GC_LAYERS];
	if (!smith_gc_is_old(sweep->options, sweep->refs_fd, name) && reach(sweep, name, NULL)) {
		count->kept++;
		return TRUE;
	}
	count->removed++;
	if (!sweep->options->dry && unlinkat(sweep->refs_fd, name, 0) < 0)
		return smith_throw_errno(error, "cannot remove layer '%s'", name);
	return TRUE;
}

/* What has no name any more: also what an import that was killed left. */
static gboolean prune(Sweep *sweep, GError **error)
{
	guint64 bytes = 0;
	gint total = 0, pruned = 0;
	OstreeRepoPruneOptions options = {
		.flags = sweep->options->dry ? OSTREE_REPO_PRUNE_FLAGS_NO_PRUNE
					     : OSTREE_REPO_PRUNE_FLAGS_NONE,
		.reachable = sweep->reachable,
	};
	if (!sweep->repo.lib->ostree_repo_prune_from_reachable(sweep->repo.repo, &options, &total,
							       &pruned, &bytes, NULL, error))
		return FALSE;
	sweep->counts[SMITH_GC_LAYERS].bytes += bytes;
	return TRUE;
}

static gboolean sweep_repo(Sweep *sweep, const SmithStore *store, GError **error)
{
	if (!smith_repo_open(&sweep->repo, store, error))
		return FALSE;
	if (!smith_fd_make_dirs(sweep->repo.fd, REFS, error))
		return FALSE;
	sweep->refs_fd = smith_fd_open_dir(sweep->repo.fd, REFS, error);
	g_autoptr(GPtrArray) names =
		sweep->refs_fd >= 0 ? smith_fd_list_dir(sweep->refs_fd, error) : NULL;
	if (names == NULL)
		return FALSE;
	sweep->reachable = sweep->repo.lib->ostree_repo_traverse_new_reachable();
	for (guint i = 0; i < names->len; i++)
		if (!sweep_ref(sweep, names->pdata[i], error))
			return FALSE;
	return prune(sweep, error);
}

gboolean smith_gc_repo(const SmithStore *store, const SmithGcOptions *options, SmithGcCount *counts,
		       GError **error)
{
	g_autofree char *config =
		g_build_filename(smith_store_get_path(store), "repo", "config", NULL);
	/* none was ever unpacked: libostree need not even be installed */
	if (access(config, F_OK) < 0)
		return TRUE;
	Sweep sweep = {.options = options, .counts = counts, .repo = SMITH_REPO_INIT};
	sweep.refs_fd = -1;
	gboolean ok = sweep_repo(&sweep, store, error);
	g_clear_pointer(&sweep.reachable, g_hash_table_unref);
	smith_fd_clear(&sweep.refs_fd);
	smith_repo_close(&sweep.repo);
	return ok;
}
