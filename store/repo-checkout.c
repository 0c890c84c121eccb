/* SPDX-License-Identifier: Apache-2.0 */
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
#include "store/roots.h"

/*
 * The layers of a root are laid over one another in memory, and the result is made of hard links:
 * nothing is written that a later layer would take away. libostree's own checkout would lose the
 * directories' owners, and believe an object of any size.
 */
#define MAX_TARGET 4096

typedef struct {
	const SmithRepo *repo;
	GHashTable *metas; /* id -> GVariant* of directories */
} Checkout;

static guint id_hash(gconstpointer id)
{
	guint hash;
	memcpy(&hash, id, sizeof hash);
	return hash;
}

static gboolean id_equal(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, SMITH_SHA256_SIZE) == 0;
}

static GVariant *dir_meta(Checkout *checkout, const guint8 *id, GError **error)
{
	GVariant *meta = g_hash_table_lookup(checkout->metas, id);
	if (meta != NULL)
		return meta;
	meta = smith_repo_load(checkout->repo, OSTREE_OBJECT_TYPE_DIR_META, id, error);
	if (meta != NULL)
		g_hash_table_insert(checkout->metas, g_memdup2(id, SMITH_SHA256_SIZE), meta);
	return meta;
}

static gboolean throw_object(const char *path, GError **error)
{
	return smith_throw_errno(error, "object '%s'", path);
}

/* A link count is limited (65000 on ext4): then the file is copied, with its record. */
static gboolean copy_object(const SmithRepo *repo, const char *path, int dirfd, const char *name,
			    GError **error)
{
	smith_autofd int from = openat(repo->objects_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	if (from < 0 || fstat(from, &st) < 0)
		return throw_object(path, error);
	g_autoptr(GVariant) meta = smith_repo_meta_of_fd(from, path, error);
	smith_autofd int to = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (meta == NULL)
		return FALSE;
	if (to < 0)
		return smith_throw_errno(error, "cannot make '%s'", name);
	g_autoptr(SmithSource) source = smith_source_new_fd(from, FALSE, path);
	g_autoptr(SmithSink) sink = smith_sink_new_fd(to, name);
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, st.st_mtim};
	if (!smith_stream_copy(source, sink, error))
		return FALSE;
	if (fsetxattr(to, SMITH_REPO_META, g_variant_get_data(meta), g_variant_get_size(meta), 0) <
		    0 ||
	    fchmod(to, st.st_mode & 0777) < 0 || futimens(to, times) < 0)
		return smith_throw_errno(error, "cannot set the attributes of '%s'", name);
	return TRUE;
}

/* Of an object that a machine left damaged nothing stays, so that it can be made again. */
static gboolean check_size(const SmithRepo *repo, const SmithRepoNode *node, const char *path,
			   GError **error)
{
	struct stat st;
	if (fstatat(repo->objects_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT
			       ? smith_throw(error, SMITH_ERROR_VERIFY, "object '%s' is lost", path)
			       : throw_object(path, error);
	if (smith_repo_object_is_whole(repo->objects_fd, path, node->object.size, &st))
		return TRUE;
	unlinkat(repo->objects_fd, path, 0);
	if (S_ISREG(st.st_mode) && (guint64)st.st_size == node->object.size)
		return smith_throw(error, SMITH_ERROR_VERIFY, "object '%s' has lost its attributes",
				   path);
	return smith_throw(error, SMITH_ERROR_VERIFY,
			   "object '%s' is damaged, got %" G_GUINT64_FORMAT
			   " bytes, expected %" G_GUINT64_FORMAT,
			   path, (guint64)st.st_size, node->object.size);
}

static gboolean put_file(const SmithRepo *repo, const SmithRepoNode *node, int dirfd,
			 const char *name, GError **error)
{
	char path[SMITH_REPO_OBJECT_PATH_SIZE];
	smith_repo_object_path(node->object.id, path);
	if (!check_size(repo, node, path, error))
		return FALSE;
	if (linkat(repo->objects_fd, path, dirfd, name, 0) == 0)
		return TRUE;
	if (errno == EMLINK)
		return copy_object(repo, path, dirfd, name, error);
	return smith_throw_errno(error, "cannot link '%s' to object '%s'", name, path);
}

/* The target of a link is the content of its object. */
static gboolean load_target(const SmithRepo *repo, SmithRepoNode *node, struct timespec *mtime,
			    GError **error)
{
	char path[SMITH_REPO_OBJECT_PATH_SIZE];
	char target[MAX_TARGET + 1];
	struct stat st;
	smith_repo_object_path(node->object.id, path);
	if (!check_size(repo, node, path, error))
		return FALSE;
	smith_autofd int fd = openat(repo->objects_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) < 0)
		return throw_object(path, error);
	gssize length = pread(fd, target, MAX_TARGET, 0);
	if (length < 0)
		return throw_object(path, error);
	target[length] = '\0';
	g_free(node->target);
	node->target = g_strdup(target);
	if (mtime != NULL)
		*mtime = st.st_mtim;
	return TRUE;
}

static gboolean put_link(const SmithRepo *repo, SmithRepoNode *node, int dirfd, const char *name,
			 GError **error)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}};
	if (!load_target(repo, node, &times[1], error))
		return FALSE;
	if (symlinkat(node->target, dirfd, name) < 0)
		return smith_throw_errno(error, "cannot make link '%s'", name);
	if (utimensat(dirfd, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return smith_throw_errno(error, "cannot set the time of '%s'", name);
	return TRUE;
}

/* The owner of a directory can always read and enter it; what it should be is in its record. */
static gboolean finish_dir(int fd, GVariant *variant, const char *name, GError **error)
{
	SmithRepoMeta meta;
	if (!smith_repo_meta_read(variant, &meta))
		return smith_throw(error, SMITH_ERROR_VERIFY, "metadata of '%s' is damaged", name);
	mode_t mode = (meta.mode & 0777) | 0700;
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = (time_t)meta.mtime}};
	if (fchmod(fd, mode) < 0)
		return smith_throw_errno(error, "cannot set the mode of '%s'", name);
	if ((!meta.plain || (meta.mode & 07777) != mode) &&
	    fsetxattr(fd, SMITH_REPO_META, g_variant_get_data(variant), g_variant_get_size(variant),
		      0) < 0)
		return smith_throw_errno(error, "cannot set the record of '%s'", name);
	if (futimens(fd, times) < 0)
		return smith_throw_errno(error, "cannot set the time of '%s'", name);
	return TRUE;
}

