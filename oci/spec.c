/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/spec.h"

#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"
#include "base/node.h"

static const SmithBindField platform_fields[] = {
	SMITH_BIND(SmithPlatform, architecture, "architecture", STRING, .required = true),
	SMITH_BIND(SmithPlatform, os, "os", STRING, .required = true),
	SMITH_BIND(SmithPlatform, os_version, "os.version", STRING),
	SMITH_BIND(SmithPlatform, os_features, "os.features", STRV),
	SMITH_BIND(SmithPlatform, variant, "variant", STRING),
	{0},
};
const SmithBindTable smith_platform_table = {
	"platform", sizeof(SmithPlatform), platform_fields, -1, -1, true,
};

static const SmithBindField descriptor_fields[] = {
	SMITH_BIND(SmithDescriptor, media_type, "mediaType", STRING, .required = true),
	SMITH_BIND(SmithDescriptor, digest, "digest", STRING, .required = true),
	SMITH_BIND(SmithDescriptor, size, "size", INT, .required = true, .min = 0,
		   .max = G_MAXINT64),
	SMITH_BIND(SmithDescriptor, urls, "urls", STRV),
	SMITH_BIND(SmithDescriptor, annotations, "annotations", STRMAP),
	SMITH_BIND(SmithDescriptor, data, "data", STRING),
	SMITH_BIND(SmithDescriptor, artifact_type, "artifactType", STRING),
	SMITH_BIND(SmithDescriptor, platform, "platform", OBJECT, .table = &smith_platform_table),
	{0},
};
const SmithBindTable smith_descriptor_table = {
	"descriptor", sizeof(SmithDescriptor), descriptor_fields, -1, -1, true,
};

static const SmithBindField manifest_fields[] = {
	SMITH_BIND(SmithManifest, schema_version, "schemaVersion", INT, .required = true),
	SMITH_BIND(SmithManifest, media_type, "mediaType", STRING),
	SMITH_BIND(SmithManifest, artifact_type, "artifactType", STRING),
	SMITH_BIND(SmithManifest, config, "config", OBJECT, .required = true,
		   .table = &smith_descriptor_table),
	SMITH_BIND(SmithManifest, layers, "layers", LIST, .required = true,
		   .table = &smith_descriptor_table),
	SMITH_BIND(SmithManifest, subject, "subject", OBJECT, .table = &smith_descriptor_table),
	SMITH_BIND(SmithManifest, annotations, "annotations", STRMAP),
	{0},
};
static const SmithBindTable manifest_table = {
	"manifest", sizeof(SmithManifest), manifest_fields, -1, -1, true,
};

static const SmithBindField index_fields[] = {
	SMITH_BIND(SmithIndex, schema_version, "schemaVersion", INT, .required = true),
	SMITH_BIND(SmithIndex, media_type, "mediaType", STRING),
	SMITH_BIND(SmithIndex, artifact_type, "artifactType", STRING),
	SMITH_BIND(SmithIndex, manifests, "manifests", LIST, .required = true,
		   .table = &smith_descriptor_table),
	SMITH_BIND(SmithIndex, subject, "subject", OBJECT, .table = &smith_descriptor_table),
	SMITH_BIND(SmithIndex, annotations, "annotations", STRMAP),
	{0},
};
static const SmithBindTable index_table = {
	"index", sizeof(SmithIndex), index_fields, -1, -1, true,
};

static const SmithBindField history_fields[] = {
	SMITH_BIND(SmithHistory, created, "created", STRING),
	SMITH_BIND(SmithHistory, author, "author", STRING),
	SMITH_BIND(SmithHistory, created_by, "created_by", STRING),
	SMITH_BIND(SmithHistory, comment, "comment", STRING),
	SMITH_BIND(SmithHistory, empty_layer, "empty_layer", BOOL),
	{0},
};
const SmithBindTable smith_history_table = {
	"history", sizeof(SmithHistory), history_fields, -1, -1, true,
};

