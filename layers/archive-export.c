/* SPDX-License-Identifier: Apache-2.0 */
#include "layers/archive.h"

#include <string.h>

#include "base/digest.h"
#include "base/entry.h"
#include "base/error.h"
#include "base/json.h"
#include "layers/tar-write.h"

#define OCI_LAYOUT "{\"imageLayoutVersion\":\"1.0.0\"}"
#define MAX_INDEX_DEPTH 4

/* A blob of a layout as a file; the layout outlives it. */
typedef struct {
	SmithContent content;
	const SmithLayout *layout;
	SmithDescriptor *descriptor;
} BlobContent;

typedef struct {
	const SmithLayout *layout;
	GHashTable *files; /* path -> SmithEntry*: each once */
} Export;

static SmithSource *blob_content_open(SmithContent *content, GError **error)
{
	BlobContent *self = (BlobContent *)content;
	return smith_layout_open_blob(self->layout, self->descriptor, error);
}

static void blob_content_free(SmithContent *content)
{
	BlobContent *self = (BlobContent *)content;
	smith_descriptor_free(self->descriptor);
	g_free(self);
}

static SmithContent *blob_content_new(const SmithLayout *layout, const SmithDescriptor *descriptor)
{
	static const SmithContentOps ops = {blob_content_open, NULL, blob_content_free};
	BlobContent *self = g_new0(BlobContent, 1);
	self->content.ops = &ops;
	self->content.refs = 1;
	self->content.size = (guint64)descriptor->size;
	self->layout = layout;
	self->descriptor = smith_descriptor_copy(descriptor);
	return &self->content;
}

static void export_init(Export *export, const SmithLayout *layout)
{
	export->layout = layout;
	export->files = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
					      (GDestroyNotify)smith_entry_free);
}

static void export_clear(Export *export)
{
	g_clear_pointer(&export->files, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Export, export_clear)

static void add_entry(Export *export, SmithEntry *entry)
{
	g_hash_table_replace(export->files, entry->path, entry);
}

static void add_text(Export *export, const char *path, const char *text, gsize length)
{
	add_entry(export, smith_entry_new_file(path, 0644, text, length));
}

static void add_blob(Export *export, const char *path, const SmithDescriptor *descriptor)
{
	SmithEntry *entry = smith_entry_new(SMITH_ENTRY_FILE, path, 0644);
	entry->content = blob_content_new(export->layout, descriptor);
	add_entry(export, entry);
}

static gboolean add_oci_blob(Export *export, const SmithDescriptor *descriptor, GError **error)
{
	if (!smith_digest_is_sha256(descriptor->digest))
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED, "blob '%s' is not a sha256 blob",
				   descriptor->digest);
	g_autofree char *path =
		g_strconcat("blobs/sha256/", smith_digest_hex(descriptor->digest), NULL);
	add_blob(export, path, descriptor);
	return TRUE;
}

static gboolean add_oci_image(Export *export, const SmithDescriptor *descriptor, guint depth,
			      GError **error);

static gboolean add_oci_index(Export *export, const SmithDescriptor *descriptor, guint depth,
			      GError **error)
{
	if (depth >= MAX_INDEX_DEPTH)
		return smith_throw(error, SMITH_ERROR_LIMIT,
				   "index '%s' is nested more than %d levels", descriptor->digest,
				   MAX_INDEX_DEPTH);
	g_autoptr(GBytes) bytes =
		smith_layout_read_blob(export->layout, descriptor, SMITH_SPEC_MAX_MANIFEST, error);
	g_autoptr(SmithIndex) index =
		bytes != NULL ? smith_index_parse(bytes, descriptor->digest, error) : NULL;
	for (guint i = 0; index != NULL && i < index->manifests->len; i++)
		if (!add_oci_image(export, index->manifests->pdata[i], depth + 1, error))
			return FALSE;
	return index != NULL;
}

static gboolean add_oci_image(Export *export, const SmithDescriptor *descriptor, guint depth,
			      GError **error)
{
	if (!add_oci_blob(export, descriptor, error))
		return FALSE;
	if (smith_spec_is_index(descriptor->media_type))
		return add_oci_index(export, descriptor, depth, error);
	g_autoptr(GBytes) bytes =
		smith_layout_read_blob(export->layout, descriptor, SMITH_SPEC_MAX_MANIFEST, error);
	g_autoptr(SmithManifest) manifest =
		bytes != NULL ? smith_manifest_parse(bytes, descriptor->digest, error) : NULL;
	if (manifest == NULL || !add_oci_blob(export, manifest->config, error))
		return FALSE;
	for (guint i = 0; i < manifest->layers->len; i++)
		if (!add_oci_blob(export, manifest->layers->pdata[i], error))
			return FALSE;
	return TRUE;
}