static gboolean fill_dir(Checkout *checkout, SmithRepoNode *dir, int fd, const char *name,
			 GError **error);

static gboolean put_dir(Checkout *checkout, SmithRepoNode *dir, int parent, const char *name,
			GError **error)
{
	if (mkdirat(parent, name, 0700) < 0)
		return smith_throw_errno(error, "cannot make directory '%s'", name);
	smith_autofd int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return smith_throw_errno(error, "cannot open directory '%s'", name);
	return fill_dir(checkout, dir, fd, name, error);
}

static gboolean fill_dir(Checkout *checkout, SmithRepoNode *dir, int fd, const char *name,
			 GError **error)
{
	GHashTableIter iter;
	gpointer key, value;
	GVariant *meta = dir_meta(checkout, dir->object.id, error);
	if (meta == NULL)
		return FALSE;
	g_hash_table_iter_init(&iter, dir->children);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		SmithRepoNode *node = value;
		gboolean ok = node->kind == SMITH_REPO_DIR ? put_dir(checkout, node, fd, key, error)
			      : node->kind == SMITH_REPO_LINK
				      ? put_link(checkout->repo, node, fd, key, error)
				      : put_file(checkout->repo, node, fd, key, error);
		if (!ok)
			return FALSE;
	}
	return finish_dir(fd, meta, name, error);
}

/* Only where a layer goes through the links of another does it matter where these lead. */
static gboolean load_links(const SmithRepo *repo, SmithRepoNode *dir, GError **error)
{
	GHashTableIter iter;
	gpointer value;
	g_hash_table_iter_init(&iter, dir->children);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		SmithRepoNode *node = value;
		if (node->kind == SMITH_REPO_LINK && !load_target(repo, node, NULL, error))
			return FALSE;
		if (node->kind == SMITH_REPO_DIR && !load_links(repo, node, error))
			return FALSE;
	}
	return TRUE;
}

static bool has_implied(const SmithRepoNode *dir)
{
	GHashTableIter iter;
	gpointer value;
	g_hash_table_iter_init(&iter, dir->children);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const SmithRepoNode *node = value;
		if (node->kind == SMITH_REPO_DIR && (node->implied || has_implied(node)))
			return true;
	}
	return false;
}

static SmithRepoNode *read_union(const SmithRepo *repo, const char *const *diff_ids, GError **error)
{
	g_autoptr(SmithRepoNode) root = smith_repo_node_new(SMITH_REPO_DIR);
	root->implied = true;
	smith_repo_implied_id(root->object.id);
	for (guint i = 0; diff_ids[i] != NULL; i++) {
		SmithRepoNode *layer = smith_repo_read_tree(repo, diff_ids[i], error);
		if (layer == NULL)
			return NULL;
		if (has_implied(layer) &&
		    (!load_links(repo, root, error) || !load_links(repo, layer, error))) {
			smith_repo_node_free(layer);
			return NULL;
		}
		if (!smith_repo_node_apply(root, layer, error))
			return NULL;
	}
	return g_steal_pointer(&root);
}

