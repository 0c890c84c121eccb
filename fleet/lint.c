/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/lint.h"

#include <string.h>

#include "base/entry.h"
#include "base/error.h"
#include "layers/layer.h"
#include "oci/ref.h"

#define ERROR(diag_, place_, rule_, ...)                                                           \
	smith_diag_add((diag_), SMITH_SEVERITY_ERROR, (place_), (rule_), __VA_ARGS__)
#define WARN(diag_, place_, rule_, ...)                                                            \
	smith_diag_add((diag_), SMITH_SEVERITY_WARNING, (place_), (rule_), __VA_ARGS__)

/* " (did you mean 'x'?)" or "": the names are the first member of every element. */
static char *suggestion(const char *word, const GPtrArray *named)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	for (guint i = 0; i < named->len; i++)
		g_ptr_array_add(names, *(char **)named->pdata[i]);
	g_ptr_array_add(names, NULL);
	const char *nearest = smith_nearest(word, (const char *const *)names->pdata);
	return nearest != NULL ? g_strdup_printf(" (did you mean '%s'?)", nearest) : g_strdup("");
}

static void lint_families(const SmithFleet *fleet, SmithDiag *diag)
{
	for (guint i = 0; i < fleet->families->len; i++) {
		const SmithFamily *family = fleet->families->pdata[i];
		g_autofree char *expected = g_strconcat("families.d/", family->name, ".yaml", NULL);
		if (strcmp(expected, family->file) != 0)
			ERROR(diag, family->place, "family-file",
			      "family '%s' must be in '%s', found in '%s'", family->name, expected,
			      family->file);
		const SmithFamily *at = family;
		for (guint steps = 0; at != NULL && steps <= fleet->families->len; steps++) {
			at = smith_fleet_family(fleet, at->from);
			if (at == family || (at != NULL && steps == fleet->families->len)) {
				ERROR(diag, family->from_place, "family-cycle",
				      "family '%s' is derived from itself", family->name);
				break;
			}
		}
		if (at != NULL || smith_fleet_family(fleet, family->from) != NULL)
			continue;
		g_autoptr(GError) error = NULL;
		g_autoptr(SmithRef) ref = smith_ref_parse(family->from, &error);
		g_autofree char *hint = suggestion(family->from, fleet->families);
		if (ref == NULL)
			ERROR(diag, family->from_place, "bad-reference", "%s%s", error->message,
			      hint);
		else if (*hint != '\0' && strpbrk(family->from, ":/") == NULL)
			ERROR(diag, family->from_place, "unknown-family", "no family '%s'%s",
			      family->from, hint);
	}
}

static void lint_health(const SmithService *service, SmithDiag *diag)
{
	SmithHealth *health = service->health;
	if (health == NULL || health->kind == SMITH_HEALTH_EXEC)
		return;
	for (guint i = 0; i < service->ports->len; i++) {
		const SmithPort *port = service->ports->pdata[i];
		if (g_strcmp0(port->name, health->port) == 0 ||
		    (health->port == NULL && service->ports->len == 1))
			health->port_number = port->number;
	}
	g_autofree char *hint =
		suggestion(health->port != NULL ? health->port : "", service->ports);
	if (health->port_number == 0 && health->port == NULL)
		ERROR(diag, health->place, "health-port",
		      "health of service '%s' needs 'port': the service has %u ports",
		      service->name, service->ports->len);
	else if (health->port_number == 0)
		ERROR(diag, health->place, "health-port", "service '%s' has no port '%s'%s",
		      service->name, health->port, hint);
	if (health->http != NULL && health->http[0] != '/')
		ERROR(diag, health->place, "health-path",
		      "health path '%s' of service '%s' must begin with '/'", health->http,
		      service->name);
}

