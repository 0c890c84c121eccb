/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/address.h"

#include <string.h>

#include "base/error.h"

/* An instance of a service, as seen from a container. */
typedef struct {
	const SmithFleet *fleet;
	const SmithGroup *from;
	const SmithService *who; /* in @from, on its host, or NULL */
	const SmithGroup *group;
	const SmithHost *host;
	const SmithService *service; /* on that host */
	const SmithPort *port;	     /* or NULL */
} Instance;

static bool is_same_host(const Instance *to)
{
	return g_strcmp0(to->from->host, to->group->host) == 0;
}

static bool shares_namespace(const Instance *to)
{
	SmithSite here = smith_service_site(to->who, to->from);
	SmithSite there = smith_service_site(to->service, to->group);
	if (here == SMITH_SITE_HOST && there == SMITH_SITE_HOST)
		return is_same_host(to);
	if (to->from != to->group || here != there)
		return false;
	return here == SMITH_SITE_GROUP ||
	       (to->who != NULL && strcmp(to->who->name, to->service->name) == 0);
}

/* Whether the container itself is on @network. */
static bool is_on(const Instance *to, const SmithNetwork *network)
{
	const SmithNetwork *own;
	const char *ip;
	for (guint i = 0;
	     (own = smith_service_network(to->fleet, to->who, to->from, i, &ip)) != NULL; i++)
		if (own == network)
			return true;
	return false;
}

/* What the instance is called on a network that both are on, or NULL. */
static const char *shared_name(const Instance *to)
{
	const SmithNetwork *network;
	const char *ip;
	bool is_own = smith_service_site(to->service, to->group) == SMITH_SITE_OWN;
	for (guint i = 0;
	     is_same_host(to) &&
	     (network = smith_service_network(to->fleet, to->service, to->group, i, &ip)) != NULL;
	     i++)
		if (is_on(to, network))
			return ip != NULL ? ip : is_own ? to->service->slug : to->group->slug;
	return NULL;
}

/* A network without a way out, when the container is on no other one; else NULL. */
static const SmithNetwork *locked_in(const Instance *to)
{
	const SmithNetwork *first = NULL, *network;
	const char *ip;
	for (guint i = 0;
	     (network = smith_service_network(to->fleet, to->who, to->from, i, &ip)) != NULL; i++) {
		if (!network->internal)
			return NULL;
		first = first != NULL ? first : network;
	}
	return first;
}

static void set_bound(const Instance *to, const char *at, SmithDistance distance,
		      SmithAddress *address)
{
	gint64 port =
		to->port != NULL ? smith_port_bound(to->port, to->service, to->group, to->host) : 0;
	*address = (SmithAddress){at, port, distance};
}

/* Through the host of the instance. */
static gboolean find_published(const Instance *to, SmithAddress *address, GError **error)
{
	SmithSite here = smith_service_site(to->who, to->from);
	SmithSite there = smith_service_site(to->service, to->group);
	const SmithNetwork *network = locked_in(to);
	bool on_host = here == SMITH_SITE_HOST;
	const char *at = !is_same_host(to) ? to->host->address
			 : on_host	   ? SMITH_ADDRESS_LOCAL
					   : SMITH_ADDRESS_HOST;
	SmithDistance distance = is_same_host(to) ? SMITH_DISTANCE_HOST : SMITH_DISTANCE_FAR;
	if (network != NULL)
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
				   "the network '%s' of group '%s' has no way out to it",
				   network->name, to->from->name);
	if (here == SMITH_SITE_NONE || there == SMITH_SITE_NONE)
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED, "'%s' is on no network",
				   there == SMITH_SITE_NONE ? to->service->name : to->who->name);
	if (at == NULL)
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED, "its host '%s' has no 'address'",
				   to->host->name);
	if (there == SMITH_SITE_HOST) {
		set_bound(to, at, distance, address);
		return TRUE;
	}
	if (to->port != NULL &&
	    (to->port->publish == SMITH_PUBLISH_NONE ||
	     (to->port->publish == SMITH_PUBLISH_LOCAL && !(on_host && is_same_host(to)))))
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
				   "its port '%s' is not published on host '%s'", to->port->name,
				   to->host->name);
	gint64 port = to->port != NULL ? smith_port_published(to->port, to->host) : 0;
	*address = (SmithAddress){at, port, distance};
	return TRUE;
}

static gboolean find_instance(const Instance *to, SmithAddress *address, GError **error)
{
	if (shares_namespace(to)) {
		set_bound(to, SMITH_ADDRESS_LOCAL, SMITH_DISTANCE_NAMESPACE, address);
		return TRUE;
	}
	const char *name = shared_name(to);
	if (name != NULL) {
		set_bound(to, name, SMITH_DISTANCE_HOST, address);
		return TRUE;
	}
	return find_published(to, address, error);
}

/* 0 is the nearest. */
static int rank(const SmithGroup *from, const SmithGroup *group)
{
	if (group == from)
		return 0;
	return g_strcmp0(group->host, from->host) == 0 ? 1 : 2;
}

/* @failure is the first reason why an instance cannot be reached. */
static bool try_group(Instance instance, const SmithService *to, const char *port,
		      SmithAddress *address, GError **failure)
{
	g_autoptr(GError) error = NULL;
	instance.host = smith_fleet_host(instance.fleet, instance.group->host);
	if (instance.host == NULL)
		return false;
	instance.service = smith_service_on(to, instance.host);
	instance.port = port != NULL ? smith_service_port(instance.service, port) : NULL;
	if (!instance.service->enabled)
		smith_throw(&error, SMITH_ERROR_NOT_FOUND, "its 'when' does not hold on host '%s'",
			    instance.host->name);
	else if (port != NULL && instance.port == NULL)
		smith_throw(&error, SMITH_ERROR_NOT_FOUND, "it has no port '%s'", port);
	else if (find_instance(&instance, address, &error))
		return true;
	if (*failure == NULL)
		*failure = g_steal_pointer(&error);
	return false;
}

gboolean smith_address_find(const SmithFleet *fleet, const SmithGroup *from,
			    const SmithService *who, const SmithService *to, const char *port,
			    SmithAddress *address, GError **error)
{
	SMITH_AUTO_PREFIX("service", to->name, error);
	g_autoptr(GError) failure = NULL;
	for (int nearness = 0; nearness <= 2; nearness++)
		for (guint i = 0; i < to->groups->len; i++) {
			const SmithGroup *group = to->groups->pdata[i];
			const Instance instance = {
				.fleet = fleet, .from = from, .who = who, .group = group};
			if (rank(from, group) == nearness &&
			    try_group(instance, to, port, address, &failure))
				return TRUE;
		}
	if (failure == NULL)
		return smith_throw(error, SMITH_ERROR_NOT_FOUND, "it is in no group");
	g_propagate_error(error, g_steal_pointer(&failure));
	return FALSE;
}