static const SmithBindField healthcheck_fields[] = {
	SMITH_BIND(SmithHealthcheck, test, "Test", STRV),
	SMITH_BIND(SmithHealthcheck, interval, "Interval", INT),
	SMITH_BIND(SmithHealthcheck, timeout, "Timeout", INT),
	SMITH_BIND(SmithHealthcheck, start_period, "StartPeriod", INT),
	SMITH_BIND(SmithHealthcheck, start_interval, "StartInterval", INT),
	SMITH_BIND(SmithHealthcheck, retries, "Retries", INT),
	{0},
};
static const SmithBindTable healthcheck_table = {
	"health check", sizeof(SmithHealthcheck), healthcheck_fields, -1, -1, true,
};

static const SmithBindField container_config_fields[] = {
	SMITH_BIND(SmithContainerConfig, user, "User", STRING),
	SMITH_BIND(SmithContainerConfig, exposed_ports, "ExposedPorts", SET),
	SMITH_BIND(SmithContainerConfig, env, "Env", STRV),
	SMITH_BIND(SmithContainerConfig, entrypoint, "Entrypoint", STRV),
	SMITH_BIND(SmithContainerConfig, cmd, "Cmd", STRV),
	SMITH_BIND(SmithContainerConfig, volumes, "Volumes", SET),
	SMITH_BIND(SmithContainerConfig, working_dir, "WorkingDir", STRING),
	SMITH_BIND(SmithContainerConfig, labels, "Labels", STRMAP),
	SMITH_BIND(SmithContainerConfig, stop_signal, "StopSignal", STRING),
	SMITH_BIND(SmithContainerConfig, healthcheck, "Healthcheck", OBJECT,
		   .table = &healthcheck_table),
	{0},
};
const SmithBindTable smith_container_config_table = {
	"container config", sizeof(SmithContainerConfig), container_config_fields, -1, -1, true,
};

static const SmithBindField rootfs_fields[] = {
	SMITH_BIND(SmithRootfs, type, "type", STRING, .required = true),
	SMITH_BIND(SmithRootfs, diff_ids, "diff_ids", STRV, .required = true),
	{0},
};
static const SmithBindTable rootfs_table = {
	"rootfs", sizeof(SmithRootfs), rootfs_fields, -1, -1, true,
};

static const SmithBindField image_config_fields[] = {
	SMITH_BIND(SmithImageConfig, created, "created", STRING),
	SMITH_BIND(SmithImageConfig, author, "author", STRING),
	SMITH_BIND(SmithImageConfig, architecture, "architecture", STRING, .required = true),
	SMITH_BIND(SmithImageConfig, os, "os", STRING, .required = true),
	SMITH_BIND(SmithImageConfig, os_version, "os.version", STRING),
	SMITH_BIND(SmithImageConfig, os_features, "os.features", STRV),
	SMITH_BIND(SmithImageConfig, variant, "variant", STRING),
	SMITH_BIND(SmithImageConfig, config, "config", OBJECT,
		   .table = &smith_container_config_table),
	SMITH_BIND(SmithImageConfig, rootfs, "rootfs", OBJECT, .required = true,
		   .table = &rootfs_table),
	SMITH_BIND(SmithImageConfig, history, "history", LIST, .table = &smith_history_table),
	{0},
};
static const SmithBindTable image_config_table = {
	"image config", sizeof(SmithImageConfig), image_config_fields, -1, -1, true,
};

static SmithNode *read_document(GBytes *bytes, const char *name, GError **error)
{
	gsize length;
	const char *text = g_bytes_get_data(bytes, &length);

	return smith_node_read_json(text ? text : "", length, name, error);
}

static char *write_document(const SmithBindTable *table, gconstpointer object, gsize *length)
{
	g_autoptr(SmithNode) node = smith_bind_write(table, object);
	gsize ignored;

	return smith_json_write(node, SMITH_JSON_COMPACT, length ? length : &ignored);
}

/* A round trip through the tree: the table is the only place that knows the members. */
static gpointer copy_object(const SmithBindTable *table, gconstpointer object)
{
	if (!object)
		return NULL;
	g_autoptr(SmithNode) node = smith_bind_write(table, object);
	g_autoptr(SmithDiag) ignored = smith_diag_new();
	return smith_bind_read(table, node, ignored);
}

/* A document with the members of both kinds is read as one by some tools and as the other by
 * others (CVE-2021-41190): such a one is refused. */
