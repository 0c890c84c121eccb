/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/load.h"

#include "fleet/base-image.h"
#include "fleet/expr.h"
#include "tests/unit/fleet-test.h"

/* The wider model: classes, hosts, ports, needs, conditions, mounts, limits, supervised groups. */

#define MIB (G_GINT64_CONSTANT(1) << 20)
#define APP "family: f, app: {script: a.py}"

static SmithFleet *load(TestFleet *test, const char *text)
{
	g_autoptr(GError) error = NULL;
	test_fleet_write(test, "fleet.yaml", text);
	g_clear_pointer(&test->fleet, smith_fleet_free);
	g_clear_pointer(&test->diag, smith_diag_free);
	test->diag = smith_diag_new();
	test->fleet = smith_fleet_load(test->path, test->diag, &error);
	g_assert_no_error(error);
	return test->fleet;
}

/* As load(), of a fleet of which nothing is to be told. */
static SmithFleet *load_good(TestFleet *test, const char *text)
{
	load(test, text);
	g_autofree char *findings = test_diag_text(test->diag);
	g_assert_cmpstr(findings, ==, "");
	return test->fleet;
}

/* "RULE RULE", in the order of the file. */
static void check_rules(TestFleet *test, const char *text, const char *expected)
{
	load(test, text);
	smith_diag_sort(test->diag);
	g_autoptr(GString) rules = g_string_new(NULL);
	for (guint i = 0; i < test->diag->findings->len; i++) {
		const SmithFinding *finding = test->diag->findings->pdata[i];
		g_string_append_printf(rules, "%s%s", i > 0 ? " " : "", finding->rule);
	}
	if (strcmp(rules->str, expected) != 0) {
		g_autofree char *findings = test_diag_text(test->diag);
		g_error("%s\nis told '%s', not '%s':\n%s", text, rules->str, expected, findings);
	}
}

static void check_port(const SmithService *service, const char *name, gint64 number)
{
	const SmithPort *port = smith_service_port(service, name);
	g_assert_nonnull(port);
	g_assert_cmpint(port->number, ==, number);
}

static const char *env(const SmithService *service, const char *name)
{
	return g_hash_table_lookup(service->env, name);
}

static void test_classes(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	const SmithFleet *fleet = load_good(
		&test,
		"fleet: t\n"
		"classes:\n"
		"  Empty:\n"
		"  Base:\n"
		"    family: f\n"
		"    env: {A: 1, B: 2}\n"
		"    labels: {team: core}\n"
		"    ports: {health: 81, service: 80}\n"
		"    implicit_ports: {http: health+1}\n"
		"    health: {http: /h, port: health}\n"
		"    volumes: ['/a:/a']\n"
		"    tmpfs: /t\n"
		"services:\n"
		"  S: {class: Base, app: {script: a.py}, env: {B: 3, C: 4}, ports: {service: 90},\n"
		"      volumes: ['/b:/b'], tmpfs: null, labels: {team: own}}\n"
		"  T: {class: Empty, " APP "}\n"
		"  U: {class: Base, app: {module: m}, env: null}\n");
	const SmithService *s = smith_fleet_service(fleet, "S");
	g_assert_cmpstr(s->family, ==, "f");
	g_assert_cmpstr(env(s, "A"), ==, "1");
	g_assert_cmpstr(env(s, "B"), ==, "3");
	g_assert_cmpstr(env(s, "C"), ==, "4");
	g_assert_cmpstr(g_hash_table_lookup(s->labels, "team"), ==, "own");
	check_port(s, "service", 90);
	check_port(s, "health", 81);
	check_port(s, "http", 82);
	g_assert_cmpint(s->health->port_number, ==, 81);
	g_assert_cmpuint(s->volumes->len, ==, 1);
	g_assert_cmpstr(((SmithMount *)s->volumes->pdata[0])->volume, ==, "/b");
	g_assert_null(s->tmpfs[0]);
	const SmithService *u = smith_fleet_service(fleet, "U");
	g_assert_cmpuint(g_hash_table_size(u->env), ==, 0);
	g_assert_cmpstr(u->tmpfs[0], ==, "/t");
	check_port(u, "service", 80);
}

