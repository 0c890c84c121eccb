/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/environment.h"

#include "fleet/address.h"
#include "tests/unit/fleet-test.h"

/* Hosts, groups and services for every way from one to another. */
static const char fleet_text[] =
	"fleet: t\n"
	"variables: {WHERE: fleet}\n"
	"networks: {net: {subnet: 10.0.0.0/24}, inner: {internal: true}}\n"
	"hosts:\n"
	"  Main-PC:\n"
	"    address: 192.0.2.1\n"
	"    network: net\n"
	"    port_offset: 1000\n"
	"    variables: {WHERE: host}\n"
	"    env: {SHARED: host, WHERE: \"${WHERE}\", PROJECT_ROOT: /other}\n"
	"    machine: {THREADS: 16}\n"
	"  far: {address: 192.0.2.2}\n"
	"  dark: {}\n"
	"groups:\n"
	"  pod: {host: Main-PC, ip: 10.0.0.9, services: [A, B, Both]}\n"
	"  named: {host: Main-PC, services: [C]}\n"
	"  on-host: {host: Main-PC, mode: host, services: [D]}\n"
	"  on-host2: {host: Main-PC, mode: host, services: [D2]}\n"
	"  closed: {host: Main-PC, network: inner, services: [E]}\n"
	"  super: {host: Main-PC, mode: supervised, family: base, supervisor: {module: s},\n"
	"          services: [F, F2]}\n"
	"  far-pod: {host: far, services: [G, Both]}\n"
	"  dark-pod: {host: dark, services: [H, Both]}\n"
	"  dark-pod2: {host: dark, services: [H2]}\n"
	"services:\n"
	"  A: {family: base, app: {module: a}, ports: {service: 1, hidden: {port: 2, publish: "
	"false}}}\n"
	"  B: {family: base, app: {module: b}, ports: {service: 3}}\n"
	"  C: {family: base, app: {module: c}, ports: {service: 4}}\n"
	"  D: {family: base, app: {module: d}, ports: {service: 5, fixed: {port: 6, fixed: "
	"true}}}\n"
	"  D2: {family: base, app: {module: d}}\n"
	"  E: {family: base, app: {module: e}, ports: {service: 7}}\n"
	"  F: {family: base, app: {module: f}, ports: {service: 8}}\n"
	"  F2: {family: base, app: {module: f}, ports: {service: 9}}\n"
	"  G: {family: base, app: {module: g}, ports: {service: 10}}\n"
	"  H: {family: base, app: {module: h}, ports: {service: 11}}\n"
	"  H2: {family: base, app: {module: h}}\n"
	"  Off: {family: base, app: {module: o}, when: false, ports: {service: 12}}\n"
	"  Lost: {family: base, app: {module: o}, ports: {service: 13}}\n"
	"  Both:\n"
	"    family: base\n"
	"    app: {module: o}\n"
	"    ports: {service: 14}\n"
	"    hosts: {far: {ports: {service: 15}}}\n";

static void load(TestFleet *test, const char *text)
{
	test_fleet_write(test, "families.d/base.yaml",
			 "family: base\nfrom: debian:12\nenv: {PLAIN: x, F: 'f-${host.name}'}\n");
	test_fleet_write(test, "fleet.yaml", text);
	test_fleet_check(test);
}

