/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/image.h"

#include <fcntl.h>
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "cmd/prepare.h"
#include "oci/ref.h"

#define PREFIX_MIN 6

static bool has_digest(const SmithDescriptor *entry, const char *name)
{
	if (strcmp(entry->digest, name) == 0)
		return true;
	const char *hex = g_str_has_prefix(name, "sha256:") ? name + strlen("sha256:") : name;
	return strlen(hex) >= PREFIX_MIN && g_str_has_prefix(smith_digest_hex(entry->digest), hex);
}

typedef enum { BY_NAME, BY_LATEST, BY_ANY_TAG, BY_DIGEST, WAYS } Way;

/* "NAME" stands for NAME:latest, or for the one tag that there is. */
static bool has_name(const SmithDescriptor *entry, const char *name, Way way)
{
	const char *ref = smith_descriptor_get_annotation(entry, SMITH_ANNOTATION_REF_NAME);
	if (ref == NULL || !g_str_has_prefix(ref, name))
		return false;
	const char *rest = ref + strlen(name);
	if (way == BY_NAME)
		return *rest == '\0';
	if (way == BY_LATEST)
		return strcmp(rest, ":latest") == 0;
	/* behind the colon of "localhost:5000/x" there is no tag */
	return *rest == ':' && strchr(rest, '/') == NULL;
}

static SmithDescriptor *find_in(const SmithLayout *layout, const char *name, GError **error)
{
	g_autoptr(SmithIndex) index = smith_layout_read_index(layout, error);
	if (index == NULL)
		return NULL;
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	for (Way way = BY_NAME; way < WAYS; way++) {
		const SmithDescriptor *found = NULL;
		for (guint i = 0; i < index->manifests->len; i++) {
			const SmithDescriptor *entry = index->manifests->pdata[i];
			bool match = way == BY_DIGEST ? has_digest(entry, name)
						      : has_name(entry, name, way);
			if (match && found != NULL && strcmp(found->digest, entry->digest) != 0) {
				smith_throw(error, SMITH_ERROR_CONFLICT,
					    "'%s' stands for more than one image", name);
				return NULL;
			}
			found = match ? entry : found;
		}
		if (found != NULL)
			return smith_descriptor_copy(found);
	}
	for (guint i = 0; i < index->manifests->len; i++) {
		const char *ref = smith_descriptor_get_annotation(index->manifests->pdata[i],
								  SMITH_ANNOTATION_REF_NAME);
		if (ref != NULL)
			g_ptr_array_add(names, (gpointer)ref);
	}
	g_ptr_array_add(names, NULL);
	const char *nearest = smith_nearest(name, (const char *const *)names->pdata);
	smith_throw(error, SMITH_ERROR_NOT_FOUND, "no image '%s' in '%s'%s%s%s", name,
		    smith_layout_get_path(layout), nearest ? " (did you mean '" : "",
		    nearest ? nearest : "", nearest ? "'?)" : "");
	return NULL;
}

static SmithDescriptor *open_layout(SmithImage *image, const SmithRef *ref, GError **error)
{
	image->layout = smith_layout_open(AT_FDCWD, ref->path, FALSE, error);
	image->own_layout = true;
	if (image->layout == NULL)
		return NULL;
	if (ref->tag == NULL)
		return smith_layout_find(image->layout, NULL, NULL, error);
	return find_in(image->layout, ref->tag, error);
}

SmithImage *smith_cmd_image_open(SmithInvocation *inv, const char *name, GError **error)
{
	g_autoptr(SmithImage) image = g_new0(SmithImage, 1);
	g_autoptr(SmithRef) ref = smith_ref_parse(name, NULL);
	if (ref != NULL && g_strcmp0(ref->transport, "oci") == 0) {
		image->descriptor = open_layout(image, ref, error);
	} else {
		image->layout = smith_store_layout(inv->prepared->store);
		image->descriptor = find_in(image->layout, name, error);
	}
	if (image->descriptor == NULL)
		return NULL;
	if (smith_spec_is_index(image->descriptor->media_type)) {
		smith_throw(error, SMITH_ERROR_UNSUPPORTED,
			    "'%s' is an index of several platforms: name one of its manifests",
			    name);
		return NULL;
	}
	if (!smith_layout_load_image(image->layout, image->descriptor, &image->manifest,
				     &image->config, error))
		return NULL;
	return g_steal_pointer(&image);
}

void smith_cmd_image_free(SmithImage *image)
{
	if (image == NULL)
		return;
	if (image->own_layout)
		smith_layout_free(image->layout);
	smith_descriptor_free(image->descriptor);
	smith_manifest_free(image->manifest);
	smith_image_config_free(image->config);
	g_free(image);
}