static gboolean check_kind(const SmithNode *node, const char *name, const char *foreign_member,
			   const char *kind, GError **error)
{
	if (!smith_node_get(node, foreign_member))
		return TRUE;
	return smith_throw(error, SMITH_ERROR_INVALID,
			   "%s: ambiguous document, %s with member '%s'", name, kind,
			   foreign_member);
}

static gboolean check_version(gint64 version, const char *name, GError **error)
{
	if (version == 2)
		return TRUE;
	return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
			   "%s: schemaVersion %" G_GINT64_FORMAT ", expected 2", name, version);
}

static gboolean check_media_type(const char *got, gboolean is_right, const char *name,
				 const char *expected, GError **error)
{
	if (!got || is_right)
		return TRUE;
	return smith_throw(error, SMITH_ERROR_INVALID, "%s: mediaType '%s', expected '%s'", name,
			   got, expected);
}

static gboolean check_descriptors(GPtrArray *list, const char *name, const char *what,
				  GError **error)
{
	for (guint i = 0; i < list->len; i++) {
		g_autofree char *which = g_strdup_printf("%s: %s %u", name, what, i);
		if (!smith_descriptor_check(list->pdata[i], which, error))
			return FALSE;
	}
	return TRUE;
}

SmithDescriptor *smith_descriptor_new(const char *media_type, const char *digest, gint64 size)
{
	SmithDescriptor *descriptor = g_new0(SmithDescriptor, 1);

	descriptor->media_type = g_strdup(media_type);
	descriptor->digest = g_strdup(digest);
	descriptor->size = size;
	return descriptor;
}

SmithDescriptor *smith_descriptor_parse(GBytes *bytes, const char *name, GError **error)
{
	g_autoptr(SmithNode) node = read_document(bytes, name, error);
	g_autoptr(SmithDescriptor) descriptor =
		node ? smith_bind_parse(&smith_descriptor_table, node, error) : NULL;

	if (!descriptor || !smith_descriptor_check(descriptor, name, error))
		return NULL;
	return g_steal_pointer(&descriptor);
}

char *smith_descriptor_write(const SmithDescriptor *descriptor, gsize *length)
{
	return write_document(&smith_descriptor_table, descriptor, length);
}

SmithDescriptor *smith_descriptor_copy(const SmithDescriptor *descriptor)
{
	return copy_object(&smith_descriptor_table, descriptor);
}

void smith_descriptor_free(SmithDescriptor *descriptor)
{
	if (descriptor)
		smith_bind_free(&smith_descriptor_table, descriptor);
}

gboolean smith_descriptor_check(const SmithDescriptor *descriptor, const char *what, GError **error)
{
	if (!descriptor->media_type || !*descriptor->media_type)
		return smith_throw(error, SMITH_ERROR_INVALID, "%s: no mediaType", what);
	if (!descriptor->digest)
		return smith_throw(error, SMITH_ERROR_INVALID, "%s: no digest", what);
	if (descriptor->size < 0)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "%s: size %" G_GINT64_FORMAT ", expected 0 or more", what,
				   descriptor->size);
	return smith_digest_check(descriptor->digest, what, error);
}

const char *smith_descriptor_get_annotation(const SmithDescriptor *descriptor, const char *key)
{
	return descriptor->annotations ? g_hash_table_lookup(descriptor->annotations, key) : NULL;
}

void smith_descriptor_set_annotation(SmithDescriptor *descriptor, const char *key,
				     const char *value)
{
	if (!descriptor->annotations)
		descriptor->annotations = smith_spec_strmap_new();
	if (value)
		g_hash_table_replace(descriptor->annotations, g_strdup(key), g_strdup(value));
	else
		g_hash_table_remove(descriptor->annotations, key);
}

SmithManifest *smith_manifest_new(void)
{
	SmithManifest *manifest = g_new0(SmithManifest, 1);

	manifest->schema_version = 2;
	manifest->media_type = g_strdup(SMITH_MEDIA_MANIFEST);
	manifest->layers = g_ptr_array_new();
	return manifest;
}

