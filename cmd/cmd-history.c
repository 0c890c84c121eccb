/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cmd/commands.h"
#include "cmd/image.h"
#include "cmd/output.h"

static void add_row(SmithNode *list, SmithTable *table, const SmithHistory *row,
		    const SmithDescriptor *layer, const char *diff_id)
{
	SmithNode *node = smith_node_new(SMITH_NODE_MAP);
	g_autofree char *digest =
		layer != NULL ? g_strndup(layer->digest, strlen("sha256:") + 12) : NULL;
	g_autofree char *size =
		layer != NULL ? smith_output_size((guint64)layer->size) : g_strdup("0 B");
	const char *by = row != NULL && row->created_by != NULL ? row->created_by : "";

	smith_table_add(table, digest, size, row != NULL ? row->created : NULL, by);
	smith_node_set(node, "createdBy", smith_node_new_string(by));
	if (row != NULL && row->created != NULL)
		smith_node_set(node, "created", smith_node_new_string(row->created));
	smith_node_set(node, "emptyLayer", smith_node_new_bool(layer == NULL));
	if (layer != NULL) {
		smith_node_set(node, "digest", smith_node_new_string(layer->digest));
		smith_node_set(node, "diffId", smith_node_new_string(diff_id));
		smith_node_set(node, "size", smith_node_new_int(layer->size));
	}
	smith_node_append(list, node);
}

gboolean smith_cmd_history(SmithInvocation *inv, GError **error)
{
	static const char *const headings[] = {"LAYER", ">SIZE", "CREATED", "BY", NULL};
	g_autoptr(SmithImage) image = smith_cmd_image_open(inv, inv->operands[0], error);
	g_autoptr(SmithTable) table = smith_table_new(headings);
	g_autoptr(SmithNode) list = smith_node_new(SMITH_NODE_SEQ);
	const GPtrArray *history;
	const GPtrArray *layers;
	guint layer = 0;

	if (image == NULL)
		return FALSE;
	history = image->config->history;
	layers = image->manifest->layers;
	for (guint i = 0; history != NULL && i < history->len; i++) {
		const SmithHistory *row = history->pdata[i];
		bool has_layer = !row->empty_layer && layer < layers->len;
		add_row(list, table, row, has_layer ? layers->pdata[layer] : NULL,
			image->config->rootfs->diff_ids[layer]);
		layer += has_layer;
	}
	for (; layer < layers->len; layer++)
		add_row(list, table, NULL, layers->pdata[layer],
			image->config->rootfs->diff_ids[layer]);
	if (inv->format == SMITH_FORMAT_JSON)
		smith_print_json(list);
	else
		smith_table_print(table);
	return TRUE;
}
