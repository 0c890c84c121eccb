/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/json.h"
#include "cmd/commands.h"
#include "cmd/look.h"
#include "cmd/output.h"
#include "quadlet/journal.h"

#define LINES 100 /* where neither a number nor a time is given */

typedef struct {
	const SmithInvocation *inv;
	const SmithLook *look;
	GHashTable *units; /* unit -> SmithContainerPlan*, chosen ones */
	GHashTable *names; /* container -> SmithContainerPlan*, all of them */
	int width;	   /* of the prefix; 0: one service needs none */
	bool follow;
} Logs;

/* Where one unit runs a whole pod the container's name tells. NULL: of another service. */
static const SmithContainerPlan *writer_of(const Logs *logs, const SmithJournalEntry *entry)
{
	const SmithContainerPlan *plan = NULL;
	if (entry->source == SMITH_JOURNAL_PODMAN)
		return NULL;
	if (entry->container != NULL)
		plan = g_hash_table_lookup(logs->names, entry->container);
	if (plan == NULL && entry->unit != NULL)
		plan = g_hash_table_lookup(logs->units, entry->unit);
	return plan != NULL && smith_look_is_chosen(logs->inv, plan) ? plan : NULL;
}

static void print_json(const SmithContainerPlan *plan, const SmithJournalEntry *entry)
{
	g_autoptr(SmithNode) node = smith_node_new(SMITH_NODE_MAP);
	smith_node_set(node, "service", smith_node_new_string(plan->title));
	smith_node_set(node, "unit", smith_node_new_string(entry->unit != NULL ? entry->unit : ""));
	smith_node_set(node, "time", smith_node_new_int(entry->time));
	smith_node_set(node, "text", smith_node_new_string(entry->text));
	g_autofree char *text = smith_json_write(node, SMITH_JSON_COMPACT, NULL);
	smith_print("%s\n", text);
}

static void print_text(const Logs *logs, const SmithContainerPlan *plan, const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		if (line[1] == NULL && **line == '\0' && line != lines)
			break;
		g_autofree char *escaped = smith_output_escape(g_strdelimit(*line, "\t", ' '));
		if (logs->width > 0)
			smith_print("%-*s | %s\n", logs->width, plan->title, escaped);
		else
			smith_print("%s\n", escaped);
	}
}

static bool print_entry(const SmithJournalEntry *entry, gpointer data)
{
	const Logs *logs = data;
	const SmithContainerPlan *plan = writer_of(logs, entry);
	if (plan == NULL)
		return true;
	if (logs->inv->format == SMITH_FORMAT_JSON)
		print_json(plan, entry);
	else
		print_text(logs, plan, entry->text);
	/* whoever follows reads each line when it is written */
	return !logs->follow || smith_output_finish(NULL);
}

static void index_plan(Logs *logs)
{
	guint chosen = 0;
	int width = 0;
	for (guint i = 0; i < logs->look->plan->containers->len; i++) {
		SmithContainerPlan *plan = logs->look->plan->containers->pdata[i];
		g_hash_table_replace(logs->names, smith_plan_container_name(logs->look->plan, plan),
				     plan);
		if (!smith_look_is_chosen(logs->inv, plan))
			continue;
		g_hash_table_replace(logs->units, smith_plan_container_unit(logs->look->plan, plan),
				     plan);
		width = MAX(width, (int)strlen(plan->title));
		chosen++;
	}
	logs->width = chosen > 1 ? width : 0;
}

gboolean smith_cmd_logs(SmithInvocation *inv, GError **error)
{
	g_auto(SmithLook) look = {0};
	if (!smith_look_open(inv, &look, error))
		return FALSE;
	g_autoptr(GHashTable) units = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	Logs logs = {.inv = inv, .look = &look, .units = units, .names = names};
	logs.follow = smith_options_flag(inv->options, "follow");
	index_plan(&logs);
	g_autofree const char **list = (const char **)g_hash_table_get_keys_as_array(units, NULL);
	const char *since = smith_options_string(inv->options, "since");
	const SmithJournalQuery query = {
		.units = list,
		.lines = smith_options_int(inv->options, "lines", since != NULL ? 0 : LINES),
		.since = since,
		.follow = logs.follow};
	return smith_journal_read(&look.reach, &query, print_entry, &logs, error);
}