SmithManifest *smith_manifest_parse(GBytes *bytes, const char *name, GError **error)
{
	g_autoptr(SmithNode) node = read_document(bytes, name, error);

	if (!node || !check_kind(node, name, "manifests", "a manifest", error))
		return NULL;
	/* schema 1 has other members: say that before the first one that is missing */
	if (!check_version(smith_node_get_int(node, "schemaVersion", 2), name, error))
		return NULL;
	g_autoptr(SmithManifest) manifest = smith_bind_parse(&manifest_table, node, error);
	if (!manifest)
		return NULL;
	if (!manifest->layers)
		manifest->layers = g_ptr_array_new();
	if (!check_media_type(manifest->media_type, smith_spec_is_manifest(manifest->media_type),
			      name, SMITH_MEDIA_MANIFEST, error))
		return NULL;
	g_autofree char *config = g_strconcat(name, ": config", NULL);
	if (!smith_descriptor_check(manifest->config, config, error) ||
	    !check_descriptors(manifest->layers, name, "layer", error))
		return NULL;
	g_autofree char *subject = g_strconcat(name, ": subject", NULL);
	if (manifest->subject && !smith_descriptor_check(manifest->subject, subject, error))
		return NULL;
	return g_steal_pointer(&manifest);
}

char *smith_manifest_write(const SmithManifest *manifest, gsize *length)
{
	return write_document(&manifest_table, manifest, length);
}

void smith_manifest_free(SmithManifest *manifest)
{
	if (manifest)
		smith_bind_free(&manifest_table, manifest);
}

SmithIndex *smith_index_new(void)
{
	SmithIndex *index = g_new0(SmithIndex, 1);

	index->schema_version = 2;
	index->media_type = g_strdup(SMITH_MEDIA_INDEX);
	index->manifests = g_ptr_array_new();
	return index;
}

SmithIndex *smith_index_parse(GBytes *bytes, const char *name, GError **error)
{
	g_autoptr(SmithNode) node = read_document(bytes, name, error);

	if (!node || !check_kind(node, name, "layers", "an index", error) ||
	    !check_kind(node, name, "config", "an index", error))
		return NULL;
	g_autoptr(SmithIndex) index = smith_bind_parse(&index_table, node, error);
	if (!index || !check_version(index->schema_version, name, error))
		return NULL;
	if (!index->manifests)
		index->manifests = g_ptr_array_new();
	if (!check_media_type(index->media_type, smith_spec_is_index(index->media_type), name,
			      SMITH_MEDIA_INDEX, error) ||
	    !check_descriptors(index->manifests, name, "manifest", error))
		return NULL;
	g_autofree char *subject = g_strconcat(name, ": subject", NULL);
	if (index->subject && !smith_descriptor_check(index->subject, subject, error))
		return NULL;
	return g_steal_pointer(&index);
}

char *smith_index_write(const SmithIndex *index, gsize *length)
{
	return write_document(&index_table, index, length);
}

void smith_index_free(SmithIndex *index)
{
	if (index)
		smith_bind_free(&index_table, index);
}

SmithImageConfig *smith_image_config_new(void)
{
	SmithImageConfig *config = g_new0(SmithImageConfig, 1);

	config->config = smith_container_config_new();
	config->rootfs = g_new0(SmithRootfs, 1);
	config->rootfs->type = g_strdup("layers");
	config->rootfs->diff_ids = g_new0(char *, 1);
	config->history = g_ptr_array_new();
	return config;
}

SmithImageConfig *smith_image_config_parse(GBytes *bytes, const char *name, GError **error)
{
	g_autoptr(SmithNode) node = read_document(bytes, name, error);
	g_autoptr(SmithImageConfig) config =
		node ? smith_bind_parse(&image_config_table, node, error) : NULL;

	if (!config)
		return NULL;
	if (!g_str_equal(config->rootfs->type, "layers"))
		return smith_throw_null(error, SMITH_ERROR_INVALID,
					"%s: rootfs of type '%s', expected 'layers'", name,
					config->rootfs->type);
	if (!config->rootfs->diff_ids)
		config->rootfs->diff_ids = g_new0(char *, 1);
	for (guint i = 0; config->rootfs->diff_ids[i]; i++) {
		g_autofree char *what = g_strdup_printf("%s: diff ID %u", name, i);
		if (!smith_digest_check(config->rootfs->diff_ids[i], what, error))
			return NULL;
	}
	return g_steal_pointer(&config);
}

char *smith_image_config_write(const SmithImageConfig *config, gsize *length)
{
	return write_document(&image_config_table, config, length);
}

