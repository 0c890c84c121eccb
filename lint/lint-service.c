/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/lint-service.h"

#include <string.h>

#include "base/entry.h"
#include "fleet/part.h"
#include "lint/rule.h"
#include "oci/spec.h"

/* What can stand in a request as it is. */
static bool is_http_path(const char *path)
{
	const char *at = path;
	while (g_ascii_isgraph(*at))
		at++;
	return *path == '/' && *at == '\0';
}

static void tell_unbound(const SmithService *service, SmithDiag *diag)
{
	const SmithHealth *health = service->health;
	if (health->port == NULL) {
		smith_lint_report(diag, "health-port-unbound", health->place, service->name,
				  "health of service '%s' needs 'port': the service has %u ports",
				  service->name, service->ports->len);
		return;
	}
	g_autofree char *hint = smith_lint_suggest(health->port, service->ports);
	smith_lint_report(diag, "health-port-unbound",
			  smith_service_place(service, "health", "port"), service->name,
			  "service '%s' has no port '%s'%s", service->name, health->port, hint);
}

static const SmithPort *health_port(const SmithService *service)
{
	if (service->health->port != NULL)
		return smith_service_port(service, service->health->port);
	return service->ports->len == 1 ? service->ports->pdata[0] : NULL;
}

/* A socket that the class binds beside @port and that its name says to speak HTTP. */
static const SmithPort *http_beside(const SmithService *service, const SmithPort *port)
{
	for (guint i = 0; i < service->ports->len; i++) {
		const SmithPort *other = service->ports->pdata[i];
		if (other->implicit && other != port && strstr(other->name, "http") != NULL &&
		    g_str_has_prefix(other->name, port->name))
			return other;
	}
	return NULL;
}

static void lint_kind(const SmithService *service, const SmithPort *port, SmithDiag *diag)
{
	const SmithHealth *health = service->health;
	const SmithPort *other =
		health->kind == SMITH_HEALTH_HTTP ? http_beside(service, port) : NULL;
	if (port->protocol == SMITH_PROTOCOL_UDP)
		smith_lint_report(
			diag, "health-kind", health->place, service->name,
			"health of service '%s' asks port '%s' by TCP, which is one of UDP",
			service->name, port->name);
	else if (other != NULL)
		smith_lint_report(diag, "health-kind", health->place, service->name,
				  "health of service '%s' asks port '%s' by HTTP, which is "
				  "answered on port '%s'",
				  service->name, port->name, other->name);
	else if (port->implicit && strstr(port->name, "http") != NULL &&
		 (health->kind == SMITH_HEALTH_ZMQ || health->kind == SMITH_HEALTH_GRPC))
		smith_lint_report(diag, "health-kind", health->place, service->name,
				  "health of service '%s' asks port '%s' by %s, which answers HTTP",
				  service->name, port->name,
				  health->kind == SMITH_HEALTH_ZMQ ? "ZeroMQ" : "gRPC");
}

static void lint_health(const SmithService *service, SmithDiag *diag)
{
	const SmithHealth *health = service->health;
	if (health == NULL || health->kind == SMITH_HEALTH_EXEC ||
	    (health->kind == SMITH_HEALTH_HTTP && health->http == NULL))
		return;
	if (service->image != NULL)
		smith_lint_report(diag, "health-upstream", health->place, service->name,
				  "health of service '%s' must be 'exec': its image is not ours "
				  "and has not what makes other checks",
				  service->name);
	if (health->http != NULL && !is_http_path(health->http))
		smith_lint_report(diag, "health-path", health->place, service->name,
				  "health path '%s' of service '%s' must begin with '/' and hold "
				  "no white space and nothing but ASCII",
				  health->http, service->name);
	const SmithPort *port = health_port(service);
	if (port == NULL)
		tell_unbound(service, diag);
	else
		lint_kind(service, port, diag);
}

static bool is_below_fleet(const char *path)
{
	g_autofree char *normal = smith_entry_path_normalize(path, NULL);
	return normal != NULL && *path != '/';
}

/* An empty command would leave a container with nothing to run. */
static void lint_exec(char **exec, SmithPlace place, const char *what, const SmithService *service,
		      SmithDiag *diag)
{
	if (exec != NULL && (exec[0] == NULL || exec[0][0] == '\0'))
		smith_lint_report(diag, "empty-command", place, service->name,
				  "'exec' in %s of service '%s' names no program", what,
				  service->name);
}

static void lint_app(const SmithService *service, SmithDiag *diag)
{
	const SmithApp *app = service->app;
	lint_exec(app->exec, app->place, "app", service, diag);
	for (char **file = app->files; *file != NULL; file++)
		if (!is_below_fleet(*file))
			smith_lint_report(diag, "app-path", app->place, service->name,
					  "app path '%s' of service '%s' must be relative to the "
					  "fleet and stay inside it",
					  *file, service->name);
	if (app->script != NULL && !is_below_fleet(app->script))
		smith_lint_report(diag, "app-path", app->place, service->name,
				  "script '%s' of service '%s' must be relative to the fleet and "
				  "stay inside it",
				  app->script, service->name);
	if (app->asgi != NULL && strchr(app->asgi, ':') == NULL)
		smith_lint_report(diag, "asgi-form", app->place, service->name,
				  "asgi '%s' of service '%s' must be 'module:attribute'", app->asgi,
				  service->name);
}

void smith_lint_env(GHashTable *env, SmithPlace place, const char *who, SmithDiag *diag)
{
	g_autoptr(GList) keys = g_list_sort(g_hash_table_get_keys(env), (GCompareFunc)strcmp);
	for (GList *key = keys; key != NULL; key = key->next)
		if (*(char *)key->data == '\0' || strpbrk(key->data, "= \t\r\n") != NULL)
			smith_lint_report(diag, "env-name", place, who,
					  "'%s' in env of '%s' is no name of an environment "
					  "variable",
					  (char *)key->data, who);
}

void smith_lint_service(const SmithService *service, SmithDiag *diag)
{
	gsize length = strlen(service->slug);
	if (length == 0 || length > SMITH_LINT_NAME_MAX)
		smith_lint_report(diag, "bad-name", service->place, service->name,
				  "service name '%s' must have from 1 to %d letters and digits",
				  service->name, SMITH_LINT_NAME_MAX);
	lint_app(service, diag);
	smith_lint_env(service->env, service->place, service->name, diag);
	lint_exec(service->health != NULL ? service->health->exec : NULL,
		  service->health != NULL ? service->health->place : service->place, "health",
		  service, diag);
	lint_health(service, diag);
}

static bool needs_probe(const SmithService *service)
{
	return service->health != NULL &&
	       (service->health->kind != SMITH_HEALTH_EXEC || service->supervises != NULL);
}

void smith_lint_probe(const SmithFleet *fleet, SmithDiag *diag)
{
	g_autoptr(SmithPlatform) own = smith_platform_own();
	g_autofree char *platform =
		fleet->platform != NULL ? g_strdup(fleet->platform) : smith_platform_to_string(own);
	if (smith_part_has_probe(platform))
		return;
	for (guint i = 0; i < fleet->built->len; i++) {
		const SmithService *service = fleet->built->pdata[i];
		if (needs_probe(service))
			smith_lint_report(
				diag, "probe-missing", service->health->place, service->name,
				"health of service '%s' is asked by oci-probe, which this "
				"ocismith has not for '%s'",
				service->name, platform);
	}
}