static void test_address(void)
{
	static const struct {
		const char *from; /* a group */
		const char *to;
		const char *port;
		const char *expected; /* or the error */
	} rows[] = {
		{"pod", "A", "service", "127.0.0.1 1"},
		{"pod", "B", "service", "127.0.0.1 3"},
		{"pod", "A", NULL, "127.0.0.1 0"},
		{"named", "A", "service", "10.0.0.9 1"},
		{"named", "A", "hidden", "10.0.0.9 2"},
		{"pod", "C", "service", "named 4"},
		{"super", "C", "service", "named 4"},
		{"super", "F2", "service", "127.0.0.1 9"},
		{"pod", "F", "service", "super 8"},
		/* by the host: what is published, or bound there */
		{"pod", "D", "service", "host.containers.internal 1005"},
		{"pod", "D", "fixed", "host.containers.internal 6"},
		{"on-host", "D", "service", "127.0.0.1 1005"},
		{"on-host2", "D", "service", "127.0.0.1 1005"},
		{"on-host", "A", "service", "127.0.0.1 1001"},
		{"pod", "E", "service", "host.containers.internal 1007"},
		{"dark-pod2", "H", "service", "host.containers.internal 11"},
		/* another host */
		{"far-pod", "A", "service", "192.0.2.1 1001"},
		{"far-pod", "D", "service", "192.0.2.1 1005"},
		{"far-pod", "D", "fixed", "192.0.2.1 6"},
		{"pod", "G", "service", "192.0.2.2 10"},
		{"on-host", "G", "service", "192.0.2.2 10"},
		/* the nearest instance, with that host's ports */
		{"pod", "Both", "service", "127.0.0.1 14"},
		{"named", "Both", "service", "10.0.0.9 14"},
		{"far-pod", "Both", "service", "127.0.0.1 15"},
		/* nowhere */
		{"on-host", "A", "hidden",
		 "service 'A': its port 'hidden' is not published on host 'Main-PC'"},
		{"far-pod", "A", "hidden",
		 "service 'A': its port 'hidden' is not published on host 'Main-PC'"},
		{"pod", "H", "service", "service 'H': its host 'dark' has no 'address'"},
		{"closed", "A", "service",
		 "service 'A': the network 'inner' of group 'closed' has no way out to it"},
		{"pod", "A", "servce", "service 'A': it has no port 'servce'"},
		{"pod", "Lost", "service", "service 'Lost': it is in no group"},
	};
	g_auto(TestFleet) test = test_fleet_new();

	load(&test, fleet_text);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		SmithAddress address = {NULL, 0, 0};
		gboolean found =
			smith_address_find(test.fleet, smith_fleet_group(test.fleet, rows[i].from),
					   NULL, smith_fleet_service(test.fleet, rows[i].to),
					   rows[i].port, &address, &error);
		g_autofree char *text =
			found ? g_strdup_printf("%s %d", address.address, (int)address.port)
			      : g_strdup(error->message);

		g_assert_true(found == (error == NULL));
		g_assert_cmpstr(text, ==, rows[i].expected);
	}
}

static char *environment_of(TestFleet *test, const char *text, const char *group,
			    const char *service)
{
	g_autoptr(SmithEnvironment) environment = NULL;
	g_auto(GStrv) values = NULL;

	load(test, text);
	environment = smith_environment_new(test->fleet);
	values = smith_environment_of(environment, smith_fleet_group(test->fleet, group),
				      smith_fleet_service(test->fleet, service), test->diag);
	return g_strjoinv(" ", values);
}

static void check_environment(const char *more, const char *group, const char *service,
			      const char *expected)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autofree char *text = g_strconcat(fleet_text, more, NULL);
	g_autofree char *values = environment_of(&test, text, group, service);

	g_assert_cmpstr(values, ==, expected);
}

static void test_standard(void)
{
	check_environment("", "far-pod", "G",
			  "CONTAINER_MODE=podman F=f-far FAR_IP=192.0.2.2 MACHINE_TYPE=far "
			  "MAIN_PC_IP=192.0.2.1 PROJECT_ROOT=/app");
}

/* What says more of one variable comes first. */
static void test_order(void)
{
	check_environment("    env: {SHARED: mine, N: \"${THIS:-none} ${machine.THREADS} "
			  "${PORT_OFFSET} ${b.service}\"}\n",
			  "pod", "Both",
			  "CONTAINER_MODE=podman F=f-Main-PC FAR_IP=192.0.2.2 MACHINE_TYPE=Main-PC "
			  "MAIN_PC_IP=192.0.2.1 N=none 16 1000 3 PROJECT_ROOT=/other SHARED=mine "
			  "THREADS=16 WHERE=host");
}

