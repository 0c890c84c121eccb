/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <unistd.h>

#include "base/epoch.h"
#include "base/error.h"
#include "cmd/commands.h"
#include "cmd/findings.h"
#include "cmd/output.h"
#include "cmd/prepare.h"
#include "cmd/report.h"
#include "cmd/ui.h"
#include "fleet/load.h"
#include "lint/allow.h"
#include "lint/lint.h"
#include "lint/rule.h"
#include "lint/startup.h"

/* What the lock says is part of the check, when there is one; of a fleet with errors there is no
 * lock to be compared. */
static void check_lock(const SmithPrepared *prepared, const SmithLock *lock, const GError *why)
{
	SmithPlace place = {g_intern_static_string(SMITH_LOCK_FILE), 0, 0};
	if (prepared->diag->errors > 0)
		return;
	if (lock == NULL) {
		smith_lint_report(prepared->diag, "no-lock", place, NULL, "%s", why->message);
		return;
	}
	g_autoptr(GPtrArray) changes = smith_lock_changes(lock, prepared->fleet, prepared->diag);
	for (guint i = 0; i < changes->len; i++)
		smith_lint_report(prepared->diag, "stale-lock", place, NULL, "%s",
				  (char *)changes->pdata[i]);
	smith_lint_disk(lock, prepared->store_path, prepared->diag);
}

static gboolean check_fleet(SmithInvocation *inv, GError **error)
{
	SmithPrepared *prepared = inv->prepared;
	g_autoptr(GError) why = NULL;
	if (!smith_prepare_fleet(prepared, &why)) {
		if (prepared->diag == NULL) {
			g_propagate_error(error, g_steal_pointer(&why));
			return FALSE;
		}
		smith_load_tell_unreadable(prepared->diag, SMITH_FLEET_FILE, why);
		return TRUE;
	}
	g_autoptr(SmithLock) lock = smith_lock_load(prepared->fleet, &why);
	check_lock(prepared, lock, why);
	smith_lint_sources(prepared->fleet, lock, prepared->diag);
	return TRUE;
}

static gboolean check_files(SmithInvocation *inv, GError **error)
{
	for (guint i = 0; i < inv->n_operands; i++) {
		g_autofree char *name = g_path_get_basename(inv->operands[i]);
		if (strcmp(name, SMITH_FLEET_FILE) == 0)
			return smith_throw(error, SMITH_ERROR_USAGE,
					   "'%s' is a fleet: it is checked in its directory, with "
					   "-C and without a FILE",
					   inv->operands[i]);
	}
	inv->prepared->diag = smith_diag_new();
	return smith_startup_check(inv->operands, inv->prepared->diag, error);
}

static bool want_color(const SmithInvocation *inv)
{
	const char *no_color = g_getenv("NO_COLOR");
	int mode = smith_options_enum(inv->options, "color", 0);
	if (mode != 0)
		return mode == 1;
	return (no_color == NULL || *no_color == '\0') && smith_ui_is_terminal(STDOUT_FILENO);
}

static void print_sum(const SmithInvocation *inv, const GPtrArray *allowed)
{
	const SmithPrepared *prepared = inv->prepared;
	if (inv->verbosity < 0)
		return;
	if (prepared->fleet != NULL) {
		guint services = prepared->fleet->services->len;
		guint families = prepared->fleet->families->len;
		smith_print("%u service%s, %u famil%s: ", services, services == 1 ? "" : "s",
			    families, families == 1 ? "y" : "ies");
	}
	smith_print("%u error%s, %u warning%s", prepared->diag->errors,
		    prepared->diag->errors == 1 ? "" : "s", prepared->diag->warnings,
		    prepared->diag->warnings == 1 ? "" : "s");
	if (allowed->len > 0)
		smith_print(", %u allowed", allowed->len);
	smith_print("\n");
}

static void print_findings(const SmithInvocation *inv, const GPtrArray *allowed)
{
	const SmithPrepared *prepared = inv->prepared;
	const SmithFindings findings = {
		.diag = prepared->diag,
		.allowed = allowed,
		.directory = prepared->fleet != NULL ? prepared->fleet->directory : NULL,
		.color = want_color(inv),
		.context = smith_options_flag(inv->options, "context") ||
			   smith_ui_is_terminal(STDOUT_FILENO),
	};
	smith_findings_print(&findings, inv->format);
	if (inv->format == SMITH_FORMAT_TEXT)
		print_sum(inv, allowed);
}

gboolean smith_cmd_check(SmithInvocation *inv, GError **error)
{
	SmithPrepared *prepared = inv->prepared;
	const char *rule = smith_options_string(inv->options, "explain");
	bool json = inv->format == SMITH_FORMAT_JSON;
	SmithAllowOptions options = {.patterns = smith_options_list(inv->options, "allow")};
	bool only_rules = smith_options_flag(inv->options, "rules");
	if ((only_rules || rule != NULL) && inv->n_operands > 0)
		return smith_throw(error, SMITH_ERROR_USAGE, "'--%s' takes no FILE, got '%s'",
				   only_rules ? "rules" : "explain", inv->operands[0]);
	if (only_rules) {
		smith_rules_print(json);
		return TRUE;
	}
	if (rule != NULL)
		return smith_rules_explain(rule, json, error);
	if (!smith_epoch_now(&options.now, error) ||
	    !(inv->n_operands > 0 ? check_files(inv, error) : check_fleet(inv, error)))
		return FALSE;
	options.fleet = prepared->fleet;
	/* with errors the lock has not been looked at */
	options.partial = prepared->diag->errors > 0;
	g_autoptr(GPtrArray) allowed = smith_allow_apply(&options, prepared->diag, error);
	if (allowed == NULL)
		return FALSE;
	print_findings(inv, allowed);
	if (prepared->diag->errors > 0)
		smith_report_told();
	if (prepared->diag->errors == 0 && prepared->diag->warnings > 0 &&
	    smith_options_flag(inv->options, "strict"))
		return smith_throw(error, SMITH_ERROR_FINDINGS, "%u warning%s, with --strict",
				   prepared->diag->warnings,
				   prepared->diag->warnings == 1 ? "" : "s");
	return smith_diag_check(prepared->diag, error);
}
