/* SPDX-License-Identifier: Apache-2.0 */
#include "layers/archive.h"

#include <string.h>

#include "base/digest.h"
#include "base/entry.h"
#include "base/error.h"
#include "base/fd.h"
#include "layers/tar-read.h"

#define BLOB_PREFIX "blobs/sha256/"
#define MAX_LINKS 40
#define MAX_FILES 100000
#define COPY_SIZE (128 * 1024)

/* One stored file of the archive. */
typedef struct {
	char *digest;
	gint64 size;
	const char *media_type; /* as a layer, by its first bytes */
	char *link;		/* or the path that it leads to */
} Stored;

typedef struct {
	const SmithLayout *to;
	const char *ref;
	GHashTable *stored;    /* path -> Stored* */
	GBytes *index_json;    /* oci-archive */
	GBytes *manifest_json; /* docker-archive */
	bool has_oci_layout;
} Import;

static void stored_free(gpointer data)
{
	Stored *stored = data;
	g_free(stored->digest);
	g_free(stored->link);
	g_free(stored);
}

static void import_clear(Import *import)
{
	g_clear_pointer(&import->stored, g_hash_table_unref);
	g_clear_pointer(&import->index_json, g_bytes_unref);
	g_clear_pointer(&import->manifest_json, g_bytes_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Import, import_clear)

static const char *layer_type(const guint8 *start, gsize length)
{
	if (length >= 2 && start[0] == 0x1f && start[1] == 0x8b)
		return SMITH_MEDIA_LAYER_GZIP;
	if (length >= 4 && memcmp(start, "\x28\xb5\x2f\xfd", 4) == 0)
		return SMITH_MEDIA_LAYER_ZSTD;
	return SMITH_MEDIA_LAYER;
}

/* Streams @source into a blob of its digest, which must be @expected unless that is NULL. */
static Stored *store(const Import *import, SmithSource *source, const char *expected,
		     GError **error)
{
	int dirfd = smith_layout_blobs_fd(import->to);
	g_auto(SmithTmpfile) tmp = SMITH_TMPFILE_INIT;
	g_autoptr(SmithHasher) hasher = smith_hasher_new();
	g_autofree guint8 *buffer = g_malloc(COPY_SIZE);
	const char *type = NULL;
	gint64 size = 0;
	if (!smith_tmpfile_open(&tmp, dirfd, 0444, error))
		return NULL;
	for (;;) {
		gssize count = smith_source_read_full(source, buffer, COPY_SIZE, error);
		if (count < 0)
			return NULL;
		if (type == NULL)
			type = layer_type(buffer, (gsize)count);
		if (count == 0)
			break;
		smith_hasher_update(hasher, buffer, (gsize)count);
		if (!smith_fd_write_all(tmp.fd, buffer, (gsize)count, error))
			return NULL;
		size += count;
	}
	g_autofree char *digest = smith_hasher_finish(hasher);
	if (expected != NULL && strcmp(digest, expected) != 0) {
		smith_throw(error, SMITH_ERROR_VERIFY,
			    "blob '%s': digest mismatch, got '%s' (%" G_GINT64_FORMAT " bytes)",
			    expected, digest, size);
		return NULL;
	}
	/* a blob of the right name and the wrong size is what a lost machine leaves behind */
	SmithTmpfileMode mode = smith_layout_has_blob(import->to, digest, size)
					? SMITH_TMPFILE_KEEP
					: SMITH_TMPFILE_REPLACE;
	if (!smith_tmpfile_link(&tmp, smith_digest_hex(digest), mode, error))
		return NULL;
	Stored *stored = g_new0(Stored, 1);
	stored->digest = g_steal_pointer(&digest);
	stored->size = size;
	stored->media_type = type;
	return stored;
}

static SmithSource *open_entry(const SmithEntry *entry, GError **error)
{
	if (entry->content != NULL)
		return entry->content->ops->open(entry->content, error);
	g_autoptr(GBytes) empty = g_bytes_new(NULL, 0);
	return smith_source_new_bytes(empty);
}

static gboolean take_document(const SmithEntry *entry, GBytes **out, GError **error)
{
	g_autoptr(SmithSource) source = open_entry(entry, error);
	if (source == NULL)
		return FALSE;
	g_clear_pointer(out, g_bytes_unref);
	*out = smith_source_read_all(source, SMITH_SPEC_MAX_MANIFEST, error);
	return *out != NULL;
}

static gboolean take_file(Import *import, const SmithEntry *entry, GError **error)
{
	static const char *const noise[] = {"VERSION", "json", "repositories", NULL};
	SMITH_AUTO_PREFIX("file", entry->path, error);
	const char *slash = strrchr(entry->path, '/');
	const char *base = slash != NULL ? slash + 1 : entry->path;
	g_autofree char *expected = NULL;

	if (strcmp(entry->path, "index.json") == 0)
		return take_document(entry, &import->index_json, error);
	if (strcmp(entry->path, "manifest.json") == 0)
		return take_document(entry, &import->manifest_json, error);
	if (strcmp(entry->path, "oci-layout") == 0) {
		import->has_oci_layout = true;
		return TRUE;
	}
	/* what docker wrote before 2016 beside each layer */
	if (g_strv_contains(noise, base))
		return TRUE;
	if (g_str_has_prefix(entry->path, BLOB_PREFIX)) {
		if (!smith_digest_is_hex(base))
			return smith_throw(error, SMITH_ERROR_INVALID,
					   "not the name of a blob, expected 64 hex digits");
		expected = g_strconcat("sha256:", base, NULL);
	}
	g_autoptr(SmithSource) source = open_entry(entry, error);
	Stored *stored = source != NULL ? store(import, source, expected, error) : NULL;
	if (stored == NULL)
		return FALSE;
	g_hash_table_replace(import->stored, g_strdup(entry->path), stored);
	return TRUE;
}

/* docker save writes a repeated layer as a link to the first: "../ID/layer.tar". */
static gboolean take_link(Import *import, const SmithEntry *entry, GError **error)
{
	g_autofree char *dir = g_path_get_dirname(entry->path);
	g_autofree char *rooted = entry->type == SMITH_ENTRY_HARDLINK
					  ? g_strconcat("/", entry->target, NULL)
					  : g_strconcat("/", dir, "/", entry->target, NULL);
	g_autofree char *resolved = g_canonicalize_filename(rooted, "/");
	Stored *stored = g_new0(Stored, 1);
	stored->link = smith_entry_path_normalize(resolved, error);
	g_hash_table_replace(import->stored, g_strdup(entry->path), stored);
	return stored->link != NULL;
}

static gboolean read_all(Import *import, SmithEntryIter *iter, GError **error)
{
	for (;;) {
		g_autoptr(SmithEntry) entry = NULL;
		if (!smith_entry_iter_next(iter, &entry, error))
			return FALSE;
		if (entry == NULL)
			return TRUE;
		if (entry->type == SMITH_ENTRY_DIR)
			continue;
		if (entry->type == SMITH_ENTRY_FILE) {
			if (!take_file(import, entry, error))
				return FALSE;
		} else if (entry->type == SMITH_ENTRY_SYMLINK ||
			   entry->type == SMITH_ENTRY_HARDLINK) {
			if (!take_link(import, entry, error))
				return FALSE;
		} else {
			return smith_throw(error, SMITH_ERROR_INVALID,
					   "'%s' is a %s, which no image archive holds",
					   entry->path, smith_entry_type_name(entry->type));
		}
	}
}

static const Stored *find_stored(const Import *import, const char *path, GError **error)
{
	g_autofree char *normal = smith_entry_path_normalize(path, error);
	if (normal == NULL)
		return NULL;
	const char *at = normal;
	for (guint i = 0; i < MAX_LINKS; i++) {
		const Stored *stored = g_hash_table_lookup(import->stored, at);
		if (stored == NULL || stored->link == NULL) {
			if (stored == NULL)
				smith_throw(error, SMITH_ERROR_NOT_FOUND,
					    "the archive has no file '%s'", at);
			return stored;
		}
		at = stored->link;
	}
	smith_throw(error, SMITH_ERROR_INVALID, "'%s' is a loop of links", path);
	return NULL;
}

/* Everything that an image needs is there, and agrees. */
static gboolean check_image(const Import *import, const SmithDescriptor *descriptor, GError **error)
{
	if (smith_spec_is_index(descriptor->media_type)) {
		g_autoptr(GBytes) bytes = smith_layout_read_blob(import->to, descriptor,
								 SMITH_SPEC_MAX_MANIFEST, error);
		return bytes != NULL;
	}
	g_autoptr(SmithManifest) manifest = NULL;
	if (!smith_layout_load_image(import->to, descriptor, &manifest, NULL, error))
		return FALSE;
	for (guint i = 0; i < manifest->layers->len; i++) {
		const SmithDescriptor *layer = manifest->layers->pdata[i];
		if (!smith_layout_has_blob(import->to, layer->digest, layer->size))
			return smith_throw(error, SMITH_ERROR_NOT_FOUND,
					   "the archive lacks layer '%s' of %" G_GINT64_FORMAT
					   " bytes",
					   layer->digest, layer->size);
	}
	return TRUE;
}

static gboolean throw_choice(const Import *import, GString *names, GError **error)
{
	const char *what = names->len > 0 ? names->str : "none with a name";
	if (import->ref == NULL)
		return smith_throw(error, SMITH_ERROR_CONFLICT,
				   "the archive has several images, say which: %s", what);
	return smith_throw(error, SMITH_ERROR_NOT_FOUND,
			   "the archive has no image '%s', it has: %s", import->ref, what);
}

static void add_name(GString *names, const char *name)
{
	if (name != NULL)
		g_string_append_printf(names, "%s'%s'", names->len > 0 ? ", " : "", name);
}

static SmithDescriptor *choose_oci(const Import *import, GError **error)
{
	g_autoptr(SmithIndex) index = smith_index_parse(import->index_json, "index.json", error);
	if (index == NULL)
		return NULL;
	g_autoptr(GString) names = g_string_new(NULL);
	const SmithDescriptor *found = NULL;
	for (guint i = 0; i < index->manifests->len; i++) {
		const SmithDescriptor *each = index->manifests->pdata[i];
		const char *name = smith_descriptor_get_annotation(each, SMITH_ANNOTATION_REF_NAME);
		add_name(names, name);
		if (import->ref != NULL ? g_strcmp0(name, import->ref) == 0
					: index->manifests->len == 1)
			found = each;
	}
	if (found == NULL) {
		throw_choice(import, names, error);
		return NULL;
	}
	return check_image(import, found, error) ? smith_descriptor_copy(found) : NULL;
}

/* "app" means "app:latest" to docker. */
static bool tag_is(const char *tag, const char *ref)
{
	g_autofree char *latest = g_strconcat(ref, ":latest", NULL);
	return g_strcmp0(tag, ref) == 0 || g_strcmp0(tag, latest) == 0;
}

static const char *string_at(const SmithNode *list, guint i)
{
	const SmithNode *item = list->items->pdata[i];
	return item->type == SMITH_NODE_STRING ? item->text : NULL;
}

/* The image of manifest.json that is asked for; its name in *tag. */
static const SmithNode *choose_docker(const Import *import, const SmithNode *list, const char **tag,
				      GError **error)
{
	g_autoptr(GString) names = g_string_new(NULL);
	const SmithNode *found = NULL;
	for (guint i = 0; list->type == SMITH_NODE_SEQ && i < list->items->len; i++) {
		const SmithNode *image = list->items->pdata[i];
		const SmithNode *tags = smith_node_get(image, "RepoTags");
		guint n_tags = tags != NULL && tags->type == SMITH_NODE_SEQ ? tags->items->len : 0;
		if (import->ref == NULL && list->items->len == 1) {
			*tag = n_tags > 0 ? string_at(tags, 0) : NULL;
			return image;
		}
		for (guint k = 0; k < n_tags; k++) {
			const char *each = string_at(tags, k);
			add_name(names, each);
			if (import->ref != NULL && found == NULL && tag_is(each, import->ref)) {
				found = image;
				*tag = each;
			}
		}
	}
	if (found == NULL)
		throw_choice(import, names, error);
	return found;
}

static SmithDescriptor *find_blob(const Import *import, const char *path, const char *media_type,
				  GError **error)
{
	if (path == NULL) {
		smith_throw(error, SMITH_ERROR_INVALID, "manifest.json names no config or layers");
		return NULL;
	}
	const Stored *stored = find_stored(import, path, error);
	if (stored == NULL)
		return NULL;
	return smith_descriptor_new(media_type != NULL ? media_type : stored->media_type,
				    stored->digest, stored->size);
}

/* A plain layer's digest is its diff ID; of others only who unpacks them can tell. */
static gboolean check_diff_ids(const SmithManifest *manifest, const SmithImageConfig *config,
			       GError **error)
{
	for (guint i = 0; i < manifest->layers->len; i++) {
		const SmithDescriptor *layer = manifest->layers->pdata[i];
		if (strcmp(layer->media_type, SMITH_MEDIA_LAYER) == 0 &&
		    strcmp(layer->digest, config->rootfs->diff_ids[i]) != 0)
			return smith_throw(error, SMITH_ERROR_VERIFY,
					   "layer %u: diff ID mismatch, expected '%s', got '%s'", i,
					   config->rootfs->diff_ids[i], layer->digest);
	}
	return TRUE;
}

static SmithDescriptor *make_docker(const Import *import, const SmithNode *image, const char *tag,
				    GError **error)
{
	g_autoptr(SmithManifest) manifest = smith_manifest_new();
	const SmithNode *layers = smith_node_get(image, "Layers");
	manifest->config = find_blob(import, smith_node_get_string(image, "Config"),
				     SMITH_MEDIA_CONFIG, error);
	if (manifest->config == NULL)
		return NULL;
	for (guint i = 0;
	     layers != NULL && layers->type == SMITH_NODE_SEQ && i < layers->items->len; i++) {
		SmithDescriptor *layer = find_blob(import, string_at(layers, i), NULL, error);
		if (layer == NULL)
			return NULL;
		g_ptr_array_add(manifest->layers, layer);
	}
	gsize length;
	g_autofree char *text = smith_manifest_write(manifest, &length);
	g_autoptr(SmithDescriptor) descriptor =
		smith_layout_write_blob(import->to, text, length, SMITH_MEDIA_MANIFEST, error);
	g_autoptr(SmithImageConfig) config = NULL;
	if (descriptor == NULL ||
	    !smith_layout_load_image(import->to, descriptor, NULL, &config, error) ||
	    !check_diff_ids(manifest, config, error))
		return NULL;
	smith_descriptor_set_annotation(descriptor, SMITH_ANNOTATION_REF_NAME, tag);
	return g_steal_pointer(&descriptor);
}

static SmithDescriptor *import_docker(const Import *import, GError **error)
{
	gsize length = 0;
	const char *text = g_bytes_get_data(import->manifest_json, &length);
	g_autoptr(SmithNode) list =
		smith_node_read_json(text != NULL ? text : "", length, "manifest.json", error);
	if (list == NULL)
		return NULL;
	const char *tag = NULL;
	const SmithNode *image = choose_docker(import, list, &tag, error);
	return image != NULL ? make_docker(import, image, tag, error) : NULL;
}

SmithDescriptor *smith_archive_import(SmithSource *source, const SmithLayout *to, const char *ref,
				      const char *name, GError **error)
{
	static const SmithTarLimits limits = {.entries = MAX_FILES};
	SMITH_AUTO_PREFIX("image archive", name, error);
	g_auto(Import) import = {.to = to, .ref = ref};
	import.stored = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, stored_free);
	g_autoptr(SmithEntryIter) iter = smith_tar_read(source, &limits, name, error);
	if (iter == NULL || !read_all(&import, iter, error))
		return NULL;

	/* docker's own archives of today are both, and their layout knows only half of the names */
	bool both = import.manifest_json != NULL;
	if (import.has_oci_layout && import.index_json != NULL) {
		g_autoptr(GError) failure = NULL;
		SmithDescriptor *found = choose_oci(&import, &failure);
		if (found != NULL)
			return found;
		if (!both || !g_error_matches(failure, SMITH_ERROR, SMITH_ERROR_NOT_FOUND)) {
			g_propagate_error(error, g_steal_pointer(&failure));
			return NULL;
		}
	}
	if (both)
		return import_docker(&import, error);
	smith_throw(
		error, SMITH_ERROR_INVALID,
		"neither an oci-archive (no index.json) nor a docker-archive (no manifest.json)");
	return NULL;
}