static void test_bad_classes(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	check_rules(&test, "fleet: t\nclasses: []\n", "wrong-type");
	check_rules(&test, "fleet: t\nclasses: {C: []}\n", "wrong-type");
	check_rules(&test, "fleet: t\nclasses: {C: {ennv: {}}}\n", "unknown-key");
	check_rules(&test, "fleet: t\nclasses: {C: {class: D}}\n", "unknown-key");
	check_rules(&test, "fleet: t\nclasses: {C: {hosts: {}}}\n", "unknown-key");
	check_rules(&test, "fleet: t\nservices: {S: {class: C, " APP "}}\n", "unknown-class");
	check_rules(&test, "fleet: t\nservices: {S: {class: 1, " APP "}}\n", "wrong-type");
	check_rules(&test, "fleet: t\nclasses: {C: }\nservices: {S: {class: C}}\n",
		    "missing-key missing-key");
}

/* Small documents whose classes and hosts would make gigabytes of values. */
static void test_large(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(GString) text = g_string_new("fleet: t\nclasses: {C: {env: {");
	for (int i = 0; i < 20000; i++)
		g_string_append_printf(text, "V%d: 1, ", i);
	g_string_append(text, "}}}\nservices:\n");
	for (int i = 0; i < 2000; i++)
		g_string_append_printf(text, "  S%d: {class: C, " APP "}\n", i);
	load(&test, text->str);
	g_assert_cmpuint(test.diag->errors, >, 1900);
	g_assert_cmpuint(test.diag->errors, <, 2000);

	g_string_assign(text, "fleet: t\nservices:\n  S:\n    "
			      "family: f\n    app: {script: a}\n"
			      "    env: {");
	for (int i = 0; i < 20000; i++)
		g_string_append_printf(text, "V%d: 1, ", i);
	g_string_append(text, "}\n    hosts: {");
	for (int i = 0; i < 2000; i++)
		g_string_append_printf(text, "h%d: {}, ", i);
	g_string_append(text, "}\nhosts: {");
	for (int i = 0; i < 2000; i++)
		g_string_append_printf(text, "h%d: {}, ", i);
	g_string_append(text, "}\n");
	load(&test, text->str);
	g_assert_cmpuint(test.diag->errors, >, 1900);
	g_assert_cmpuint(test.diag->errors, <, 2000);
}

static const char two_hosts[] =
	"fleet: t\n"
	"variables: {LEVEL: info, BASE: 5000}\n"
	"features: {RTAP: 'true', OFF: 'false'}\n"
	"hosts:\n"
	"  a: {port_offset: 100, variables: {BASE: 6000}, machine: {GPU: big}, address: "
	"192.0.2.1}\n"
	"  b: {variables: {BASE: 7000}, machine: {GPU: small}}\n"
	"groups:\n"
	"  ga: {host: a, services: [S, T, Same]}\n"
	"  gb: {host: b, mode: host, services: [S, T, Same]}\n"
	"services:\n"
	"  S:\n"
	"    family: f\n"
	"    app: {script: a.py}\n"
	"    env: {A: 1, B: 2}\n"
	"    ports: {service: 80, health: 81}\n"
	"    health: {http: /h, port: health}\n"
	"    limits: {memory: 1g}\n"
	"    hosts:\n"
	"      b: {env: {B: 3}, ports: {health: 82}, limits: null, needs: [T], required: false}\n"
	"  T: {" APP ", ports: {service: '${BASE}+1'}, required: \"${machine.GPU} == 'big'\"}\n"
	"  Same: {" APP ", ports: {service: '${PORT_OFFSET}+9000'}, when: {RTAP: 'true'}}\n";

static void test_variants(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	const SmithFleet *fleet = load_good(&test, two_hosts);
	const SmithHost *a = smith_fleet_host(fleet, "a"), *b = smith_fleet_host(fleet, "b");
	const SmithService *s = smith_fleet_service(fleet, "S");
	const SmithService *on_b = smith_service_on(s, b);
	g_assert_true(smith_service_on(s, a) == s);
	g_assert_true(smith_service_on(s, NULL) == s);
	g_assert_true(on_b != s);
	g_assert_cmpstr(on_b->name, ==, "S");
	g_assert_cmpstr(on_b->slug, ==, "s");
	g_assert_cmpstr(env(on_b, "A"), ==, "1");
	g_assert_cmpstr(env(on_b, "B"), ==, "3");
	g_assert_cmpstr(env(s, "B"), ==, "2");
	check_port(on_b, "service", 80);
	check_port(on_b, "health", 82);
	g_assert_cmpint(on_b->health->port_number, ==, 82);
	g_assert_cmpint(s->health->port_number, ==, 81);
	g_assert_null(on_b->limits);
	g_assert_nonnull(s->limits);
	g_assert_cmpuint(on_b->needs->len, ==, 1);
	g_assert_false(on_b->required);
	g_assert_true(s->required);
}

