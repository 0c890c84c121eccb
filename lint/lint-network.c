/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/checks.h"

#include <gio/gio.h>
#include <string.h>

#include "lint/hint.h"
#include "lint/rule.h"

#define ADDRESS_MAX 16 /* bytes of one of IPv6 */

/* The first and the last address of a subnet, as texts of bytes that compare as numbers do. */
typedef struct {
	const SmithNetwork *network;
	guint8 first[ADDRESS_MAX];
	guint8 last[ADDRESS_MAX];
	gsize size;
	guint bits;
} Subnet;

typedef struct {
	const SmithFleet *fleet;
	GHashTable *subnets;   /* SmithNetwork* -> Subnet* */
	GHashTable *addresses; /* "HOST NETWORK ADDRESS" -> SmithGroup* */
	SmithDiag *diag;
} Networks;

static gsize parse_address(const char *text, guint8 *bytes)
{
	g_autoptr(GInetAddress) address = g_inet_address_new_from_string(text);
	if (address == NULL)
		return 0;
	gsize size = g_inet_address_get_native_size(address);
	memcpy(bytes, g_inet_address_to_bytes(address), size);
	return size;
}

/* "172.20.0.0/16", without bits behind the mask. */
static bool parse_subnet(const char *text, Subnet *subnet)
{
	const char *slash = strchr(text, '/');
	if (slash == NULL || slash[1] < '0' || slash[1] > '9' || strlen(slash + 1) > 3)
		return false;
	char *end = NULL;
	g_autofree char *address = g_strndup(text, (gsize)(slash - text));
	subnet->bits = (guint)g_ascii_strtoull(slash + 1, &end, 10);
	subnet->size = parse_address(address, subnet->first);
	if (subnet->size == 0 || *end != '\0' || subnet->bits == 0 ||
	    subnet->bits > subnet->size * 8)
		return false;
	memcpy(subnet->last, subnet->first, subnet->size);
	for (guint bit = subnet->bits; bit < subnet->size * 8; bit++) {
		guint8 mask = (guint8)(0x80 >> bit % 8);
		if ((subnet->first[bit / 8] & mask) != 0)
			return false;
		subnet->last[bit / 8] |= mask;
	}
	return true;
}

static bool contains(const Subnet *subnet, const guint8 *address, gsize size)
{
	return size == subnet->size && memcmp(address, subnet->first, size) >= 0 &&
	       memcmp(address, subnet->last, size) <= 0;
}

static void lint_network(const Networks *networks, const SmithNetwork *network)
{
	guint8 gateway[ADDRESS_MAX];
	g_autofree Subnet *subnet = g_new0(Subnet, 1);
	subnet->network = network;
	if (network->subnet == NULL) {
		if (network->gateway != NULL)
			smith_lint_report(networks->diag, "network-address", network->place,
					  network->name, "network '%s' has a gateway and no subnet",
					  network->name);
		return;
	}
	if (!parse_subnet(network->subnet, subnet)) {
		smith_lint_report(networks->diag, "network-address", network->place, network->name,
				  "'%s' of network '%s' is no subnet (like '172.20.0.0/16', with "
				  "its first address)",
				  network->subnet, network->name);
		return;
	}
	gsize size = network->gateway != NULL ? parse_address(network->gateway, gateway) : 0;
	if (network->gateway != NULL && !contains(subnet, gateway, size))
		smith_lint_report(networks->diag, "network-address", network->place, network->name,
				  "gateway '%s' of network '%s' is no address in '%s'",
				  network->gateway, network->name, network->subnet);
	g_hash_table_insert(networks->subnets, (gpointer)network, g_steal_pointer(&subnet));
}

/* Why @text cannot be the address of a group, or NULL. */
static const char *judge_address(const Subnet *subnet, const char *text)
{
	guint8 address[ADDRESS_MAX], gateway[ADDRESS_MAX];
	gsize size = parse_address(text, address);
	if (size == 0)
		return "is no address";
	if (!contains(subnet, address, size))
		return "is not in the subnet";
	if (subnet->bits + 1 < size * 8 && memcmp(address, subnet->first, size) == 0)
		return "is the subnet's own";
	if (size == 4 && subnet->bits < 31 && memcmp(address, subnet->last, size) == 0)
		return "is the subnet's broadcast address";
	const char *named = subnet->network->gateway;
	if (named != NULL)
		return parse_address(named, gateway) == size && memcmp(address, gateway, size) == 0
			       ? "is the gateway's"
			       : NULL;
	/* podman gives the gateway the first one behind */
	memcpy(gateway, subnet->first, size);
	gateway[size - 1]++;
	return memcmp(address, gateway, size) == 0 ? "is the gateway's" : NULL;
}

static void claim_address(const Networks *networks, const SmithGroup *group,
			  const SmithOnNetwork *on, const SmithNetwork *network)
{
	char *key = g_strconcat(group->host, " ", network->name, " ", on->ip, NULL);
	const SmithGroup *other = g_hash_table_lookup(networks->addresses, key);
	if (other == NULL) {
		g_hash_table_insert(networks->addresses, key, (gpointer)group);
		return;
	}
	g_free(key);
	smith_lint_report(networks->diag, "address-duplicate", on->place, group->name,
			  "groups '%s' and '%s' both have address '%s' in network '%s'",
			  other->name, group->name, on->ip, network->name);
}

