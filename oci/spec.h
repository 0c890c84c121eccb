/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/bind.h"

/*
 * The documents of image-spec 1.1 as plain structs: descriptor, manifest, index, image config.
 *
 * smith_X_parse() reads a document (borrowed bytes; @name is for error texts) and checks what a
 * later step relies on: digests and sizes, schemaVersion, agreement of mediaType with the kind of
 * document. Members that we do not know are accepted and forgotten, so nothing that somebody else
 * wrote may be replaced by what we parsed of it. smith_X_write() yields compact JSON with the
 * members in the order of the specification: equal structs give equal bytes.
 *
 * Structs own all that they point to. Make one with g_new0() and fill it in. Maps of strings are
 * GHashTable char* -> char* (smith_spec_strmap_new()), written bytewise by key. NULL and 0 mean
 * absent. Times are RFC 3339 text.
 *
 * Docker's v2s2 documents have the same members and are read by the same functions.
 */
#define SMITH_MEDIA_INDEX "application/vnd.oci.image.index.v1+json"
#define SMITH_MEDIA_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define SMITH_MEDIA_CONFIG "application/vnd.oci.image.config.v1+json"
#define SMITH_MEDIA_LAYER "application/vnd.oci.image.layer.v1.tar"
#define SMITH_MEDIA_LAYER_GZIP "application/vnd.oci.image.layer.v1.tar+gzip"
#define SMITH_MEDIA_LAYER_ZSTD "application/vnd.oci.image.layer.v1.tar+zstd"
#define SMITH_MEDIA_LAYER_NONDIST "application/vnd.oci.image.layer.nondistributable.v1.tar"
#define SMITH_MEDIA_EMPTY "application/vnd.oci.empty.v1+json"
#define SMITH_MEDIA_DOCKER_INDEX "application/vnd.docker.distribution.manifest.list.v2+json"
#define SMITH_MEDIA_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define SMITH_MEDIA_DOCKER_CONFIG "application/vnd.docker.container.image.v1+json"
#define SMITH_MEDIA_DOCKER_LAYER "application/vnd.docker.image.rootfs.diff.tar"
#define SMITH_MEDIA_DOCKER_LAYER_GZIP "application/vnd.docker.image.rootfs.diff.tar.gzip"
#define SMITH_MEDIA_DOCKER_FOREIGN_GZIP "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"

#define SMITH_ANNOTATION_REF_NAME "org.opencontainers.image.ref.name"

/* Larger manifests and indexes are refused: what registries are expected to accept. */
#define SMITH_SPEC_MAX_MANIFEST (4 * 1024 * 1024)
#define SMITH_SPEC_MAX_CONFIG (8 * 1024 * 1024)

typedef struct {
	char *architecture; /* Go's names: "amd64", "arm64" */
	char *os;
	char *os_version;
	char **os_features;
	char *variant; /* "v7" */
} SmithPlatform;

typedef struct {
	char *media_type;
	char *digest;
	gint64 size;
	char **urls;
	GHashTable *annotations;
	char *data; /* base64 */
	char *artifact_type;
	SmithPlatform *platform;
} SmithDescriptor;

typedef struct {
	gint64 schema_version; /* 2 */
	char *media_type;
	char *artifact_type;
	SmithDescriptor *config;
	GPtrArray *layers; /* (element-type SmithDescriptor*) lowest first */
	SmithDescriptor *subject;
	GHashTable *annotations;
} SmithManifest;

typedef struct {
	gint64 schema_version; /* 2 */
	char *media_type;
	char *artifact_type;
	GPtrArray *manifests; /* (element-type SmithDescriptor*) */
	SmithDescriptor *subject;
	GHashTable *annotations;
} SmithIndex;

typedef struct {
	char *created;
	char *author;
	char *created_by;
	char *comment;
	bool empty_layer;
} SmithHistory;

/* Docker's, kept as an extra member of the config; times in nanoseconds. */
typedef struct {
	char **test; /* {"CMD", ...}, {"CMD-SHELL", text} or {"NONE"} */
	gint64 interval;
	gint64 timeout;
	gint64 start_period;
	gint64 start_interval;
	gint64 retries;
} SmithHealthcheck;

typedef struct {
	char *user;
	char **exposed_ports; /* "80/tcp" */
	char **env;	      /* "KEY=VALUE" */
	char **entrypoint;
	char **cmd;
	char **volumes; /* "/data" */
	char *working_dir;
	GHashTable *labels;
	char *stop_signal;
	SmithHealthcheck *healthcheck;
} SmithContainerConfig;

typedef struct {
	char *type; /* "layers" */
	char **diff_ids;
} SmithRootfs;

