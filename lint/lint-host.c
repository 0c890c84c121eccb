/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/lint-host.h"

#include <string.h>

#include "lint/lint-service.h"

/* One port of one network namespace: the pod of a group. */
static void lint_group_ports(const SmithFleet *fleet, const SmithGroup *group, SmithDiag *diag)
{
	g_autoptr(GHashTable) owners = g_hash_table_new(NULL, NULL);
	for (char **name = group->services; *name != NULL; name++) {
		const SmithService *service = smith_fleet_service(fleet, *name);
		for (guint i = 0; service != NULL && i < service->ports->len; i++) {
			const SmithPort *port = service->ports->pdata[i];
			gpointer key = GINT_TO_POINTER((int)port->number);
			const SmithService *owner = g_hash_table_lookup(owners, key);
			if (owner != NULL && owner != service)
				SMITH_LINT_ERROR(
					diag, port->place, "port-in-pod",
					"port %d of service '%s' is also bound by '%s' in the pod "
					"of group '%s'",
					(int)port->number, service->name, owner->name, group->name);
			g_hash_table_insert(owners, key, (gpointer)service);
		}
	}
}

static void lint_members(const SmithFleet *fleet, const SmithGroup *group, SmithDiag *diag)
{
	for (char **name = group->services; *name != NULL; name++) {
		const SmithService *service = smith_fleet_service(fleet, *name);
		if (service == NULL || strcmp(service->name, *name) != 0) {
			g_autofree char *hint = smith_lint_suggest(*name, fleet->services);
			SMITH_LINT_ERROR(diag, group->place, "unknown-service",
					 "group '%s' lists '%s', which is no service%s",
					 group->name, *name, hint);
		}
		for (char **other = group->services; other < name; other++)
			if (strcmp(*other, *name) == 0)
				SMITH_LINT_ERROR(diag, group->place, "two-groups",
						 "group '%s' lists service '%s' twice", group->name,
						 *name);
	}
}

/* What is claimed on one host. */
typedef struct {
	const SmithFleet *fleet;
	const SmithHost *host;
	GHashTable *names;  /* of pods, containers and units -> who has it */
	GHashTable *groups; /* SmithService* -> SmithGroup* */
	GHashTable *ports;  /* number -> SmithGroup* */
	SmithDiag *diag;
} Host;

static void claim(const Host *on, const char *name, const char *what, const char *owner,
		  SmithPlace place)
{
	char *text = g_strdup_printf("%s '%s'", what, owner);
	const char *other = g_hash_table_lookup(on->names, name);
	if (other == NULL) {
		g_hash_table_insert(on->names, g_strdup(name), text);
		return;
	}
	SMITH_LINT_ERROR(on->diag, place, "same-name", "%s and %s would both be '%s' on host '%s'",
			 other, text, name, on->host->name);
	g_free(text);
}

/* Podman has one space of names for pods and containers, the pod's own container included; systemd
 * has one for what quadlet makes of both: NAME-pod.service and NAME.service. */
static void claim_group(const Host *on, const SmithGroup *group)
{
	g_autofree char *infra = g_strconcat(group->slug, "-infra", NULL);
	g_autofree char *unit = g_strconcat(group->slug, "-pod", NULL);
	claim(on, group->slug, "group", group->name, group->place);
	claim(on, infra, "the pod of group", group->name, group->place);
	claim(on, unit, "the pod of group", group->name, group->place);
}

static void claim_service(const Host *on, const SmithGroup *group, const SmithService *service)
{
	const SmithGroup *other = g_hash_table_lookup(on->groups, service);
	if (other == NULL)
		claim(on, service->slug, "service", service->name, group->place);
	else if (other != group)
		SMITH_LINT_ERROR(on->diag, group->place, "two-groups",
				 "service '%s' is in more than one group of host '%s'",
				 service->name, on->host->name);
	g_hash_table_insert(on->groups, (gpointer)service, (gpointer)group);
}

