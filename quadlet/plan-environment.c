/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "quadlet/planner.h"

/* Podman's file of variables knows no quoting, and not in all versions none at all: what might be
 * taken for that, a comment, or the end of a line is said in the units. */
static bool fits_file(const char *entry)
{
	const char *value = strchr(entry, '=') + 1;
	if (g_ascii_isspace(*value) || (*value != '\0' && g_str_has_suffix(value, " ")))
		return false;
	for (; *value != '\0'; value++)
		if (g_ascii_iscntrl(*value) || strchr("\"'`\\#", *value) != NULL)
			return false;
	return true;
}

void smith_plan_host_environment(SmithPlanner *planner)
{
	SmithHostPlan *plan = planner->plan;
	g_auto(GStrv) all = smith_environment_of_host(planner->context->environment, plan->host);
	GPtrArray *list = g_ptr_array_new();
	g_autoptr(GString) text = g_string_new(NULL);
	for (char **entry = all; *entry != NULL; entry++) {
		if (!fits_file(*entry))
			continue;
		g_ptr_array_add(list, g_strdup(*entry));
		g_string_append_printf(text, "%s\n", *entry);
	}
	g_ptr_array_add(list, NULL);
	plan->environment = (char **)g_ptr_array_free(list, FALSE);
	for (char **entry = plan->environment; *entry != NULL; entry++)
		g_hash_table_add(planner->shared, *entry);
	SmithPlanFile *file = g_new0(SmithPlanFile, 1);
	file->name = g_strdup(SMITH_PLAN_ENVIRONMENT);
	file->text = g_strdup(text->str);
	g_ptr_array_add(plan->files, file);
}

/* An entry of the file with another value here is there as well, and comes after the file. */
void smith_plan_environment(SmithPlanner *planner, SmithContainerPlan *container)
{
	g_auto(GStrv) all = smith_environment_of(planner->context->environment, container->group,
						 container->neutral, planner->diag);
	GPtrArray *list = g_ptr_array_new();
	for (char **entry = all; *entry != NULL; entry++)
		if (!g_hash_table_contains(planner->shared, *entry))
			g_ptr_array_add(list, g_strdup(*entry));
	g_ptr_array_add(list, NULL);
	container->environment = (char **)g_ptr_array_free(list, FALSE);
}
