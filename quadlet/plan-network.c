/* SPDX-License-Identifier: Apache-2.0 */
#include "quadlet/planner.h"

static void add_network(SmithPlanner *planner, GPtrArray *networks, const SmithNetwork *network,
			const char *ip)
{
	SmithPlanNetwork *planned = g_new0(SmithPlanNetwork, 1);
	planned->network = network;
	planned->slug = smith_slug(network->name);
	planned->ip = g_strdup(ip);
	planned->aliases = g_new0(char *, 1);
	g_ptr_array_add(networks, planned);
	if (g_hash_table_add(planner->networks, (gpointer)network))
		g_ptr_array_add(planner->plan->networks, (gpointer)network);
}

/* Of @service, or (NULL) of what is usual in @group. */
static void add_networks(SmithPlanner *planner, GPtrArray *networks, const SmithService *service,
			 const SmithGroup *group)
{
	const SmithNetwork *network;
	const char *ip;
	for (guint i = 0;
	     (network = smith_service_network(planner->fleet, service, group, i, &ip)) != NULL; i++)
		add_network(planner, networks, network, ip);
}

static char **name_servers(const SmithPlanner *planner, const SmithGroup *group)
{
	return g_strdupv(*group->dns != NULL ? group->dns : planner->plan->host->dns);
}

static void add_ports(const SmithPlanner *planner, GPtrArray *ports, const SmithService *service)
{
	for (guint i = 0; i < service->ports->len; i++) {
		const SmithPort *port = service->ports->pdata[i];
		if (port->publish == SMITH_PUBLISH_NONE || port->implicit)
			continue;
		SmithPlanPort *planned = g_new0(SmithPlanPort, 1);
		planned->container = port->number;
		planned->host = smith_port_published(port, planner->plan->host);
		planned->local = port->publish == SMITH_PUBLISH_LOCAL;
		planned->udp = port->protocol == SMITH_PROTOCOL_UDP;
		g_ptr_array_add(ports, planned);
	}
}

void smith_plan_place(SmithPlanner *planner, SmithContainerPlan *container)
{
	SmithSite site = smith_service_site(container->service, container->group);
	container->host_network = site == SMITH_SITE_HOST;
	container->no_network = site == SMITH_SITE_NONE;
	if (container->pod != NULL || container->host_network || container->no_network) {
		container->dns = g_new0(char *, 1);
		if (container->pod != NULL)
			add_ports(planner, container->pod->ports, container->service);
		return;
	}
	container->dns = name_servers(planner, container->group);
	add_networks(planner, container->networks, container->service, container->group);
	add_ports(planner, container->ports, container->service);
}

void smith_plan_pod_place(SmithPlanner *planner, SmithPodPlan *pod)
{
	pod->hostname = g_strdup(pod->group->hostname != NULL ? pod->group->hostname : pod->slug);
	pod->dns = name_servers(planner, pod->group);
	add_networks(planner, pod->networks, NULL, pod->group);
}