static void lint_app(const SmithService *service, SmithDiag *diag)
{
	const SmithApp *app = service->app;
	for (char **file = app->files; *file != NULL; file++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *path = smith_entry_path_normalize(*file, &error);
		if (path == NULL || **file == '/')
			ERROR(diag, app->place, "app-path",
			      "app path '%s' of service '%s' must be relative to the fleet and "
			      "stay "
			      "inside it",
			      *file, service->name);
	}
	if (app->form == SMITH_APP_ASGI && strchr(app->asgi, ':') == NULL)
		ERROR(diag, app->place, "asgi",
		      "asgi '%s' of service '%s' must be 'module:attribute'", app->asgi,
		      service->name);
	for (char **path = service->tmpfs; *path != NULL; path++)
		if (**path != '/' || strpbrk(*path, ":,\n") != NULL)
			ERROR(diag, service->place, "tmpfs",
			      "tmpfs '%s' of service '%s' must be an absolute path without ':' or "
			      "','",
			      *path, service->name);
}

static void lint_env(GHashTable *env, SmithPlace place, const char *who, SmithDiag *diag)
{
	g_autoptr(GList) keys = g_list_sort(g_hash_table_get_keys(env), (GCompareFunc)strcmp);
	for (GList *key = keys; key != NULL; key = key->next)
		if (*(char *)key->data == '\0' || strpbrk(key->data, "= \t\n") != NULL)
			ERROR(diag, place, "env-name",
			      "'%s' in env of '%s' is no name of an environment variable",
			      (char *)key->data, who);
}

static void lint_services(const SmithFleet *fleet, SmithDiag *diag)
{
	for (guint i = 0; i < fleet->services->len; i++) {
		const SmithService *service = fleet->services->pdata[i];
		if (service->family != NULL && smith_fleet_family(fleet, service->family) == NULL) {
			g_autofree char *hint = suggestion(service->family, fleet->families);
			ERROR(diag, service->family_place, "unknown-family",
			      "no family '%s' for service '%s'%s", service->family, service->name,
			      hint);
		}
		for (char **need = service->needs; *need != NULL; need++) {
			g_autofree char *hint = suggestion(*need, fleet->services);
			if (smith_fleet_service(fleet, *need) == NULL)
				ERROR(diag, service->place, "unknown-need",
				      "service '%s' needs '%s', which is no service%s",
				      service->name, *need, hint);
		}
		if (*service->slug == '\0')
			ERROR(diag, service->place, "bad-name",
			      "service name '%s' has no letter or digit", service->name);
		for (guint j = 0; j < i; j++) {
			const SmithService *other = fleet->services->pdata[j];
			if (strcmp(service->slug, other->slug) == 0)
				ERROR(diag, service->place, "near-duplicate",
				      "services '%s' and '%s' have the same name '%s' in images "
				      "and "
				      "units",
				      other->name, service->name, service->slug);
		}
		lint_app(service, diag);
		lint_env(service->env, service->place, service->name, diag);
		lint_health(service, diag);
	}
	for (guint i = 0; i < fleet->families->len; i++) {
		const SmithFamily *family = fleet->families->pdata[i];
		lint_env(family->env, family->place, family->name, diag);
	}
}

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
				ERROR(diag, port->place, "port-in-pod",
				      "port %d of service '%s' is also bound by '%s' in the pod of "
				      "group '%s'",
				      (int)port->number, service->name, owner->name, group->name);
			g_hash_table_insert(owners, key, (gpointer)service);
		}
	}
}

