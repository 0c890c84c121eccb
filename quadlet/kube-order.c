/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "quadlet/kube.h"

static const SmithContainerPlan *find_container(const SmithHostPlan *plan, const char *slug)
{
	for (guint i = 0; slug != NULL && i < plan->containers->len; i++) {
		const SmithContainerPlan *container = plan->containers->pdata[i];
		if (strcmp(container->slug, slug) == 0)
			return container;
	}
	return NULL;
}

static bool is_together(const SmithContainerPlan *a, const SmithContainerPlan *b)
{
	return a == b || (a->pod != NULL && a->pod == b->pod);
}

/* --- of pods */

static bool leads_to(const SmithHostPlan *plan, const SmithContainerPlan *from,
		     const SmithContainerPlan *to, GHashTable *seen);

static bool any_leads_to(const SmithHostPlan *plan, const SmithContainerPlan *container,
			 const SmithContainerPlan *to, GHashTable *seen)
{
	for (guint i = 0; i < container->needs->len; i++) {
		const SmithPlanNeed *need = container->needs->pdata[i];
		const SmithContainerPlan *other = find_container(plan, need->slug);
		if (need->required && other != NULL && leads_to(plan, other, to, seen))
			return true;
	}
	return false;
}

/* All members of a pod are started when it is. */
static bool leads_to(const SmithHostPlan *plan, const SmithContainerPlan *from,
		     const SmithContainerPlan *to, GHashTable *seen)
{
	if (is_together(from, to))
		return true;
	if (!g_hash_table_add(seen, (gpointer)from))
		return false;
	if (from->pod == NULL)
		return any_leads_to(plan, from, to, seen);
	for (guint i = 0; i < from->pod->members->len; i++) {
		const SmithContainerPlan *member = from->pod->members->pdata[i];
		g_hash_table_add(seen, (gpointer)member);
		if (any_leads_to(plan, member, to, seen))
			return true;
	}
	return false;
}

bool smith_kube_may_wait(const SmithHostPlan *plan, const SmithContainerPlan *container,
			 const SmithPlanNeed *need)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
	const SmithContainerPlan *other = find_container(plan, need->slug);
	return need->required && (other == NULL || !leads_to(plan, other, container, seen));
}

/* --- of groups */

static void place(const SmithHostPlan *plan, const SmithGroup *group, GHashTable *placed,
		  GPtrArray *sorted)
{
	if (!g_hash_table_add(placed, (gpointer)group))
		return;
	for (guint i = 0; i < plan->containers->len; i++) {
		const SmithContainerPlan *container = plan->containers->pdata[i];
		for (guint j = 0; container->group == group && j < container->needs->len; j++) {
			const SmithPlanNeed *need = container->needs->pdata[j];
			const SmithContainerPlan *other = find_container(plan, need->slug);
			if (other != NULL)
				place(plan, other->group, placed, sorted);
		}
	}
	g_ptr_array_add(sorted, (gpointer)group);
}

GPtrArray *smith_kube_groups(const SmithHostPlan *plan)
{
	g_autoptr(GHashTable) placed = g_hash_table_new(NULL, NULL);
	GPtrArray *sorted = g_ptr_array_new();
	for (guint i = 0; i < plan->containers->len; i++) {
		const SmithContainerPlan *container = plan->containers->pdata[i];
		place(plan, container->group, placed, sorted);
	}
	return sorted;
}