static int compare_entries(const void *a, const void *b)
{
	const SmithEntry *const *x = a, *const *y = b;
	return smith_entry_path_compare((*x)->path, (*y)->path);
}

/* Sorted by path, whatever order they came in; ends the export. */
static gboolean write_sorted(Export *export, SmithSink *sink, GError **error)
{
	GPtrArray *entries = g_ptr_array_new();
	GHashTableIter files;
	gpointer entry;
	g_hash_table_iter_init(&files, export->files);
	while (g_hash_table_iter_next(&files, NULL, &entry)) {
		g_ptr_array_add(entries, entry);
		g_hash_table_iter_steal(&files);
	}
	g_ptr_array_sort(entries, compare_entries);
	g_autoptr(SmithEntryIter) iter = smith_entry_iter_new_array(entries);
	return smith_tar_write_all(iter, sink, error);
}

gboolean smith_archive_export_oci(const SmithLayout *layout, const SmithDescriptor *descriptor,
				  const char *name, SmithSink *sink, GError **error)
{
	SMITH_AUTO_PREFIX("exporting image", descriptor->digest, error);
	g_auto(Export) export = {NULL, NULL};
	export_init(&export, layout);
	if (!add_oci_image(&export, descriptor, 0, error))
		return FALSE;

	g_autoptr(SmithIndex) index = smith_index_new();
	SmithDescriptor *named = smith_descriptor_copy(descriptor);
	smith_descriptor_set_annotation(named, SMITH_ANNOTATION_REF_NAME, name);
	g_ptr_array_add(index->manifests, named);
	gsize length;
	g_autofree char *text = smith_index_write(index, &length);
	add_text(&export, "index.json", text, length);
	add_text(&export, "oci-layout", OCI_LAYOUT, strlen(OCI_LAYOUT));
	add_entry(&export, smith_entry_new(SMITH_ENTRY_DIR, "blobs", 0755));
	add_entry(&export, smith_entry_new(SMITH_ENTRY_DIR, "blobs/sha256", 0755));
	return write_sorted(&export, sink, error);
}

static char *docker_manifest(const SmithManifest *manifest, const char *name, gsize *length)
{
	g_autoptr(SmithNode) list = smith_node_new(SMITH_NODE_SEQ);
	SmithNode *image = smith_node_new(SMITH_NODE_MAP);
	SmithNode *tags = smith_node_new(SMITH_NODE_SEQ);
	SmithNode *layers = smith_node_new(SMITH_NODE_SEQ);
	g_autofree char *config =
		g_strconcat(smith_digest_hex(manifest->config->digest), ".json", NULL);
	if (name != NULL)
		smith_node_append(tags, smith_node_new_string(name));
	for (guint i = 0; i < manifest->layers->len; i++) {
		const SmithDescriptor *layer = manifest->layers->pdata[i];
		g_autofree char *path = g_strconcat(smith_digest_hex(layer->digest), ".tar", NULL);
		smith_node_append(layers, smith_node_new_string(path));
	}
	smith_node_set(image, "Config", smith_node_new_string(config));
	smith_node_set(image, "RepoTags", tags);
	smith_node_set(image, "Layers", layers);
	smith_node_append(list, image);
	return smith_json_write(list, SMITH_JSON_COMPACT, length);
}

gboolean smith_archive_export_docker(const SmithLayout *layout, const SmithDescriptor *descriptor,
				     const char *name, SmithSink *sink, GError **error)
{
	SMITH_AUTO_PREFIX("exporting image", descriptor->digest, error);
	if (!smith_spec_is_manifest(descriptor->media_type))
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
				   "a docker-archive holds one platform's image, not a '%s'",
				   descriptor->media_type);
	g_auto(Export) export = {NULL, NULL};
	export_init(&export, layout);
	g_autoptr(SmithManifest) manifest = NULL;
	if (!smith_layout_load_image(layout, descriptor, &manifest, NULL, error))
		return FALSE;

	gsize length;
	g_autofree char *text = docker_manifest(manifest, name, &length);
	g_autofree char *config =
		g_strconcat(smith_digest_hex(manifest->config->digest), ".json", NULL);
	add_text(&export, "manifest.json", text, length);
	add_blob(&export, config, manifest->config);
	for (guint i = 0; i < manifest->layers->len; i++) {
		const SmithDescriptor *layer = manifest->layers->pdata[i];
		g_autofree char *path = g_strconcat(smith_digest_hex(layer->digest), ".tar", NULL);
		add_blob(&export, path, layer);
	}
	return write_sorted(&export, sink, error);
}