typedef struct {
	char *created;
	char *author;
	char *architecture;
	char *os;
	char *os_version;
	char **os_features;
	char *variant;
	SmithContainerConfig *config;
	SmithRootfs *rootfs;
	GPtrArray *history; /* (element-type SmithHistory*) */
} SmithImageConfig;

/* For documents that embed these, the lock for one. */
extern const SmithBindTable smith_platform_table;
extern const SmithBindTable smith_descriptor_table;
extern const SmithBindTable smith_container_config_table;
extern const SmithBindTable smith_history_table;

SmithDescriptor *smith_descriptor_new(const char *media_type, const char *digest, gint64 size);
SmithDescriptor *smith_descriptor_parse(GBytes *bytes, const char *name, GError **error);
char *smith_descriptor_write(const SmithDescriptor *descriptor, gsize *length);
SmithDescriptor *smith_descriptor_copy(const SmithDescriptor *descriptor);
void smith_descriptor_free(SmithDescriptor *descriptor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithDescriptor, smith_descriptor_free)
/* Digest, size and media type are there and legal; @what names it in the error ("layer 3"). */
gboolean smith_descriptor_check(const SmithDescriptor *descriptor, const char *what,
				GError **error);
/* Borrowed; NULL when absent. */
const char *smith_descriptor_get_annotation(const SmithDescriptor *descriptor, const char *key);
/* Replaces; @value NULL removes. */
void smith_descriptor_set_annotation(SmithDescriptor *descriptor, const char *key,
				     const char *value);

SmithPlatform *smith_platform_new(const char *os, const char *architecture, const char *variant);
/* "linux/arm64/v8" or "arm64" (linux is implied): for options and documents. */
SmithPlatform *smith_platform_parse(const char *text, GError **error);
/* The machine's own. */
SmithPlatform *smith_platform_own(void);
/* "linux/arm64/v8"; "unknown" for NULL. */
char *smith_platform_to_string(const SmithPlatform *platform);
SmithPlatform *smith_platform_copy(const SmithPlatform *platform);
void smith_platform_free(SmithPlatform *platform);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithPlatform, smith_platform_free)
/* How well an image for @have runs on @want: -1 not at all, else the higher the better. OS and
 * architecture must be equal. An absent variant means v8 of arm64, v7 of arm, v1 of amd64; lower
 * variants than the wanted one run, higher ones do not. */
int smith_platform_match(const SmithPlatform *want, const SmithPlatform *have);

SmithManifest *smith_manifest_new(void); /* version, OCI media type, empty list of layers */
SmithManifest *smith_manifest_parse(GBytes *bytes, const char *name, GError **error);
char *smith_manifest_write(const SmithManifest *manifest, gsize *length);
void smith_manifest_free(SmithManifest *manifest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithManifest, smith_manifest_free)

SmithIndex *smith_index_new(void); /* version, OCI media type, empty list */
SmithIndex *smith_index_parse(GBytes *bytes, const char *name, GError **error);
char *smith_index_write(const SmithIndex *index, gsize *length);
void smith_index_free(SmithIndex *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithIndex, smith_index_free)

/* rootfs and config are there (empty) in a new one, history is an empty list. In one that was
 * parsed rootfs is there, and config and history may be NULL. */
SmithImageConfig *smith_image_config_new(void);
SmithImageConfig *smith_image_config_parse(GBytes *bytes, const char *name, GError **error);
char *smith_image_config_write(const SmithImageConfig *config, gsize *length);
void smith_image_config_free(SmithImageConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithImageConfig, smith_image_config_free)
SmithContainerConfig *smith_container_config_new(void);
SmithContainerConfig *smith_container_config_copy(const SmithContainerConfig *config);
void smith_container_config_free(SmithContainerConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithContainerConfig, smith_container_config_free)

SmithHistory *smith_history_new(const char *created, const char *created_by);
SmithHistory *smith_history_copy(const SmithHistory *history);
void smith_history_free(SmithHistory *history);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithHistory, smith_history_free)

/* As many diff IDs as layers, and, when there is a history, as many of its rows make a layer. */
gboolean smith_spec_check_image(const SmithManifest *manifest, const SmithImageConfig *config,
				const char *name, GError **error);

/* OCI's and Docker's types alike. */
gboolean smith_spec_is_manifest(const char *media_type);
gboolean smith_spec_is_index(const char *media_type);
gboolean smith_spec_is_config(const char *media_type);
gboolean smith_spec_is_layer(const char *media_type);

GHashTable *smith_spec_strmap_new(void);
GHashTable *smith_spec_strmap_copy(GHashTable *map); /* NULL: NULL */

/* ChainID of the first @count diff IDs (config.md "Layer ChainID"); @count at least 1. */
char *smith_chain_id(const char *const *diff_ids, gsize count);