typedef struct {
	const SmithStore *store;
	const char *const *diff_ids;
} Order;

/* What is damaged is unpacked again by the next who asks. */
static void forget(const SmithRepo *repo, const char *const *diff_ids)
{
	for (guint i = 0; diff_ids[i] != NULL; i++)
		smith_repo_forget(repo, diff_ids[i]);
}

static gboolean checkout_into(const SmithRepo *repo, const Order *order, int fd, GError **error)
{
	g_autoptr(SmithRepoNode) root = read_union(repo, order->diff_ids, error);
	if (root == NULL)
		return FALSE;
	Checkout checkout = {.repo = repo};
	checkout.metas =
		g_hash_table_new_full(id_hash, id_equal, g_free, (GDestroyNotify)g_variant_unref);
	gboolean ok = fill_dir(&checkout, root, fd, "/", error);
	g_hash_table_unref(checkout.metas);
	return ok;
}

static gboolean fill_root(int fd, G_GNUC_UNUSED const char *path, gpointer data, GError **error)
{
	const Order *order = data;
	g_auto(SmithRepo) repo = SMITH_REPO_INIT;
	g_autoptr(GError) failure = NULL;
	if (!smith_repo_open(&repo, order->store, error))
		return FALSE;
	if (checkout_into(&repo, order, fd, &failure))
		return TRUE;
	if (g_error_matches(failure, SMITH_ERROR, SMITH_ERROR_VERIFY))
		forget(&repo, order->diff_ids);
	g_propagate_error(error, g_steal_pointer(&failure));
	return FALSE;
}

static gboolean verify_dir(const SmithRepo *repo, const SmithRepoNode *dir, int fd, GError **error);

static gboolean verify_node(const SmithRepo *repo, const SmithRepoNode *node, int dirfd,
			    const char *name, GError **error)
{
	char path[SMITH_REPO_OBJECT_PATH_SIZE];
	struct stat st;
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return smith_throw(error, SMITH_ERROR_VERIFY, "'%s' of it is lost", name);
	if (node->kind == SMITH_REPO_LINK && S_ISLNK(st.st_mode))
		return TRUE;
	if (node->kind == SMITH_REPO_DIR && S_ISDIR(st.st_mode)) {
		smith_autofd int fd =
			openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		return fd >= 0 ? verify_dir(repo, node, fd, error)
			       : smith_throw_errno(error, "cannot open directory '%s'", name);
	}
	if (node->kind == SMITH_REPO_FILE &&
	    smith_repo_object_is_whole(dirfd, name, node->object.size, NULL))
		return TRUE;
	smith_repo_object_path(node->object.id, path);
	return check_size(repo, node, path, error) &&
	       smith_throw(error, SMITH_ERROR_VERIFY, "'%s' of it is damaged", name);
}

static gboolean verify_dir(const SmithRepo *repo, const SmithRepoNode *dir, int fd, GError **error)
{
	GHashTableIter iter;
	gpointer name, node;
	g_hash_table_iter_init(&iter, dir->children);
	while (g_hash_table_iter_next(&iter, &name, &node))
		if (!verify_node(repo, node, fd, name, error))
			return FALSE;
	return TRUE;
}

static gboolean verify_root(int fd, gpointer data, GError **error)
{
	const Order *order = data;
	g_auto(SmithRepo) repo = SMITH_REPO_INIT;
	g_autoptr(GError) failure = NULL;
	if (!smith_repo_open(&repo, order->store, error))
		return FALSE;
	g_autoptr(SmithRepoNode) root = read_union(&repo, order->diff_ids, &failure);
	if (root != NULL && verify_dir(&repo, root, fd, &failure))
		return TRUE;
	if (g_error_matches(failure, SMITH_ERROR, SMITH_ERROR_VERIFY))
		forget(&repo, order->diff_ids);
	g_propagate_error(error, g_steal_pointer(&failure));
	return FALSE;
}

char *smith_repo_checkout(const SmithStore *store, const char *const *diff_ids, GError **error)
{
	g_autofree char *chain = smith_repo_chain_id(diff_ids);
	SMITH_AUTO_PREFIX("root", chain, error);
	Order order = {store, diff_ids};
	SmithRootMaker maker = {.fill = fill_root, .verify = verify_root, .data = &order};
	return smith_roots_make(store, smith_digest_hex(chain), &maker, error);
}
