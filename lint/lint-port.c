/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/lint-port.h"

#include <string.h>

#include "lint/rule.h"

#define PORT_MAX 65535
#define HEALTH_STEP 1000

typedef struct {
	const SmithService *service;
	const SmithGroup *group;
	const SmithPort *port;
} Socket;

/* Where no two may bind the same number. */
typedef struct {
	const char *verb;  /* "bound" */
	const char *where; /* "in the pod of group" */
	const char *name;
	GHashTable *taken; /* number and protocol -> index into @sockets, from 1 */
	GArray *sockets;   /* (element-type Socket) */
	SmithDiag *diag;
} Space;

static Space *space_new(const char *verb, const char *where, const char *name, SmithDiag *diag)
{
	Space *space = g_new0(Space, 1);
	space->verb = verb;
	space->where = where;
	space->name = name;
	space->taken = g_hash_table_new(NULL, NULL);
	space->sockets = g_array_new(FALSE, FALSE, sizeof(Socket));
	space->diag = diag;
	return space;
}

static void space_free(gpointer data)
{
	Space *space = data;
	g_hash_table_unref(space->taken);
	g_array_unref(space->sockets);
	g_free(space);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Space, space_free)

static gpointer key_of(gint64 number, SmithProtocol protocol)
{
	return GINT_TO_POINTER((int)number * 2 + (protocol == SMITH_PROTOCOL_UDP));
}

/* An implicit port of a class stands once for all services: no place to show. */
static SmithPlace place_of(const Socket *socket)
{
	return socket->port->implicit ? socket->service->place : socket->port->place;
}

static void tell_duplicate(const Space *space, const Socket *socket, const Socket *other,
			   gint64 number)
{
	g_autofree char *subject = g_strdup_printf("%" G_GINT64_FORMAT, number);
	bool implicit = socket->port->implicit;
	SmithPlace place = implicit && !other->port->implicit ? place_of(other) : place_of(socket);
	smith_lint_report(space->diag, "port-duplicate", place, subject,
			  "port %s%s service '%s'%s also %s %sby '%s' %s '%s'", subject,
			  implicit ? ", which" : " of", socket->service->name,
			  implicit ? " binds implicitly, is" : " is", space->verb,
			  other->port->implicit ? "implicitly " : "", other->service->name,
			  space->where, space->name);
}

static void claim(Space *space, const Socket *socket, gint64 number)
{
	gpointer key = key_of(number, socket->port->protocol);
	guint at = GPOINTER_TO_UINT(g_hash_table_lookup(space->taken, key));
	if (at == 0) {
		g_array_append_val(space->sockets, *socket);
		g_hash_table_insert(space->taken, key, GUINT_TO_POINTER(space->sockets->len));
		return;
	}
	const Socket *other = &g_array_index(space->sockets, Socket, at - 1);
	/* two of one service, and two definitions of one, have rules of their own */
	if (strcmp(other->service->name, socket->service->name) != 0)
		tell_duplicate(space, socket, other, number);
}

static bool is_main(const SmithPort *port)
{
	return strcmp(port->name, "service") == 0 || strcmp(port->name, "port") == 0;
}

static bool is_health(const SmithPort *port)
{
	return strcmp(port->name, "health") == 0 || strcmp(port->name, "health_check_port") == 0;
}

static void tell_within(const SmithService *service, const SmithPort *first, const SmithPort *port,
			SmithDiag *diag)
{
	if ((is_main(first) && is_health(port)) || (is_health(first) && is_main(port))) {
		smith_lint_report(diag, "port-equals-health-port", first->place, service->name,
				  "port and health port of service '%s' are both %d", service->name,
				  (int)port->number);
		return;
	}
	g_autofree char *subject = g_strdup_printf("%s:%d", service->name, (int)port->number);
	smith_lint_report(diag, "port-duplicate-within-agent", first->place, subject,
			  "ports '%s' and '%s'%s of service '%s' are both %d", first->name,
			  port->name, port->implicit ? " (bound implicitly)" : "", service->name,
			  (int)port->number);
}

