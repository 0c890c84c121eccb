/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "fleet/runtime.h"
#include "quadlet/planner.h"

#define STOP_SECONDS 10 /* podman's */
#define SECOND G_GINT64_CONSTANT(1000000000)

bool smith_plan_is_ours(const SmithContainerPlan *container)
{
	return container->service->image == NULL;
}

/* Where it is what the image says there is nothing to say. */
static void set_command(const SmithPlanner *planner, SmithContainerPlan *container)
{
	const SmithFleet *fleet = planner->fleet;
	g_auto(GStrv) command = smith_runtime_command(fleet, container->service, container->group,
						      planner->plan->host);
	g_auto(GStrv) usual = smith_plan_is_ours(container)
				      ? smith_runtime_command(fleet, container->neutral, NULL, NULL)
				      : g_new0(char *, 1);
	if (!g_strv_equal((const char *const *)command, (const char *const *)usual))
		container->argv = g_steal_pointer(&command);
}

static void set_label(SmithContainerPlan *container, const char *key, const char *value)
{
	g_hash_table_replace(container->labels, g_strdup(key), g_strdup(value));
}

/* The image says the number that holds without an offset. */
static void set_labels(const SmithPlanner *planner, SmithContainerPlan *container)
{
	gint64 usual = smith_runtime_health_port(container->neutral, NULL, NULL);
	gint64 port = smith_runtime_health_port(container->service, container->group,
						planner->plan->host);
	g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, port);
	if (smith_plan_is_ours(container) && port != usual)
		set_label(container, "health_check_port", text);
	GHashTableIter iter;
	gpointer key, value;
	g_hash_table_iter_init(&iter, container->service->labels);
	while (g_hash_table_iter_next(&iter, &key, &value))
		set_label(container, key, value);
	set_label(container, SMITH_PLAN_LABEL, planner->fleet->name);
}

/* Part of a second is a whole one: none would be a kill at once. */
static gint64 stop_seconds(const SmithService *service)
{
	return service->stop > 0 ? (service->stop + SECOND - 1) / SECOND : STOP_SECONDS;
}

SmithContainerPlan *smith_plan_container(SmithPlanner *planner, const SmithGroup *group,
					 const SmithService *neutral, SmithPodPlan *pod,
					 GError **error)
{
	SmithContainerPlan *container = smith_plan_container_new();
	g_ptr_array_add(planner->plan->containers, container);
	container->group = group;
	container->neutral = neutral;
	container->service = smith_service_on(neutral, planner->plan->host);
	if (smith_service_site(container->service, group) == SMITH_SITE_GROUP)
		container->pod = pod;
	container->slug = g_strdup(neutral->slug);
	container->title = g_strdup(neutral->name);
	container->restart = container->service->restart;
	container->stop_seconds = stop_seconds(container->service);
	smith_plan_image(planner, container);
	set_command(planner, container);
	smith_plan_environment(planner, container);
	smith_plan_place(planner, container);
	set_labels(planner, container);
	if (!smith_plan_mounts(planner, container, error) ||
	    !smith_plan_devices(planner, container, error) ||
	    !smith_plan_health(planner, container, error) ||
	    !smith_plan_confine(planner, container, error))
		return NULL;
	return container;
}
