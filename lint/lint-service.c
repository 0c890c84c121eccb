/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/lint-service.h"

#include <string.h>

#include "base/entry.h"

static void lint_health(const SmithService *service, SmithDiag *diag)
{
	SmithHealth *health = service->health;
	if (health == NULL || health->kind == SMITH_HEALTH_EXEC ||
	    (health->http == NULL && !health->tcp))
		return;
	if (health->http != NULL &&
	    (health->http[0] != '/' || strpbrk(health->http, " \t\r\n") != NULL))
		SMITH_LINT_ERROR(diag, health->place, "health-path",
				 "health path '%s' of service '%s' must begin with '/' and hold no "
				 "white space",
				 health->http, service->name);
	for (guint i = 0; i < service->ports->len; i++) {
		const SmithPort *port = service->ports->pdata[i];
		if (g_strcmp0(port->name, health->port) == 0 ||
		    (health->port == NULL && service->ports->len == 1))
			health->port_number = port->number;
	}
	g_autofree char *hint =
		smith_lint_suggest(health->port != NULL ? health->port : "", service->ports);
	if (health->port_number == 0 && health->port == NULL)
		SMITH_LINT_ERROR(diag, health->place, "health-port",
				 "health of service '%s' needs 'port': the service has %u ports",
				 service->name, service->ports->len);
	else if (health->port_number == 0)
		SMITH_LINT_ERROR(diag, health->place, "health-port",
				 "service '%s' has no port '%s'%s", service->name, health->port,
				 hint);
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
		SMITH_LINT_ERROR(diag, place, "empty-command",
				 "'exec' in %s of service '%s' names no program", what,
				 service->name);
}

static void lint_app(const SmithService *service, SmithDiag *diag)
{
	const SmithApp *app = service->app;
	lint_exec(app->exec, app->place, "app", service, diag);
	for (char **file = app->files; *file != NULL; file++)
		if (!is_below_fleet(*file))
			SMITH_LINT_ERROR(diag, app->place, "app-path",
					 "app path '%s' of service '%s' must be relative to the "
					 "fleet and stay inside it",
					 *file, service->name);
	if (app->script != NULL && !is_below_fleet(app->script))
		SMITH_LINT_ERROR(diag, app->place, "app-path",
				 "script '%s' of service '%s' must be relative to the fleet and "
				 "stay inside it",
				 app->script, service->name);
	if (app->asgi != NULL && strchr(app->asgi, ':') == NULL)
		SMITH_LINT_ERROR(diag, app->place, "asgi",
				 "asgi '%s' of service '%s' must be 'module:attribute'", app->asgi,
				 service->name);
}

/* What Tmpfs= of a unit can say: the rest of its line, options behind a colon. */
static void lint_tmpfs(const SmithService *service, SmithDiag *diag)
{
	for (char **path = service->tmpfs; *path != NULL; path++) {
		bool legal = **path == '/' && strpbrk(*path, ":,\\") == NULL;
		for (const char *p = *path; *p != '\0'; p++)
			legal = legal && !g_ascii_iscntrl(*p);
		if (!legal)
			SMITH_LINT_ERROR(diag, service->place, "tmpfs",
					 "tmpfs '%s' of service '%s' must be an absolute path "
					 "without ':', ',' and '\\'",
					 *path, service->name);
	}
}

static void lint_ports(const SmithService *service, SmithDiag *diag)
{
	for (guint i = 0; i < service->ports->len; i++) {
		const SmithPort *port = service->ports->pdata[i];
		for (guint j = 0; j < i; j++) {
			const SmithPort *other = service->ports->pdata[j];
			if (port->number == other->number)
				SMITH_LINT_ERROR(diag, port->place, "same-port",
						 "ports '%s' and '%s' of service '%s' are both %d",
						 other->name, port->name, service->name,
						 (int)port->number);
		}
	}
}

void smith_lint_env(GHashTable *env, SmithPlace place, const char *who, SmithDiag *diag)
{
	g_autoptr(GList) keys = g_list_sort(g_hash_table_get_keys(env), (GCompareFunc)strcmp);
	for (GList *key = keys; key != NULL; key = key->next)
		if (*(char *)key->data == '\0' || strpbrk(key->data, "= \t\r\n") != NULL)
			SMITH_LINT_ERROR(diag, place, "env-name",
					 "'%s' in env of '%s' is no name of an environment "
					 "variable",
					 (char *)key->data, who);
}

void smith_lint_service(const SmithService *service, SmithDiag *diag)
{
	gsize length = strlen(service->slug);
	if (length == 0 || length > SMITH_LINT_NAME_MAX)
		SMITH_LINT_ERROR(diag, service->place, "bad-name",
				 "service name '%s' must have from 1 to %d letters and digits",
				 service->name, SMITH_LINT_NAME_MAX);
	lint_app(service, diag);
	lint_tmpfs(service, diag);
	lint_ports(service, diag);
	smith_lint_env(service->env, service->place, service->name, diag);
	lint_exec(service->health != NULL ? service->health->exec : NULL,
		  service->health != NULL ? service->health->place : service->place, "health",
		  service, diag);
	lint_health(service, diag);
}
