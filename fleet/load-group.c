/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/load-group.h"

#include <string.h>

#include "base/bind.h"
#include "fleet/load-container.h"
#include "fleet/load-service.h"
#include "fleet/load-supervisor.h"
#include "fleet/tables.h"

/* Every element begins with its name. */
static void index_named(GHashTable *index, const GPtrArray *named)
{
	for (guint i = 0; i < named->len; i++) {
		char *name = *(char **)named->pdata[i];
		if (name != NULL && !g_hash_table_contains(index, name))
			g_hash_table_insert(index, name, named->pdata[i]);
	}
}

void smith_load_index(SmithFleet *fleet)
{
	for (guint i = 0; i < SMITH_KINDS; i++)
		fleet->index[i] = g_hash_table_new(g_str_hash, g_str_equal);
	index_named(fleet->index[SMITH_KIND_SERVICE], fleet->services);
	index_named(fleet->index[SMITH_KIND_GROUP], fleet->groups);
	index_named(fleet->index[SMITH_KIND_HOST], fleet->hosts);
	index_named(fleet->index[SMITH_KIND_NETWORK], fleet->networks);
	index_named(fleet->index[SMITH_KIND_VOLUME], fleet->volumes);
	index_named(fleet->index[SMITH_KIND_SECRET], fleet->secrets);
	for (guint i = 0; i < fleet->services->len; i++) {
		SmithService *service = fleet->services->pdata[i];
		GHashTable *index = fleet->index[SMITH_KIND_SERVICE];
		service->slug = smith_slug(service->name);
		service->groups = g_ptr_array_new();
		if (!g_hash_table_contains(index, service->slug))
			g_hash_table_insert(index, service->slug, service);
	}
}

static void add_members(const SmithFleet *fleet, SmithGroup *group)
{
	for (char **name = group->services; *name != NULL; name++) {
		SmithService *service = smith_fleet_service(fleet, *name);
		GPtrArray *groups = service != NULL ? service->groups : NULL;
		if (groups != NULL && (groups->len == 0 || groups->pdata[groups->len - 1] != group))
			g_ptr_array_add(groups, group);
	}
}

/* What only a supervised group can say, and must. */
static void check_supervised(const SmithGroup *group, const SmithNode *node, SmithDiag *diag)
{
	static const char *const keys[] = {"family", "supervisor", "pip"};
	bool is_supervised = group->mode == SMITH_GROUP_SUPERVISED;
	for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
		bool is_said = smith_load_is_said(node, keys[i]);
		if (is_said && !is_supervised)
			smith_diag_add_about(
				diag, SMITH_SEVERITY_ERROR,
				smith_load_place(node, keys[i], group->place), "bad-value",
				group->name,
				"'%s' of group '%s' is for groups of mode 'supervised'", keys[i],
				group->name);
		else if (!is_said && is_supervised && i < 2)
			smith_diag_add_about(diag, SMITH_SEVERITY_ERROR, group->place,
					     "missing-key", group->name,
					     "missing key '%s' in supervised group '%s'", keys[i],
					     group->name);
	}
	const SmithNode *app = smith_node_get(node, "supervisor");
	int forms = group->supervisor != NULL ? smith_load_app_form(group->supervisor, app) : 1;
	if (forms != 1 && app->type == SMITH_NODE_MAP)
		smith_diag_add_about(diag, SMITH_SEVERITY_ERROR, app->place, "bad-value",
				     group->name,
				     "supervisor of group '%s' needs exactly one of 'script', "
				     "'module', 'asgi' and 'exec', got %d",
				     group->name, forms);
}

void smith_load_groups(SmithFleet *fleet, const SmithNode *node, SmithDiag *diag)
{
	for (guint i = 0; i < fleet->groups->len; i++) {
		SmithGroup *group = fleet->groups->pdata[i];
		const SmithNodeMember *member = node->members->pdata[i];
		group->host_place = smith_load_place(member->value, "host", group->place);
		group->slug = smith_slug(group->name);
		group->pip = smith_load_pip(group->pip_node, diag);
		smith_load_fill_strv(&group->services);
		smith_load_place_of_group(group, member->value, diag);
		check_supervised(group, member->value, diag);
		add_members(fleet, group);
	}
}

static bool has_image(const SmithService *service)
{
	if (service->image != NULL)
		return false;
	for (guint i = 0; i < service->groups->len; i++)
		if (((SmithGroup *)service->groups->pdata[i])->mode != SMITH_GROUP_SUPERVISED)
			return true;
	return service->groups->len == 0;
}

void smith_load_supervisors(SmithFleet *fleet, SmithDiag *diag)
{
	fleet->supervisors = g_ptr_array_new();
	fleet->built = g_ptr_array_new();
	for (guint i = 0; i < fleet->services->len; i++)
		if (has_image(fleet->services->pdata[i]))
			g_ptr_array_add(fleet->built, fleet->services->pdata[i]);
	for (guint i = 0; i < fleet->groups->len; i++) {
		SmithGroup *group = fleet->groups->pdata[i];
		if (group->mode != SMITH_GROUP_SUPERVISED || group->supervisor == NULL ||
		    group->family == NULL)
			continue;
		SmithService *service = smith_load_supervisor(fleet, group, diag);
		g_ptr_array_add(fleet->supervisors, service);
		g_ptr_array_add(fleet->built, service);
	}
}

void smith_load_groups_clear(SmithFleet *fleet)
{
	for (guint i = 0; fleet->groups != NULL && i < fleet->groups->len; i++) {
		SmithGroup *group = fleet->groups->pdata[i];
		g_free(group->slug);
		smith_load_place_clear(group);
		smith_load_pip_free(group->pip);
	}
	for (guint i = 0; fleet->supervisors != NULL && i < fleet->supervisors->len; i++) {
		SmithService *service = fleet->supervisors->pdata[i];
		smith_load_service_clear(service);
		g_free(service->name);
		smith_bind_free(&smith_service_table, service);
	}
	g_clear_pointer(&fleet->supervisors, g_ptr_array_unref);
	g_clear_pointer(&fleet->built, g_ptr_array_unref);
}
