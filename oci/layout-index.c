/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/node.h"
#include "oci/layout.h"

#define INDEX "index.json"
#define LOCK "index.lock"
/* an index of an index is usual for attestations; more depth is nobody's */
#define MAX_DEPTH 4
#define MAX_VISITED 10000
#define MAX_NAMES_TOLD 10

static void free_descriptor(gpointer descriptor)
{
	smith_descriptor_free(descriptor);
}

static GBytes *read_index_bytes(const SmithLayout *layout, GError **error)
{
	return smith_fd_read_file(smith_layout_dir_fd(layout), INDEX, SMITH_SPEC_MAX_MANIFEST,
				  error);
}

SmithIndex *smith_layout_read_index(const SmithLayout *layout, GError **error)
{
	SMITH_AUTO_PREFIX("image layout", smith_layout_get_path(layout), error);
	g_autoptr(GBytes) bytes = read_index_bytes(layout, error);

	return bytes ? smith_index_parse(bytes, INDEX, error) : NULL;
}

/* Signatures, SBOMs and BuildKit's attestations stand in an index like images. */
static gboolean is_image(const SmithDescriptor *descriptor)
{
	return smith_spec_is_manifest(descriptor->media_type) && !descriptor->artifact_type &&
	       (!descriptor->platform || !descriptor->platform->os ||
		!g_str_equal(descriptor->platform->os, "unknown"));
}

typedef struct {
	const SmithLayout *layout;
	GPtrArray *images; /* (element-type SmithDescriptor*) owned copies */
	guint visited;
} Collector;

static gboolean collect_index(Collector *collector, const SmithDescriptor *descriptor, guint depth,
			      GError **error);

/* Adds the image, or all images of the index, that @descriptor stands for. */
static gboolean collect(Collector *collector, const SmithDescriptor *descriptor, guint depth,
			GError **error)
{
	if (++collector->visited > MAX_VISITED)
		return smith_throw(error, SMITH_ERROR_LIMIT, "index holds more than %d entries",
				   MAX_VISITED);
	if (smith_spec_is_index(descriptor->media_type))
		return collect_index(collector, descriptor, depth, error);
	if (!is_image(descriptor))
		return TRUE;
	for (guint i = 0; i < collector->images->len; i++) {
		const SmithDescriptor *other = collector->images->pdata[i];
		if (g_str_equal(other->digest, descriptor->digest))
			return TRUE;
	}
	g_ptr_array_add(collector->images, smith_descriptor_copy(descriptor));
	return TRUE;
}

static gboolean collect_index(Collector *collector, const SmithDescriptor *descriptor, guint depth,
			      GError **error)
{
	if (depth >= MAX_DEPTH)
		return smith_throw(error, SMITH_ERROR_LIMIT,
				   "index '%s' is nested deeper than %d levels", descriptor->digest,
				   MAX_DEPTH);
	g_autoptr(GBytes) bytes = smith_layout_read_blob(collector->layout, descriptor,
							 SMITH_SPEC_MAX_MANIFEST, error);
	g_autoptr(SmithIndex) index =
		bytes ? smith_index_parse(bytes, descriptor->digest, error) : NULL;
	if (!index)
		return FALSE;
	for (guint i = 0; i < index->manifests->len; i++)
		if (!collect(collector, index->manifests->pdata[i], depth + 1, error))
			return FALSE;
	return TRUE;
}

/* A manifest says no platform: its config does. */
static gboolean fill_platform(const SmithLayout *layout, SmithDescriptor *descriptor,
			      GError **error)
{
	g_autoptr(SmithImageConfig) config = NULL;

	if (descriptor->platform)
		return TRUE;
	if (!smith_layout_load_image(layout, descriptor, NULL, &config, error))
		return FALSE;
	descriptor->platform =
		smith_platform_new(config->os, config->architecture, config->variant);
	descriptor->platform->os_version = g_strdup(config->os_version);
	descriptor->platform->os_features = g_strdupv(config->os_features);
	return TRUE;
}

