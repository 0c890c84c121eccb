/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/runtime.h"

#include "oci/spec.h"
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
	g_auto(GStrv) health = smith_runtime_health(service, NULL, NULL);

	return health != NULL ? g_strjoinv("|", health) : NULL;
}

static void check_health(const char *lines, const char *expected)
{
	g_autofree char *health = health_of(lines);
	g_assert_cmpstr(health, ==, expected);
}

static void test_health(void)
{
	check_health("", NULL);
	check_health("    health: {exec: [a, 'b c']}\n", "a|b c");
	check_health("    health: {tcp: true, timeout: 500ms}\n",
		     "/usr/libexec/oci-probe|-t|500|tcp|127.0.0.1:80");
	check_health("    health: {http: \"/a'\", timeout: 3s}\n",
		     "/usr/libexec/oci-probe|-t|3000|http|127.0.0.1:80|/a'");
	check_health("    health: {zmq: {a: \"'\"}, timeout: 24h}\n",
		     "/usr/libexec/oci-probe|-t|3600000|zmq|127.0.0.1:80|{\"a\":\"'\"}");
	check_health("    health: {grpc: pkg.Service}\n",
		     "/usr/libexec/oci-probe|-t|5000|grpc|127.0.0.1:80|pkg.Service");
	check_health("    health: {grpc: ''}\n",
		     "/usr/libexec/oci-probe|-t|5000|grpc|127.0.0.1:80");
}

/* All that must be there are asked at once, each as it is asked alone. */
static void test_supervised(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	test_fleet_write(&test, "families.d/web.yaml", "family: web\nfrom: debian:12\n");
	test_fleet_write(
		&test, "fleet.yaml",
		"fleet: t\n"
		"services:\n"
		"  A: {family: web, app: {module: m}, ports: {a: 80}, health: {grpc: ''}}\n"
		"  B: {family: web, app: {module: m}, health: {exec: [and, 'x y'], timeout: 9s}}\n"
		"  C: {family: web, app: {module: m}, ports: {a: 81}, health: {tcp: true},\n"
		"      required: false}\n"
		"  D: {family: web, app: {module: m}, ports: {a: 82}, health: {zmq: true}}\n"
		"  E: {family: web, app: {module: m}}\n"
		"groups:\n"
		"  g: {host: h, mode: supervised, family: web, supervisor: {module: s},\n"
		"      services: [A, B, C, D, E]}\n"
		"hosts: {h: {}}\n");
	test_fleet_load(&test);
	const SmithService *supervisor =
		smith_group_supervisor(test.fleet, smith_fleet_group(test.fleet, "g"));
	g_auto(GStrv) health = smith_runtime_health(supervisor, NULL, NULL);
	g_autofree char *text = g_strjoinv("|", health);
	g_assert_cmpstr(text, ==,
			"/usr/libexec/oci-probe|-t|9000|grpc|127.0.0.1:80||and|exec|2|and|x y|and|"
			"zmq|127.0.0.1:82|{\"action\":\"health_check\"}");
}

/* @health by the real program, which takes it and finds that nothing answers. */
static void check_probe(const char *probe, const char *health)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autofree char *lines = g_strdup_printf(
		"    app: {module: m}\n    ports: {a: 1}\n    health: %s\n", health);
	const SmithService *service = service_of(&test, lines);
	g_auto(GStrv) argv = smith_runtime_health(service, NULL, NULL);
	g_autofree char *told = NULL;
	g_autoptr(GError) error = NULL;
	int status = 0;

	g_free(argv[0]);
	argv[0] = g_strdup(probe);
	g_spawn_sync(NULL, argv, NULL, 0, NULL, NULL, NULL, &told, &status, &error);
	g_assert_no_error(error);
	g_assert_true(g_str_has_suffix(told, "127.0.0.1:1: nothing listens there\n"));
	g_assert_false(g_spawn_check_wait_status(status, &error));
	g_assert_error(error, G_SPAWN_EXIT_ERROR, 1);
}

static void test_probe_runs(void)
{
	g_autoptr(SmithPlatform) own = smith_platform_own();
	g_autoptr(GBytes) bytes = smith_probe_get(own->architecture, NULL);
	g_auto(TestFleet) test = test_fleet_new();
	g_autofree char *probe = g_build_filename(test.path, "probe", NULL);

	if (bytes == NULL) {
		g_test_skip("there is no oci-probe for this machine");
		return;
	}
	g_assert_true(g_file_set_contents_full(probe, g_bytes_get_data(bytes, NULL),
					       (gssize)g_bytes_get_size(bytes), 0, 0755, NULL));
	check_probe(probe, "{http: \"/it's?\\\"\"}");
	check_probe(probe, "{tcp: true}");
	check_probe(probe, "{zmq: {a: \"'\\\"\"}}");
	check_probe(probe, "{grpc: ''}");
	check_probe(probe, "{grpc: a.B}");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/fleet/runtime/command", test_command);
	g_test_add_func("/fleet/runtime/port", test_port);
	g_test_add_func("/fleet/runtime/health", test_health);
	g_test_add_func("/fleet/runtime/supervised", test_supervised);
	g_test_add_func("/fleet/runtime/probe-runs", test_probe_runs);
	return g_test_run();
}
