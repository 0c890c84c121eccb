/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "cmd/commands.h"
#include "cmd/output.h"
#include "cmd/prepare.h"

static const char *severity_name(SmithSeverity severity)
{
	static const char *const names[] = {"note", "warning", "error"};

	return names[severity];
}

/* What the lock says is part of the check, when there is one. */
static void check_lock(const SmithPrepared *prepared)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithLock) lock = smith_lock_load(prepared->fleet, &error);
	g_autoptr(GPtrArray) changes = NULL;
	SmithPlace place = {g_intern_static_string(SMITH_LOCK_FILE), 0, 0};

	if (lock == NULL) {
		smith_diag_add(prepared->diag, SMITH_SEVERITY_WARNING, place, "no-lock", "%s",
			       error->message);
		return;
	}
	changes = smith_lock_changes(lock, prepared->fleet, prepared->diag);
	for (guint i = 0; i < changes->len; i++)
		smith_diag_add(prepared->diag, SMITH_SEVERITY_WARNING, place, "stale-lock", "%s",
			       (char *)changes->pdata[i]);
}

static void print_json(const SmithDiag *diag)
{
	g_autoptr(SmithNode) list = smith_node_new(SMITH_NODE_SEQ);

	for (guint i = 0; i < diag->findings->len; i++) {
		const SmithFinding *finding = diag->findings->pdata[i];
		SmithNode *node = smith_node_new(SMITH_NODE_MAP);
		smith_node_set(node, "severity",
			       smith_node_new_string(severity_name(finding->severity)));
		smith_node_set(
			node, "file",
			smith_node_new_string(finding->place.file ? finding->place.file : ""));
		smith_node_set(node, "line", smith_node_new_int(finding->place.line));
		smith_node_set(node, "column", smith_node_new_int(finding->place.column));
		smith_node_set(node, "rule", smith_node_new_string(finding->rule));
		smith_node_set(node, "text", smith_node_new_string(finding->text));
		smith_node_append(list, node);
	}
	smith_print_json(list);
}

static void print_text(const SmithInvocation *inv, const SmithDiag *diag)
{
	for (guint i = 0; i < diag->findings->len; i++) {
		g_autofree char *line = smith_finding_to_string(diag->findings->pdata[i]);
		g_autofree char *safe = smith_output_escape(line);
		smith_print("%s\n", safe);
	}
	if (inv->verbosity >= 0)
		smith_print("%u services, %u families: %u errors, %u warnings\n",
			    inv->prepared->fleet->services->len,
			    inv->prepared->fleet->families->len, diag->errors, diag->warnings);
}

gboolean smith_cmd_check(SmithInvocation *inv, GError **error)
{
	SmithPrepared *prepared = inv->prepared;
	SmithDiag *diag = prepared->diag;

	if (diag->errors == 0)
		check_lock(prepared);
	smith_diag_sort(diag);
	if (inv->format == SMITH_FORMAT_JSON)
		print_json(diag);
	else
		print_text(inv, diag);
	return smith_diag_check(diag, error);
}