static char *join_platforms(GPtrArray *images)
{
	GString *out = g_string_new(NULL);

	for (guint i = 0; i < images->len && i < MAX_NAMES_TOLD; i++) {
		const SmithDescriptor *image = images->pdata[i];
		g_autofree char *platform = smith_platform_to_string(image->platform);
		g_string_append_printf(out, "%s%s", i ? ", " : "", platform);
	}
	if (images->len > MAX_NAMES_TOLD)
		g_string_append_printf(out, " and %u more", images->len - MAX_NAMES_TOLD);
	return g_string_free(out, FALSE);
}

static char *join_names(const SmithIndex *index)
{
	GString *out = g_string_new(NULL);
	guint count = 0;

	for (guint i = 0; i < index->manifests->len; i++) {
		const char *name = smith_descriptor_get_annotation(index->manifests->pdata[i],
								   SMITH_ANNOTATION_REF_NAME);
		if (!name)
			continue;
		if (count < MAX_NAMES_TOLD)
			g_string_append_printf(out, "%s'%s'", count ? ", " : "", name);
		count++;
	}
	if (count == 0)
		g_string_append(out, index->manifests->len ? "images without a name" : "none");
	else if (count > MAX_NAMES_TOLD)
		g_string_append_printf(out, " and %u more", count - MAX_NAMES_TOLD);
	return g_string_free(out, FALSE);
}

/* The best of @images for @platform. */
static SmithDescriptor *choose(const SmithLayout *layout, GPtrArray *images,
			       const SmithPlatform *platform, GError **error)
{
	SmithDescriptor *best = NULL;
	int best_match = -1;

	for (guint i = 0; i < images->len; i++) {
		SmithDescriptor *image = images->pdata[i];
		if (!fill_platform(layout, image, error))
			return NULL;
		int match = smith_platform_match(platform, image->platform);
		if (match > best_match) {
			best = image;
			best_match = match;
		}
	}
	if (best)
		return smith_descriptor_copy(best);
	g_autofree char *wanted = smith_platform_to_string(platform);
	g_autofree char *there = join_platforms(images);
	return smith_throw_null(error, SMITH_ERROR_NOT_FOUND,
				"no image for platform %s, there is %s", wanted, there);
}

static gboolean has_name(const SmithDescriptor *descriptor, const char *name)
{
	return !name ||
	       g_strcmp0(smith_descriptor_get_annotation(descriptor, SMITH_ANNOTATION_REF_NAME),
			 name) == 0;
}

static SmithDescriptor *find(const SmithLayout *layout, const SmithIndex *index, const char *name,
			     const SmithPlatform *platform, GError **error)
{
	g_autoptr(GPtrArray) images = g_ptr_array_new_with_free_func(free_descriptor);
	Collector collector = {layout, images, 0};
	guint entries = 0;

	for (guint i = 0; i < index->manifests->len; i++) {
		const SmithDescriptor *entry = index->manifests->pdata[i];
		guint before = images->len;
		if (!has_name(entry, name))
			continue;
		if (!collect(&collector, entry, 0, error))
			return NULL;
		entries += images->len > before;
	}
	g_autofree char *names = join_names(index);
	if (images->len == 0)
		return smith_throw_null(error, SMITH_ERROR_NOT_FOUND, "no image%s%s%s, there is %s",
					name ? " '" : "", name ? name : "", name ? "'" : "", names);
	if (!name && entries > 1)
		return smith_throw_null(error, SMITH_ERROR_CONFLICT,
					"holds %u images, expected a name of these: %s", entries,
					names);
	if (platform)
		return choose(layout, images, platform, error);
	if (images->len == 1)
		return smith_descriptor_copy(images->pdata[0]);
	g_autofree char *there = join_platforms(images);
	return smith_throw_null(error, SMITH_ERROR_CONFLICT,
				"image is for several platforms, expected one of these: %s", there);
}

