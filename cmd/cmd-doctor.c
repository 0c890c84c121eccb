/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "base/error.h"
#include "cmd/commands.h"
#include "cmd/findings.h"
#include "cmd/machine.h"
#include "cmd/output.h"
#include "cmd/prepare.h"
#include "cmd/report.h"
#include "sandbox/probe.h"

/* The store need not be there yet: its nearest parent that is has its file system. */
static char *existing_directory(const char *path)
{
	char *directory = g_strdup(path);

	while (access(directory, W_OK) != 0 && g_strcmp0(directory, "/") != 0 &&
	       g_strcmp0(directory, ".") != 0) {
		char *parent = g_path_get_dirname(directory);

		g_free(directory);
		directory = parent;
	}
	return directory;
}

static void print_json(const GPtrArray *abilities)
{
	g_autoptr(SmithNode) node = smith_node_new(SMITH_NODE_MAP);
	SmithNode *list = smith_node_new(SMITH_NODE_SEQ);

	for (guint i = 0; i < abilities->len; i++) {
		const SmithAbility *ability = abilities->pdata[i];
		SmithNode *item = smith_node_new(SMITH_NODE_MAP);

		smith_node_set(item, "name", smith_node_new_string(ability->name));
		smith_node_set(item, "probe", smith_node_new_string(ability->what));
		smith_node_set(item, "needed", smith_node_new_bool(ability->needed));
		smith_node_set(item, "there", smith_node_new_bool(ability->there));
		smith_node_set(item, "found", smith_node_new_string(ability->found));
		if (ability->advice != NULL)
			smith_node_set(item, "advice", smith_node_new_string(ability->advice));
		smith_node_append(list, item);
	}
	smith_node_set(node, "executes", smith_node_new_bool(smith_probe_is_enough(abilities)));
	smith_node_set(node, "abilities", list);
	smith_print_json(node);
}

static void print_text(const GPtrArray *abilities)
{
	static const char *const headings[] = {"ABILITY", "NEEDED", "PROBE", "FOUND", NULL};
	g_autoptr(SmithTable) table = smith_table_new(headings);

	for (guint i = 0; i < abilities->len; i++) {
		const SmithAbility *ability = abilities->pdata[i];

		smith_table_add(table, ability->name, ability->needed ? "yes" : "no", ability->what,
				ability->found);
	}
	smith_table_print(table);
	for (guint i = 0; i < abilities->len; i++) {
		const SmithAbility *ability = abilities->pdata[i];

		if (ability->advice != NULL)
			smith_print("\n%s: %s\n", ability->name, ability->advice);
	}
}

/* The machine as a host of the fleet. */
static gboolean tell_host(SmithInvocation *inv, const char *name, GError **error)
{
	SmithPrepared *prepared = inv->prepared;
	g_autoptr(SmithDiag) diag = smith_diag_new();
	if (!smith_prepare_fleet(prepared, error))
		return FALSE;
	if (prepared->diag->errors > 0) {
		smith_report_findings(prepared->diag);
		return smith_diag_check(prepared->diag, error);
	}
	const SmithHost *host = smith_machine_host(inv, (const char *const[]){name, NULL}, error);
	if (host == NULL || !smith_machine_find(inv, host, NULL, diag, error))
		return FALSE;
	const SmithFindings findings = {.diag = diag, .directory = prepared->fleet->directory};
	smith_findings_print(&findings, inv->format);
	if (inv->format != SMITH_FORMAT_JSON && diag->findings->len == 0)
		smith_print("host '%s': nothing is missing\n", host->name);
	smith_report_told();
	return smith_diag_check(diag, error);
}

gboolean smith_cmd_doctor(SmithInvocation *inv, GError **error)
{
	const char *host = smith_options_string(inv->options, "host");
	if (host != NULL)
		return tell_host(inv, host, error);
	g_autofree char *directory = existing_directory(inv->prepared->store_path);
	g_autoptr(GPtrArray) abilities = smith_probe(directory);

	if (inv->format == SMITH_FORMAT_JSON)
		print_json(abilities);
	else
		print_text(abilities);
	if (smith_probe_is_enough(abilities))
		return TRUE;
	return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
			   "this machine executes no steps; images of wheels and files are built "
			   "all the same");
}
