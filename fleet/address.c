/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/address.h"

#include <string.h>

#include "base/error.h"

/* An instance of a service, as seen from a group. */
typedef struct {
	const SmithFleet *fleet;
	const SmithGroup *from;
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
	bool both_host = to->from->mode == SMITH_GROUP_HOST && to->group->mode == SMITH_GROUP_HOST;
	return to->from == to->group || (is_same_host(to) && both_host);
}

static bool shares_network(const Instance *to)
{
	const SmithNetwork *network = smith_group_network(to->fleet, to->group);
	return is_same_host(to) && network != NULL && to->from->mode != SMITH_GROUP_HOST &&
	       to->group->mode != SMITH_GROUP_HOST &&
	       network == smith_group_network(to->fleet, to->from);
}

static void set_bound(const Instance *to, const char *at, SmithDistance distance,
		      SmithAddress *address)
{
	gint64 port = to->port != NULL ? smith_port_bound(to->port, to->group, to->host) : 0;
	*address = (SmithAddress){at, port, distance};
}

/* Through the host of the instance. */
static gboolean find_published(const Instance *to, SmithAddress *address, GError **error)
{
	const SmithNetwork *network = smith_group_network(to->fleet, to->from);
	bool on_host = to->from->mode == SMITH_GROUP_HOST;
	const char *at = !is_same_host(to) ? to->host->address
			 : on_host	   ? SMITH_ADDRESS_LOCAL
					   : SMITH_ADDRESS_HOST;
	SmithDistance distance = is_same_host(to) ? SMITH_DISTANCE_HOST : SMITH_DISTANCE_FAR;
	if (!on_host && network != NULL && network->internal)
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
				   "the network '%s' of group '%s' has no way out to it",
				   network->name, to->from->name);
	if (at == NULL)
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED, "its host '%s' has no 'address'",
				   to->host->name);
	if (to->group->mode == SMITH_GROUP_HOST) {
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
	if (shares_network(to)) {
		set_bound(to, to->group->ip != NULL ? to->group->ip : to->group->slug,
			  SMITH_DISTANCE_HOST, address);
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
static bool try_group(const SmithFleet *fleet, const SmithGroup *from, const SmithGroup *group,
		      const SmithService *to, const char *port, SmithAddress *address,
		      GError **failure)
{
	g_autoptr(GError) error = NULL;
	Instance instance = {fleet, from, group, smith_fleet_host(fleet, group->host), to, NULL};
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

gboolean smith_address_find(const SmithFleet *fleet, const SmithGroup *from, const SmithService *to,
			    const char *port, SmithAddress *address, GError **error)
{
	SMITH_AUTO_PREFIX("service", to->name, error);
	g_autoptr(GError) failure = NULL;
	for (int nearness = 0; nearness <= 2; nearness++)
		for (guint i = 0; i < to->groups->len; i++) {
			const SmithGroup *group = to->groups->pdata[i];
			if (rank(from, group) == nearness &&
			    try_group(fleet, from, group, to, port, address, &failure)) {
				return TRUE;
			}
		}
	if (failure == NULL)
		return smith_throw(error, SMITH_ERROR_NOT_FOUND, "it is in no group");
	g_propagate_error(error, g_steal_pointer(&failure));
	return FALSE;
}