SmithDescriptor *smith_layout_find(const SmithLayout *layout, const char *name,
				   const SmithPlatform *platform, GError **error)
{
	g_autoptr(SmithIndex) index = smith_layout_read_index(layout, error);

	if (!index)
		return NULL;
	SMITH_AUTO_PREFIX("image layout", smith_layout_get_path(layout), error);
	return find(layout, index, name, platform, error);
}

/* The tree and not the structs: what others wrote into index.json stays, known to us or not. Only
 * what set_ref() relies on is checked. */
static SmithNode *read_index_node(GBytes *bytes, GError **error)
{
	gsize length;
	const char *text = g_bytes_get_data(bytes, &length);
	g_autoptr(SmithNode) root = smith_node_read_json(text ? text : "", length, INDEX, error);

	if (!root)
		return NULL;
	const SmithNode *manifests = smith_node_get(root, "manifests");
	if (smith_node_get_int(root, "schemaVersion", 0) != 2 || !manifests ||
	    manifests->type != SMITH_NODE_SEQ)
		return smith_throw_null(error, SMITH_ERROR_INVALID,
					INDEX " is no image index of schemaVersion 2");
	for (guint i = 0; i < manifests->items->len; i++)
		if (!smith_node_get_string(manifests->items->pdata[i], "digest"))
			return smith_throw_null(error, SMITH_ERROR_INVALID,
						INDEX ": manifest %u has no digest", i);
	return g_steal_pointer(&root);
}

static gboolean is_same_ref(const SmithNode *entry, const SmithDescriptor *ref)
{
	const char *name = smith_descriptor_get_annotation(ref, SMITH_ANNOTATION_REF_NAME);
	const char *other = smith_node_get_string(smith_node_get(entry, "annotations"),
						  SMITH_ANNOTATION_REF_NAME);

	if (name || other)
		return g_strcmp0(name, other) == 0;
	return g_strcmp0(smith_node_get_string(entry, "digest"), ref->digest) == 0;
}

static void set_ref(SmithNode *manifests, const SmithDescriptor *ref)
{
	GPtrArray *items = manifests->items;
	SmithNode *replacement = smith_bind_write(&smith_descriptor_table, ref);
	gboolean placed = FALSE;

	for (guint i = 0; i < items->len;) {
		SmithNode *item = items->pdata[i];
		if (!is_same_ref(item, ref)) {
			i++;
		} else if (placed) {
			g_ptr_array_remove_index(items, i);
		} else {
			smith_node_free(item);
			items->pdata[i++] = replacement;
			placed = TRUE;
		}
	}
	if (!placed)
		smith_node_append(manifests, replacement);
}

/* What is to be changed in index.json. */
typedef struct {
	GPtrArray *refs;
	const char *removed; /* the name that goes, or NULL */
	GHashTable *stay;    /* those without a name that stay; NULL: all */
} Change;

static bool goes(const Change *change, const SmithNode *entry)
{
	const char *name = smith_node_get_string(smith_node_get(entry, "annotations"),
						 SMITH_ANNOTATION_REF_NAME);
	const char *digest = smith_node_get_string(entry, "digest");

	if (name)
		return g_strcmp0(name, change->removed) == 0;
	return change->stay && smith_digest_is_sha256(digest) &&
	       !g_hash_table_contains(change->stay, smith_digest_hex(digest));
}

static gboolean remove_entries(const SmithNode *manifests, const Change *change, GError **error)
{
	GPtrArray *items = manifests->items;
	guint before = items->len;

	for (guint i = items->len; i > 0; i--)
		if (goes(change, items->pdata[i - 1]))
			g_ptr_array_remove_index(items, i - 1);
	return !change->removed || items->len < before ||
	       smith_throw(error, SMITH_ERROR_NOT_FOUND, "no image '%s'", change->removed);
}

