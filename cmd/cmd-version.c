/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/commands.h"
#include "cmd/output.h"

gboolean smith_cmd_version(SmithInvocation *inv, GError **error)
{
	g_autoptr(SmithNode) node = NULL;

	(void)error;
	if (inv->format == SMITH_FORMAT_TEXT) {
		smith_print("ocismith %s\n", SMITH_VERSION);
		return TRUE;
	}
	node = smith_node_new(SMITH_NODE_MAP);
	smith_node_set(node, "name", smith_node_new_string("ocismith"));
	smith_node_set(node, "version", smith_node_new_string(SMITH_VERSION));
	smith_print_json(node);
	return TRUE;
}
