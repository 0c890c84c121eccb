/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/lint-need.h"

#include <string.h>

#include "lint/graph.h"
#include "lint/hint.h"
#include "lint/rule.h"

#define NAMES_MAX 16 /* of a circle, in a text */

/* A service on one of its hosts; one that is in no group is there once, without host. */
typedef struct {
	const SmithService *neutral;
	const SmithService *service;
	const SmithHost *host;
} Instance;

typedef struct {
	const SmithFleet *fleet;
	const GPtrArray *others;
	const SmithPlace *whole;
	GArray *instances; /* (element-type Instance), those of one service in a row */
	GHashTable *first; /* neutral service -> index of its first, from 1 */
	SmithDiag *diag;
} Needs;

static const Instance *instance_at(const Needs *needs, guint index)
{
	return &g_array_index(needs->instances, Instance, index);
}

static void add_instances(Needs *needs, const SmithService *neutral)
{
	guint before = needs->instances->len;
	for (guint i = 0; i < neutral->groups->len; i++) {
		const SmithGroup *group = neutral->groups->pdata[i];
		const SmithHost *host = smith_fleet_host(needs->fleet, group->host);
		bool is_new = host != NULL && smith_service_group(neutral, host) == group;
		const Instance instance = {neutral, smith_service_on(neutral, host), host};
		if (is_new)
			g_array_append_val(needs->instances, instance);
	}
	if (needs->instances->len == before) {
		const Instance instance = {neutral, neutral, NULL};
		g_array_append_val(needs->instances, instance);
	}
	g_hash_table_insert(needs->first, (gpointer)neutral, GUINT_TO_POINTER(before + 1));
}

/* Where @instance finds @needed: on its own host, or (is_near) wherever one of the two has none. */
static guint find_target(const Needs *needs, const Instance *instance, const SmithService *needed,
			 bool *is_near)
{
	guint first = GPOINTER_TO_UINT(g_hash_table_lookup(needs->first, needed)) - 1;
	for (guint i = first; i < needs->instances->len; i++) {
		const Instance *other = instance_at(needs, i);
		if (other->neutral != needed)
			break;
		*is_near = true;
		if (other->host == NULL || instance->host == NULL || other->host == instance->host)
			return i;
	}
	*is_near = false;
	return first;
}

static const SmithFleet *find_elsewhere(const Needs *needs, const char *name)
{
	for (guint i = 0; needs->others != NULL && i < needs->others->len; i++)
		if (smith_fleet_service(needs->others->pdata[i], name) != NULL)
			return needs->others->pdata[i];
	return NULL;
}

static void lint_unknown(const Needs *needs, const SmithService *service, const SmithNeed *need)
{
	const SmithFleet *elsewhere = find_elsewhere(needs, need->name);
	if (elsewhere != NULL) {
		smith_lint_report(needs->diag, "dependency-cross-host", need->place, service->name,
				  "'%s' needs '%s', which is defined on '%s' only", service->name,
				  need->name, elsewhere->name);
		return;
	}
	g_autofree char *hint = smith_lint_hint(need->name, needs->fleet->services, needs->diag);
	smith_lint_report(needs->diag, "dependency-undefined", need->place, service->name,
			  "service '%s' needs '%s', which is no service%s", service->name,
			  need->name, hint);
}

static void lint_known(const Needs *needs, const Instance *instance, const SmithNeed *need,
		       const Instance *target, bool is_near)
{
	const SmithService *service = instance->service;
	if (!is_near)
		smith_lint_report(needs->diag, "dependency-cross-host", need->place, service->name,
				  "service '%s' on host '%s' needs '%s', which is on other hosts "
				  "only: that is an address, no order",
				  service->name, instance->host->name, target->neutral->name);
	else if (service->enabled && !target->service->enabled)
		smith_lint_report(needs->diag, "dependency-disabled", need->place, service->name,
				  "service '%s' needs '%s', which its 'when' leaves out",
				  service->name, target->neutral->name);
	else if (service->required && !target->service->required)
		smith_lint_report(needs->diag, "required-depends-on-optional", need->place,
				  service->name,
				  "service '%s' is required and needs '%s', which is not",
				  service->name, target->neutral->name);
}

/* The edges that are an order: to what is on the same host. */
static void lint_instance(const Needs *needs, guint index, GHashTable *seen, SmithGraph *graph)
{
	const Instance *instance = instance_at(needs, index);
	const SmithService *service = instance->service;
	for (guint i = 0; i < service->needs->len; i++) {
		const SmithNeed *need = service->needs->pdata[i];
		const SmithService *needed = smith_fleet_service(needs->fleet, need->name);
		bool is_near = false;
		if (!g_hash_table_add(seen, needed != NULL ? needed->name : need->name)) {
			smith_lint_report(needs->diag, "dependency-duplicate", need->place,
					  service->name, "service '%s' lists '%s' twice",
					  service->name, need->name);
			continue;
		}
		if (needed == instance->neutral) {
			smith_lint_report(needs->diag, "dependency-self", need->place,
					  service->name, "service '%s' needs itself",
					  service->name);
		} else if (needed == NULL) {
			lint_unknown(needs, service, need);
		} else {
			guint target = find_target(needs, instance, needed, &is_near);
			lint_known(needs, instance, need, instance_at(needs, target), is_near);
			if (is_near)
				smith_graph_add(graph, index, target);
		}
	}
	g_hash_table_remove_all(seen);
}

static int compare_instances(gconstpointer a, gconstpointer b, gpointer data)
{
	const Needs *needs = data;
	const guint *x = a, *y = b;
	int order = strcmp(instance_at(needs, *x)->neutral->name,
			   instance_at(needs, *y)->neutral->name);
	return order != 0 ? order : (*x > *y) - (*x < *y);
}

static void tell_circle(const Needs *needs, const SmithCircle *circle)
{
	g_autoptr(GString) names = g_string_new(NULL);
	const SmithService *first =
		instance_at(needs, g_array_index(circle->nodes, guint, 0))->neutral;
	for (guint i = 0; i < MIN(circle->nodes->len, NAMES_MAX); i++) {
		guint node = g_array_index(circle->nodes, guint, i);
		g_string_append_printf(names, "%s%s", i > 0 ? " -> " : "",
				       instance_at(needs, node)->neutral->name);
	}
	if (circle->nodes->len > NAMES_MAX)
		g_string_append(names, " -> ...");
	smith_lint_report(needs->diag, "dependency-cycle",
			  needs->whole != NULL ? *needs->whole : first->place, names->str,
			  "%u services need each other in a circle, none can be the first: %s -> "
			  "%s",
			  circle->size, names->str, first->name);
}

void smith_lint_needs(const SmithFleet *fleet, const GPtrArray *others, const SmithPlace *whole,
		      SmithDiag *diag)
{
	g_autoptr(GArray) instances = g_array_new(FALSE, FALSE, sizeof(Instance));
	g_autoptr(GHashTable) first = g_hash_table_new(NULL, NULL);
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	Needs needs = {fleet, others, whole, instances, first, diag};
	for (guint i = 0; i < fleet->services->len; i++)
		add_instances(&needs, fleet->services->pdata[i]);
	g_autoptr(SmithGraph) graph = smith_graph_new(instances->len);
	for (guint i = 0; i < instances->len; i++)
		lint_instance(&needs, i, seen, graph);
	g_autoptr(GPtrArray) circles = smith_graph_circles(graph, compare_instances, &needs);
	for (guint i = 0; i < circles->len; i++)
		tell_circle(&needs, circles->pdata[i]);
}