static void test_provides(void)
{
	static const char provider[] = "    provides: {URL: \"x://${address}:${port}/${WHERE}\"}\n"
				       "  Other:\n"
				       "    family: base\n"
				       "    app: {module: m}\n"
				       "    ports: {a: {port: 99, publish: false}}\n"
				       "    provides: {URL: other, HIDDEN: \"${port}\"}\n";
	g_autofree char *fleet = g_strconcat(fleet_text, provider, NULL);
	g_auto(GStrv) parts = g_strsplit(fleet, "services: [C]", 2);
	g_autofree char *text = g_strconcat(parts[0], "services: [C, Other]", parts[1], NULL);
	static const struct {
		const char *group;
		const char *service;
		const char *url;
		const char *hidden;
	} rows[] = {
		{"pod", "A", "URL=x://127.0.0.1:14/host", "HIDDEN=99"},
		/* nearer than Both is */
		{"named", "C", "URL=other", "HIDDEN=99"},
		{"far-pod", "G", "URL=x://127.0.0.1:15/fleet", NULL},
		/* itself is not for it */
		{"named", "Other", "URL=x://10.0.0.9:14/host", NULL},
		{"closed", "E", NULL, NULL},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_auto(TestFleet) test = test_fleet_new();
		g_autofree char *values =
			environment_of(&test, text, rows[i].group, rows[i].service);
		g_auto(GStrv) list = g_strsplit(values, " ", -1);
		const char *const *found = (const char *const *)list;

		g_assert_true(rows[i].url == NULL ? strstr(values, "URL=") == NULL
						  : g_strv_contains(found, rows[i].url));
		g_assert_true(rows[i].hidden == NULL ? strstr(values, "HIDDEN=") == NULL
						     : g_strv_contains(found, rows[i].hidden));
	}
}

/* Of two ports that one variable tells the first; on the host's network the moved number. */
static void test_ports(void)
{
	static const char ports[] = "    ports: {a: {port: 20, env: [X, Y]}, "
				    "b: {port: 21, env: [Y, Z], fixed: true}}\n";
	g_auto(GStrv) parts = g_strsplit(fleet_text, "services: [D2]", 2);
	g_autofree char *text =
		g_strconcat(parts[0], "services: [D2, P]", parts[1],
			    "  P:\n    family: base\n    app: {module: p}\n", ports, NULL);
	g_auto(TestFleet) test = test_fleet_new();
	g_autofree char *values = environment_of(&test, text, "on-host2", "P");

	g_assert_nonnull(strstr(values, " X=1020 Y=1020 Z=21"));
}

static void check_findings(const char *more, const char *expected)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autofree char *text = g_strconcat(fleet_text, more, NULL);
	g_autoptr(SmithDiag) diag = smith_diag_new();
	g_autofree char *found = NULL;

	load(&test, text);
	smith_environment_check(test.fleet, diag);
	found = test_diag_text(diag);
	g_assert_cmpstr(found, ==, expected);
}

static void test_findings(void)
{
	check_findings("", "");
	check_findings("    env: {X: '${host.address}'}\n",
		       "fleet.yaml:44:14: error: variable 'host.address' in 'X' of 'Both' is not "
		       "defined on host 'dark' and has no default [variable-undefined]\n");
	check_findings("    env: {X: '${host.address:-x}', Y: '${Lost.service:-y}'}\n", "");
	check_findings("    env: {X: '${H.service}${NONE:-x}'}\n",
		       "fleet.yaml:44:14: error: 'H.service' in 'X' of 'Both' on host 'Main-PC': "
		       "service 'H': its host 'dark' has no 'address' [service-unreachable]\n"
		       "fleet.yaml:44:14: error: 'H.service' in 'X' of 'Both' on host 'far': "
		       "service 'H': its host 'dark' has no 'address' [service-unreachable]\n");
	check_findings("    env: {X: '${H.service:-x}${NONE'}\n",
		       "fleet.yaml:44:14: error: '${' has no '}' in 'X' of 'Both' "
		       "[expression-invalid]\n");
	/* one that all units share is told once */
	check_findings(
		"    provides: {X: '${NONE} ${port}'}\n",
		"fleet.yaml:44:19: error: variable 'NONE' in 'X' of 'Both' is not defined on "
		"host 'Main-PC' and has no default [variable-undefined]\n"
		"fleet.yaml:19:11: note: group 'closed' does not get what is provided by "
		"service 'Both': the network 'inner' of group 'closed' has no way out to it "
		"[provided-unreachable]\n"
		"fleet.yaml:44:19: error: variable 'NONE' in 'X' of 'Both' is not defined on "
		"host 'far' and has no default [variable-undefined]\n"
		"fleet.yaml:44:19: error: variable 'NONE' in 'X' of 'Both' is not defined on "
		"host 'dark' and has no default [variable-undefined]\n");
}