/* No override says so, but the hosts' variables differ. */
static void test_variables_differ(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	const SmithFleet *fleet = load_good(&test, two_hosts);
	const SmithHost *a = smith_fleet_host(fleet, "a"), *b = smith_fleet_host(fleet, "b");
	const SmithService *t = smith_fleet_service(fleet, "T");
	check_port(smith_service_on(t, a), "service", 6001);
	check_port(smith_service_on(t, b), "service", 7001);
	g_assert_true(smith_service_on(t, a)->required);
	g_assert_false(smith_service_on(t, b)->required);
	const SmithService *same = smith_fleet_service(fleet, "Same");
	g_assert_true(smith_service_on(same, b) == same);
	g_assert_true(same->enabled);
	const SmithPort *port = smith_service_port(same, "service");
	g_assert_cmpint(port->number, ==, 9000);
	g_assert_cmpint(smith_port_bound(port, same, smith_fleet_group(fleet, "ga"), a), ==, 9000);
	g_assert_cmpint(smith_port_published(port, a), ==, 9100);
	g_assert_cmpint(smith_port_bound(port, same, smith_fleet_group(fleet, "gb"), b), ==, 9000);
}

static void test_bad_hosts(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	static const struct {
		const char *hosts;
		const char *rules;
	} rows[] = {
		{"[]", "wrong-type"},
		{"{x: {}}", "unknown-host"},
		{"{h: }", "wrong-type"},
		{"{h: []}", "wrong-type"},
		{"{h: {family: g}}", "unknown-key"},
		{"{h: {app: {script: b}}}", "unknown-key"},
		{"{h: {pip: []}}", "unknown-key"},
		{"{h: {class: C}}", "unknown-key"},
		{"{h: {hosts: {}}}", "unknown-key"},
		{"{h: {enw: {}}}", "unknown-key"},
		{"{h: {ports: {p: 0}}}", "port-out-of-range"},
		{"{h: {}}", ""},
	};
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strdup_printf(
			"fleet: t\nhosts: {h: {}}\nservices: {S: {" APP ", hosts: %s}}\n",
			rows[i].hosts);
		check_rules(&test, text, rows[i].rules);
	}
}

static void test_ports(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	static const struct {
		const char *port;
		const char *rules;
		gint64 number;
	} rows[] = {
		{"80", "", 80},
		{"'${PORT_OFFSET}+7200'", "", 7200},
		{"'${V}+1'", "", 71},
		{"'${W:-70}'", "", 70},
		{"'80'", "port-quoted-integer", 80},
		{"{port: '80'}", "port-quoted-integer", 80},
		{"{port: 80, protocol: udp, env: P, argument: --p}", "", 80},
		{"1", "", 1},
		{"65535", "", 65535},
		{"0", "port-out-of-range", 0},
		{"65536", "port-out-of-range", 0},
		{"-1", "port-invalid", 0},
		{"1.5", "wrong-type", 0},
		{"true", "wrong-type", 0},
		{"null", "wrong-type", 0},
		{"[80]", "wrong-type", 0},
		{"http", "port-invalid", 0},
		{"'${W}'", "variable-undefined", 0},
		{"'${V'", "expression-invalid", 0},
		{"{}", "missing-key", 0},
		{"{port: 80, ports: 81}", "unknown-key", 80},
		{"{port: 80, protocol: sctp}", "bad-value", 80},
	};
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text =
			g_strdup_printf("fleet: t\nvariables: {V: 70}\n"
					"services: {S: {" APP ", ports: {p: %s}}}\n",
					rows[i].port);
		check_rules(&test, text, rows[i].rules);
		check_port(smith_fleet_service(test.fleet, "S"), "p", rows[i].number);
	}
	check_rules(&test, "fleet: t\nservices: {S: {" APP ", ports: [80]}}\n", "wrong-type");
	check_rules(&test, "fleet: t\nservices: {S: {" APP ", ports: 80}}\n", "wrong-type");
}

