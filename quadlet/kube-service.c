/* SPDX-License-Identifier: Apache-2.0 */
#include "quadlet/kube.h"

static const SmithPlanPort *published(const SmithKube *kube, const SmithContainerPlan *container,
				      const SmithPort *port)
{
	const GPtrArray *ports = kube->pod != NULL ? kube->pod->ports : container->ports;
	for (guint i = 0; i < ports->len; i++) {
		const SmithPlanPort *planned = ports->pdata[i];
		if (planned->container == port->number &&
		    planned->udp == (port->protocol == SMITH_PROTOCOL_UDP))
			return planned;
	}
	return NULL;
}

/* "tcp-8080": one of its kind in a pod, and short enough for Kubernetes. */
static SmithNode *begin_port(const SmithPort *port, const char *key, gint64 number)
{
	bool is_udp = port->protocol == SMITH_PROTOCOL_UDP;
	g_autofree char *name =
		g_strdup_printf("%s-%" G_GINT64_FORMAT, is_udp ? "udp" : "tcp", number);
	SmithNode *node = smith_kube_map("name", smith_node_new_string(name));
	smith_node_set(node, key, smith_node_new_int(number));
	smith_node_set(node, "protocol", smith_node_new_string(is_udp ? "UDP" : "TCP"));
	return node;
}

/* False for one that another member, or the same one under another name, has already. */
static bool is_first(GHashTable *seen, const SmithPort *port, gint64 number)
{
	gint64 key = number * 2 + (port->protocol == SMITH_PROTOCOL_UDP);
	return number > 0 && g_hash_table_add(seen, GINT_TO_POINTER(key));
}

SmithNode *smith_kube_ports(const SmithKube *kube, const SmithContainerPlan *container)
{
	const GPtrArray *ports = container->service->ports;
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
	g_autoptr(SmithNode) list = smith_node_new(SMITH_NODE_SEQ);
	for (guint i = 0; i < ports->len; i++) {
		const SmithPort *port = ports->pdata[i];
		const SmithPlanPort *planned = published(kube, container, port);
		gint64 number = smith_port_bound(port, container->service, container->group,
						 kube->plan->host);
		if (!is_first(seen, port, number))
			continue;
		SmithNode *node = begin_port(port, "containerPort", number);
		if (planned != NULL)
			smith_node_set(node, "hostPort", smith_node_new_int(planned->host));
		if (planned != NULL && planned->local)
			smith_kube_text(node, "hostIP", "127.0.0.1");
		smith_node_append(list, node);
	}
	return smith_node_length(list) > 0 ? g_steal_pointer(&list) : NULL;
}

SmithNode *smith_kube_service(const SmithKube *kube)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
	g_autoptr(SmithNode) list = smith_node_new(SMITH_NODE_SEQ);
	for (guint i = 0; i < kube->members->len; i++) {
		const SmithContainerPlan *container = kube->members->pdata[i];
		const GPtrArray *ports = container->service->ports;
		for (guint j = 0; j < ports->len; j++) {
			const SmithPort *port = ports->pdata[j];
			gint64 number = smith_port_bound(port, container->service, container->group,
							 kube->plan->host);
			if (is_first(seen, port, number))
				smith_node_append(list, begin_port(port, "port", number));
		}
	}
	if (smith_node_length(list) == 0)
		return NULL;
	SmithNode *service = smith_kube_begin("v1", "Service", kube->slug, smith_kube_labels(kube));
	SmithNode *spec = smith_kube_map("selector", smith_kube_labels(kube));
	smith_node_set(spec, "ports", g_steal_pointer(&list));
	smith_node_set(service, "spec", spec);
	return service;
}