static void lint_groups(const SmithFleet *fleet, SmithDiag *diag)
{
	g_autoptr(GHashTable) members = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = 0; i < fleet->groups->len; i++) {
		const SmithGroup *group = fleet->groups->pdata[i];
		if (group->host != NULL && smith_fleet_host(fleet, group->host) == NULL) {
			g_autofree char *hint = suggestion(group->host, fleet->hosts);
			ERROR(diag, group->host_place, "unknown-host",
			      "no host '%s' for group '%s'%s", group->host, group->name, hint);
		}
		for (char **name = group->services; *name != NULL; name++) {
			g_autofree char *hint = suggestion(*name, fleet->services);
			g_autofree char *key = g_strconcat(group->host, "/", *name, NULL);
			const SmithService *service = smith_fleet_service(fleet, *name);
			if (service == NULL || strcmp(service->name, *name) != 0)
				ERROR(diag, group->place, "unknown-service",
				      "group '%s' lists '%s', which is no service%s", group->name,
				      *name, hint);
			else if (g_hash_table_contains(members, key))
				ERROR(diag, group->place, "two-groups",
				      "service '%s' is in more than one group of host '%s'", *name,
				      group->host);
			g_hash_table_add(members, g_strdup(key));
		}
		lint_group_ports(fleet, group, diag);
	}
	GHashTableIter iter;
	gpointer key;
	g_hash_table_iter_init(&iter, members);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		g_hash_table_iter_remove(&iter);
		g_free(key);
	}
	for (guint i = 0; i < fleet->services->len; i++) {
		const SmithService *service = fleet->services->pdata[i];
		g_autoptr(GPtrArray) hosts = smith_fleet_hosts_of(fleet, service);
		if (hosts->len == 0)
			WARN(diag, service->place, "no-group",
			     "service '%s' is in no group: no unit will start it", service->name);
	}
}

/* Ports that pods publish on one host, its offset included. */
static void lint_host_ports(const SmithFleet *fleet, const SmithHost *host, SmithDiag *diag)
{
	g_autoptr(GHashTable) owners = g_hash_table_new(NULL, NULL);
	for (guint i = 0; i < fleet->groups->len; i++) {
		const SmithGroup *group = fleet->groups->pdata[i];
		if (g_strcmp0(group->host, host->name) != 0)
			continue;
		for (char **name = group->services; *name != NULL; name++) {
			const SmithService *service = smith_fleet_service(fleet, *name);
			for (guint j = 0; service != NULL && j < service->ports->len; j++) {
				const SmithPort *port = service->ports->pdata[j];
				gpointer key = GINT_TO_POINTER((int)port->number);
				const SmithGroup *owner = g_hash_table_lookup(owners, key);
				if (owner != NULL && owner != group)
					ERROR(diag, port->place, "port-on-host",
					      "port %d of service '%s' is also published on host "
					      "'%s' by group '%s'",
					      (int)port->number, service->name, host->name,
					      owner->name);
				g_hash_table_insert(owners, key, (gpointer)group);
				if (port->number + host->port_offset > 65535)
					ERROR(diag, port->place, "port-range",
					      "port %d of service '%s' plus the offset %d of host "
					      "'%s' is over 65535",
					      (int)port->number, service->name,
					      (int)host->port_offset, host->name);
			}
		}
	}
}

static void lint_names(const SmithFleet *fleet, SmithDiag *diag)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *name = g_strconcat(fleet->registry, "/x:", fleet->tag, NULL);
	if (!smith_ref_check_name(name, &error))
		ERROR(diag, fleet->place, "bad-reference",
		      "registry '%s' and tag '%s' make no legal image name: %s", fleet->registry,
		      fleet->tag, error->message);
	g_clear_error(&error);
	SmithCompression compression;
	if (!smith_compression_from_name(fleet->compression, &compression, &error))
		ERROR(diag, fleet->place, "bad-value", "%s", error->message);
	g_clear_error(&error);
	g_autofree char *prefix = smith_entry_path_normalize(fleet->prefix, &error);
	if (prefix == NULL || strcmp(prefix, ".") == 0)
		ERROR(diag, fleet->place, "bad-value", "prefix '%s' is no path for a venv",
		      fleet->prefix);
}

void smith_lint_fleet(const SmithFleet *fleet, SmithDiag *diag)
{
	lint_names(fleet, diag);
	lint_families(fleet, diag);
	lint_services(fleet, diag);
	lint_groups(fleet, diag);
	for (guint i = 0; i < fleet->hosts->len; i++)
		lint_host_ports(fleet, fleet->hosts->pdata[i], diag);
	smith_diag_sort(diag);
}