static void test_port_flags(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	const SmithFleet *fleet = load_good(
		&test,
		"fleet: t\n"
		"hosts: {h: {port_offset: 1000}}\n"
		"groups: {g: {host: h, mode: host, services: [S, R]}}\n"
		"services:\n"
		"  S: {" APP ", ports: {a: 1, b: {port: 2, fixed: true},\n"
		"      c: {port: 3, offset: false, publish: false}}, implicit_ports: {d: b+8}}\n"
		"  R: {image: redis, ports: {a: 1, b: {port: 2, offset: true}}}\n");
	const SmithHost *host = smith_fleet_host(fleet, "h");
	const SmithGroup *group = smith_fleet_group(fleet, "g");
	static const struct {
		const char *service;
		const char *port;
		gint64 bound;
		gint64 published;
	} rows[] = {
		{"S", "a", 1001, 1001}, {"S", "b", 2, 2}, {"S", "c", 3, 3},
		{"S", "d", 10, 10},	{"R", "a", 1, 1}, {"R", "b", 1002, 1002},
	};
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		const SmithService *service = smith_fleet_service(fleet, rows[i].service);
		const SmithPort *port = smith_service_port(service, rows[i].port);
		g_assert_cmpint(smith_port_bound(port, service, group, host), ==, rows[i].bound);
		g_assert_cmpint(smith_port_published(port, host), ==, rows[i].published);
	}
	const SmithService *s = smith_fleet_service(fleet, "S");
	g_assert_cmpint(smith_service_port(s, "a")->publish, ==, SMITH_PUBLISH_ALL);
	g_assert_cmpint(smith_service_port(s, "c")->publish, ==, SMITH_PUBLISH_NONE);
	g_assert_true(smith_service_port(s, "d")->implicit);
	g_assert_cmpint(smith_service_port(s, "d")->publish, ==, SMITH_PUBLISH_NONE);
	g_assert_true(smith_service_port(s, "d")->fixed);
}

static void test_implicit(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	static const struct {
		const char *value;
		const char *rules;
		gint64 number; /* 0: there is none */
	} rows[] = {
		{"health+1", "", 81},
		{"health + 10 - 2", "", 88},
		{"health", "", 80},
		{"health-79", "", 1},
		{"health-80", "port-out-of-range", 0},
		{"health+65456", "port-out-of-range", 0},
		{"other+1", "port-invalid", 0},
		{"health+", "port-invalid", 0},
		{"health+x", "port-invalid", 0},
		{"+1", "port-invalid", 0},
		{"81", "port-invalid", 0},
		{"null", "port-invalid", 0},
		{"[health]", "port-invalid", 0},
		{"broken+1", "", 0}, /* told where the port itself is */
	};
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strdup_printf(
			"fleet: t\nservices: {S: {" APP ", ports: {health: 80%s}, "
			"implicit_ports: {more: %s}}}\n",
			g_str_has_prefix(rows[i].value, "broken") ? ", broken: 0" : "",
			rows[i].value);
		bool broken = g_str_has_prefix(rows[i].value, "broken");
		check_rules(&test, text, broken ? "port-out-of-range" : rows[i].rules);
		const SmithPort *port =
			smith_service_port(smith_fleet_service(test.fleet, "S"), "more");
		g_assert_cmpint(port != NULL ? port->number : 0, ==, rows[i].number);
	}
	check_rules(&test, "fleet: t\nservices: {S: {" APP ", implicit_ports: []}}\n",
		    "wrong-type");
}

static void test_needs(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	static const struct {
		const char *needs;
		const char *rules;
		const char *expected; /* "NAME/UNTIL ..." */
	} rows[] = {
		{"A", "", "A/0"},
		{"[A, b]", "", "A/0 b/0"},
		{"{service: A}", "", "A/0"},
		{"[{service: A, until: healthy}, B]", "", "A/1 B/0"},
		{"[{service: A, until: started}]", "", "A/0"},
		{"[]", "", ""},
		{"null", "", ""},
		{"1", "wrong-type", ""},
		{"[A, 1, [B], null]", "wrong-type wrong-type wrong-type", "A/0"},
		{"{until: healthy}", "missing-key", ""},
		{"{service: A, until: ready}", "bad-value", "A/0"},
		{"{name: A}", "missing-key unknown-key", ""},
	};
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strdup_printf(
			"fleet: t\nservices: {S: {" APP ", needs: %s}}\n", rows[i].needs);
		check_rules(&test, text, rows[i].rules);
		const SmithService *service = smith_fleet_service(test.fleet, "S");
		g_autoptr(GString) got = g_string_new(NULL);
		for (guint j = 0; j < service->needs->len; j++) {
			const SmithNeed *need = service->needs->pdata[j];
			g_string_append_printf(got, "%s%s/%d", j > 0 ? " " : "", need->name,
					       (int)need->until);
		}
		g_assert_cmpstr(got->str, ==, rows[i].expected);
	}
}

static void check_condition(TestFleet *test, const char *key, const char *value, const char *rules,
			    bool truth)
{
	g_autofree char *text = g_strdup_printf("fleet: t\nfeatures: {F: 'true', G: 1, E: ''}\n"
						"services: {S: {" APP ", %s: %s}}\n",
						key, value);
	check_rules(test, text, rules);
	const SmithService *service = smith_fleet_service(test->fleet, "S");
	bool got = strcmp(key, "when") == 0 ? service->enabled : service->required;
	if (got != truth)
		g_error("%s: %s is %d", key, value, got);
}

