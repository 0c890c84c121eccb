/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/commands.h"
#include "cmd/image.h"
#include "cmd/output.h"

static SmithNode *read_node(const SmithImage *image, const SmithDescriptor *blob, GError **error)
{
	g_autoptr(GBytes) bytes =
		smith_layout_read_blob(image->layout, blob, SMITH_SPEC_MAX_CONFIG, error);
	gsize length = 0;
	const char *text;

	if (bytes == NULL)
		return NULL;
	text = g_bytes_get_data(bytes, &length);
	return smith_node_read_json(text, length, blob->digest, error);
}

static gboolean print_raw(const SmithImage *image, GError **error)
{
	g_autoptr(GBytes) bytes = smith_layout_read_blob(image->layout, image->descriptor,
							 SMITH_SPEC_MAX_MANIFEST, error);

	if (bytes == NULL)
		return FALSE;
	smith_print_bytes(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	return TRUE;
}

gboolean smith_cmd_inspect(SmithInvocation *inv, GError **error)
{
	g_autoptr(SmithImage) image = smith_cmd_image_open(inv, inv->operands[0], error);
	bool only_manifest = smith_options_flag(inv->options, "manifest");
	bool only_config = smith_options_flag(inv->options, "config");
	g_autoptr(SmithNode) manifest = NULL;
	g_autoptr(SmithNode) config = NULL;
	g_autoptr(SmithNode) node = NULL;
	const char *name;

	if (image == NULL)
		return FALSE;
	if (smith_options_flag(inv->options, "raw"))
		return print_raw(image, error);
	manifest = read_node(image, image->descriptor, error);
	config = manifest != NULL ? read_node(image, image->manifest->config, error) : NULL;
	if (config == NULL)
		return FALSE;
	if (only_manifest != only_config) {
		smith_print_json(only_manifest ? manifest : config);
		return TRUE;
	}
	node = smith_node_new(SMITH_NODE_MAP);
	name = smith_descriptor_get_annotation(image->descriptor, SMITH_ANNOTATION_REF_NAME);
	if (name != NULL)
		smith_node_set(node, "name", smith_node_new_string(name));
	smith_node_set(node, "digest", smith_node_new_string(image->descriptor->digest));
	smith_node_set(node, "manifest", g_steal_pointer(&manifest));
	smith_node_set(node, "config", g_steal_pointer(&config));
	smith_print_json(node);
	return TRUE;
}
