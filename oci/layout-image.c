/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "oci/layout.h"

#define MAX_DEPTH 4
#define MAX_BLOBS 100000

static SmithManifest *read_manifest(const SmithLayout *layout, const SmithDescriptor *descriptor,
				    GError **error)
{
	if (!smith_spec_is_manifest(descriptor->media_type))
		return smith_throw_null(error, SMITH_ERROR_UNSUPPORTED,
					"'%s' is a '%s', expected an image manifest",
					descriptor->digest, descriptor->media_type);
	g_autoptr(GBytes) bytes =
		smith_layout_read_blob(layout, descriptor, SMITH_SPEC_MAX_MANIFEST, error);
	g_autoptr(SmithManifest) manifest =
		bytes ? smith_manifest_parse(bytes, descriptor->digest, error) : NULL;
	if (!manifest)
		return NULL;
	if (manifest->media_type && !g_str_equal(manifest->media_type, descriptor->media_type))
		return smith_throw_null(error, SMITH_ERROR_INVALID,
					"manifest '%s' says mediaType '%s', expected '%s'",
					descriptor->digest, manifest->media_type,
					descriptor->media_type);
	return g_steal_pointer(&manifest);
}

gboolean smith_layout_load_image(const SmithLayout *layout, const SmithDescriptor *descriptor,
				 SmithManifest **manifest_out, SmithImageConfig **config_out,
				 GError **error)
{
	g_autoptr(SmithManifest) manifest = read_manifest(layout, descriptor, error);

	if (!manifest)
		return FALSE;
	if (!smith_spec_is_config(manifest->config->media_type))
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
				   "'%s' is no image, its config is a '%s'", descriptor->digest,
				   manifest->config->media_type);
	for (guint i = 0; i < manifest->layers->len; i++) {
		const SmithDescriptor *layer = manifest->layers->pdata[i];
		if (!smith_spec_is_layer(layer->media_type))
			return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
					   "image '%s': layer %u is a '%s'", descriptor->digest, i,
					   layer->media_type);
	}
	g_autoptr(GBytes) bytes =
		smith_layout_read_blob(layout, manifest->config, SMITH_SPEC_MAX_CONFIG, error);
	g_autoptr(SmithImageConfig) config =
		bytes ? smith_image_config_parse(bytes, manifest->config->digest, error) : NULL;
	if (!config || !smith_spec_check_image(manifest, config, descriptor->digest, error))
		return FALSE;
	if (manifest_out)
		*manifest_out = g_steal_pointer(&manifest);
	if (config_out)
		*config_out = g_steal_pointer(&config);
	return TRUE;
}

typedef struct {
	const SmithLayout *from;
	const SmithLayout *to;
	gboolean verify;
	guint blobs;
} Copier;

static gboolean copy_blob(Copier *copier, const SmithDescriptor *descriptor, GError **error)
{
	if (++copier->blobs > MAX_BLOBS)
		return smith_throw(error, SMITH_ERROR_LIMIT, "image refers to more than %d blobs",
				   MAX_BLOBS);
	return smith_layout_import_blob_file(copier->to, smith_layout_blobs_fd(copier->from),
					     descriptor, copier->verify, error);
}

static gboolean copy_manifest(Copier *copier, const SmithDescriptor *descriptor, GError **error)
{
	g_autoptr(SmithManifest) manifest = read_manifest(copier->from, descriptor, error);

	if (!manifest || !copy_blob(copier, manifest->config, error))
		return FALSE;
	for (guint i = 0; i < manifest->layers->len; i++)
		if (!copy_blob(copier, manifest->layers->pdata[i], error))
			return FALSE;
	return TRUE;
}

/* What a document refers to comes before it: a copy that was cut short refers to nothing that is
 * not there. */
static gboolean copy_tree(Copier *copier, const SmithDescriptor *descriptor, guint depth,
			  GError **error)
{
	if (!smith_spec_is_index(descriptor->media_type))
		return copy_manifest(copier, descriptor, error) &&
		       copy_blob(copier, descriptor, error);
	if (depth >= MAX_DEPTH)
		return smith_throw(error, SMITH_ERROR_LIMIT,
				   "index '%s' is nested deeper than %d levels", descriptor->digest,
				   MAX_DEPTH);
	g_autoptr(GBytes) bytes =
		smith_layout_read_blob(copier->from, descriptor, SMITH_SPEC_MAX_MANIFEST, error);
	g_autoptr(SmithIndex) index =
		bytes ? smith_index_parse(bytes, descriptor->digest, error) : NULL;
	if (!index)
		return FALSE;
	for (guint i = 0; i < index->manifests->len; i++)
		if (!copy_tree(copier, index->manifests->pdata[i], depth + 1, error))
			return FALSE;
	return copy_blob(copier, descriptor, error);
}

gboolean smith_layout_copy_image(const SmithLayout *from, const SmithLayout *to,
				 const SmithDescriptor *descriptor, const char *name,
				 gboolean verify, GError **error)
{
	Copier copier = {from, to, verify, 0};

	if (!copy_tree(&copier, descriptor, 0, error))
		return FALSE;
	g_autoptr(SmithDescriptor) named = smith_descriptor_copy(descriptor);
	smith_descriptor_set_annotation(named, SMITH_ANNOTATION_REF_NAME, name);
	g_autoptr(GPtrArray) refs = g_ptr_array_new();
	g_ptr_array_add(refs, named);
	return smith_layout_set_refs(to, refs, error);
}