static void test_conditions(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	static const struct {
		const char *value;
		const char *rules;
		bool truth;
	} both[] = {
		{"true", "", true},
		{"false", "", false},
		{"null", "", true},
		{"'false'", "", false},
		{"'${F}'", "", true},
		{"\"${F} == 'false'\"", "", false},
		{"\"${X:-a} != 'b'\"", "", true},
		{"\"${E:-a} == 'a'\"", "", true},
		{"'${X}'", "variable-undefined", true},
		{"'${F'", "expression-invalid", true},
		{"maybe", "expression-invalid", true},
		{"1", "wrong-type", true},
		{"[]", "wrong-type", true},
	};
	for (guint i = 0; i < G_N_ELEMENTS(both); i++) {
		check_condition(&test, "when", both[i].value, both[i].rules, both[i].truth);
		check_condition(&test, "required", both[i].value, both[i].rules, both[i].truth);
	}
	check_condition(&test, "required", "{F: 'true'}", "wrong-type", true);
	check_condition(&test, "when", "{F: 'true', G: 1}", "", true);
	check_condition(&test, "when", "{F: true}", "", true);
	check_condition(&test, "when", "{F: 'false'}", "", false);
	check_condition(&test, "when", "{F: 'true', G: 2}", "", false);
	check_condition(&test, "when", "{}", "", true);
	check_condition(&test, "when", "{X: 1}", "variable-undefined", false);
	check_condition(&test, "when", "{F: [1]}", "wrong-type", false);
	check_condition(&test, "when", "{F: }", "wrong-type", false);
}

static void test_mounts(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	static const struct {
		const char *volume;
		const char *expected; /* NULL: refused */
	} rows[] = {
		{"logs", "logs /app/logs rw"},
		{"logs:/x", "logs /x rw"},
		{"logs:ro", "logs /app/logs ro"},
		{"logs:/x:ro", "logs /x ro"},
		{"logs:/x:rw", "logs /x rw"},
		{"models", "models (null) ro"},
		{"models:/m:rw", "models /m ro"},
		{"/srv:/srv", "/srv /srv rw"},
		{"unknown:/u", "unknown /u rw"},
		{"", NULL},
		{":/x", NULL},
		{"a:b:c", NULL},
		{"a:b:c:ro", NULL},
		{"a:b:c:d:e", NULL},
	};
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strdup_printf(
			"fleet: t\nvolumes: {logs: {target: /app/logs}, models: {path: /m, "
			"read_only: true}}\nservices: {S: {" APP ", volumes: '%s'}}\n",
			rows[i].volume);
		check_rules(&test, text, rows[i].expected != NULL ? "" : "bad-value");
		const SmithService *service = smith_fleet_service(test.fleet, "S");
		g_assert_cmpuint(service->volumes->len, ==, rows[i].expected != NULL);
		if (rows[i].expected == NULL)
			continue;
		const SmithMount *mount = service->volumes->pdata[0];
		g_autofree char *got = g_strdup_printf(
			"%s %s %s", mount->volume, mount->target != NULL ? mount->target : "(null)",
			mount->read_only ? "ro" : "rw");
		g_assert_cmpstr(got, ==, rows[i].expected);
	}
}

static void test_limits(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	const SmithFleet *fleet =
		load_good(&test, "fleet: t\nservices: {S: {" APP ", limits: {memory: 2GiB, "
				 "cpus: 1.5, pids: 10, shm: 64m}, read_only: null}}\n");
	const SmithService *service = smith_fleet_service(fleet, "S");
	g_assert_cmpint(service->limits->memory, ==, 2048 * MIB);
	g_assert_cmpint(service->limits->shm, ==, 64 * MIB);
	g_assert_cmpint(service->limits->pids, ==, 10);
	g_assert_cmpstr(service->limits->cpus, ==, "1.5");
	g_assert_true(service->read_only);
	static const struct {
		const char *limits;
		const char *rules;
	} rows[] = {
		{"{memory: 0}", "bad-value"},
		{"{memory: lots}", "bad-value"},
		{"{shm: -1}", "bad-value"},
		{"{cpus: -1}", "bad-value"},
		{"{cpus: 1.2345}", "bad-value"},
		{"{cpus: '2\n\n'}", "bad-value"},
		{"{pids: 0}", "bad-value"},
		{"{pids: many}", "bad-value"},
		{"[]", "wrong-type"},
		{"{}", ""},
		{"null", ""},
	};
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strdup_printf(
			"fleet: t\nservices: {S: {" APP ", limits: %s}}\n", rows[i].limits);
		check_rules(&test, text, rows[i].rules);
	}
}