static void lint_address(const Networks *networks, const SmithGroup *group,
			 const SmithOnNetwork *on)
{
	const SmithHost *host = smith_fleet_host(networks->fleet, group->host);
	const char *name = on->name == NULL && host != NULL ? host->network : on->name;
	const SmithNetwork *network = smith_fleet_network(networks->fleet, name);
	if (group->mode == SMITH_GROUP_HOST) {
		smith_lint_report(networks->diag, "group-address", on->place, group->name,
				  "group '%s' is on the host's network: it has no address of its "
				  "own, such as '%s'",
				  group->name, on->ip);
		return;
	}
	const Subnet *subnet =
		network != NULL ? g_hash_table_lookup(networks->subnets, network) : NULL;
	if (network == NULL || network->subnet == NULL) {
		smith_lint_report(networks->diag, "group-address", on->place, group->name,
				  "address '%s' of group '%s' needs a network with a subnet",
				  on->ip, group->name);
		return;
	}
	const char *why = subnet != NULL ? judge_address(subnet, on->ip) : NULL;
	if (why != NULL)
		smith_lint_report(networks->diag, "group-address", on->place, group->name,
				  "address '%s' of group '%s' %s: network '%s' is '%s'", on->ip,
				  group->name, why, network->name, network->subnet);
	else if (group->host != NULL)
		claim_address(networks, group, on, network);
}

static void lint_name(const Networks *networks, const char *network, SmithPlace place,
		      const char *what, const char *who)
{
	if (network == NULL || smith_fleet_network(networks->fleet, network) != NULL)
		return;
	g_autofree char *hint = smith_lint_hint(network, networks->fleet->networks, networks->diag);
	smith_lint_report(networks->diag, "unknown-network", place, who,
			  "no network '%s' for %s '%s'%s", network, what, who, hint);
}

static void lint_group(const Networks *networks, const SmithGroup *group)
{
	for (guint i = 0; i < group->networks->len; i++) {
		const SmithOnNetwork *on = group->networks->pdata[i];
		lint_name(networks, on->name, on->place, "group", group->name);
		if (on->ip != NULL)
			lint_address(networks, group, on);
	}
}

/* "host" and "none" are what podman has without being told. */
static void lint_service(const Networks *networks, const SmithService *service)
{
	const char *name = service->network;
	if (name != NULL && strcmp(name, "host") != 0 && strcmp(name, "none") != 0)
		lint_name(networks, name, smith_service_place(service, "network", NULL), "service",
			  service->name);
}

/* Also what a service is on one host alone; what it is there as everywhere is told once. */
static void lint_services(const Networks *networks)
{
	const GPtrArray *services = networks->fleet->services;
	for (guint i = 0; i < services->len; i++) {
		const SmithService *service = services->pdata[i];
		lint_service(networks, service);
		for (guint j = 0; j < service->variants->len; j++) {
			const SmithVariant *variant = service->variants->pdata[j];
			if (g_strcmp0(variant->service->network, service->network) != 0)
				lint_service(networks, variant->service);
		}
	}
}

static int compare_subnets(gconstpointer a, gconstpointer b)
{
	const Subnet *x = *(Subnet *const *)a, *y = *(Subnet *const *)b;
	if (x->size != y->size)
		return x->size < y->size ? -1 : 1;
	int order = memcmp(x->first, y->first, x->size);
	return order != 0 ? order : strcmp(x->network->name, y->network->name);
}

/* Subnets are nested or apart: each is held against the widest before it. */
static void lint_overlaps(const Networks *networks)
{
	g_autoptr(GPtrArray) sorted = g_ptr_array_new();
	const GPtrArray *all = networks->fleet->networks;
	for (guint i = 0; i < all->len; i++) {
		gpointer subnet = g_hash_table_lookup(networks->subnets, all->pdata[i]);
		if (subnet != NULL)
			g_ptr_array_add(sorted, subnet);
	}
	g_ptr_array_sort(sorted, compare_subnets);
	const Subnet *widest = NULL;
	for (guint i = 0; i < sorted->len; i++) {
		const Subnet *subnet = sorted->pdata[i];
		if (widest != NULL && contains(widest, subnet->first, subnet->size))
			smith_lint_report(networks->diag, "network-overlap", subnet->network->place,
					  subnet->network->name,
					  "the subnets of networks '%s' (%s) and '%s' (%s) overlap",
					  widest->network->name, widest->network->subnet,
					  subnet->network->name, subnet->network->subnet);
		else
			widest = subnet;
	}
}

void smith_lint_networks(const SmithFleet *fleet, SmithDiag *diag)
{
	g_autoptr(GHashTable) subnets = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	g_autoptr(GHashTable) addresses =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	const Networks networks = {fleet, subnets, addresses, diag};
	for (guint i = 0; i < fleet->networks->len; i++)
		lint_network(&networks, fleet->networks->pdata[i]);
	lint_overlaps(&networks);
	for (guint i = 0; i < fleet->hosts->len; i++) {
		const SmithHost *host = fleet->hosts->pdata[i];
		lint_name(&networks, host->network, host->place, "host", host->name);
	}
	for (guint i = 0; i < fleet->groups->len; i++)
		lint_group(&networks, fleet->groups->pdata[i]);
	lint_services(&networks);
}
