/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/lint-script.h"

#include "lint/rule.h"

static void lint_missing(const SmithService *service, SmithSourceTree *tree, SmithDiag *diag)
{
	const char *script = service->app->script;
	bool is_below = false;
	if (smith_source_tree_has(tree, script))
		return;
	g_autofree char *found = smith_source_tree_find(tree, script, &is_below);
	if (found == NULL)
		smith_lint_report(diag, "script-missing", service->app->place, service->name,
				  "script '%s' of service '%s' does not exist", script,
				  service->name);
	else if (is_below)
		smith_lint_report(diag, "script-path-not-root-relative", service->app->place,
				  service->name,
				  "script '%s' of service '%s' is found as '%s' only", script,
				  service->name, found);
	else
		smith_lint_report(diag, "script-case-mismatch", service->app->place, service->name,
				  "script '%s' of service '%s' does not exist, '%s' does", script,
				  service->name, found);
}

/* With other arguments it is another program. */
static void lint_shared(const SmithService *service, const SmithService *first, SmithDiag *diag)
{
	if (!g_strv_equal((const char *const *)service->app->args,
			  (const char *const *)first->app->args))
		return;
	smith_lint_report(diag, "script-shared", service->app->place, service->name,
			  "script '%s' of service '%s' is also that of '%s'", service->app->script,
			  service->name, first->name);
}

void smith_lint_scripts(const SmithFleet *fleet, SmithSourceTree *tree, SmithDiag *diag)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = 0; i < fleet->services->len; i++) {
		const SmithService *service = fleet->services->pdata[i];
		const char *script = service->app->script;
		if (script == NULL)
			continue;
		if (tree != NULL)
			lint_missing(service, tree, diag);
		const SmithService *first = g_hash_table_lookup(seen, script);
		if (first == NULL)
			g_hash_table_insert(seen, (gpointer)script, (gpointer)service);
		else
			lint_shared(service, first, diag);
	}
}