void smith_image_config_free(SmithImageConfig *config)
{
	if (config)
		smith_bind_free(&image_config_table, config);
}

SmithContainerConfig *smith_container_config_new(void)
{
	return g_new0(SmithContainerConfig, 1);
}

SmithContainerConfig *smith_container_config_copy(const SmithContainerConfig *config)
{
	return copy_object(&smith_container_config_table, config);
}

void smith_container_config_free(SmithContainerConfig *config)
{
	if (config)
		smith_bind_free(&smith_container_config_table, config);
}

SmithHistory *smith_history_new(const char *created, const char *created_by)
{
	SmithHistory *history = g_new0(SmithHistory, 1);

	history->created = g_strdup(created);
	history->created_by = g_strdup(created_by);
	return history;
}

SmithHistory *smith_history_copy(const SmithHistory *history)
{
	return copy_object(&smith_history_table, history);
}

void smith_history_free(SmithHistory *history)
{
	if (history)
		smith_bind_free(&smith_history_table, history);
}

gboolean smith_spec_check_image(const SmithManifest *manifest, const SmithImageConfig *config,
				const char *name, GError **error)
{
	guint diff_ids = g_strv_length(config->rootfs->diff_ids);
	guint rows = 0;

	if (diff_ids != manifest->layers->len)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "%s: config has %u diff IDs, expected %u, one per layer", name,
				   diff_ids, manifest->layers->len);
	if (!config->history || config->history->len == 0)
		return TRUE;
	for (guint i = 0; i < config->history->len; i++)
		rows += !((SmithHistory *)config->history->pdata[i])->empty_layer;
	if (rows != diff_ids)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "%s: history has %u rows that make a layer, expected %u", name,
				   rows, diff_ids);
	return TRUE;
}

static gboolean is_one_of(const char *media_type, const char *const *types)
{
	return media_type && g_strv_contains(types, media_type);
}

gboolean smith_spec_is_manifest(const char *media_type)
{
	static const char *const types[] = {SMITH_MEDIA_MANIFEST, SMITH_MEDIA_DOCKER_MANIFEST,
					    NULL};

	return is_one_of(media_type, types);
}

gboolean smith_spec_is_index(const char *media_type)
{
	static const char *const types[] = {SMITH_MEDIA_INDEX, SMITH_MEDIA_DOCKER_INDEX, NULL};

	return is_one_of(media_type, types);
}

gboolean smith_spec_is_config(const char *media_type)
{
	static const char *const types[] = {SMITH_MEDIA_CONFIG, SMITH_MEDIA_DOCKER_CONFIG, NULL};

	return is_one_of(media_type, types);
}

gboolean smith_spec_is_layer(const char *media_type)
{
	static const char *const types[] = {
		SMITH_MEDIA_LAYER,
		SMITH_MEDIA_LAYER_GZIP,
		SMITH_MEDIA_LAYER_ZSTD,
		SMITH_MEDIA_LAYER_NONDIST,
		SMITH_MEDIA_LAYER_NONDIST "+gzip",
		SMITH_MEDIA_LAYER_NONDIST "+zstd",
		SMITH_MEDIA_DOCKER_LAYER,
		SMITH_MEDIA_DOCKER_LAYER_GZIP,
		SMITH_MEDIA_DOCKER_FOREIGN_GZIP,
		NULL,
	};

	return is_one_of(media_type, types);
}

GHashTable *smith_spec_strmap_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

GHashTable *smith_spec_strmap_copy(GHashTable *map)
{
	GHashTableIter iter;
	gpointer key, value;

	if (!map)
		return NULL;
	GHashTable *copy = smith_spec_strmap_new();
	g_hash_table_iter_init(&iter, map);
	while (g_hash_table_iter_next(&iter, &key, &value))
		g_hash_table_insert(copy, g_strdup(key), g_strdup(value));
	return copy;
}

char *smith_chain_id(const char *const *diff_ids, gsize count)
{
	char *chain = g_strdup(diff_ids[0]);

	for (gsize i = 1; i < count; i++) {
		g_autofree char *below = chain;
		g_autofree char *pair = g_strdup_printf("%s %s", below, diff_ids[i]);
		chain = smith_digest_of(pair, strlen(pair));
	}
	return chain;
}
