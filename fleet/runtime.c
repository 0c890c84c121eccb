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

/* A Python string literal. */
static char *literal(const char *text)
{
	GString *out = g_string_new("'");
	for (; *text != '\0'; text++) {
		if (*text == '\'' || *text == '\\')
			g_string_append_c(out, '\\');
		if (g_ascii_iscntrl(*text))
			g_string_append_printf(out, "\\x%02x", (guchar)*text);
		else
			g_string_append_c(out, *text);
	}
	g_string_append_c(out, '\'');
	return g_string_free(out, FALSE);
}

/* The image's own pyzmq asks, as it answers inside the service. */
static char *probe_zmq(const SmithHealth *health, gint64 port, gint64 seconds)
{
	g_autofree char *request = literal(health->zmq != NULL ? health->zmq : "{}");
	return g_strdup_printf("import json,zmq;s=zmq.Context().socket(zmq.REQ);"
			       "s.setsockopt(zmq.LINGER,0);s.setsockopt(zmq.RCVTIMEO,%d);"
			       "s.connect('tcp://127.0.0.1:%" G_GINT64_FORMAT "');"
			       "s.send_string(%s);json.loads(s.recv())",
			       (int)seconds * 1000, port, request);
}

/* The message of a request is one field, the name; SERVING is 1 in the first field of the answer.
 */
static char *probe_grpc(const SmithHealth *health, gint64 port, gint64 seconds)
{
	const char *name = health->grpc != NULL ? health->grpc : "";
	gsize length = MIN(strlen(name), 127);
	g_autofree char *cut = g_strndup(name, length);
	g_autofree char *quoted = literal(cut);
	return g_strdup_printf("import grpc;c=grpc.insecure_channel('127.0.0.1:%" G_GINT64_FORMAT
			       "');n=%s.encode();r=c.unary_unary('/grpc.health.v1.Health/Check')("
			       "b'\\n'+bytes([len(n)])+n if n else b'',timeout=%" G_GINT64_FORMAT
			       ");raise SystemExit(r[:2]!=b'\\x08\\x01')",
			       port, quoted, seconds);
}

static char *probe(const SmithHealth *health, gint64 port)
{
	gint64 seconds = MAX(health->timeout / 1000000000, 1);
	if (health->kind == SMITH_HEALTH_ZMQ)
		return probe_zmq(health, port, seconds);
	if (health->kind == SMITH_HEALTH_GRPC)
		return probe_grpc(health, port, seconds);
	if (health->kind == SMITH_HEALTH_TCP)
		return g_strdup_printf("import socket;socket.create_connection(('127.0.0.1',"
				       "%" G_GINT64_FORMAT "),%" G_GINT64_FORMAT ").close()",
				       port, seconds);
	g_autofree char *path = literal(health->http);
	return g_strdup_printf("import http.client as h;c=h.HTTPConnection('127.0.0.1',"
			       "%" G_GINT64_FORMAT ",timeout=%" G_GINT64_FORMAT ");"
			       "c.request('GET',%s);raise SystemExit(c.getresponse().status!=200)",
			       port, seconds, path);
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

char **smith_runtime_health(const SmithFleet *fleet, const SmithService *service,
			    const SmithGroup *group, const SmithHost *host)
{
	const SmithHealth *health = service->health;
	if (health == NULL)
		return NULL;
	GPtrArray *argv = g_ptr_array_new();
	if (health->kind == SMITH_HEALTH_EXEC) {
		add_all(argv, health->exec);
		return finish(argv);
	}
	g_ptr_array_add(argv, smith_runtime_python(fleet));
	add(argv, "-c");
	g_ptr_array_add(argv, probe(health, smith_runtime_health_port(service, group, host)));
	return finish(argv);
}
