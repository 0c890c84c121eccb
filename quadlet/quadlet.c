/* SPDX-License-Identifier: Apache-2.0 */
#include "quadlet/quadlet.h"

#include <string.h>

#include "base/error.h"
#include "quadlet/formats.h"

void smith_unit_file_free(SmithUnitFile *file)
{
	g_free(file->path);
	g_free(file->text);
	g_free(file);
}

static gboolean check_names(const SmithFleet *fleet, const char *const *hosts,
			    const char *const *groups, GError **error)
{
	for (; hosts != NULL && *hosts != NULL; hosts++)
		if (smith_fleet_host(fleet, *hosts) == NULL)
			return smith_throw(error, SMITH_ERROR_USAGE, "no host '%s' in the fleet",
					   *hosts);
	for (; groups != NULL && *groups != NULL; groups++)
		if (smith_fleet_group(fleet, *groups) == NULL)
			return smith_throw(error, SMITH_ERROR_USAGE, "no group '%s' in the fleet",
					   *groups);
	return TRUE;
}

static int compare_files(gconstpointer a, gconstpointer b)
{
	const SmithUnitFile *const *x = a, *const *y = b;
	return strcmp((*x)->path, (*y)->path);
}

static bool is_chosen(const char *const *names, const char *name)
{
	return names == NULL || *names == NULL || g_strv_contains(names, name);
}

static gboolean format_hosts(SmithPlanContext *context, const SmithUnitsRequest *request,
			     SmithDiag *diag, GPtrArray *files, GError **error)
{
	static gboolean (*const formats[])(const SmithHostPlan *, GPtrArray *, GError **) = {
		smith_format_quadlet, smith_format_kube, smith_format_shell};
	const GPtrArray *hosts = request->fleet->hosts;
	for (guint i = 0; i < hosts->len; i++) {
		const SmithHost *host = hosts->pdata[i];
		if (!is_chosen(request->hosts, host->name))
			continue;
		g_autoptr(SmithHostPlan) plan =
			smith_host_plan_new(context, host, request->groups, diag, error);
		if (plan == NULL)
			return FALSE;
		plan->install_dir = request->install_dir;
		if (!formats[request->format](plan, files, error))
			return FALSE;
	}
	return diag->errors == 0 || smith_diag_throw(diag, SMITH_ERROR_INVALID, error);
}

GPtrArray *smith_quadlet_units(const SmithUnitsRequest *request, GError **error)
{
	if (!check_names(request->fleet, request->hosts, request->groups, error))
		return NULL;
	g_autoptr(GPtrArray) files =
		g_ptr_array_new_with_free_func((GDestroyNotify)smith_unit_file_free);
	g_autoptr(SmithPlanContext) context =
		smith_plan_context_new(request->fleet, request->store);
	g_autoptr(SmithDiag) diag = smith_diag_new();
	if (!format_hosts(context, request, diag, files, error))
		return NULL;
	g_ptr_array_sort(files, compare_files);
	return g_steal_pointer(&files);
}
