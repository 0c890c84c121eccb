/* SPDX-License-Identifier: Apache-2.0 */
#include "execute/root.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "layers/tar-read.h"
#include "layers/unpack.h"
#include "sandbox/owners.h"
#include "store/repo.h"
#include "store/roots.h"

#define EMPTY "roots/empty"

static void layer_free(gpointer data)
{
	SmithRootLayer *layer = data;
	g_free(layer->digest);
	g_free(layer->media_type);
	g_free(layer->diff_id);
	g_free(layer);
}

SmithRoot *smith_root_new(void)
{
	SmithRoot *root = g_new0(SmithRoot, 1);
	root->layers = g_ptr_array_new_with_free_func(layer_free);
	return root;
}

void smith_root_free(SmithRoot *root)
{
	if (root == NULL)
		return;
	g_ptr_array_unref(root->layers);
	g_free(root->chain_id);
	g_free(root);
}

/* The diff IDs, bottom first, NULL at the end; borrowed. */
static const char **list_diff_ids(const SmithRoot *root)
{
	const char **ids = g_new0(const char *, root->layers->len + 1);
	for (guint i = 0; i < root->layers->len; i++)
		ids[i] = ((const SmithRootLayer *)root->layers->pdata[i])->diff_id;
	return ids;
}

void smith_root_add(SmithRoot *root, const char *digest, const char *media_type,
		    const char *diff_id)
{
	SmithRootLayer *layer = g_new0(SmithRootLayer, 1);
	layer->digest = g_strdup(digest);
	layer->media_type = g_strdup(media_type);
	layer->diff_id = g_strdup(diff_id);
	g_ptr_array_add(root->layers, layer);
	g_autofree const char **ids = list_diff_ids(root);
	g_free(root->chain_id);
	root->chain_id = smith_repo_chain_id(ids);
}

SmithRoot *smith_root_copy(const SmithRoot *root)
{
	SmithRoot *copy = smith_root_new();
	copy->provide = root->provide;
	copy->provide_data = root->provide_data;
	for (guint i = 0; i < root->layers->len; i++) {
		const SmithRootLayer *layer = root->layers->pdata[i];
		smith_root_add(copy, layer->digest, layer->media_type, layer->diff_id);
	}
	return copy;
}

SmithRoot *smith_root_of_image(const SmithStore *store, const char *manifest_digest, GError **error)
{
	g_autoptr(SmithManifest) manifest = NULL;
	g_autoptr(SmithImageConfig) config = NULL;
	SmithLayout *layout = smith_store_layout(store);
	struct stat st;
	if (fstatat(smith_layout_blobs_fd(layout), smith_digest_hex(manifest_digest), &st, 0) < 0)
		return smith_throw_errno_null(error, "manifest '%s'", manifest_digest);
	g_autoptr(SmithDescriptor) descriptor =
		smith_descriptor_new(SMITH_MEDIA_MANIFEST, manifest_digest, st.st_size);
	if (!smith_layout_load_image(layout, descriptor, &manifest, &config, error))
		return NULL;
	g_autoptr(SmithRoot) root = smith_root_new();
	for (guint i = 0; i < manifest->layers->len; i++) {
		const SmithDescriptor *layer = manifest->layers->pdata[i];
		smith_root_add(root, layer->digest, layer->media_type, config->rootfs->diff_ids[i]);
	}
	return g_steal_pointer(&root);
}

static gboolean import_layer(const SmithRootLayer *layer, SmithStore *store, GError **error)
{
	SMITH_AUTO_PREFIX("layer", layer->digest, error);
	SmithLayout *layout = smith_store_layout(store);
	smith_autofd int fd = smith_fd_open_beneath(
		smith_layout_blobs_fd(layout), smith_digest_hex(layer->digest), O_RDONLY, 0, error);
	if (fd < 0)
		return FALSE;
	SmithSource *blob =
		smith_source_new_verify(smith_source_new_fd(g_steal_fd(&fd), TRUE, layer->digest),
					G_MAXUINT64, layer->digest, layer->digest);
	SmithSource *tar = smith_unpack_new(blob, layer->digest, error);
	if (tar == NULL)
		return FALSE;
	/* an image says what its diff IDs are: it must not name another image's layer by a lie */
	tar = smith_source_new_verify(tar, G_MAXUINT64, layer->diff_id, layer->diff_id);
	g_autoptr(SmithEntryIter) entries = smith_tar_read(tar, NULL, layer->digest, error);
	return entries != NULL && smith_repo_import(store, layer->diff_id, entries, error);
}

static char *import_and_checkout(const SmithRoot *root, SmithStore *store, GError **error)
{
	g_autofree const char **ids = list_diff_ids(root);
	if (root->provide != NULL && !root->provide(store, root->provide_data, error))
		return NULL;
	for (guint i = 0; i < root->layers->len; i++)
		if (!smith_repo_has_layer(store, ids[i]) &&
		    !import_layer(root->layers->pdata[i], store, error))
			return NULL;
	return smith_repo_checkout(store, ids, error);
}

static char *empty_directory(SmithStore *store, GError **error)
{
	if (!smith_fd_make_dirs(smith_store_cache_fd(store), EMPTY, error))
		return NULL;
	return g_build_filename(smith_store_get_path(store), "cache", EMPTY, NULL);
}

static char *plain_directory(const SmithRoot *root, SmithStore *store, GError **error)
{
	if (root->chain_id == NULL)
		return empty_directory(store, error);
	g_autoptr(GError) failure = NULL;
	char *path = import_and_checkout(root, store, &failure);
	/* a layer that was found damaged counts as not unpacked: once more, from where it was */
	if (path == NULL && g_error_matches(failure, SMITH_ERROR, SMITH_ERROR_VERIFY)) {
		g_clear_error(&failure);
		path = import_and_checkout(root, store, &failure);
	}
	if (path == NULL)
		g_propagate_error(error, g_steal_pointer(&failure));
	return path;
}

typedef struct {
	const char *from;
	SmithSandboxMode mode;
} Owners;

static gboolean fill_owners(G_GNUC_UNUSED int fd, const char *path, gpointer data, GError **error)
{
	const Owners *owners = data;
	return smith_owners_make(owners->from, path, owners->mode, error);
}

static gboolean settle_owners(const char *path, gpointer data)
{
	const Owners *owners = data;
	return smith_owners_settle(path, owners->mode, NULL);
}

char *smith_root_directory(const SmithRoot *root, SmithStore *store, SmithSandboxMode mode,
			   GError **error)
{
	char *plain = plain_directory(root, store, error);
	if (plain == NULL || mode == SMITH_SANDBOX_ONE_UID || root->chain_id == NULL)
		return plain;
	g_autofree char *from = plain;
	g_autofree char *name = g_strdup_printf("%s-%s", smith_digest_hex(root->chain_id),
						mode == SMITH_SANDBOX_ROOT ? "root" : "many");
	Owners owners = {from, mode};
	SmithRootMaker maker = {.fill = fill_owners, .settle = settle_owners, .data = &owners};
	return smith_roots_make(store, name, &maker, error);
}

bool smith_root_settle(const char *path)
{
	SmithSandboxMode mode = geteuid() == 0 ? SMITH_SANDBOX_ROOT : SMITH_SANDBOX_MANY_UIDS;
	return smith_owners_settle(path, mode, NULL);
}