/* False when there is something to tell. */
static bool lint_within(const SmithService *service, GHashTable *seen, SmithDiag *diag)
{
	bool is_good = true;
	for (guint i = 0; i < service->ports->len; i++) {
		const SmithPort *port = service->ports->pdata[i];
		gpointer key = key_of(port->number, port->protocol);
		const SmithPort *first = g_hash_table_lookup(seen, key);
		if (port->number == 0)
			continue;
		if (first == NULL) {
			g_hash_table_insert(seen, key, (gpointer)port);
			continue;
		}
		tell_within(service, first, port, diag);
		is_good = false;
	}
	g_hash_table_remove_all(seen);
	return is_good;
}

/* An upstream image does not know of our offset. */
static void lint_offset(const SmithService *service, SmithDiag *diag)
{
	for (guint i = 0; service->image != NULL && i < service->ports->len; i++) {
		const SmithPort *port = service->ports->pdata[i];
		g_autofree char *subject = g_strconcat(service->name, ":", port->name, NULL);
		if (port->offset || (port->text != NULL && strstr(port->text, "PORT_OFFSET")))
			smith_lint_report(diag, "offset-on-shared-service", port->place, subject,
					  "the offset is applied to port '%s' of '%s', an upstream "
					  "image that is not told of it",
					  port->name, service->name);
	}
}

static void lint_own(const SmithFleet *fleet, SmithDiag *diag)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
	for (guint i = 0; i < fleet->services->len; i++) {
		const SmithService *service = fleet->services->pdata[i];
		bool is_good = lint_within(service, seen, diag);
		/* a variant mostly has what the service has */
		for (guint j = 0; is_good && j < service->variants->len; j++) {
			const SmithVariant *variant = service->variants->pdata[j];
			is_good = lint_within(variant->service, seen, diag);
		}
		lint_offset(service, diag);
	}
}

static bool find_pair(const SmithService *service, const SmithPort **port, const SmithPort **health)
{
	*port = *health = NULL;
	for (guint i = 0; i < service->ports->len; i++) {
		const SmithPort *at = service->ports->pdata[i];
		if (at->number > 0 && is_main(at))
			*port = at;
		else if (at->number > 0 && is_health(at))
			*health = at;
	}
	return *port != NULL && *health != NULL;
}

static bool follows_rule(const SmithPort *port, const SmithPort *health)
{
	/* a health check on the service's own port is no second port */
	return health->number == port->number + HEALTH_STEP || health->number == port->number;
}

/* Is it the custom of this fleet? Three at least, and most. */
static bool is_custom(const SmithFleet *fleet)
{
	guint pairs = 0, good = 0;
	const SmithPort *port, *health;
	for (guint i = 0; i < fleet->services->len; i++) {
		if (!find_pair(fleet->services->pdata[i], &port, &health))
			continue;
		pairs++;
		good += health->number == port->number + HEALTH_STEP;
	}
	return good >= 3 && good * 2 > pairs;
}

static void lint_health_rule(const SmithFleet *fleet, SmithDiag *diag)
{
	const SmithPort *port, *health;
	for (guint i = 0; i < fleet->services->len; i++) {
		const SmithService *service = fleet->services->pdata[i];
		if (find_pair(service, &port, &health) && !follows_rule(port, health))
			smith_lint_report(diag, "health-port-rule", service->place, service->name,
					  "health port %d of service '%s' is not its port %d and "
					  "%d (difference %+d)",
					  (int)health->number, service->name, (int)port->number,
					  HEALTH_STEP, (int)(health->number - port->number));
	}
}

static void lint_range(const SmithService *service, const SmithPort *port, gint64 number,
		       const SmithHost *host, SmithDiag *diag)
{
	if (number >= 1 && number <= PORT_MAX)
		return;
	g_autofree char *subject = g_strconcat(service->name, ":", port->name, NULL);
	smith_lint_report(diag, "port-out-of-range", port->place, subject,
			  "port %d of service '%s' plus the offset %d of host '%s' is not from 1 "
			  "to %d",
			  (int)port->number, service->name, (int)host->port_offset, host->name,
			  PORT_MAX);
}

