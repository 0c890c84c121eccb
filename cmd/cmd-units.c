/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/commands.h"
#include "cmd/output.h"
#include "cmd/prepare.h"
#include "quadlet/quadlet.h"

static void print_json(const GPtrArray *files, bool with_text)
{
	g_autoptr(SmithNode) list = smith_node_new(SMITH_NODE_SEQ);

	for (guint i = 0; i < files->len; i++) {
		const SmithUnitFile *file = files->pdata[i];
		SmithNode *node = smith_node_new(SMITH_NODE_MAP);
		smith_node_set(node, "path", smith_node_new_string(file->path));
		if (with_text)
			smith_node_set(node, "text", smith_node_new_string(file->text));
		smith_node_append(list, node);
	}
	smith_print_json(list);
}

static void print_text(const GPtrArray *files, bool with_text)
{
	for (guint i = 0; i < files->len; i++) {
		const SmithUnitFile *file = files->pdata[i];
		if (with_text)
			smith_print("%s# %s\n%s", i > 0 ? "\n" : "", file->path, file->text);
		else
			smith_print("%s\n", file->path);
	}
}

gboolean smith_cmd_units(SmithInvocation *inv, GError **error)
{
	const char *output = smith_options_string(inv->options, "output");
	const char *const *hosts = smith_options_list(inv->options, "host");
	const char *const *groups = smith_options_list(inv->options, "group");
	const SmithUnitsRequest request = {
		.fleet = inv->prepared->fleet, .hosts = hosts, .groups = groups};
	g_autoptr(GPtrArray) files = smith_quadlet_units(&request, error);

	if (files == NULL)
		return FALSE;
	if (output != NULL && !smith_quadlet_write(inv->prepared->fleet, files, output, hosts,
						   *groups == NULL, error))
		return FALSE;
	if (inv->format == SMITH_FORMAT_JSON)
		print_json(files, output == NULL);
	else
		print_text(files, output == NULL);
	return TRUE;
}
