/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "lint/rule.h"
#include "quadlet/machine-check.h"

typedef struct {
	gint64 number; /* of the machine */
	bool local;
	bool udp;
	SmithPlace place;
	const char *title; /* of the service or group */
} Wanted;

/* What binding it comes to: 0 or an errno. */
static int try_bind(const Wanted *wanted)
{
	smith_autofd int fd =
		socket(AF_INET, (wanted->udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
	const struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((guint16)wanted->number),
		.sin_addr.s_addr = htonl(wanted->local ? INADDR_LOOPBACK : INADDR_ANY)};
	const int on = 1;
	if (fd < 0)
		return 0;
	/* what only lingers there is not in the way */
	if (!wanted->udp)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	return bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 ? errno : 0;
}

static bool is_published(const SmithPodmanContainer *container, const Wanted *wanted)
{
	for (guint i = 0; i < container->ports->len; i++) {
		const SmithPodmanPort *port = container->ports->pdata[i];
		if (port->udp == wanted->udp && wanted->number >= port->first &&
		    wanted->number - port->first < port->count)
			return true;
	}
	return false;
}

/* Our own that runs already is what the units are to replace. */
static bool is_ours(const SmithMachine *machine, const Wanted *wanted)
{
	for (guint i = 0; i < machine->plan->containers->len; i++) {
		const SmithPodmanContainer *container =
			smith_machine_container(machine, machine->plan->containers->pdata[i]);
		if (container != NULL && g_strcmp0(container->state, "running") == 0 &&
		    is_published(container, wanted))
			return true;
	}
	return false;
}

static void check(const SmithMachine *machine, const Wanted *wanted)
{
	int result = try_bind(wanted);
	if (result == EADDRINUSE && !is_ours(machine, wanted))
		smith_lint_report(machine->diag, "machine-port-taken", wanted->place, wanted->title,
				  "port %" G_GINT64_FORMAT "%s of '%s' is taken by something else: "
				  "'ss -lnp%c sport = :%" G_GINT64_FORMAT "' tells by what",
				  wanted->number, wanted->udp ? "/udp" : "", wanted->title,
				  wanted->udp ? 'u' : 't', wanted->number);
	else if (result == EACCES)
		smith_lint_report(machine->diag, "machine-port-refused", wanted->place,
				  wanted->title,
				  "port %" G_GINT64_FORMAT " of '%s' is for root: 'sysctl "
				  "net.ipv4.ip_unprivileged_port_start=%" G_GINT64_FORMAT
				  "', or a greater 'port_offset'",
				  wanted->number, wanted->title, wanted->number);
}

/* Where the fleet says it: the service of @group that publishes that number. */
static void locate(const SmithMachine *machine, const SmithContainerPlan *container, Wanted *wanted)
{
	const GPtrArray *ports = container->service->ports;
	for (guint i = 0; i < ports->len; i++) {
		const SmithPort *port = ports->pdata[i];
		if (smith_port_published(port, machine->plan->host) == wanted->number) {
			wanted->place = port->place;
			wanted->title = container->title;
		}
	}
}

static void check_published(const SmithMachine *machine, const GPtrArray *ports,
			    const GPtrArray *containers, const SmithGroup *group)
{
	for (guint i = 0; i < ports->len; i++) {
		const SmithPlanPort *port = ports->pdata[i];
		Wanted wanted = {port->host, port->local, port->udp, group->place, group->name};
		for (guint j = 0; j < containers->len; j++)
			locate(machine, containers->pdata[j], &wanted);
		check(machine, &wanted);
	}
}

/* On the host's network the programs bind themselves. */
static void check_bound(const SmithMachine *machine, const SmithContainerPlan *container)
{
	const SmithPodmanContainer *running = smith_machine_container(machine, container);
	if (running != NULL && g_strcmp0(running->state, "running") == 0)
		return;
	for (guint i = 0; i < container->service->ports->len; i++) {
		const SmithPort *port = container->service->ports->pdata[i];
		const Wanted wanted = {.number = smith_port_bound(port, container->service,
								  container->group,
								  machine->plan->host),
				       .udp = port->protocol == SMITH_PROTOCOL_UDP,
				       .place = port->place,
				       .title = container->title};
		if (wanted.number > 0 && wanted.number < 65536)
			check(machine, &wanted);
	}
}

void smith_machine_check_ports(const SmithMachine *machine)
{
	const SmithHostPlan *plan = machine->plan;
	for (guint i = 0; i < plan->pods->len; i++) {
		const SmithPodPlan *pod = plan->pods->pdata[i];
		check_published(machine, pod->ports, pod->members, pod->group);
	}
	for (guint i = 0; i < plan->containers->len; i++) {
		SmithContainerPlan *container = plan->containers->pdata[i];
		gpointer self[] = {container};
		const GPtrArray alone = {self, 1};
		if (container->host_network)
			check_bound(machine, container);
		else
			check_published(machine, container->ports, &alone, container->group);
	}
}
