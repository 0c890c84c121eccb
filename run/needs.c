/* SPDX-License-Identifier: Apache-2.0 */
#include "run/needs.h"

#include <string.h>

#include "base/error.h"
#include "fleet/address.h"

typedef struct {
	const SmithFleet *fleet;
	const SmithHost *host;
	GPtrArray *order;
	GHashTable *seen; /* names */
} Walk;

static const SmithHost *host_of(const Walk *walk, const SmithService *service)
{
	g_autoptr(GPtrArray) hosts = smith_fleet_hosts_of(walk->fleet, service);
	for (guint i = 0; i < hosts->len; i++)
		if (hosts->pdata[i] == walk->host)
			return walk->host;
	return hosts->len > 0 ? hosts->pdata[0] : NULL;
}

/* A member of a supervised group is in the container of that. */
static const SmithService *container_of(const Walk *walk, const SmithService *service,
					const SmithHost *host)
{
	const SmithGroup *group = host != NULL ? smith_service_group(service, host) : NULL;
	const SmithService *supervisor =
		group != NULL ? smith_group_supervisor(walk->fleet, group) : NULL;
	return supervisor != NULL ? supervisor : service;
}

static void visit_needs(Walk *walk, const SmithService *service);

static void visit(Walk *walk, const SmithService *service)
{
	const SmithHost *host = host_of(walk, service);
	const SmithService *own = container_of(walk, service, host);
	if (!service->enabled || !g_hash_table_add(walk->seen, own->name))
		return;
	visit_needs(walk, smith_service_on(own, host));
	SmithNeeded *needed = g_new0(SmithNeeded, 1);
	needed->service = smith_service_on(own, host);
	needed->host = host;
	g_ptr_array_add(walk->order, needed);
}

static void visit_needs(Walk *walk, const SmithService *service)
{
	const SmithGroup *group = service->supervises;
	for (guint i = 0; i < service->needs->len; i++) {
		const SmithNeed *need = service->needs->pdata[i];
		const SmithService *other = smith_fleet_service(walk->fleet, need->name);
		if (other != NULL)
			visit(walk, other);
	}
	/* a supervised container has the needs of all that it runs, and is itself the one of them
	 * that is needed */
	for (guint i = 0; group != NULL && group->services[i] != NULL; i++) {
		const SmithService *member = smith_fleet_service(walk->fleet, group->services[i]);
		if (member != NULL)
			visit_needs(walk, member);
	}
}

static gboolean add_ports(GHashTable *ports, const SmithService *service, GError **error)
{
	for (guint i = 0; i < service->ports->len; i++) {
		const SmithPort *port = service->ports->pdata[i];
		gint64 key = port->number << 1 | (port->protocol == SMITH_PROTOCOL_UDP);
		const char *other = g_hash_table_lookup(ports, &key);
		if (other != NULL && strcmp(other, service->name) != 0)
			return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
					   "'%s' and '%s' both listen on port %" G_GINT64_FORMAT
					   ", and here they have one network",
					   other, service->name, port->number);
		if (other == NULL)
			g_hash_table_insert(ports, g_memdup2(&key, sizeof key), service->name);
	}
	return TRUE;
}

GPtrArray *smith_needs_order(const SmithFleet *fleet, const SmithService *service,
			     const SmithHost *host, GError **error)
{
	g_autoptr(GPtrArray) order = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GHashTable) ports =
		g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	Walk walk = {.fleet = fleet, .host = host, .order = order, .seen = seen};
	g_hash_table_add(seen, service->name);
	visit_needs(&walk, service);
	if (!add_ports(ports, service, error))
		return NULL;
	for (guint i = 0; i < order->len; i++)
		if (!add_ports(ports, ((const SmithNeeded *)order->pdata[i])->service, error))
			return NULL;
	return g_steal_pointer(&order);
}

static void add_new(GPtrArray *list, const char *text)
{
	if (text != NULL && *text != '\0' &&
	    !g_ptr_array_find_with_equal_func(list, text, g_str_equal, NULL))
		g_ptr_array_add(list, g_strdup(text));
}

static char **finish(GPtrArray *list)
{
	g_ptr_array_add(list, NULL);
	return (char **)g_ptr_array_free(list, FALSE);
}

char **smith_needs_addresses(const SmithFleet *fleet)
{
	GPtrArray *list = g_ptr_array_new();
	for (guint i = 0; i < fleet->groups->len; i++) {
		const SmithGroup *group = fleet->groups->pdata[i];
		for (guint j = 0; j < group->networks->len; j++)
			add_new(list, ((const SmithOnNetwork *)group->networks->pdata[j])->ip);
	}
	for (guint i = 0; i < fleet->hosts->len; i++)
		add_new(list, ((const SmithHost *)fleet->hosts->pdata[i])->address);
	return finish(list);
}

char **smith_needs_names(const SmithFleet *fleet)
{
	GPtrArray *list = g_ptr_array_new();
	add_new(list, SMITH_ADDRESS_HOST);
	for (guint i = 0; i < fleet->groups->len; i++) {
		const SmithGroup *group = fleet->groups->pdata[i];
		add_new(list, group->slug);
		add_new(list, group->hostname);
	}
	for (guint i = 0; i < fleet->services->len; i++)
		add_new(list, ((const SmithService *)fleet->services->pdata[i])->slug);
	return finish(list);
}
