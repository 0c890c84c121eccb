/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "quadlet/planner.h"
#include "quadlet/quadlet.h"

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

SmithPlanContext *smith_plan_context_new(const SmithFleet *fleet, const SmithStore *store)
{
	SmithPlanContext *context = g_new0(SmithPlanContext, 1);
	context->fleet = fleet;
	context->store = store;
	context->environment = smith_environment_new(fleet);
	context->groups = index_groups(fleet);
	context->supervisors = index_supervisors(fleet);
	return context;
}

void smith_plan_context_free(SmithPlanContext *context)
{
	if (context == NULL)
		return;
	smith_environment_free(context->environment);
	g_hash_table_unref(context->groups);
	g_hash_table_unref(context->supervisors);
	g_clear_pointer(&context->digests, g_hash_table_unref);
	g_free(context);
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

/* Those of @group that run, as they are in the fleet. */
static GPtrArray *running(const SmithPlanner *planner, const SmithGroup *group)
{
	GPtrArray *services = g_ptr_array_new();
	for (char **name = group->services; *name != NULL; name++) {
		SmithService *service = smith_fleet_service(planner->fleet, *name);
		if (service != NULL && smith_service_on(service, planner->plan->host)->enabled)
			g_ptr_array_add(services, service);
	}
	return services;
}

static SmithPodPlan *add_pod(SmithPlanner *planner, const SmithGroup *group)
{
	SmithPodPlan *pod = smith_plan_pod_new();
	g_ptr_array_add(planner->plan->pods, pod);
	pod->slug = g_strdup(group->slug);
	pod->group = group;
	smith_plan_pod_place(planner, pod);
	return pod;
}

/* None when all of its services are beside it. */
static bool needs_pod(const SmithPlanner *planner, const SmithGroup *group,
		      const GPtrArray *services)
{
	for (guint i = 0; group->mode == SMITH_GROUP_POD && i < services->len; i++) {
		const SmithService *service =
			smith_service_on(services->pdata[i], planner->plan->host);
		if (smith_service_site(service, group) == SMITH_SITE_GROUP)
			return true;
	}
	return false;
}

static gboolean add_group(SmithPlanner *planner, const SmithGroup *group, GError **error)
{
	g_autoptr(GPtrArray) services = running(planner, group);
	const SmithService *supervisor = g_hash_table_lookup(planner->context->supervisors, group);
	if (services->len == 0)
		return TRUE;
	if (supervisor != NULL)
		return smith_plan_container(planner, group, supervisor, NULL, error) != NULL;
	SmithPodPlan *pod = needs_pod(planner, group, services) ? add_pod(planner, group) : NULL;
	for (guint i = 0; i < services->len; i++)
		if (smith_plan_container(planner, group, services->pdata[i], pod, error) == NULL)
			return FALSE;
	return TRUE;
}

/* --- targets */

static SmithPlanTarget *add_target(SmithHostPlan *plan, const char *slug, const char *title)
{
	SmithPlanTarget *target = g_new0(SmithPlanTarget, 1);
	target->slug = g_strdup(slug);
	target->title = g_strdup(title);
	target->containers = g_ptr_array_new();
	target->pods = g_ptr_array_new();
	g_ptr_array_add(plan->targets, target);
	return target;
}

static void fill_target(const SmithHostPlan *plan, SmithPlanTarget *target, const SmithGroup *group)
{
	for (guint i = 0; i < plan->containers->len; i++) {
		SmithContainerPlan *container = plan->containers->pdata[i];
		if (group == NULL || container->group == group)
			g_ptr_array_add(target->containers, container);
	}
	for (guint i = 0; i < plan->pods->len; i++) {
		SmithPodPlan *pod = plan->pods->pdata[i];
		if (group == NULL || pod->group == group)
			g_ptr_array_add(target->pods, pod);
	}
}

/* The fleet's own name, and where a group has that, with as many "-fleet" as it takes. */
static char *host_target_slug(const SmithFleet *fleet)
{
	g_autoptr(GHashTable) taken = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = 0; i < fleet->groups->len; i++)
		g_hash_table_add(taken, ((SmithGroup *)fleet->groups->pdata[i])->slug);
	char *slug = smith_slug(fleet->name != NULL ? fleet->name : "");
	while (g_hash_table_contains(taken, slug)) {
		char *longer = g_strconcat(slug, "-fleet", NULL);
		g_free(slug);
		slug = longer;
	}
	return slug;
}

static void add_targets(SmithPlanner *planner, const GPtrArray *groups)
{
	SmithHostPlan *plan = planner->plan;
	g_autofree char *slug = host_target_slug(planner->fleet);
	for (guint i = 0; i < groups->len; i++) {
		const SmithGroup *group = groups->pdata[i];
		fill_target(plan, add_target(plan, group->slug, group->name), group);
	}
	fill_target(plan, add_target(plan, slug, planner->fleet->name), NULL);
}

/* --- the host */

static gboolean fill_plan(SmithPlanner *planner, const char *const *names, GError **error)
{
	SmithHostPlan *plan = planner->plan;
	const GPtrArray *all = g_hash_table_lookup(planner->context->groups, plan->host->name);
	g_autoptr(GPtrArray) groups = g_ptr_array_new();
	smith_plan_host_environment(planner);
	for (guint i = 0; all != NULL && i < all->len; i++) {
		SmithGroup *group = all->pdata[i];
		guint before = plan->containers->len;
		if (!is_chosen(names, group->name))
			continue;
		if (!add_group(planner, group, error))
			return FALSE;
		if (plan->containers->len > before)
			g_ptr_array_add(groups, group);
	}
	smith_plan_needs(planner);
	for (guint i = 0; i < plan->pods->len; i++)
		smith_plan_pod_confine(plan->pods->pdata[i]);
	smith_plan_ids(plan);
	add_targets(planner, groups);
	return TRUE;
}

SmithHostPlan *smith_host_plan_new(SmithPlanContext *context, const SmithHost *host,
				   const char *const *groups, SmithDiag *diag, GError **error)
{
	SMITH_AUTO_PREFIX("host", host->name, error);
	const char *version = host->podman != NULL ? host->podman : SMITH_QUADLET_PODMAN;
	g_autoptr(SmithHostPlan) plan = smith_host_plan_alloc(context->fleet, host);
	g_autoptr(GHashTable) shared = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GHashTable) networks = g_hash_table_new(NULL, NULL);
	g_autoptr(GHashTable) volumes =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	SmithPlanner planner = {.context = context,
				.fleet = context->fleet,
				.plan = plan,
				.shared = shared,
				.networks = networks,
				.volumes = volumes,
				.diag = diag};
	plan->podman = parse_podman(version);
	if (plan->podman < 0)
		return smith_throw_null(error, SMITH_ERROR_INVALID, "podman '%s' is no version",
					version);
	if (!fill_plan(&planner, groups, error))
		return NULL;
	return g_steal_pointer(&plan);
}
