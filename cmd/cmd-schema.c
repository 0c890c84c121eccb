/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "cmd/commands.h"
#include "cmd/output.h"
#include "fleet/schema.h"

#include <string.h>

gboolean smith_cmd_schema(SmithInvocation *inv, GError **error)
{
	const char *kind = inv->n_operands > 0 ? inv->operands[0] : "fleet";
	bool is_family = strcmp(kind, "family") == 0;
	g_autoptr(SmithNode) schema = NULL;

	if (!is_family && strcmp(kind, "fleet") != 0)
		return smith_throw(error, SMITH_ERROR_USAGE,
				   "no schema '%s', expected one of fleet, family", kind);
	schema = is_family ? smith_schema_family() : smith_schema_fleet();
	smith_print_json(schema);
	return TRUE;
}
