/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/lint-group.h"

#include <string.h>

#include "lint/graph.h"
#include "lint/hint.h"
#include "lint/rule.h"

#define NAMES_MAX 16 /* of groups, in a text */

typedef struct {
	const SmithFleet *fleet;
	const SmithPlace *whole; /* or NULL */
	GHashTable *hosts;	 /* host's name, or "" -> Members */
	SmithDiag *diag;
} Groups;

/* What is listed on one host: name of a service -> Listing. */
typedef struct {
	GHashTable *listings;
	GPtrArray *order; /* (element-type Listing*, borrowed) */
} Members;

typedef struct {
	const char *name;
	GPtrArray *groups; /* (element-type SmithGroup*) */
} Listing;

static void listing_free(gpointer data)
{
	Listing *listing = data;
	g_ptr_array_unref(listing->groups);
	g_free(listing);
}

static void members_free(gpointer data)
{
	Members *members = data;
	g_hash_table_unref(members->listings);
	g_ptr_array_unref(members->order);
	g_free(members);
}

static Members *members_of(const Groups *groups, const char *host)
{
	const char *key = host != NULL ? host : "";
	Members *members = g_hash_table_lookup(groups->hosts, key);
	if (members != NULL)
		return members;
	members = g_new0(Members, 1);
	members->listings = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, listing_free);
	members->order = g_ptr_array_new();
	g_hash_table_insert(groups->hosts, (gpointer)key, members);
	return members;
}

/* False when @group has listed it before. */
static bool list(Members *members, const char *name, const SmithGroup *group)
{
	Listing *listing = g_hash_table_lookup(members->listings, name);
	if (listing == NULL) {
		listing = g_new0(Listing, 1);
		listing->name = name;
		listing->groups = g_ptr_array_new();
		g_hash_table_insert(members->listings, (gpointer)name, listing);
		g_ptr_array_add(members->order, listing);
	}
	GPtrArray *before = listing->groups;
	if (before->len > 0 && before->pdata[before->len - 1] == group)
		return false;
	g_ptr_array_add(before, (gpointer)group);
	return true;
}

static void tell_unknown(const Groups *groups, const SmithGroup *group, const char *name)
{
	g_autofree char *hint = smith_lint_hint(name, groups->fleet->services, groups->diag);
	smith_lint_report(groups->diag, "group-unknown-agent", group->place, group->name,
			  "group '%s' lists '%s', which is no service%s", group->name, name, hint);
}

static void lint_group(const Groups *groups, const SmithGroup *group)
{
	Members *members = members_of(groups, group->host);
	if (*group->services == NULL)
		smith_lint_report(groups->diag, "group-empty", group->place, group->name,
				  "group '%s' has no services", group->name);
	for (char **name = group->services; *name != NULL; name++) {
		const SmithService *service = smith_fleet_service(groups->fleet, *name);
		bool is_exact = service != NULL && strcmp(service->name, *name) == 0;
		if (!is_exact)
			tell_unknown(groups, group, *name);
		if (!list(members, is_exact ? service->name : *name, group))
			smith_lint_report(groups->diag, "group-duplicate-entry", group->place,
					  group->name, "group '%s' lists service '%s' twice",
					  group->name, *name);
	}
}

static void tell_several(const Groups *groups, const Listing *listing)
{
	g_autoptr(GString) names = g_string_new(NULL);
	const SmithGroup *last = listing->groups->pdata[listing->groups->len - 1];
	for (guint i = 0; i < MIN(listing->groups->len, NAMES_MAX); i++) {
		const SmithGroup *group = listing->groups->pdata[i];
		g_string_append_printf(names, "%s'%s'", i > 0 ? ", " : "", group->name);
	}
	if (listing->groups->len > NAMES_MAX)
		g_string_append(names, ", ...");
	smith_lint_report(groups->diag, "agent-in-several-groups",
			  groups->whole != NULL ? *groups->whole : last->place, listing->name,
			  "service '%s' is in %u groups of host '%s': %s", listing->name,
			  listing->groups->len, last->host != NULL ? last->host : "", names->str);
}

/* In the order of the first group of each host. */
static void lint_several(const Groups *groups)
{
	for (guint i = 0; i < groups->fleet->groups->len; i++) {
		const SmithGroup *group = groups->fleet->groups->pdata[i];
		Members *members = members_of(groups, group->host);
		for (guint j = 0; j < members->order->len; j++) {
			const Listing *listing = members->order->pdata[j];
			if (listing->groups->len > 1)
				tell_several(groups, listing);
		}
		g_ptr_array_set_size(members->order, 0);
	}
}