static void test_health(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	static const struct {
		const char *health;
		const char *rules;
		SmithHealthKind kind;
	} rows[] = {
		{"{http: /h}", "", SMITH_HEALTH_HTTP},
		{"{tcp: true}", "", SMITH_HEALTH_TCP},
		{"{zmq: true}", "", SMITH_HEALTH_ZMQ},
		{"{zmq: {a: 1}}", "", SMITH_HEALTH_ZMQ},
		{"{zmq: ping}", "", SMITH_HEALTH_ZMQ},
		{"{grpc: ''}", "", SMITH_HEALTH_GRPC},
		{"{exec: [x]}", "", SMITH_HEALTH_EXEC},
		{"{http: /h, tcp: false, zmq: false}", "", SMITH_HEALTH_HTTP},
		{"{http: /h, grpc: null}", "", SMITH_HEALTH_HTTP},
		{"{}", "bad-value", SMITH_HEALTH_HTTP},
		{"{tcp: false}", "bad-value", SMITH_HEALTH_HTTP},
		{"{http: /h, tcp: true}", "bad-value", SMITH_HEALTH_TCP},
		{"{zmq: 1}", "wrong-type", SMITH_HEALTH_ZMQ},
		{"{zmq: [1]}", "wrong-type", SMITH_HEALTH_ZMQ},
		{"{http: /h, interval: 0}", "bad-value", SMITH_HEALTH_HTTP},
		{"{http: /h, interval: 2d}", "bad-value", SMITH_HEALTH_HTTP},
		{"{http: /h, start_period: 0}", "", SMITH_HEALTH_HTTP},
		{"{http: /h, retries: 0}", "out-of-range", SMITH_HEALTH_HTTP},
		{"{http: /h, retries: null, timeout: null}", "", SMITH_HEALTH_HTTP},
	};
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strdup_printf("fleet: t\nservices: {S: {" APP
							", ports: {p: 80}, health: %s}}\n",
							rows[i].health);
		check_rules(&test, text, rows[i].rules);
		const SmithHealth *health = smith_fleet_service(test.fleet, "S")->health;
		g_assert_cmpint(health->kind, ==, rows[i].kind);
		g_assert_cmpint(health->port_number, ==,
				health->kind == SMITH_HEALTH_EXEC ? 0 : 80);
	}
	load_good(&test,
		  "fleet: t\nservices: {S: {" APP ", health: {zmq: {b: [1, x], a: null}}}}\n");
	g_assert_cmpstr(smith_fleet_service(test.fleet, "S")->health->zmq, ==,
			"{\"b\":[1,\"x\"],\"a\":null}");
}

static const char supervised[] =
	"fleet: t\n"
	"hosts: {h: {}}\n"
	"volumes: {v: {target: /v}}\n"
	"groups:\n"
	"  My Group:\n"
	"    host: h\n"
	"    mode: supervised\n"
	"    family: f\n"
	"    pip: [s==1]\n"
	"    supervisor: {script: s.py, args: [-v, -v], files: [s.py, common]}\n"
	"    services: [OneAgent, two]\n"
	"  alone: {host: h, services: [Out]}\n"
	"services:\n"
	"  OneAgent:\n"
	"    family: f\n"
	"    app: {script: one.py, args: [-x], files: [one.py, common]}\n"
	"    pip: one.txt\n"
	"    env: {A: 1}\n"
	"    ports: {service: {port: 7000, argument: --port}, health: 7001}\n"
	"    implicit_ports: {more: health+1}\n"
	"    needs: [two, Out]\n"
	"    health: {exec: [/bin/ask, 'a \"b\"'], retries: 7}\n"
	"    volumes: [v]\n"
	"  two:\n"
	"    family: f\n"
	"    app: {module: m, files: [two.py, common]}\n"
	"    env: {A: 2, B: 3}\n"
	"    needs: [{service: one-agent, until: healthy}]\n"
	"    health: {exec: [/bin/no], timeout: 9s}\n"
	"    required: false\n"
	"    volumes: [v, '/x:/x']\n"
	"  Out: {" APP "}\n";

