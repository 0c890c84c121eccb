/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/load-container.h"

#include <string.h>

#include "fleet/load-service.h"
#include "fleet/tables.h"
#include "seccomp/profile-name.h"

#define PIDS_MAX 4194304
#define LABEL "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
#define HOSTNAME_MAX 64 /* what Linux takes */

static void tell(SmithDiag *diag, SmithPlace place, const char *about, const char *format, ...)
	G_GNUC_PRINTF(4, 5);
static void tell(SmithDiag *diag, SmithPlace place, const char *about, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	smith_diag_addv(diag, SMITH_SEVERITY_ERROR, place, "bad-value", about, format, arguments);
	va_end(arguments);
}

static void tell_type(SmithDiag *diag, const SmithNode *node, const char *about, const char *what,
		      const char *expected)
{
	smith_diag_add_about(diag, SMITH_SEVERITY_ERROR, node->place, "wrong-type", about,
			     "'%s' of '%s' must be %s, got %s", what, about, expected,
			     smith_node_type_name(node->type));
}

/* --- devices that a host may lack */

typedef struct {
	SmithService *service;
	GPtrArray *names;
	SmithDiag *diag;
} Optional;

static bool is_scalar(const SmithNode *node)
{
	return node->type != SMITH_NODE_SEQ && node->type != SMITH_NODE_MAP &&
	       node->type != SMITH_NODE_NULL;
}

static void take_without(const Optional *optional, const char *device, const SmithNode *map)
{
	SmithService *service = optional->service;
	GHashTable *values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_hash_table_replace(service->without, g_strdup(device), values);
	for (guint i = 0; i < map->members->len; i++) {
		const SmithNodeMember *member = map->members->pdata[i];
		if (is_scalar(member->value))
			g_hash_table_replace(values, g_strdup(member->key),
					     g_strdup(member->value->text));
		else if (member->value->type != SMITH_NODE_NULL)
			tell_type(optional->diag, member->value, service->name, member->key,
				  "a text");
	}
}

/* `{without: {NAME: VALUE}}`, or nothing. */
static void take_device(const Optional *optional, const char *device, const SmithNode *said)
{
	const char *name = optional->service->name;
	g_ptr_array_add(optional->names, g_strdup(device));
	if (said->type == SMITH_NODE_NULL)
		return;
	const SmithNode *without = smith_node_get(said, "without");
	if (said->type != SMITH_NODE_MAP) {
		tell_type(optional->diag, said, name, device, "a map");
		return;
	}
	for (guint i = 0; i < said->members->len; i++) {
		const SmithNodeMember *member = said->members->pdata[i];
		if (strcmp(member->key, "without") != 0)
			smith_diag_add_about(optional->diag, SMITH_SEVERITY_ERROR, member->place,
					     "unknown-key", name,
					     "unknown key '%s' in optional device '%s' of service "
					     "'%s', expected 'without'",
					     member->key, device, name);
	}
	if (without != NULL && without->type == SMITH_NODE_MAP)
		take_without(optional, device, without);
	else if (without != NULL && without->type != SMITH_NODE_NULL)
		tell_type(optional->diag, without, name, "without", "a map");
}

static void read_optional(SmithService *service, SmithDiag *diag)
{
	const SmithNode *node = service->optional_node;
	const Optional optional = {service, g_ptr_array_new(), diag};
	service->without = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						 (GDestroyNotify)g_hash_table_unref);
	if (node != NULL && node->type == SMITH_NODE_MAP) {
		for (guint i = 0; i < node->members->len; i++) {
			const SmithNodeMember *member = node->members->pdata[i];
			take_device(&optional, member->key, member->value);
		}
	} else if (node != NULL && node->type != SMITH_NODE_NULL) {
		guint count = node->type == SMITH_NODE_SEQ ? node->items->len : 1;
		for (guint i = 0; i < count; i++) {
			const SmithNode *item =
				node->type == SMITH_NODE_SEQ ? node->items->pdata[i] : node;
			if (item->type == SMITH_NODE_STRING)
				g_ptr_array_add(optional.names, g_strdup(item->text));
			else
				tell_type(diag, item, service->name, "optional_devices",
					  "names of devices, or a map of them");
		}
	}
	g_ptr_array_add(optional.names, NULL);
	service->optional_devices = (char **)g_ptr_array_free(optional.names, FALSE);
}

/* --- confinement */

static void check_loosen(const SmithService *service, const SmithNode *node, SmithDiag *diag)
{
	static const char *const keys[] = {"capabilities", "new_privileges", "pids", "read_only",
					   "seccomp",	   "user",	     NULL};
	g_autoptr(GList) names =
		g_list_sort(g_hash_table_get_keys(service->loosen), (GCompareFunc)strcmp);
	SmithPlace place = smith_load_place(node, "loosen", service->place);
	for (GList *at = names; at != NULL; at = at->next)
		if (!g_strv_contains(keys, at->data))
			tell(diag, place, service->name,
			     "'%s' in loosen of service '%s' is none of capabilities, "
			     "new_privileges, pids, read_only, seccomp and user",
			     (const char *)at->data, service->name);
}

void smith_load_pids(const SmithService *service, const SmithNode *node, SmithDiag *diag)
{
	SmithLimits *limits = service->limits;
	guint64 number = 0;
	if (limits->pids_text == NULL)
		return;
	if (strcmp(limits->pids_text, "unlimited") == 0)
		limits->pids = -1;
	else if (g_ascii_string_to_unsigned(limits->pids_text, 10, 1, PIDS_MAX, &number, NULL))
		limits->pids = (gint64)number;
	else
		tell(diag, smith_load_place(node, "pids", service->place), service->name,
		     "'%s' is no number of processes for service '%s': 1 to %d, or 'unlimited'",
		     limits->pids_text, service->name, PIDS_MAX);
}

