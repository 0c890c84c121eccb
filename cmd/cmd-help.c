/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/commands.h"
#include "cmd/help.h"
#include "cmd/output.h"

#include <string.h>

gboolean smith_cmd_help(SmithInvocation *inv, GError **error)
{
	bool roff = smith_options_flag(inv->options, "roff");
	const SmithCommand *command = NULL;
	g_autofree char *text = NULL;

	/* man pages are named "ocismith" and "ocismith-build" */
	if (inv->n_operands > 0 && strcmp(inv->operands[0], "ocismith") != 0) {
		command = smith_command_lookup(inv->operands[0], error);
		if (command == NULL)
			return FALSE;
	}
	if (inv->n_operands > 1) {
		command = smith_command_lookup_of(command, inv->operands[1], error);
		if (command == NULL)
			return FALSE;
	}
	text = roff ? smith_help_roff(command) : smith_help_text(command);
	smith_print("%s", text);
	return TRUE;
}
