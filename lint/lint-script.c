/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/lint-script.h"

#include "lint/rule.h"
#include "python/scan.h"

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

/* "line 3: unexpected indent", or NULL. */
static char *find_problem(const SmithSourceTree *tree, const char *script)
{
	g_autoptr(GBytes) bytes = smith_source_tree_read(tree, script, SMITH_PYTHON_SCAN_MAX);
	gsize length = 0;
	const char *text = bytes != NULL ? g_bytes_get_data(bytes, &length) : NULL;
	if (text == NULL)
		return NULL;
	g_autoptr(SmithPythonScan) scan = smith_python_scan(text, length);
	return scan->bad_line > 0 ? g_strdup_printf("line %u: %s", scan->bad_line, scan->bad_text)
				  : NULL;
}

void smith_lint_programs(const SmithFleet *fleet, const SmithSourceTree *tree, SmithDiag *diag)
{
	/* each is read once, also when all agents name the same one */
	g_autoptr(GHashTable) problems =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
	for (guint i = 0; i < fleet->services->len; i++) {
		const SmithService *service = fleet->services->pdata[i];
		char *script = service->app->script;
		if (script == NULL)
			continue;
		if (!g_hash_table_contains(problems, script))
			g_hash_table_insert(problems, script, find_problem(tree, script));
		const char *problem = g_hash_table_lookup(problems, script);
		if (problem != NULL)
			smith_lint_report(diag, "script-syntax-error", service->place,
					  service->name, "script '%s' of service '%s', %s", script,
					  service->name, problem);
	}
}