char *smith_load_seccomp(char **names, SmithPlace place, const char *about, SmithDiag *diag)
{
	guint count = names != NULL ? g_strv_length(names) : 0;
	if (count > 1 && g_strv_contains((const char *const *)names, SMITH_SECCOMP_UNCONFINED)) {
		tell(diag, place, about, "seccomp of '%s': '%s' cannot be together with profiles",
		     about, SMITH_SECCOMP_UNCONFINED);
		return NULL;
	}
	return count > 0 ? smith_profile_name_join((const char *const *)names) : NULL;
}

static void check_network(SmithService *service, const SmithNode *node, SmithDiag *diag)
{
	if (!smith_load_is_said(node, "pod"))
		service->in_pod = true;
	if (service->network != NULL && service->in_pod)
		tell(diag, smith_load_place(node, "network", service->place), service->name,
		     "'network' of service '%s' is for one that is not in the pod of its group: "
		     "'pod: false'",
		     service->name);
}

void smith_load_container(SmithService *service, const SmithNode *node, SmithDiag *diag)
{
	smith_load_fill_map(&service->loosen);
	service->stop = smith_load_duration(service->stop_text, "stop_timeout", 0, node, diag);
	read_optional(service, diag);
	service->seccomp = smith_load_seccomp(service->seccomp_names,
					      smith_load_place(node, "seccomp", service->place),
					      service->name, diag);
	check_loosen(service, node, diag);
	check_network(service, node, diag);
}

void smith_load_container_clear(SmithService *service)
{
	g_clear_pointer(&service->optional_devices, g_strfreev);
	g_clear_pointer(&service->seccomp, g_free);
	g_clear_pointer(&service->without, g_hash_table_unref);
}

/* --- groups */

void smith_load_dns(char ***dns, SmithPlace place, const char *about, SmithDiag *diag)
{
	smith_load_fill_strv(dns);
	for (char **address = *dns; *address != NULL; address++)
		if (!g_hostname_is_ip_address(*address))
			tell(diag, place, about, "'%s' in dns of '%s' is no address", *address,
			     about);
}

static void network_free(gpointer data)
{
	smith_bind_free(&smith_on_network_table, data);
}

static void add_network(SmithGroup *group, const SmithNode *node, SmithDiag *diag)
{
	SmithOnNetwork *on = NULL;
	if (node->type == SMITH_NODE_MAP) {
		on = smith_bind_read(&smith_on_network_table, node, diag);
	} else if (node->type == SMITH_NODE_STRING) {
		on = g_new0(SmithOnNetwork, 1);
		on->name = g_strdup(node->text);
		on->place = node->place;
	} else {
		tell_type(diag, node, group->name, "networks",
			  "names of networks, or maps of 'name' and 'ip'");
		return;
	}
	for (guint i = 0; on->name != NULL && i < group->networks->len; i++)
		if (g_strcmp0(((SmithOnNetwork *)group->networks->pdata[i])->name, on->name) == 0)
			tell(diag, node->place, group->name, "group '%s' is on network '%s' twice",
			     group->name, on->name);
	if (on->name != NULL)
		g_ptr_array_add(group->networks, on);
	else
		network_free(on);
}

/* `network` and `ip` are the short form of one. */
static void add_short(SmithGroup *group)
{
	SmithOnNetwork *on = g_new0(SmithOnNetwork, 1);
	on->name = g_strdup(group->network);
	on->ip = g_strdup(group->ip);
	on->place = group->place;
	g_ptr_array_add(group->networks, on);
}

static void read_networks(SmithGroup *group, SmithDiag *diag)
{
	const SmithNode *node = group->networks_node;
	bool is_short = group->network != NULL || group->ip != NULL;
	group->networks = g_ptr_array_new_with_free_func(network_free);
	if (node != NULL && node->type == SMITH_NODE_NULL)
		node = NULL;
	if (node != NULL && is_short)
		tell(diag, node->place, group->name,
		     "group '%s' has both 'networks' and 'network' or 'ip', which are one of them",
		     group->name);
	if (node != NULL && !is_short) {
		guint count = node->type == SMITH_NODE_SEQ ? node->items->len : 1;
		for (guint i = 0; i < count; i++)
			add_network(group,
				    node->type == SMITH_NODE_SEQ ? node->items->pdata[i] : node,
				    diag);
	}
	if (group->networks->len == 0) {
		add_short(group);
		return;
	}
	const SmithOnNetwork *first = group->networks->pdata[0];
	group->network = g_strdup(first->name);
	group->ip = g_strdup(first->ip);
}

void smith_load_place_of_group(SmithGroup *group, const SmithNode *node, SmithDiag *diag)
{
	SmithPlace place = smith_load_place(node, "hostname", group->place);
	read_networks(group, diag);
	smith_load_dns(&group->dns, smith_load_place(node, "dns", group->place), group->name, diag);
	if (group->hostname == NULL)
		return;
	if (group->mode != SMITH_GROUP_POD)
		tell(diag, place, group->name,
		     "'hostname' of group '%s' is for groups of mode 'pod'", group->name);
	else if (strlen(group->hostname) > HOSTNAME_MAX ||
		 !g_regex_match_simple("^" LABEL "(\\." LABEL ")*$", group->hostname,
				       G_REGEX_DOLLAR_ENDONLY, 0))
		tell(diag, place, group->name,
		     "'%s' of group '%s' is no hostname: at most %d letters, digits, '-' and '.'",
		     group->hostname, group->name, HOSTNAME_MAX);
}

void smith_load_place_clear(SmithGroup *group)
{
	g_clear_pointer(&group->networks, g_ptr_array_unref);
}
