/* SPDX-License-Identifier: Apache-2.0 */
#include "execute/bootstrap.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/entry-filter.h"
#include "base/error.h"
#include "base/fd.h"
#include "execute/apt-run.h"
#include "execute/tidy.h"
#include "layers/deb-read.h"
#include "sandbox/upper-entry.h"
#include "store/fetch.h"
#include "store/repo.h"

#define OUTPUT_LIMIT (64 * 1024 * 1024)

/* Other packages' scripts need the users and groups that base-passwd makes. */
static const char script[] =
	"cd " SMITH_APT_DIRECTORY "\n"
	"exec >output 2>&1\n"
	"trap '[ $? = 0 ] || : >failed' EXIT\n"
	"set -e\n"
	"policy=/usr/sbin/policy-rc.d\n"
	"printf '#!/bin/sh\\nexit 101\\n' >$policy\n"
	"chmod 755 $policy\n"
	"install() {\n"
	"	dpkg --force-depends --force-unsafe-io --force-confdef --force-confold \\\n"
	"		--log=" SMITH_APT_DIRECTORY "/log --install \"$@\"\n"
	"}\n"
	"install debs/base-passwd_*.deb\n"
	"install debs/*.deb\n"
	"rm $policy\n";

static gboolean import(const SmithStore *store, const char *id, SmithEntryIter *entries,
		       GError **error)
{
	g_autoptr(SmithEntryIter) iter = entries;
	return smith_repo_has_layer(store, id) || smith_repo_import(store, id, iter, error);
}

/* What dpkg must find before it has installed anything. */
static GPtrArray *first_entries(const char *sources)
{
	static const char *const merged[] = {"bin", "lib", "lib64", "sbin"};
	GPtrArray *entries = g_ptr_array_new_with_free_func((GDestroyNotify)smith_entry_free);
	for (guint i = 0; i < G_N_ELEMENTS(merged); i++) {
		g_autofree char *target = g_strconcat("usr/", merged[i], NULL);
		g_ptr_array_add(entries, smith_entry_new_symlink(merged[i], target));
	}
	g_ptr_array_add(entries, smith_entry_new_symlink("usr/bin/awk", "mawk"));
	g_ptr_array_add(entries, smith_entry_new_file("etc/apt/sources.list", 0644, sources,
						      strlen(sources)));
	g_ptr_array_add(entries, smith_entry_new_file("var/lib/dpkg/available", 0644, "", 0));
	g_ptr_array_add(entries, smith_entry_new_file("var/lib/dpkg/status", 0644, "", 0));
	return entries;
}

static char *first_id(const SmithBootstrapSpec *spec)
{
	g_autofree char *text = g_strconcat("bootstrap 1\n", spec->sources, NULL);
	return smith_digest_of(text, strlen(text));
}

static gboolean provide_first(const SmithStore *store, const SmithBootstrapSpec *spec,
			      GError **error)
{
	g_autofree char *id = first_id(spec);
	SmithEntryIter *entries = smith_entry_filter_sort(smith_entry_filter_parents(
		smith_entry_iter_new_array(first_entries(spec->sources)), 0));
	return import(store, id, entries, error);
}

/* A package is a layer of the root; its digest stands for the diff ID that it has not. */
static char *deb_id(const SmithDeb *deb)
{
	return g_strconcat("sha256:", deb->sha256, NULL);
}

static gboolean provide_deb(const SmithStore *store, const SmithDeb *deb, GError **error)
{
	smith_autofd int fd = smith_fetch_open(store, deb->sha256, error);
	SmithEntryIter *entries = fd >= 0 ? smith_deb_read(fd, deb->file, error) : NULL;
	g_autofree char *id = deb_id(deb);
	return entries != NULL && import(store, id, entries, error);
}

static gboolean provide(const SmithStore *store, gconstpointer data, GError **error)
{
	const SmithBootstrapSpec *spec = data;
	if (!provide_first(store, spec, error))
		return FALSE;
	for (guint i = 0; i < spec->debs->len; i++)
		if (!provide_deb(store, spec->debs->pdata[i], error))
			return FALSE;
	return TRUE;
}

static SmithRoot *unpacked(const SmithBootstrapSpec *spec)
{
	SmithRoot *root = smith_root_new();
	g_autofree char *first = first_id(spec);
	root->provide = provide;
	root->provide_data = spec;
	smith_root_add(root, first, SMITH_MEDIA_LAYER, first);
	for (guint i = 0; i < spec->debs->len; i++) {
		g_autofree char *id = deb_id(spec->debs->pdata[i]);
		smith_root_add(root, id, SMITH_MEDIA_LAYER, id);
	}
	return root;
}

static gboolean prepare(const SmithStore *store, const SmithBootstrapSpec *spec, int dirfd,
			GError **error)
{
	if (!smith_fd_make_dirs(dirfd, "debs", error))
		return FALSE;
	smith_autofd int debs = smith_fd_open_dir(dirfd, "debs", error);
	return debs >= 0 && smith_debs_link(store, spec->debs, debs, error) &&
	       smith_fd_write_file(dirfd, "script", script, strlen(script), 0755, error);
}

