/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <string.h>

#include "lint/rule.h"
#include "quadlet/machine-check.h"

/* A range of addresses: the first @length bits. */
typedef struct {
	int family;
	guint8 bytes[16];
	guint length;
} Range;

static bool parse_range(const char *text, Range *range)
{
	g_auto(GStrv) parts = g_strsplit(text != NULL ? text : "", "/", 2);
	guint64 length;
	if (g_strv_length(parts) != 2)
		return false;
	range->family = strchr(parts[0], ':') != NULL ? AF_INET6 : AF_INET;
	if (inet_pton(range->family, parts[0], range->bytes) != 1 ||
	    !g_ascii_string_to_unsigned(parts[1], 10, 0, range->family == AF_INET ? 32 : 128,
					&length, NULL))
		return false;
	range->length = (guint)length;
	return true;
}

static bool overlap(const Range *a, const Range *b)
{
	guint common = MIN(a->length, b->length);
	if (a->family != b->family)
		return false;
	for (guint bit = 0; bit < common; bit++)
		if ((a->bytes[bit / 8] ^ b->bytes[bit / 8]) & (0x80 >> bit % 8))
			return false;
	return true;
}

static void check_others(const SmithMachine *machine, const SmithNetwork *network,
			 const Range *range, const GPtrArray *others)
{
	g_autofree char *slug = smith_slug(network->name);
	for (guint i = 0; i < others->len; i++) {
		const SmithPodmanNetwork *other = others->pdata[i];
		bool is_same = strcmp(other->name, slug) == 0, is_equal = false;
		for (char **subnet = other->subnets; *subnet != NULL; subnet++) {
			Range theirs;
			bool overlaps = parse_range(*subnet, &theirs) && overlap(range, &theirs);
			is_equal = is_equal || (overlaps && theirs.length == range->length);
			if (overlaps && !is_same)
				smith_lint_report(machine->diag, "machine-network", network->place,
						  network->name,
						  "subnet %s of network '%s' overlaps with %s of "
						  "podman's network '%s'",
						  network->subnet, network->name, *subnet,
						  other->name);
		}
		if (is_same && !is_equal)
			smith_lint_report(machine->diag, "machine-network", network->place,
					  network->name,
					  "podman's network '%s' is there with another subnet than "
					  "%s, and keeps it: 'podman network rm %s'",
					  slug, network->subnet, slug);
	}
}

/* /proc/net/route: "IFACE DESTINATION GATEWAY FLAGS REFCNT USE METRIC MASK", numbers in hex and in
 * the byte order of the machine. */
static bool parse_route(const char *line, char **interface, Range *range)
{
	g_auto(GStrv) words = g_strsplit_set(line, "\t ", -1);
	guint64 destination, mask;
	if (g_strv_length(words) < 8 ||
	    !g_ascii_string_to_unsigned(words[1], 16, 0, G_MAXUINT32, &destination, NULL) ||
	    !g_ascii_string_to_unsigned(words[7], 16, 0, G_MAXUINT32, &mask, NULL) || mask == 0)
		return false;
	guint32 address = (guint32)destination;
	memcpy(range->bytes, &address, sizeof address);
	range->family = AF_INET;
	range->length = (guint)__builtin_popcountll(mask);
	*interface = g_strdup(words[0]);
	return true;
}

static bool is_podmans(const GPtrArray *networks, const char *interface)
{
	for (guint i = 0; i < networks->len; i++)
		if (strcmp(((SmithPodmanNetwork *)networks->pdata[i])->interface, interface) == 0)
			return true;
	return false;
}

static void check_routes(const SmithMachine *machine, const SmithNetwork *network,
			 const Range *range, const GPtrArray *networks)
{
	g_autofree char *text = smith_machine_read(machine, "/proc/net/route");
	g_auto(GStrv) lines = g_strsplit(text != NULL ? text : "", "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		g_autofree char *interface = NULL;
		Range route;
		if (!parse_route(*line, &interface, &route) || !overlap(range, &route) ||
		    is_podmans(networks, interface))
			continue;
		smith_lint_report(machine->diag, "machine-route", network->place, network->name,
				  "subnet %s of network '%s' overlaps with a route of this machine "
				  "by '%s': its containers do not reach what is there",
				  network->subnet, network->name, interface);
	}
}

void smith_machine_check_networks(const SmithMachine *machine)
{
	const GPtrArray *planned = machine->plan->networks;
	g_autoptr(GPtrArray) networks = NULL;
	if (machine->info == NULL)
		return;
	for (guint i = 0; i < planned->len; i++) {
		const SmithNetwork *network = planned->pdata[i];
		g_autoptr(GError) error = NULL;
		Range range;
		if (!parse_range(network->subnet, &range))
			continue;
		if (networks == NULL)
			networks = smith_podman_networks(&machine->reach, &error);
		if (networks == NULL) {
			smith_lint_report(machine->diag, "machine-podman", network->place,
					  network->name, "podman's networks cannot be listed: %s",
					  error->message);
			return;
		}
		check_others(machine, network, &range, networks);
		check_routes(machine, network, &range, networks);
	}
}