/* Whatever else is wrong. */
static void test_broken(void)
{
	static const char *const texts[] = {
		"fleet: t\nhosts: {h: }\ngroups: {g: {host: none, services: [A]}}\n"
		"services: {A: {family: base, app: {module: a}}}\n",
		"fleet: t\nhosts: {h: {}}\ngroups: {g: {host: h, services: [B, A, A]}}\n"
		"services: {A: {family: round, app: {module: a}, env: {X: '${B.x}${.}${a.}${A.}'}}}"
		"\n",
		"fleet: t\nhosts: {h: {}}\ngroups: {g: {host: h, mode: supervised, services: [A]}}"
		"\nservices: {A: {app: {module: a}}}\n",
	};
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_auto(TestFleet) test = test_fleet_new();
		g_autoptr(SmithDiag) diag = smith_diag_new();
		g_autoptr(GError) error = NULL;

		test_fleet_write(&test, "families.d/round.yaml", "family: round\nfrom: round\n");
		test_fleet_write(&test, "fleet.yaml", texts[i]);
		test.fleet = smith_fleet_load(test.path, test.diag, &error);
		g_assert_no_error(error);
		smith_environment_check(test.fleet, diag);
	}
}

/* Beside a pod there is no 127.0.0.1 to meet at, but a name on the group's networks. */
static void test_beside(void)
{
	static const struct {
		const char *from;
		const char *who;
		const char *to;
		const char *expected;
	} rows[] = {
		{"g", "A", "B", "b 2"},
		{"g", "B", "A", "10.0.0.5 1"},
		{"g", "B", "B", "127.0.0.1 2"},
		{"g", "A", "A", "127.0.0.1 1"},
		{"g", "C", "A", "127.0.0.1 101"},
		{"g", "A", "C", "host.containers.internal 103"},
		{"g", "D", "A", "service 'A': 'D' is on no network"},
		{"g", "A", "D", "service 'D': 'D' is on no network"},
		{"g", "E", "A", "10.1.0.5 1"},
		{"g", "E", "B", "b 2"},
		{"g", "E", "F", "other 6"},
		{"g", "A", "E", "e 5"},
		{"other", "F", "E", "e 5"},
		{"other", "F", "A", "10.1.0.5 1"},
		{"other", "F", "C",
		 "service 'C': the network 'y' of group 'other' has no way out to it"},
		{"hosted", "H", "C", "127.0.0.1 103"},
		{"hosted", "H", "I", "127.0.0.1 109"},
		{"hosted", "I", "H", "host.containers.internal 108"},
	};
	g_auto(TestFleet) test = test_fleet_new();
	load(&test,
	     "fleet: t\n"
	     "networks: {x: {subnet: 10.0.0.0/24}, y: {subnet: 10.1.0.0/24, internal: true}}\n"
	     "hosts: {h: {port_offset: 100}}\n"
	     "groups:\n"
	     "  g: {host: h, networks: [{name: x, ip: 10.0.0.5}, {name: y, ip: 10.1.0.5}],"
	     " services: [A, B, C, D, E]}\n"
	     "  other: {host: h, network: y, services: [F]}\n"
	     "  hosted: {host: h, mode: host, services: [H, I]}\n"
	     "services:\n"
	     "  A: {family: base, app: {module: a}, ports: {service: 1}}\n"
	     "  B: {family: base, app: {module: a}, ports: {service: 2}, pod: false}\n"
	     "  C: {family: base, app: {module: a}, ports: {service: 3}, pod: false, network: "
	     "host}\n"
	     "  D: {family: base, app: {module: a}, ports: {service: 4}, pod: false, network: "
	     "none}\n"
	     "  E: {family: base, app: {module: a}, ports: {service: 5}, pod: false, network: y}\n"
	     "  F: {family: base, app: {module: a}, ports: {service: 6}}\n"
	     "  H: {family: base, app: {module: a}, ports: {service: 8}}\n"
	     "  I: {family: base, app: {module: a}, ports: {service: 9}, pod: false, network: "
	     "x}\n");
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		SmithAddress address = {NULL, 0, 0};
		gboolean found = smith_address_find(
			test.fleet, smith_fleet_group(test.fleet, rows[i].from),
			smith_fleet_service(test.fleet, rows[i].who),
			smith_fleet_service(test.fleet, rows[i].to), "service", &address, &error);
		g_autofree char *text =
			found ? g_strdup_printf("%s %d", address.address, (int)address.port)
			      : g_strdup(error->message);

		g_assert_cmpstr(text, ==, rows[i].expected);
	}
}

