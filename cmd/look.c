/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/look.h"

#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "cmd/prepare.h"

static bool is_named(const SmithContainerPlan *container, const char *name)
{
	const SmithGroup *group = container->group;
	return strcmp(container->title, name) == 0 || strcmp(container->slug, name) == 0 ||
	       (group != NULL &&
		(strcmp(group->name, name) == 0 || g_strcmp0(group->slug, name) == 0));
}

bool smith_look_is_chosen(const SmithInvocation *inv, const SmithContainerPlan *container)
{
	if (inv->n_operands == 0)
		return true;
	for (guint i = 0; i < inv->n_operands; i++)
		if (container != NULL && is_named(container, inv->operands[i]))
			return true;
	return false;
}

static gboolean throw_unknown(const SmithFleet *fleet, const char *name, GError **error)
{
	g_autoptr(GPtrArray) known = g_ptr_array_new();
	for (guint i = 0; i < fleet->services->len; i++)
		g_ptr_array_add(known, ((SmithService *)fleet->services->pdata[i])->name);
	for (guint i = 0; i < fleet->groups->len; i++)
		g_ptr_array_add(known, ((SmithGroup *)fleet->groups->pdata[i])->name);
	g_ptr_array_add(known, NULL);
	const char *nearest = smith_nearest(name, (const char *const *)known->pdata);
	return smith_throw(error, SMITH_ERROR_USAGE, "no service or group '%s'%s%s%s", name,
			   nearest != NULL ? " (did you mean '" : "",
			   nearest != NULL ? nearest : "", nearest != NULL ? "'?)" : "");
}

static gboolean check_operands(const SmithInvocation *inv, const SmithLook *look, GError **error)
{
	const SmithFleet *fleet = look->plan->fleet;
	for (guint i = 0; i < inv->n_operands; i++) {
		const char *name = inv->operands[i];
		bool found = false;
		for (guint j = 0; j < look->plan->containers->len && !found; j++)
			found = is_named(look->plan->containers->pdata[j], name);
		if (found)
			continue;
		if (smith_fleet_service(fleet, name) == NULL &&
		    smith_fleet_group(fleet, name) == NULL)
			return throw_unknown(fleet, name, error);
		return smith_throw(error, SMITH_ERROR_USAGE, "'%s' does not run on host '%s'", name,
				   look->host->name);
	}
	return TRUE;
}

/* A machine that only runs the images may have no store: nothing is made for a look. */
static gboolean open_store(const SmithInvocation *inv, SmithLook *look, GError **error)
{
	const char *path = inv->prepared->store_path;
	g_autofree char *layout = g_build_filename(path, "oci", "index.json", NULL);
	if (access(layout, R_OK) != 0)
		return TRUE;
	look->store = smith_store_open(path, error);
	return look->store != NULL;
}

gboolean smith_look_plan(const SmithInvocation *inv, SmithLook *look, const char *const *groups,
			 GError **error)
{
	g_autoptr(SmithDiag) diag = smith_diag_new();
	if (!open_store(inv, look, error))
		return FALSE;
	look->context = smith_plan_context_new(inv->prepared->fleet, look->store);
	look->plan = smith_host_plan_new(look->context, look->host, groups, diag, error);
	return look->plan != NULL;
}

gboolean smith_look_open(const SmithInvocation *inv, SmithLook *look, GError **error)
{
	look->reach.ssh = smith_options_string(inv->options, "ssh");
	look->reach.system = smith_options_flag(inv->options, "system");
	if (!smith_reach_check(&look->reach, error))
		return FALSE;
	look->host = smith_reach_host(&look->reach, inv->prepared->fleet,
				      smith_options_string(inv->options, "host"), error);
	return look->host != NULL && smith_look_plan(inv, look, NULL, error) &&
	       check_operands(inv, look, error);
}

void smith_look_clear(SmithLook *look)
{
	g_clear_pointer(&look->plan, smith_host_plan_free);
	g_clear_pointer(&look->context, smith_plan_context_free);
	g_clear_pointer(&look->store, smith_store_free);
}

char *smith_look_time(gint64 seconds)
{
	g_autoptr(GDateTime) when = seconds > 0 ? g_date_time_new_from_unix_utc(seconds) : NULL;
	return when != NULL ? g_date_time_format(when, "%Y-%m-%dT%H:%M:%SZ") : NULL;
}

static void set_text(SmithNode *node, const char *key, const char *text)
{
	if (text != NULL && *text != '\0')
		smith_node_set(node, key, smith_node_new_string(text));
}

SmithNode *smith_look_node(const SmithServiceState *state)
{
	static const char *const matches[] = {NULL, "same", "other"};
	SmithNode *node = smith_node_new(SMITH_NODE_MAP);
	g_autofree char *since = smith_look_time(state->since);
	smith_node_set(node, "service", smith_node_new_string(state->title));
	set_text(node, "group", state->group);
	smith_node_set(node, "kind", smith_node_new_string(smith_state_kind_name(state->kind)));
	smith_node_set(node, "state", smith_node_new_string(smith_service_state_word(state)));
	set_text(node, "unit", state->unit);
	set_text(node, "load", state->load);
	set_text(node, "active", state->active);
	set_text(node, "sub", state->sub);
	set_text(node, "result", state->result);
	smith_node_set(node, "exitStatus", smith_node_new_int(state->exit_status));
	smith_node_set(node, "restarts", smith_node_new_int(state->restarts));
	set_text(node, "since", since);
	set_text(node, "container", state->container);
	set_text(node, "containerState", state->container_state);
	set_text(node, "health", state->health);
	set_text(node, "image", state->image);
	set_text(node, "imageIs", matches[state->image_match]);
	return node;
}