/* Without any groups images are all that is wanted. */
static void lint_grouped(const Groups *groups)
{
	SmithSeverity severity =
		groups->whole != NULL ? SMITH_SEVERITY_ERROR : SMITH_SEVERITY_WARNING;
	const GPtrArray *services = groups->fleet->services;
	for (guint i = 0; groups->fleet->groups->len > 0 && i < services->len; i++) {
		const SmithService *service = services->pdata[i];
		if (service->groups->len == 0)
			smith_diag_add_about(groups->diag, severity, service->place,
					     "agent-in-no-group", service->name,
					     "service '%s' is in no group: nothing will start it",
					     service->name);
	}
}

static int compare_groups(gconstpointer a, gconstpointer b, gpointer data)
{
	const SmithFleet *fleet = data;
	guint i = *(const guint *)a, j = *(const guint *)b;
	const SmithGroup *x = fleet->groups->pdata[i], *y = fleet->groups->pdata[j];
	int order = strcmp(x->name, y->name);
	return order != 0 ? order : (i > j) - (i < j);
}

static void tell_circle(const Groups *groups, const SmithCircle *circle)
{
	g_autoptr(GString) names = g_string_new(NULL);
	const GPtrArray *all = groups->fleet->groups;
	const SmithGroup *first = all->pdata[g_array_index(circle->nodes, guint, 0)];
	for (guint i = 0; i < MIN(circle->nodes->len, NAMES_MAX); i++) {
		const SmithGroup *group = all->pdata[g_array_index(circle->nodes, guint, i)];
		g_string_append_printf(names, "%s%s", i > 0 ? " -> " : "", group->name);
	}
	if (circle->nodes->len > NAMES_MAX)
		g_string_append(names, " -> ...");
	smith_lint_report(groups->diag, "group-cycle",
			  groups->whole != NULL ? *groups->whole : first->place, names->str,
			  "services of %u groups need each other both ways: %s -> %s; their order "
			  "is one of services, not of groups",
			  circle->size, names->str, first->name);
}

static void add_edges(const Groups *groups, SmithGraph *graph, GHashTable *index, guint from)
{
	const SmithGroup *group = groups->fleet->groups->pdata[from];
	const SmithHost *host = smith_fleet_host(groups->fleet, group->host);
	for (char **name = group->services; host != NULL && *name != NULL; name++) {
		const SmithService *neutral = smith_fleet_service(groups->fleet, *name);
		const SmithService *service =
			neutral != NULL ? smith_service_on(neutral, host) : NULL;
		/* one that is in several groups is of the first */
		if (neutral == NULL || smith_service_group(neutral, host) != group)
			continue;
		for (guint i = 0; i < service->needs->len; i++) {
			const SmithNeed *need = service->needs->pdata[i];
			const SmithService *needed = smith_fleet_service(groups->fleet, need->name);
			const SmithGroup *to =
				needed != NULL ? smith_service_group(needed, host) : NULL;
			if (to != NULL && to != group)
				smith_graph_add(graph, from,
						GPOINTER_TO_UINT(g_hash_table_lookup(index, to)));
		}
	}
}

static void lint_order(const Groups *groups)
{
	const SmithFleet *fleet = groups->fleet;
	g_autoptr(GHashTable) index = g_hash_table_new(NULL, NULL);
	g_autoptr(SmithGraph) graph = smith_graph_new(fleet->groups->len);
	for (guint i = 0; i < fleet->groups->len; i++)
		g_hash_table_insert(index, fleet->groups->pdata[i], GUINT_TO_POINTER(i));
	for (guint i = 0; i < fleet->groups->len; i++)
		add_edges(groups, graph, index, i);
	g_autoptr(GPtrArray) circles = smith_graph_circles(graph, compare_groups, (gpointer)fleet);
	for (guint i = 0; i < circles->len; i++)
		tell_circle(groups, circles->pdata[i]);
}

static void lint_all(const SmithFleet *fleet, const SmithPlace *whole, SmithDiag *diag)
{
	g_autoptr(GHashTable) hosts =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, members_free);
	const Groups groups = {fleet, whole, hosts, diag};
	for (guint i = 0; i < fleet->groups->len; i++)
		lint_group(&groups, fleet->groups->pdata[i]);
	lint_several(&groups);
	lint_grouped(&groups);
	lint_order(&groups);
}

void smith_lint_groups(const SmithFleet *fleet, SmithDiag *diag)
{
	lint_all(fleet, NULL, diag);
}

void smith_lint_groups_of_host(const SmithFleet *fleet, SmithPlace whole, SmithDiag *diag)
{
	lint_all(fleet, &whole, diag);
}
