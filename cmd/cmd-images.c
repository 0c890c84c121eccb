/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cmd/commands.h"
#include "cmd/output.h"
#include "cmd/prepare.h"
#include "store/store.h"

static SmithNode *layers_node(const SmithManifest *manifest, const SmithImageConfig *config)
{
	SmithNode *layers = smith_node_new(SMITH_NODE_SEQ);
	guint row = 0;

	for (guint i = 0; i < manifest->layers->len; i++) {
		const SmithDescriptor *layer = manifest->layers->pdata[i];
		SmithNode *node = smith_node_new(SMITH_NODE_MAP);
		smith_node_set(node, "digest", smith_node_new_string(layer->digest));
		smith_node_set(node, "diffId", smith_node_new_string(config->rootfs->diff_ids[i]));
		smith_node_set(node, "size", smith_node_new_int(layer->size));
		smith_node_set(node, "mediaType", smith_node_new_string(layer->media_type));
		while (config->history != NULL && row < config->history->len &&
		       ((SmithHistory *)config->history->pdata[row])->empty_layer)
			row++;
		if (config->history != NULL && row < config->history->len) {
			const SmithHistory *history = config->history->pdata[row++];
			if (history->created_by != NULL)
				smith_node_set(node, "createdBy",
					       smith_node_new_string(history->created_by));
		}
		smith_node_append(layers, node);
	}
	return layers;
}

static gint64 total_size(const SmithManifest *manifest)
{
	gint64 total = 0;

	for (guint i = 0; i < manifest->layers->len; i++)
		total += ((SmithDescriptor *)manifest->layers->pdata[i])->size;
	return total;
}

static void add_json(SmithNode *list, const char *name, const SmithDescriptor *entry,
		     const SmithManifest *manifest, const SmithImageConfig *config)
{
	SmithNode *node = smith_node_new(SMITH_NODE_MAP);
	g_autoptr(SmithPlatform) parts =
		smith_platform_new(config->os, config->architecture, config->variant);
	g_autofree char *platform = smith_platform_to_string(parts);

	smith_node_set(node, "name", smith_node_new_string(name));
	smith_node_set(node, "manifest", smith_node_new_string(entry->digest));
	smith_node_set(node, "config", smith_node_new_string(manifest->config->digest));
	smith_node_set(node, "created",
		       smith_node_new_string(config->created != NULL ? config->created : ""));
	smith_node_set(node, "platform", smith_node_new_string(platform));
	smith_node_set(node, "size", smith_node_new_int(total_size(manifest)));
	smith_node_set(node, "layers", layers_node(manifest, config));
	smith_node_append(list, node);
}

static void add_text(SmithTable *table, const char *name, const SmithDescriptor *entry,
		     const SmithManifest *manifest, const SmithImageConfig *config)
{
	g_autofree char *digest = g_strndup(entry->digest, strlen("sha256:") + 12);
	g_autofree char *layers = g_strdup_printf("%u", manifest->layers->len);
	g_autofree char *size = smith_output_size((guint64)total_size(manifest));

	smith_table_add(table, name, digest, config->architecture, layers, size);
}

gboolean smith_cmd_images(SmithInvocation *inv, GError **error)
{
	static const char *const headings[] = {"IMAGE",	  "MANIFEST", "ARCH",
					       ">LAYERS", ">SIZE",    NULL};
	const SmithLayout *layout = smith_store_layout(inv->prepared->store);
	g_autoptr(SmithIndex) index = smith_layout_read_index(layout, error);
	g_autoptr(SmithTable) table = smith_table_new(headings);
	g_autoptr(SmithNode) list = smith_node_new(SMITH_NODE_SEQ);

	if (index == NULL)
		return FALSE;
	for (guint i = 0; i < index->manifests->len; i++) {
		const SmithDescriptor *entry = index->manifests->pdata[i];
		const char *name =
			smith_descriptor_get_annotation(entry, SMITH_ANNOTATION_REF_NAME);
		g_autoptr(SmithManifest) manifest = NULL;
		g_autoptr(SmithImageConfig) config = NULL;
		if (name == NULL || !smith_spec_is_manifest(entry->media_type))
			continue;
		if (!smith_layout_load_image(layout, entry, &manifest, &config, error))
			return FALSE;
		if (inv->format == SMITH_FORMAT_JSON)
			add_json(list, name, entry, manifest, config);
		else
			add_text(table, name, entry, manifest, config);
	}
	if (inv->format == SMITH_FORMAT_JSON)
		smith_print_json(list);
	else
		smith_table_print(table);
	return TRUE;
}
