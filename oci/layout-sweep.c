/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/layout-sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"

#define MAX_DEPTH 6

static gboolean mark(const SmithLayout *layout, const char *digest, GHashTable *live, guint depth,
		     GError **error);

/* Every digest in @node, wherever it stands. */
static gboolean mark_node(const SmithLayout *layout, const SmithNode *node, GHashTable *live,
			  guint depth, GError **error)
{
	bool is_map = node->type == SMITH_NODE_MAP;
	if (!is_map && node->type != SMITH_NODE_SEQ)
		return TRUE;
	const char *digest = is_map ? smith_node_get_string(node, "digest") : NULL;
	if (digest != NULL && !mark(layout, digest, live, depth + 1, error))
		return FALSE;
	const GPtrArray *below = is_map ? node->members : node->items;
	for (guint i = 0; i < below->len; i++) {
		const SmithNode *value =
			is_map ? ((SmithNodeMember *)below->pdata[i])->value : below->pdata[i];
		if (!mark_node(layout, value, live, depth, error))
			return FALSE;
	}
	return TRUE;
}

/* NULL without an error when the blob is none, or is missing: layers are no text. */
static gboolean read_document(const SmithLayout *layout, const char *digest, GBytes **bytes,
			      GError **error)
{
	struct stat st;
	char first = '\0';
	smith_autofd int fd = openat(smith_layout_blobs_fd(layout), smith_digest_hex(digest),
				     O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return TRUE;
	if (fd < 0 || fstat(fd, &st) < 0)
		return smith_throw_errno(error, "cannot open blob '%s'", digest);
	if (!S_ISREG(st.st_mode) || st.st_size > SMITH_SPEC_MAX_MANIFEST ||
	    pread(fd, &first, 1, 0) != 1 || first != '{')
		return TRUE;
	g_autoptr(SmithDescriptor) descriptor =
		smith_descriptor_new(SMITH_MEDIA_MANIFEST, digest, st.st_size);
	*bytes = smith_layout_read_blob(layout, descriptor, SMITH_SPEC_MAX_MANIFEST, error);
	return *bytes != NULL;
}

static gboolean mark(const SmithLayout *layout, const char *digest, GHashTable *live, guint depth,
		     GError **error)
{
	g_autoptr(GBytes) bytes = NULL;
	if (!smith_digest_is_sha256(digest) ||
	    !g_hash_table_add(live, g_strdup(smith_digest_hex(digest))))
		return TRUE;
	if (depth > MAX_DEPTH)
		return smith_throw(error, SMITH_ERROR_LIMIT,
				   "blob '%s' is nested deeper than %d levels", digest, MAX_DEPTH);
	if (!read_document(layout, digest, &bytes, error))
		return FALSE;
	if (bytes == NULL)
		return TRUE;
	gsize length = 0;
	const char *text = g_bytes_get_data(bytes, &length);
	/* a file of text that is no JSON names nothing */
	g_autoptr(SmithNode) node = smith_node_read_json(text, length, digest, NULL);
	return node == NULL || mark_node(layout, node, live, depth, error);
}

gboolean smith_layout_mark(const SmithLayout *layout, const char *digest, GHashTable *live,
			   GError **error)
{
	SMITH_AUTO_PREFIX("image layout", smith_layout_get_path(layout), error);
	return mark(layout, digest, live, 0, error);
}

gboolean smith_layout_mark_index(const SmithLayout *layout, GHashTable *live, GError **error)
{
	g_autoptr(SmithIndex) index = smith_layout_read_index(layout, error);
	SMITH_AUTO_PREFIX("image layout", smith_layout_get_path(layout), error);
	for (guint i = 0; index != NULL && i < index->manifests->len; i++) {
		const SmithDescriptor *entry = index->manifests->pdata[i];
		if (smith_descriptor_get_annotation(entry, SMITH_ANNOTATION_REF_NAME) != NULL &&
		    !mark(layout, entry->digest, live, 0, error))
			return FALSE;
	}
	return index != NULL;
}

static gboolean sweep_blob(int dirfd, const char *name, bool dry, SmithSwept *swept, GError **error)
{
	struct stat st;
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return smith_throw_errno(error, "cannot look at blob '%s'", name);
	if (!dry && unlinkat(dirfd, name, 0) < 0)
		return smith_throw_errno(error, "cannot remove blob '%s'", name);
	swept->removed++;
	/* a file with other names takes its place all the same */
	if (st.st_nlink == 1)
		swept->bytes += (guint64)st.st_size;
	return TRUE;
}

/* Names that no blob has are what a killed process left, or not ours. */
static bool is_ours(const char *name)
{
	return smith_digest_is_hex(name) || g_str_has_prefix(name, SMITH_TMPFILE_PREFIX);
}

gboolean smith_layout_sweep(const SmithLayout *layout, GHashTable *live, bool dry,
			    SmithSwept *swept, GError **error)
{
	SMITH_AUTO_PREFIX("image layout", smith_layout_get_path(layout), error);
	int dirfd = smith_layout_blobs_fd(layout);
	g_autoptr(GPtrArray) names = smith_fd_list_dir(dirfd, error);
	for (guint i = 0; names != NULL && i < names->len; i++) {
		const char *name = names->pdata[i];
		if (g_hash_table_contains(live, name))
			swept->kept++;
		else if (is_ours(name) && !sweep_blob(dirfd, name, dry, swept, error))
			return FALSE;
	}
	return names != NULL;
}