static gboolean throw_failure(int dirfd, GError *local, GError **error)
{
	g_autoptr(GBytes) mark = smith_fd_read_file(dirfd, "failed", 1, NULL);
	g_autoptr(GBytes) bytes =
		mark != NULL ? smith_fd_read_file(dirfd, "output", OUTPUT_LIMIT, NULL) : NULL;
	if (bytes == NULL) {
		g_propagate_error(error, local);
		return FALSE;
	}
	g_error_free(local);
	g_autofree char *text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	g_autofree char *words = smith_apt_failure(text);
	return smith_throw(error, SMITH_ERROR_FAILED, "dpkg --install: %s", words);
}

static SmithLayer *install(const SmithExecution *execution, const SmithBootstrapSpec *spec,
			   const SmithRoot *root, GError **error)
{
	g_auto(SmithScratch) scratch = SMITH_SCRATCH_INIT;
	if (!smith_scratch_make(&scratch, execution->store, error) ||
	    !prepare(execution->store, spec, scratch.fd, error))
		return NULL;
	const char *const argv[] = {"/bin/sh", SMITH_APT_DIRECTORY "/script", NULL};
	g_auto(GStrv) env = smith_apt_env(execution->epoch);
	g_autofree char *name = g_strconcat("bootstrap ", spec->name, NULL);
	g_autofree char *debs = g_build_filename(scratch.path, "debs", NULL);
	SmithSandboxBind binds[] = {
		{scratch.path, SMITH_APT_DIRECTORY, true},
		{debs, SMITH_APT_DIRECTORY "/debs", false},
	};
	SmithSandboxStep step = {
		.name = name,
		.argv = argv,
		.env = (const char *const *)env,
		.binds = binds,
		.n_binds = G_N_ELEMENTS(binds),
		.record_owners = true,
	};
	gint64 epoch = execution->epoch;
	GError *local = NULL;
	SmithLayer *layer = smith_execute_layer(execution, root, &step, smith_tidy, &epoch, &local);
	if (layer == NULL)
		throw_failure(scratch.fd, local, error);
	return layer;
}

static gboolean walk(SmithUpperTree *tree, int dirfd, const char *path, GPtrArray *entries,
		     GError **error)
{
	g_autoptr(GPtrArray) names = smith_fd_list_dir(dirfd, error);
	for (guint i = 0; names != NULL && i < names->len; i++) {
		const char *name = names->pdata[i];
		struct stat st;
		g_autofree char *below =
			path != NULL ? g_build_filename(path, name, NULL) : g_strdup(name);
		SmithEntry *entry = smith_upper_entry(tree, dirfd, name, below, &st, error);
		if (entry == NULL)
			return FALSE;
		g_ptr_array_add(entries, entry);
		if (entry->type != SMITH_ENTRY_DIR)
			continue;
		smith_autofd int fd = smith_fd_open_beneath(
			dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, error);
		if (fd < 0 || !walk(tree, fd, below, entries, error))
			return FALSE;
	}
	return names != NULL;
}

/* All of the root with @changed on top, as one layer: what packages brought is there because it was
 * unpacked, and is no change. */
static SmithLayer *flatten(const SmithExecution *execution, SmithRoot *root,
			   const SmithLayer *changed, GError **error)
{
	smith_root_add(root, changed->digest, changed->media_type, changed->diff_id);
	g_autofree char *directory =
		smith_root_directory(root, execution->store, SMITH_SANDBOX_ONE_UID, error);
	smith_autofd int fd =
		directory != NULL ? smith_fd_open_dir(AT_FDCWD, directory, error) : -1;
	smith_autofd int taken = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
	if (taken < 0)
		return NULL;
	g_autoptr(SmithUpperTree) tree = smith_upper_tree_new(g_steal_fd(&taken), -1, error);
	g_autoptr(GPtrArray) entries =
		g_ptr_array_new_with_free_func((GDestroyNotify)smith_entry_free);
	if (tree == NULL || !walk(tree, fd, NULL, entries, error))
		return NULL;
	gint64 epoch = execution->epoch;
	g_autoptr(SmithEntryIter) iter = smith_entry_filter_sort(smith_entry_filter_clamp(
		smith_tidy(smith_entry_iter_new_array(g_steal_pointer(&entries)), &epoch), epoch,
		false));
	const SmithLayerOptions options = {
		.compression = execution->compression,
		.split = execution->workers > 1,
		.blobs_dirfd = smith_layout_blobs_fd(smith_store_layout(execution->store)),
	};
	return smith_layer_write(iter, &options, error);
}

SmithLayer *smith_bootstrap(const SmithExecution *execution, const SmithBootstrapSpec *spec,
			    GError **error)
{
	SMITH_AUTO_PREFIX("bootstrap", spec->name, error);
	g_autoptr(SmithRoot) root = unpacked(spec);
	g_autoptr(SmithLayer) changed = install(execution, spec, root, error);
	return changed != NULL ? flatten(execution, root, changed, error) : NULL;
}