/* Ports that pods publish, the host's offset included. */
static void claim_port(const Host *on, const SmithGroup *group, const SmithService *service,
		       const SmithPort *port)
{
	const SmithHost *host = on->host;
	gpointer key = GINT_TO_POINTER((int)port->number);
	const SmithGroup *owner = g_hash_table_lookup(on->ports, key);
	if (owner != NULL && owner != group)
		SMITH_LINT_ERROR(
			on->diag, port->place, "port-on-host",
			"port %d of service '%s' is also published on host '%s' by group '%s'",
			(int)port->number, service->name, host->name, owner->name);
	g_hash_table_insert(on->ports, key, (gpointer)group);
	if (port->number + host->port_offset > 65535)
		SMITH_LINT_ERROR(
			on->diag, port->place, "port-range",
			"port %d of service '%s' plus the offset %d of host '%s' is over 65535",
			(int)port->number, service->name, (int)host->port_offset, host->name);
}

static void claim_all(const Host *on)
{
	const SmithFleet *fleet = on->fleet;
	for (guint i = 0; i < fleet->groups->len; i++) {
		const SmithGroup *group = fleet->groups->pdata[i];
		if (g_strcmp0(group->host, on->host->name) != 0)
			continue;
		claim_group(on, group);
		for (char **name = group->services; *name != NULL; name++) {
			const SmithService *service = smith_fleet_service(fleet, *name);
			if (service == NULL)
				continue;
			claim_service(on, group, service);
			for (guint j = 0; j < service->ports->len; j++)
				claim_port(on, group, service, service->ports->pdata[j]);
		}
	}
}

static bool is_version(const char *text)
{
	return g_regex_match_simple("^[0-9]{1,2}(\\.[0-9]{1,2}){0,2}$", text,
				    G_REGEX_DOLLAR_ENDONLY, 0);
}

static void lint_host(const SmithFleet *fleet, const SmithHost *host, SmithDiag *diag)
{
	g_autoptr(GHashTable) names =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autoptr(GHashTable) groups = g_hash_table_new(NULL, NULL);
	g_autoptr(GHashTable) ports = g_hash_table_new(NULL, NULL);
	if (!smith_lint_name_is_legal(host->name))
		SMITH_LINT_ERROR(diag, host->place, "bad-name",
				 "host name '%s' must be letters, digits, '-', '_' and '.', and "
				 "begin with a letter or digit",
				 host->name);
	if (host->podman != NULL && !is_version(host->podman))
		SMITH_LINT_ERROR(diag, host->place, "bad-value",
				 "podman '%s' of host '%s' is no version", host->podman,
				 host->name);
	claim_all(&(Host){fleet, host, names, groups, ports, diag});
}

static void lint_group(const SmithFleet *fleet, const SmithGroup *group, SmithDiag *diag)
{
	gsize length = strlen(group->slug);
	if (length == 0 || length > SMITH_LINT_NAME_MAX)
		SMITH_LINT_ERROR(diag, group->place, "bad-name",
				 "group name '%s' must have from 1 to %d letters and digits",
				 group->name, SMITH_LINT_NAME_MAX);
	if (group->host != NULL && smith_fleet_host(fleet, group->host) == NULL) {
		g_autofree char *hint = smith_lint_suggest(group->host, fleet->hosts);
		SMITH_LINT_ERROR(diag, group->host_place, "unknown-host",
				 "no host '%s' for group '%s'%s", group->host, group->name, hint);
	}
	lint_members(fleet, group, diag);
	lint_group_ports(fleet, group, diag);
}

void smith_lint_hosts(const SmithFleet *fleet, SmithDiag *diag)
{
	for (guint i = 0; i < fleet->groups->len; i++)
		lint_group(fleet, fleet->groups->pdata[i], diag);
	for (guint i = 0; i < fleet->hosts->len; i++)
		lint_host(fleet, fleet->hosts->pdata[i], diag);
	for (guint i = 0; i < fleet->services->len; i++) {
		const SmithService *service = fleet->services->pdata[i];
		g_autoptr(GPtrArray) hosts = smith_fleet_hosts_of(fleet, service);
		if (hosts->len == 0)
			smith_diag_add(diag, SMITH_SEVERITY_WARNING, service->place, "no-group",
				       "service '%s' is in no group: no unit will start it",
				       service->name);
	}
}