static char *values_of(const TestFleet *test, const char *service)
{
	g_autoptr(SmithEnvironment) environment = smith_environment_new(test->fleet);
	g_autoptr(SmithDiag) diag = smith_diag_new();
	const SmithService *of = smith_fleet_service(test->fleet, service);
	g_auto(GStrv) values = smith_environment_of(environment, of->groups->pdata[0], of, diag);

	g_assert_cmpuint(diag->findings->len, ==, 0);
	return g_strjoinv(" ", values);
}

/* What of the machine profile can be a variable; a GPU that is asked for; a device that is not
 * there. */
static void test_machine(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	load(&test,
	     "fleet: t\n"
	     "hosts: {h: {machine: {THREADS: 4, a-b: 1, 'x y': 2, OWN: 3}, devices: {camera: "
	     "/dev/c},"
	     " gpu: {device: 'nvidia.com/gpu=0'}}}\n"
	     "groups: {g: {host: h, services: [A, B]}}\n"
	     "services:\n"
	     "  A: {family: base, app: {module: a}, gpu: required, env: {OWN: 5, AUDIO: alsa},\n"
	     "      optional_devices: {audio: {without: {AUDIO: dummy}},"
	     " camera: {without: {CAMERA: none}}, tpu: }}\n"
	     "  B: {family: base, app: {module: a}, gpu: optional, env: {REQUIRED_GPU: mine},"
	     " optional_devices: audio}\n");
	g_autofree char *a = values_of(&test, "A"), *b = values_of(&test, "B");

	g_assert_cmpstr(
		a, ==,
		"AUDIO=dummy CONTAINER_MODE=podman F=f-h MACHINE_TYPE=h OWN=5 PROJECT_ROOT=/app "
		"REQUIRED_GPU=true THREADS=4");
	g_assert_cmpstr(b, ==,
			"CONTAINER_MODE=podman F=f-h MACHINE_TYPE=h OWN=3 PROJECT_ROOT=/app "
			"REQUIRED_GPU=mine THREADS=4");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/fleet/address/find", test_address);
	g_test_add_func("/fleet/environment/standard", test_standard);
	g_test_add_func("/fleet/environment/order", test_order);
	g_test_add_func("/fleet/environment/provides", test_provides);
	g_test_add_func("/fleet/environment/ports", test_ports);
	g_test_add_func("/fleet/environment/findings", test_findings);
	g_test_add_func("/fleet/environment/broken", test_broken);
	g_test_add_func("/fleet/environment/beside", test_beside);
	g_test_add_func("/fleet/environment/machine", test_machine);
	return g_test_run();
}
