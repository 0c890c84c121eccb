/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/commands.h"
#include "cmd/look.h"
#include "cmd/output.h"

static void add_row(SmithTable *table, const SmithServiceState *state)
{
	static const char *const matches[] = {"-", "same", "other"};
	g_autofree char *since = smith_look_time(state->since);
	g_autofree char *restarts = g_strdup_printf("%" G_GINT64_FORMAT, state->restarts);
	smith_table_add(table, state->title, state->group, smith_service_state_word(state),
			state->health, since, restarts, matches[state->image_match], state->unit);
}

/* Units of pods are of interest when they are what is wrong. */
static bool is_shown(const SmithInvocation *inv, const SmithServiceState *state)
{
	if (state->plan != NULL)
		return smith_look_is_chosen(inv, state->plan);
	return inv->n_operands == 0 && state->kind != SMITH_STATE_WELL;
}

static void each_shown(const SmithInvocation *inv, const GPtrArray *states, SmithTable *table,
		       SmithNode *list)
{
	for (guint i = 0; i < states->len; i++) {
		const SmithServiceState *state = states->pdata[i];
		if (!is_shown(inv, state))
			continue;
		if (inv->format == SMITH_FORMAT_JSON)
			smith_node_append(list, smith_look_node(state));
		else
			add_row(table, state);
	}
}

gboolean smith_cmd_ps(SmithInvocation *inv, GError **error)
{
	static const char *const headings[] = {"SERVICE",   "GROUP", "STATE", "HEALTH", "SINCE",
					       ">RESTARTS", "IMAGE", "UNIT",  NULL};
	g_auto(SmithLook) look = {0};
	if (!smith_look_open(inv, &look, error))
		return FALSE;
	g_autoptr(SmithHostState) state = smith_host_state_new(look.plan, &look.reach, error);
	if (state == NULL)
		return FALSE;
	g_autoptr(SmithTable) table = smith_table_new(headings);
	g_autoptr(SmithNode) list = smith_node_new(SMITH_NODE_SEQ);
	each_shown(inv, state->services, table, list);
	each_shown(inv, state->units, table, list);
	if (inv->format == SMITH_FORMAT_JSON)
		smith_print_json(list);
	else
		smith_table_print(table);
	return TRUE;
}