/* The new text of index.json, or NULL without an error when it has that already. */
static gboolean merge(const SmithLayout *layout, const Change *change, GBytes **result,
		      GError **error)
{
	g_autoptr(GBytes) bytes = read_index_bytes(layout, error);
	g_autoptr(SmithNode) root = bytes ? read_index_node(bytes, error) : NULL;

	if (!root)
		return FALSE;
	SmithNode *manifests = smith_node_get(root, "manifests");
	if (!remove_entries(manifests, change, error))
		return FALSE;
	for (guint i = 0; change->refs && i < change->refs->len; i++)
		set_ref(manifests, change->refs->pdata[i]);
	gsize length;
	char *text = smith_json_write(root, SMITH_JSON_COMPACT, &length);
	g_autoptr(GBytes) merged = g_bytes_new_take(text, length);
	/* others must still be able to read it: see read_index_bytes() */
	if (length > SMITH_SPEC_MAX_MANIFEST)
		return smith_throw(error, SMITH_ERROR_LIMIT,
				   INDEX " would have %zu bytes, expected at most %d", length,
				   SMITH_SPEC_MAX_MANIFEST);
	if (!g_bytes_equal(bytes, merged))
		*result = g_steal_pointer(&merged);
	return TRUE;
}

/* A process that was killed between giving the new index its temporary name and its final one
 * leaves the former. Names are given under the lock only, so that nobody needs what is found here.
 */
static void remove_remains(int dirfd)
{
	g_autoptr(GPtrArray) names = smith_fd_list_dir(dirfd, NULL);

	for (guint i = 0; names && i < names->len; i++)
		if (g_str_has_prefix(names->pdata[i], SMITH_TMPFILE_PREFIX))
			unlinkat(dirfd, names->pdata[i], 0);
}

static gboolean change_index(const SmithLayout *layout, const Change *change, GError **error)
{
	g_autoptr(GBytes) merged = NULL;
	int dirfd = smith_layout_dir_fd(layout);

	/* A look without the lock: a build that changes nothing writes nothing, and needs no
	 * permission to write. */
	if (!merge(layout, change, &merged, error))
		return FALSE;
	if (!merged)
		return TRUE;
	smith_autofd int lock = smith_fd_lock(dirfd, LOCK, TRUE, error);
	if (lock < 0)
		return FALSE;
	remove_remains(dirfd);
	g_clear_pointer(&merged, g_bytes_unref);
	if (!merge(layout, change, &merged, error))
		return FALSE;
	if (!merged)
		return TRUE;
	gsize length;
	gconstpointer data = g_bytes_get_data(merged, &length);
	return smith_fd_write_file(dirfd, INDEX, data, length, 0644, error);
}

gboolean smith_layout_set_refs(const SmithLayout *layout, GPtrArray *refs, GError **error)
{
	SMITH_AUTO_PREFIX("image layout", smith_layout_get_path(layout), error);
	const Change change = {.refs = refs};

	for (guint i = 0; i < refs->len; i++)
		if (!smith_descriptor_check(refs->pdata[i], "reference", error))
			return FALSE;
	return change_index(layout, &change, error);
}

gboolean smith_layout_has_refs(const SmithLayout *layout, GPtrArray *refs, gboolean *has,
			       GError **error)
{
	SMITH_AUTO_PREFIX("image layout", smith_layout_get_path(layout), error);
	const Change change = {.refs = refs};
	g_autoptr(GBytes) merged = NULL;

	if (!merge(layout, &change, &merged, error))
		return FALSE;
	*has = merged == NULL;
	return TRUE;
}

gboolean smith_layout_remove_ref(const SmithLayout *layout, const char *name, GError **error)
{
	SMITH_AUTO_PREFIX("image layout", smith_layout_get_path(layout), error);
	const Change change = {.removed = name};

	return change_index(layout, &change, error);
}

gboolean smith_layout_remove_unnamed(const SmithLayout *layout, GHashTable *stay, GError **error)
{
	SMITH_AUTO_PREFIX("image layout", smith_layout_get_path(layout), error);
	const Change change = {.stay = stay};

	return change_index(layout, &change, error);
}
