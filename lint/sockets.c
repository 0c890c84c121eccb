/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/sockets.h"

#include <string.h>

#include "lint/checks.h"

typedef struct {
	const SmithService *service;
	const SmithPort *port;
} Owner;

struct SmithSockets {
	const SmithFleet *fleet;
	GHashTable *bound;  /* "SPACE NUMBER" of network namespaces */
	GHashTable *owners; /* number and "HOST NUMBER" -> Owner*, the first */
	GHashTable *ipc;    /* path -> GPtrArray* of the first two SmithService* */
	bool indexed;
};

SmithSockets *smith_sockets_new(const SmithFleet *fleet)
{
	SmithSockets *sockets = g_new0(SmithSockets, 1);
	sockets->fleet = fleet;
	sockets->bound = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	sockets->owners = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	sockets->ipc = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					     (GDestroyNotify)g_ptr_array_unref);
	return sockets;
}

void smith_sockets_free(SmithSockets *sockets)
{
	if (sockets == NULL)
		return;
	g_hash_table_unref(sockets->bound);
	g_hash_table_unref(sockets->owners);
	g_hash_table_unref(sockets->ipc);
	g_free(sockets);
}

/* What is on the host's network shares that one; every group has its own, as has a container beside
 * a pod. */
static char *space_key(const SmithService *service, const SmithGroup *group, gint64 number)
{
	SmithSite site = smith_service_site(service, group);
	bool is_host = site == SMITH_SITE_HOST, is_group = site == SMITH_SITE_GROUP;
	return g_strdup_printf("%c%s %s %d", is_host ? 'h' : 'g',
			       is_host ? group->host : group->name,
			       is_host || is_group ? "" : service->name, (int)number);
}

static char *host_key(const char *host, gint64 number)
{
	return g_strdup_printf("%s %d", host, (int)number);
}

static void add_owner(SmithSockets *sockets, char *key, const Owner *owner)
{
	if (g_hash_table_contains(sockets->owners, key)) {
		g_free(key);
		return;
	}
	Owner *own = g_new(Owner, 1);
	*own = *owner;
	g_hash_table_insert(sockets->owners, key, own);
}

static void index_service(SmithSockets *sockets, const SmithService *neutral,
			  const SmithGroup *group)
{
	const SmithHost *host = smith_fleet_host(sockets->fleet, group->host);
	if (host == NULL)
		return;
	const SmithService *service = smith_service_on(neutral, host);
	for (guint i = 0; i < service->ports->len; i++) {
		const SmithPort *port = service->ports->pdata[i];
		gint64 number = smith_port_bound(port, service, group, host);
		const Owner owner = {neutral, port};
		if (port->number == 0)
			continue;
		g_hash_table_add(sockets->bound, space_key(service, group, number));
		add_owner(sockets, host_key(host->name, number), &owner);
		add_owner(sockets, host_key("", number), &owner);
	}
}

static void index_ports(SmithSockets *sockets)
{
	const SmithFleet *fleet = sockets->fleet;
	sockets->indexed = true;
	for (guint i = 0; i < fleet->services->len; i++) {
		const SmithService *service = fleet->services->pdata[i];
		for (guint j = 0; j < service->groups->len; j++)
			index_service(sockets, service, service->groups->pdata[j]);
	}
}

static const Owner *find_owner(const SmithSockets *sockets, const char *host, gint64 number)
{
	g_autofree char *key = host_key(host, number);
	return g_hash_table_lookup(sockets->owners, key);
}

const SmithService *smith_sockets_elsewhere(SmithSockets *sockets, const SmithService *service,
					    gint64 port, const SmithPort **theirs)
{
	if (!sockets->indexed)
		index_ports(sockets);
	for (guint i = 0; i < service->groups->len; i++) {
		const SmithGroup *group = service->groups->pdata[i];
		if (group->host == NULL)
			continue;
		const SmithHost *host = smith_fleet_host(sockets->fleet, group->host);
		g_autofree char *key = space_key(smith_service_on(service, host), group, port);
		if (g_hash_table_contains(sockets->bound, key))
			continue;
		const Owner *owner = find_owner(sockets, group->host, port);
		if (owner == NULL)
			owner = find_owner(sockets, "", port);
		if (owner == NULL)
			continue;
		*theirs = owner->port;
		return owner->service;
	}
	return NULL;
}

void smith_sockets_note_ipc(SmithSockets *sockets, const SmithService *service, const char *path)
{
	GPtrArray *services = g_hash_table_lookup(sockets->ipc, path);
	if (services == NULL) {
		services = g_ptr_array_new();
		g_hash_table_insert(sockets->ipc, g_strdup(path), services);
	}
	if (services->len < 2 && !g_ptr_array_find(services, service, NULL))
		g_ptr_array_add(services, (gpointer)service);
}

/* The volume that @path is in, or NULL. */
static const char *volume_of(const SmithService *service, const char *path)
{
	for (guint i = 0; i < service->volumes->len; i++) {
		const SmithMount *mount = service->volumes->pdata[i];
		if (mount->target != NULL && smith_lint_is_below(path, mount->target))
			return mount->volume;
	}
	return NULL;
}

/* One container runs all of a supervised group. */
static bool share_container(const SmithService *a, const SmithService *b)
{
	for (guint i = 0; i < a->groups->len; i++) {
		const SmithGroup *group = a->groups->pdata[i];
		if (group->mode == SMITH_GROUP_SUPERVISED &&
		    g_ptr_array_find(b->groups, group, NULL))
			return true;
	}
	return false;
}

const SmithService *smith_sockets_ipc(const SmithSockets *sockets, const SmithService *service,
				      const char *path)
{
	const GPtrArray *services = g_hash_table_lookup(sockets->ipc, path);
	for (guint i = 0; services != NULL && i < services->len; i++) {
		const SmithService *other = services->pdata[i];
		const char *volume = volume_of(service, path);
		if (strcmp(other->name, service->name) == 0)
			continue;
		if (service->groups != NULL && share_container(other, service))
			continue;
		if (volume == NULL || g_strcmp0(volume, volume_of(other, path)) != 0)
			return other;
	}
	return NULL;
}