static void test_supervised(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	const SmithFleet *fleet = load_good(&test, supervised);
	const SmithGroup *group = smith_fleet_group(fleet, "My Group");
	const SmithService *all = smith_group_supervisor(fleet, group);
	g_assert_nonnull(all);
	g_assert_cmpstr(all->name, ==, "My Group");
	g_assert_cmpstr(all->slug, ==, "my-group");
	g_assert_true(all->supervises == group);
	g_assert_null(smith_group_supervisor(fleet, smith_fleet_group(fleet, "alone")));
	g_autofree char *args = g_strjoinv(" ", all->app->args);
	g_autofree char *files = g_strjoinv(" ", all->app->files);
	g_assert_cmpstr(args, ==, "-v -v --config /app/config/my-group.yaml");
	g_assert_cmpstr(files, ==, "s.py common one.py two.py");
	g_assert_cmpint(all->app->form, ==, SMITH_APP_SCRIPT);
	g_assert_cmpuint(all->pip->others->len, ==, 2);
	g_assert_cmpstr(env(all, "A"), ==, "1");
	g_assert_cmpstr(env(all, "B"), ==, "3");
	check_port(all, "one-agent-service", 7000);
	check_port(all, "one-agent-more", 7002);
	g_assert_cmpuint(all->needs->len, ==, 1);
	g_assert_cmpstr(((SmithNeed *)all->needs->pdata[0])->name, ==, "Out");
	/* of those that are required */
	g_assert_cmpint(all->health->kind, ==, SMITH_HEALTH_EXEC);
	g_assert_cmpint(all->health->timeout, ==, 5 * G_GINT64_CONSTANT(1000000000));
	g_assert_cmpint(all->health->retries, ==, 7);
	g_autofree char *health = g_strjoinv(" ", all->health->exec);
	g_assert_cmpstr(health, ==, "/usr/libexec/oci-probe -t 5000 exec 2 /bin/ask a \"b\"");
	g_assert_cmpuint(all->volumes->len, ==, 2);
	/* built: those with a container of their own, and the group */
	g_assert_cmpuint(fleet->built->len, ==, 2);
	g_assert_true(fleet->built->pdata[0] == smith_fleet_service(fleet, "Out"));
	g_assert_true(fleet->built->pdata[1] == all);
}

static void test_supervisor_config(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	const SmithFleet *fleet = load_good(&test, supervised);
	const SmithService *all = fleet->supervisors->pdata[0];
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithNode) config =
		smith_node_read_yaml(all->generated, strlen(all->generated), "config", &error);
	g_assert_no_error(error);
	const SmithNode *agents = smith_node_get(config, "agents");
	g_assert_cmpuint(smith_node_length(agents), ==, 2);
	const SmithNode *one = agents->items->pdata[0], *two = agents->items->pdata[1];
	g_assert_cmpstr(smith_node_get_string(one, "name"), ==, "OneAgent");
	g_assert_cmpstr(smith_node_get_string(one, "script_path"), ==, "one.py");
	g_assert_cmpint(smith_node_get_int(one, "port", 0), ==, 7000);
	g_assert_cmpint(smith_node_get_int(one, "health_check_port", 0), ==, 7001);
	g_assert_true(smith_node_get(one, "required")->boolean);
	g_assert_cmpuint(smith_node_length(smith_node_get(one, "dependencies")), ==, 2);
	g_assert_cmpstr(smith_node_get_string(two, "module"), ==, "m");
	g_assert_false(smith_node_get(two, "required")->boolean);
}

