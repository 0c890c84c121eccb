/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "fleet/address.h"
#include "fleet/runtime.h"
#include "quadlet/planner.h"

#define SECOND G_GINT64_CONSTANT(1000000000)

/* The container that @other is on this host, or in; NULL when it runs elsewhere. */
static const SmithGroup *group_here(const SmithPlanner *planner, const SmithService *other)
{
	return smith_service_group(other, planner->plan->host);
}

static SmithPlanNeed *find_planned(const SmithContainerPlan *container, const char *slug)
{
	for (guint i = 0; i < container->needs->len; i++) {
		SmithPlanNeed *need = container->needs->pdata[i];
		if (g_strcmp0(need->slug, slug) == 0)
			return need;
	}
	return NULL;
}

/* Where it answers, as seen from the container; false when there is nothing to ask. */
static bool set_address(const SmithPlanner *planner, const SmithContainerPlan *container,
			const SmithNeed *need, const SmithService *other, SmithPlanNeed *planned)
{
	const SmithPort *port = smith_runtime_port(other);
	SmithAddress address;
	if (port == NULL || port->protocol != SMITH_PROTOCOL_TCP ||
	    !smith_address_find(planner->fleet, container->group, container->service, other,
				port->name, &address, NULL))
		return false;
	planned->address = g_strdup(address.address);
	planned->port = address.port;
	planned->seconds = MAX(need->timeout / SECOND, 1);
	return true;
}

static void take_need(SmithContainerPlan *container, SmithPlanNeed *planned,
		      const SmithService *other)
{
	planned->name = g_strdup(other->name);
	g_ptr_array_add(container->needs, planned);
}

/* Members of a supervised group have one container, which is needed once for all of them. */
static void add_here(const SmithPlanner *planner, SmithContainerPlan *container,
		     const SmithNeed *need, const SmithService *other, const SmithGroup *group)
{
	const SmithService *on_host = smith_service_on(other, planner->plan->host);
	bool is_inside = group->mode == SMITH_GROUP_SUPERVISED;
	const char *slug = is_inside ? group->slug : other->slug;
	if (!on_host->enabled || strcmp(slug, container->slug) == 0)
		return;
	SmithPlanNeed *planned = find_planned(container, slug);
	if (planned == NULL) {
		planned = g_new0(SmithPlanNeed, 1);
		planned->slug = g_strdup(slug);
		set_address(planner, container, need, other, planned);
		take_need(container, planned, other);
	}
	planned->required = planned->required || on_host->required;
	planned->healthy = planned->healthy || need->until == SMITH_UNTIL_HEALTHY;
}

/* What has no port there is nothing to wait for. */
static void add_elsewhere(const SmithPlanner *planner, SmithContainerPlan *container,
			  const SmithNeed *need, const SmithService *other)
{
	SmithPlanNeed *planned = g_new0(SmithPlanNeed, 1);
	planned->required = other->required;
	planned->healthy = need->until == SMITH_UNTIL_HEALTHY;
	if (set_address(planner, container, need, other, planned))
		take_need(container, planned, other);
	else
		g_free(planned);
}

static void add_needs(const SmithPlanner *planner, SmithContainerPlan *container)
{
	const GPtrArray *needs = container->service->needs;
	for (guint i = 0; i < needs->len; i++) {
		const SmithNeed *need = needs->pdata[i];
		const SmithService *other = smith_fleet_service(planner->fleet, need->name);
		const SmithGroup *group = other != NULL ? group_here(planner, other) : NULL;
		if (group != NULL)
			add_here(planner, container, need, other, group);
		else if (other != NULL)
			add_elsewhere(planner, container, need, other);
	}
}

/* --- order: what is needed comes first, all else stays as in the document */

typedef struct {
	GHashTable *by_slug; /* slug -> container */
	GHashTable *placed;
	GPtrArray *sorted;
} Order;

/* A circle is broken where it is met: the check told of it. */
static void place(Order *order, SmithContainerPlan *container)
{
	if (container == NULL || !g_hash_table_add(order->placed, container))
		return;
	for (guint i = 0; i < container->needs->len; i++) {
		const SmithPlanNeed *need = container->needs->pdata[i];
		if (need->slug != NULL)
			place(order, g_hash_table_lookup(order->by_slug, need->slug));
	}
	g_ptr_array_add(order->sorted, container);
}

static void sort_containers(SmithHostPlan *plan)
{
	g_autoptr(GHashTable) by_slug = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GHashTable) placed = g_hash_table_new(NULL, NULL);
	g_autoptr(GPtrArray) sorted = g_ptr_array_new();
	Order order = {by_slug, placed, sorted};
	for (guint i = 0; i < plan->containers->len; i++) {
		SmithContainerPlan *container = plan->containers->pdata[i];
		g_hash_table_insert(by_slug, container->slug, container);
	}
	for (guint i = 0; i < plan->containers->len; i++)
		place(&order, plan->containers->pdata[i]);
	for (guint i = 0; i < sorted->len; i++)
		plan->containers->pdata[i] = sorted->pdata[i];
}

void smith_plan_needs(SmithPlanner *planner)
{
	SmithHostPlan *plan = planner->plan;
	for (guint i = 0; i < plan->containers->len; i++)
		add_needs(planner, plan->containers->pdata[i]);
	sort_containers(plan);
	for (guint i = 0; i < plan->containers->len; i++) {
		SmithContainerPlan *container = plan->containers->pdata[i];
		if (container->pod != NULL)
			g_ptr_array_add(container->pod->members, container);
	}
}
