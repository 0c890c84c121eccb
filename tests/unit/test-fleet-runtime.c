/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/runtime.h"

#include "tests/unit/fleet-test.h"

/* The fleet of one service with these lines of it. */
static const SmithService *service_of(TestFleet *test, const char *lines)
{
	g_autofree char *text =
		g_strdup_printf("fleet: t\nservices:\n  Site:\n    family: base\n%s", lines);

	test_fleet_write(test, "families.d/base.yaml", "family: base\nfrom: debian:12\n");
	test_fleet_write(test, "fleet.yaml", text);
	test_fleet_load(test);
	return smith_fleet_service(test->fleet, "Site");
}

static void check_command(const char *lines, const char *expected)
{
	g_auto(TestFleet) test = test_fleet_new();
	const SmithService *service = service_of(&test, lines);
	g_auto(GStrv) command = smith_runtime_command(test.fleet, service, NULL, NULL);
	g_autofree char *text = g_strjoinv("|", command);

	g_assert_cmpstr(text, ==, expected);
}

static void test_command(void)
{
	check_command("    app: {script: app/w.py, args: [-v, 'a b']}\n",
		      "/opt/venv/bin/python3|/app/app/w.py|-v|a b");
	check_command("    app: {module: a.b}\n", "/opt/venv/bin/python3|-m|a.b");
	check_command("    app: {asgi: 'a:b'}\n",
		      "/opt/venv/bin/python3|-m|uvicorn|a:b|--host|0.0.0.0|--port|8000");
	check_command("    app: {asgi: 'a:b', args: [--reload]}\n    ports: {x: 1, service: 2}\n",
		      "/opt/venv/bin/python3|-m|uvicorn|a:b|--host|0.0.0.0|--port|2|--reload");
	check_command("    app: {exec: [/bin/x, y], args: [z]}\n", "/bin/x|y|z");
	check_command("    app: {module: m}\nprefix: /srv/v\n", "/srv/v/bin/python3|-m|m");
}

static gint64 port_of(TestFleet *test, const char *lines)
{
	const SmithPort *port = smith_runtime_port(service_of(test, lines));

	return port != NULL ? port->number : 0;
}

static void test_port(void)
{
	g_auto(TestFleet) test = test_fleet_new();

	g_assert_cmpint(port_of(&test, "    app: {module: m}\n"), ==, 0);
	g_assert_cmpint(port_of(&test, "    app: {module: m}\n    ports: {a: 5, b: 6}\n"), ==, 5);
	g_assert_cmpint(port_of(&test, "    app: {module: m}\n    ports: {a: 5, service: 6}\n"), ==,
			6);
}

static char *health_of(const char *lines)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autofree char *all =
		g_strconcat("    app: {module: m}\n    ports: {a: 80}\n", lines, NULL);
	const SmithService *service = service_of(&test, all);
	g_auto(GStrv) health = smith_runtime_health(test.fleet, service, NULL, NULL);

	return health != NULL ? g_strjoinv("|", health) : NULL;
}

static void test_health(void)
{
	g_autofree char *none = health_of("");
	g_autofree char *exec = health_of("    health: {exec: [a, 'b c']}\n");
	g_autofree char *tcp = health_of("    health: {tcp: true, timeout: 500ms}\n");
	g_autofree char *http = health_of("    health: {http: \"/a'\\\\\\x01\", timeout: 3s}\n");

	g_assert_null(none);
	g_assert_cmpstr(exec, ==, "a|b c");
	g_assert_cmpstr(tcp, ==,
			"/opt/venv/bin/python3|-c|import socket;"
			"socket.create_connection(('127.0.0.1',80),1).close()");
	g_assert_cmpstr(http, ==,
			"/opt/venv/bin/python3|-c|import http.client as h;"
			"c=h.HTTPConnection('127.0.0.1',80,timeout=3);"
			"c.request('GET','/a\\'\\\\\\x01');"
			"raise SystemExit(c.getresponse().status!=200)");
}

/* The probes as Python takes them: against a port where nothing listens they fail, and quietly
 * enough for their exit status to be 1. */
static void test_probe_runs(void)
{
	g_autofree char *python = g_find_program_in_path("python3");
	g_auto(TestFleet) test = test_fleet_new();
	const SmithService *service;
	g_auto(GStrv) health = NULL;
	int status = 0;
	g_autoptr(GError) error = NULL;

	if (python == NULL) {
		g_test_skip("'python3' is not installed");
		return;
	}
	service = service_of(&test, "    app: {module: m}\n    ports: {a: 1}\n"
				    "    health: {http: \"/it's\"}\n");
	health = smith_runtime_health(test.fleet, service, NULL, NULL);
	g_free(health[0]);
	health[0] = g_steal_pointer(&python);
	g_spawn_sync(NULL, health, NULL, G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL,
		     NULL, NULL, NULL, NULL, &status, &error);
	g_assert_no_error(error);
	g_assert_false(g_spawn_check_wait_status(status, &error));
	g_assert_error(error, G_SPAWN_EXIT_ERROR, 1);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/fleet/runtime/command", test_command);
	g_test_add_func("/fleet/runtime/port", test_port);
	g_test_add_func("/fleet/runtime/health", test_health);
	g_test_add_func("/fleet/runtime/probe-runs", test_probe_runs);
	return g_test_run();
}
