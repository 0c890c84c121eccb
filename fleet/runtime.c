/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/runtime.h"

#include <string.h>

static void add(GPtrArray *argv, const char *argument)
{
	g_ptr_array_add(argv, g_strdup(argument));
}

static void add_all(GPtrArray *argv, char **arguments)
{
	for (; *arguments != NULL; arguments++)
		add(argv, *arguments);
}

static char **finish(GPtrArray *argv)
{
	g_ptr_array_add(argv, NULL);
	return (char **)g_ptr_array_free(argv, FALSE);
}

char *smith_runtime_python(const SmithFleet *fleet)
{
	return g_strconcat("/", fleet->prefix, "/bin/python3", NULL);
}

const SmithPort *smith_runtime_port(const SmithService *service)
{
	const SmithPort *named = smith_service_port(service, "service");
	return named != NULL || service->ports->len == 0 ? named : service->ports->pdata[0];
}

static void add_number(GPtrArray *argv, gint64 number)
{
	g_ptr_array_add(argv, g_strdup_printf("%" G_GINT64_FORMAT, number));
}

/* What a port's number is where the program runs; @group is NULL when no host is meant. */
static gint64 bound(const SmithPort *port, const SmithService *service, const SmithGroup *group,
		    const SmithHost *host)
{
	return group != NULL ? smith_port_bound(port, service, group, host) : port->number;
}

static void add_asgi(GPtrArray *argv, const SmithService *service, const SmithGroup *group,
		     const SmithHost *host)
{
	add(argv, "-m");
	add(argv, "uvicorn");
	add(argv, service->app->asgi);
	add(argv, "--host");
	add(argv, "0.0.0.0");
	add(argv, "--port");
	const SmithPort *port = smith_runtime_port(service);
	add_number(argv, port != NULL ? bound(port, service, group, host) : 8000);
}

char **smith_runtime_command(const SmithFleet *fleet, const SmithService *service,
			     const SmithGroup *group, const SmithHost *host)
{
	const SmithApp *app = service->app;
	GPtrArray *argv = g_ptr_array_new();
	g_autofree char *python = smith_runtime_python(fleet);
	switch (app->form) {
	case SMITH_APP_EXEC:
		add_all(argv, app->exec);
		break;
	case SMITH_APP_SCRIPT:
		add(argv, python);
		g_ptr_array_add(argv, g_strconcat(SMITH_APP_DIRECTORY, "/", app->script, NULL));
		break;
	case SMITH_APP_MODULE:
		add(argv, python);
		add(argv, "-m");
		add(argv, app->module);
		break;
	case SMITH_APP_ASGI:
		add(argv, python);
		add_asgi(argv, service, group, host);
		break;
	case SMITH_APP_NONE:
		break;
	}
	for (guint i = 0; i < service->ports->len; i++) {
		const SmithPort *port = service->ports->pdata[i];
		if (port->argument == NULL)
			continue;
		add(argv, port->argument);
		add_number(argv, bound(port, service, group, host));
	}
	add_all(argv, app->args);
	return finish(argv);
}

gint64 smith_runtime_health_port(const SmithService *service, const SmithGroup *group,
				 const SmithHost *host)
{
	const SmithHealth *health = service->health;
	if (health == NULL || health->port_number == 0)
		return 0;
	const SmithPort *port = health->port != NULL ? smith_service_port(service, health->port)
						     : service->ports->pdata[0];
	return bound(port, service, group, host);
}

void smith_runtime_add_check(GPtrArray *argv, const SmithService *service, const SmithGroup *group,
			     const SmithHost *host)
{
	static const char *const kinds[] = {[SMITH_HEALTH_HTTP] = "http",
					    [SMITH_HEALTH_TCP] = "tcp",
					    [SMITH_HEALTH_ZMQ] = "zmq",
					    [SMITH_HEALTH_GRPC] = "grpc",
					    [SMITH_HEALTH_EXEC] = "exec"};
	const SmithHealth *health = service->health;
	add(argv, kinds[health->kind]);
	if (health->kind == SMITH_HEALTH_EXEC) {
		add_number(argv, g_strv_length(health->exec));
		add_all(argv, health->exec);
		return;
	}
	gint64 port = smith_runtime_health_port(service, group, host);
	g_ptr_array_add(argv, g_strdup_printf("127.0.0.1:%" G_GINT64_FORMAT, port));
	if (health->kind == SMITH_HEALTH_HTTP)
		add(argv, health->http != NULL ? health->http : "/");
	else if (health->kind == SMITH_HEALTH_ZMQ)
		add(argv, health->zmq != NULL ? health->zmq : "{}");
	else if (health->kind == SMITH_HEALTH_GRPC)
		add(argv, health->grpc != NULL ? health->grpc : "");
}

void smith_runtime_add_timeout(GPtrArray *argv, const SmithHealth *health)
{
	enum { NANOSECONDS = 1000000, MOST = 3600000 };
	add(argv, "-t");
	add_number(argv, CLAMP(health->timeout / NANOSECONDS, 1, MOST));
}

char **smith_runtime_health(const SmithService *service, const SmithGroup *group,
			    const SmithHost *host)
{
	const SmithHealth *health = service->health;
	if (health == NULL)
		return NULL;
	GPtrArray *argv = g_ptr_array_new();
	if (health->kind == SMITH_HEALTH_EXEC) {
		add_all(argv, health->exec);
		return finish(argv);
	}
	add(argv, SMITH_PROBE_COMMAND);
	smith_runtime_add_timeout(argv, health);
	smith_runtime_add_check(argv, service, group, host);
	/* what oci-probe takes for granted: not everything that passes words on keeps empty ones */
	if (*(char *)argv->pdata[argv->len - 1] == '\0')
		g_free(g_ptr_array_steal_index(argv, argv->len - 1));
	return finish(argv);
}
