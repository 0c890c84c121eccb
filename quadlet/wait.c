/* SPDX-License-Identifier: Apache-2.0 */
#include "quadlet/wait.h"

#include "fleet/address.h"
#include "probe/probe.h"

static char **words(const SmithPlanNeed *need, const char *kind, const char *address, gint64 port,
		    const char *what)
{
	GPtrArray *list = g_ptr_array_new();
	g_ptr_array_add(list, g_strdup("/" SMITH_PROBE_PATH));
	g_ptr_array_add(list, g_strdup("wait"));
	g_ptr_array_add(list, g_strdup_printf("%" G_GINT64_FORMAT, need->seconds));
	g_ptr_array_add(list, g_strdup(kind));
	g_ptr_array_add(list, g_strdup_printf("%s:%" G_GINT64_FORMAT, address, port));
	if (what != NULL && *what != '\0')
		g_ptr_array_add(list, g_strdup(what));
	g_ptr_array_add(list, NULL);
	return (char **)g_ptr_array_free(list, FALSE);
}

static const char *subject(const SmithHealth *health)
{
	if (health->kind == SMITH_HEALTH_HTTP)
		return health->http;
	if (health->kind == SMITH_HEALTH_ZMQ)
		return health->zmq;
	return health->kind == SMITH_HEALTH_GRPC ? health->grpc : NULL;
}

/* One alone need not be named. */
static const char *health_port(const SmithService *service)
{
	const char *name = service->health->port;
	if (name == NULL && service->ports->len == 1)
		name = ((const SmithPort *)service->ports->pdata[0])->name;
	return name;
}

char **smith_wait_words(const SmithHostPlan *plan, const SmithContainerPlan *container,
			const SmithPlanNeed *need)
{
	static const char *const kinds[] = {[SMITH_HEALTH_HTTP] = "http",
					    [SMITH_HEALTH_TCP] = "tcp",
					    [SMITH_HEALTH_ZMQ] = "zmq",
					    [SMITH_HEALTH_GRPC] = "grpc",
					    [SMITH_HEALTH_EXEC] = NULL};
	const SmithService *other = smith_fleet_service(plan->fleet, need->name);
	const SmithHealth *health = other != NULL ? other->health : NULL;
	SmithAddress address;
	if (need->address == NULL)
		return NULL;
	if (need->healthy && health != NULL && kinds[health->kind] != NULL &&
	    health_port(other) != NULL &&
	    smith_address_find(plan->fleet, container->group, container->service, other,
			       health_port(other), &address, NULL))
		return words(need, kinds[health->kind], address.address, address.port,
			     subject(health));
	return words(need, "tcp", need->address, need->port, NULL);
}