/* What is taken on the host's own addresses. */
static void claim_on_host(Space *space, const Socket *socket, const SmithHost *host)
{
	const SmithPort *port = socket->port;
	SmithSite site = smith_service_site(socket->service, socket->group);
	bool is_bound = site == SMITH_SITE_HOST;
	if (!is_bound &&
	    (port->implicit || port->publish == SMITH_PUBLISH_NONE || site == SMITH_SITE_NONE))
		return;
	gint64 number = is_bound ? smith_port_bound(port, socket->service, socket->group, host)
				 : smith_port_published(port, host);
	lint_range(socket->service, port, number, host, space->diag);
	guint at =
		GPOINTER_TO_UINT(g_hash_table_lookup(space->taken, key_of(number, port->protocol)));
	const Socket *other = at > 0 ? &g_array_index(space->sockets, Socket, at - 1) : NULL;
	/* the pod's own rule has told */
	bool is_told = other != NULL && site == SMITH_SITE_GROUP && other->group == socket->group &&
		       smith_service_site(other->service, other->group) == SMITH_SITE_GROUP &&
		       other->port->number == port->number;
	if (!is_told)
		claim(space, socket, number);
}

static void lint_group(const SmithFleet *fleet, const SmithGroup *group, const SmithHost *host,
		       Space *on_host, SmithDiag *diag)
{
	g_autoptr(Space) inside = NULL;
	if (group->mode != SMITH_GROUP_HOST)
		inside = space_new("bound",
				   group->mode == SMITH_GROUP_POD ? "in the pod of group"
								  : "in the container of group",
				   group->name, diag);
	for (char **name = group->services; *name != NULL; name++) {
		const SmithService *neutral = smith_fleet_service(fleet, *name);
		const SmithService *service =
			neutral != NULL ? smith_service_on(neutral, host) : NULL;
		for (guint i = 0; service != NULL && service->enabled && i < service->ports->len;
		     i++) {
			const Socket socket = {service, group, service->ports->pdata[i]};
			if (socket.port->number == 0)
				continue;
			if (inside != NULL &&
			    smith_service_site(service, group) == SMITH_SITE_GROUP)
				claim(inside, &socket, socket.port->number);
			if (host != NULL)
				claim_on_host(on_host, &socket, host);
		}
	}
}

void smith_lint_ports(const SmithFleet *fleet, SmithDiag *diag)
{
	g_autoptr(GHashTable) spaces = g_hash_table_new_full(NULL, NULL, NULL, space_free);
	lint_own(fleet, diag);
	if (is_custom(fleet))
		lint_health_rule(fleet, diag);
	for (guint i = 0; i < fleet->groups->len; i++) {
		const SmithGroup *group = fleet->groups->pdata[i];
		const SmithHost *host = smith_fleet_host(fleet, group->host);
		Space *space = host != NULL ? g_hash_table_lookup(spaces, host) : NULL;
		if (space == NULL && host != NULL) {
			space = space_new("taken", "on host", host->name, diag);
			g_hash_table_insert(spaces, (gpointer)host, space);
		}
		lint_group(fleet, group, host, space, diag);
	}
}

void smith_lint_ports_of_host(const SmithFleet *fleet, SmithDiag *diag)
{
	const SmithHost *host = fleet->hosts->pdata[0];
	g_autoptr(Space) space = space_new("bound", "on host", host->name, diag);
	lint_own(fleet, diag);
	lint_health_rule(fleet, diag);
	for (guint i = 0; i < fleet->services->len; i++) {
		const SmithService *service = fleet->services->pdata[i];
		for (guint j = 0; service->enabled && j < service->ports->len; j++) {
			const Socket socket = {service, NULL, service->ports->pdata[j]};
			claim(space, &socket, socket.port->number);
		}
	}
}