static void test_bad_groups(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	static const struct {
		const char *group;
		const char *rules;
	} rows[] = {
		{"{host: h, services: []}", ""},
		{"{host: h, services: [S, S, nobody]}", ""},
		{"{host: h}", "missing-key"},
		{"{services: []}", "missing-key"},
		{"null", "missing-key missing-key"},
		{"{host: h, services: S}", "wrong-type"},
		{"{host: h, services: [1]}", "wrong-type"},
		{"{host: h, services: [], mode: swarm}", "bad-value"},
		{"{host: h, services: [], family: f}", "bad-value"},
		{"{host: h, services: [], family: null, pip: null, supervisor: null}", ""},
		{"{host: h, services: [], pip: []}", "bad-value"},
		{"{host: h, services: [S], mode: supervised}", "missing-key missing-key"},
		{"{host: h, services: [S], mode: supervised, family: f, supervisor: {}}",
		 "bad-value"},
		{"{host: h, services: [S], mode: supervised, family: f, supervisor: {script: a, "
		 "module: b}}",
		 "bad-value"},
		{"{host: h, services: [S, S], mode: supervised, family: f, supervisor: {script: "
		 "a}}",
		 ""},
		{"{host: h, services: [S], mode: supervised, family: f, supervisor: 1}",
		 "wrong-type"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strdup_printf(
			"fleet: t\nhosts: {h: {}}\ngroups: {g: %s}\nservices: {S: {" APP "}}\n",
			rows[i].group);
		check_rules(&test, text, rows[i].rules);
	}
}

/* An upstream image has what it needs; ours needs a program and a family. */
static void test_images(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	static const struct {
		const char *service;
		const char *rules;
	} rows[] = {
		{"{image: redis}", ""},
		{"{image: redis, app: {exec: [a]}}", ""},
		{"{image: redis, app: {args: [a]}}", "bad-value"},
		{"{image: redis, family: f}", "bad-value"},
		{"{image: redis, family: null}", ""},
		{"{family: f}", "missing-key"},
		{"{app: {script: a}}", "missing-key"},
		{"{family: f, app: {}}", "bad-value"},
		{"{family: f, app: {script: a, exec: [b]}}", "bad-value"},
		{"{family: f, app: [a]}", "wrong-type"},
		{"{family: auto, app: {script: a}}", "family-auto"}, /* there is none */
		{"{" APP ", pip: {requirements: null}}", "missing-key"},
		{"{" APP ", pip: {file: a}}", "missing-key unknown-key"},
		{"{" APP ", pip: [a==1, 2]}", "wrong-type"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text =
			g_strdup_printf("fleet: t\nservices: {S: %s}\n", rows[i].service);
		check_rules(&test, text, rows[i].rules);
	}
}

static void check_mirror(TestFleet *test, const char *mirrors, const char *from, bool is_found)
{
	g_autofree char *text = g_strdup_printf("fleet: t\nmirrors: {%s}\n", mirrors);
	g_autoptr(GError) error = NULL;
	load_good(test, text);
	SmithLockBase *base = smith_base_lock(test->fleet, test_fleet_store(test), from,
					      "linux/amd64", NULL, &error);
	g_assert_true((base != NULL) == is_found);
	if (base == NULL)
		return;
	/* the lock speaks of what the family does */
	g_assert_cmpstr(base->from, ==, from);
	g_autoptr(SmithLock) lock = smith_lock_new();
	g_ptr_array_add(lock->bases, base);
}

static void test_mirrors(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autofree char *digest = test_fleet_base(&test, NULL);
	check_mirror(&test, "docker.io/x/y:1: 'oci:base:py'", "docker.io/x/y:1", true);
	check_mirror(&test, "docker.io/x/y: 'oci:base:py'", "docker.io/x/y:1", true);
	check_mirror(&test, "docker.io/x/y:1: 'oci:base:py'",
		     "docker.io/x/y:1@sha256:"
		     "0000000000000000000000000000000000000000000000000000000000000000",
		     true);
	check_mirror(&test, "docker.io/x/y: 'oci:none:py', docker.io/x/y:1: 'oci:base:py'",
		     "docker.io/x/y:1@sha256:"
		     "0000000000000000000000000000000000000000000000000000000000000000",
		     true);
	check_mirror(&test, "docker.io/x/y: 'oci:base:py'", "docker.io/x/yz:1", false);
	check_mirror(&test, "docker.io/x: 'oci:base:py'", "docker.io/x/y:1", false);
	check_mirror(&test, "docker.io/x/y: 'oci:base:none'", "docker.io/x/y:1", false);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/fleet/load/classes", test_classes);
	g_test_add_func("/fleet/load/bad-classes", test_bad_classes);
	g_test_add_func("/fleet/load/large", test_large);
	g_test_add_func("/fleet/load/variants", test_variants);
	g_test_add_func("/fleet/load/variables-differ", test_variables_differ);
	g_test_add_func("/fleet/load/bad-hosts", test_bad_hosts);
	g_test_add_func("/fleet/load/ports", test_ports);
	g_test_add_func("/fleet/load/port-flags", test_port_flags);
	g_test_add_func("/fleet/load/implicit", test_implicit);
	g_test_add_func("/fleet/load/needs", test_needs);
	g_test_add_func("/fleet/load/conditions", test_conditions);
	g_test_add_func("/fleet/load/mounts", test_mounts);
	g_test_add_func("/fleet/load/limits", test_limits);
	g_test_add_func("/fleet/load/health", test_health);
	g_test_add_func("/fleet/load/supervised", test_supervised);
	g_test_add_func("/fleet/load/supervisor-config", test_supervisor_config);
	g_test_add_func("/fleet/load/bad-groups", test_bad_groups);
	g_test_add_func("/fleet/load/images", test_images);
	g_test_add_func("/fleet/load/mirrors", test_mirrors);
	return g_test_run();
}
