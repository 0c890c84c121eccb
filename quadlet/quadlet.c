/* SPDX-License-Identifier: Apache-2.0 */
#include "quadlet/quadlet.h"

#include <string.h>

#include "base/error.h"
#include "quadlet/container.h"
#include "quadlet/pod.h"

void smith_unit_file_free(SmithUnitFile *file)
{
	g_free(file->path);
	g_free(file->text);
	g_free(file);
}

static int parse_podman(const char *text)
{
	guint64 major = 0, minor = 0;
	g_auto(GStrv) parts = g_strsplit(text, ".", 3);
	if (parts[0] == NULL || !g_ascii_string_to_unsigned(parts[0], 10, 1, 99, &major, NULL) ||
	    (parts[1] != NULL && !g_ascii_string_to_unsigned(parts[1], 10, 0, 99, &minor, NULL)))
		return -1;
	return (int)(major * 100 + minor);
}

static bool is_chosen(const char *const *names, const char *name)
{
	return names == NULL || *names == NULL || g_strv_contains(names, name);
}

/* Those that run: as they are in the fleet, and in @on_host as they are on the host. */
static GPtrArray *running(const SmithEmit *emit, const SmithGroup *group, GPtrArray *on_host)
{
	GPtrArray *services = g_ptr_array_new();
	for (char **name = group->services; *name != NULL; name++) {
		SmithService *service = smith_fleet_service(emit->fleet, *name);
		const SmithService *variant =
			service != NULL ? smith_service_on(service, emit->host) : NULL;
		if (variant == NULL || !variant->enabled)
			continue;
		g_ptr_array_add(services, service);
		g_ptr_array_add(on_host, (gpointer)variant);
	}
	return services;
}

static gboolean emit_group(SmithEmit *emit, const SmithGroup *group, GError **error)
{
	g_autoptr(GPtrArray) on_host = g_ptr_array_new();
	g_autoptr(GPtrArray) services = running(emit, group, on_host);
	const SmithService *supervisor = g_hash_table_lookup(emit->supervisors, group);
	if (services->len == 0)
		return TRUE;
	if (supervisor != NULL)
		return smith_container_emit(emit, group, supervisor, error);
	if (group->mode == SMITH_GROUP_POD)
		smith_pod_emit(emit, group, on_host);
	for (guint i = 0; i < services->len; i++)
		if (!smith_container_emit(emit, group, services->pdata[i], error))
			return FALSE;
	return TRUE;
}

static gboolean emit_host(SmithEmit *emit, const char *const *groups, GError **error)
{
	const SmithHost *host = emit->host;
	const char *version = host->podman != NULL ? host->podman : SMITH_QUADLET_PODMAN;
	SMITH_AUTO_PREFIX("host", host->name, error);
	emit->podman = parse_podman(version);
	if (emit->podman < 0)
		return smith_throw(error, SMITH_ERROR_INVALID, "podman '%s' is no version",
				   version);
	if (emit->podman < 500)
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
				   "podman %s has no .pod units: 5.0 is the first that does",
				   version);
	const GPtrArray *mine = g_hash_table_lookup(emit->groups, host->name);
	for (guint i = 0; mine != NULL && i < mine->len; i++) {
		const SmithGroup *group = mine->pdata[i];
		if (is_chosen(groups, group->name) && !emit_group(emit, group, error))
			return FALSE;
	}
	return TRUE;
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

static GHashTable *index_supervisors(const SmithFleet *fleet)
{
	GHashTable *index = g_hash_table_new(NULL, NULL);
	for (guint i = 0; i < fleet->supervisors->len; i++) {
		SmithService *service = fleet->supervisors->pdata[i];
		g_hash_table_insert(index, service->supervises, service);
	}
	return index;
}

/* Host's name -> its groups. */
static GHashTable *index_groups(const SmithFleet *fleet)
{
	GHashTable *index = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
						  (GDestroyNotify)g_ptr_array_unref);
	for (guint i = 0; i < fleet->groups->len; i++) {
		SmithGroup *group = fleet->groups->pdata[i];
		GPtrArray *groups = g_hash_table_lookup(index, group->host);
		if (groups == NULL) {
			groups = g_ptr_array_new();
			g_hash_table_insert(index, group->host, groups);
		}
		g_ptr_array_add(groups, group);
	}
	return index;
}

static gboolean emit_hosts(SmithEmit *emit, const char *const *hosts, const char *const *groups,
			   GError **error)
{
	const SmithFleet *fleet = emit->fleet;
	for (guint i = 0; i < fleet->hosts->len; i++) {
		emit->host = fleet->hosts->pdata[i];
		g_hash_table_remove_all(emit->resources);
		if (is_chosen(hosts, emit->host->name) && !emit_host(emit, groups, error))
			return FALSE;
	}
	return emit->diag->errors == 0 || smith_diag_throw(emit->diag, SMITH_ERROR_INVALID, error);
}

GPtrArray *smith_quadlet_units(const SmithFleet *fleet, const char *const *hosts,
			       const char *const *groups, GError **error)
{
	if (!check_names(fleet, hosts, groups, error))
		return NULL;
	g_autoptr(GPtrArray) files =
		g_ptr_array_new_with_free_func((GDestroyNotify)smith_unit_file_free);
	g_autoptr(SmithEnvironment) environment = smith_environment_new(fleet);
	g_autoptr(GHashTable) supervisors = index_supervisors(fleet);
	g_autoptr(GHashTable) groups_of = index_groups(fleet);
	g_autoptr(GHashTable) resources =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(SmithDiag) diag = smith_diag_new();
	SmithEmit emit = {.fleet = fleet,
			  .environment = environment,
			  .supervisors = supervisors,
			  .groups = groups_of,
			  .resources = resources,
			  .files = files,
			  .diag = diag};
	if (!emit_hosts(&emit, hosts, groups, error))
		return NULL;
	g_ptr_array_sort(files, compare_files);
	return g_steal_pointer(&files);
}
