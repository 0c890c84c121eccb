/* SPDX-License-Identifier: Apache-2.0 */
#include "quadlet/machine.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "lint/rule.h"
#include "tests/unit/fleet-test.h"

/* A machine that is a directory: its files below root/, what its podman says in answers/. */
typedef struct {
	TestFleet test;
	char *root;
	char *path; /* of programs, as it was before */
	int socket; /* that has bound a port */
	int port;
} Fixture;

static GHashTable *seen; /* rules that a test has made a finding of */

static void put(const Fixture *fixture, const char *path, const char *text)
{
	test_fleet_write(&fixture->test, path, text);
}

static void make_program(const Fixture *fixture, const char *name, const char *text)
{
	g_autofree char *path = g_strconcat("bin/", name, NULL);
	put(fixture, path, text);
	g_assert_cmpint(fchmodat(fixture->test.fd, path, 0755, 0), ==, 0);
}

/* Everything that any test asks for, for a user u whose name is the real one's. */
static void put_good(const Fixture *fixture)
{
	const char *user = g_get_user_name();
	g_autofree char *ids = g_strdup_printf("%s:100000:65536\n", user);
	g_autofree char *linger = g_strconcat("root/var/lib/systemd/linger/", user, NULL);
	put(fixture, "root/etc/subuid", ids);
	put(fixture, "root/etc/subgid", ids);
	put(fixture, linger, "");
	put(fixture, "root/run/user/7/systemd/private", "");
	put(fixture, "root/run/systemd/system/x", "");
	put(fixture, "root/usr/lib/systemd/user-generators/podman-user-generator", "");
	put(fixture, "root/usr/lib/systemd/system-generators/podman-system-generator", "");
	put(fixture, "root/proc/net/route",
	    "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\n"
	    "eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\n");
	put(fixture, "answers/info",
	    "{\"version\": {\"Version\": \"5.4.2\"},"
	    " \"host\": {\"cgroupControllers\": [\"memory\", \"pids\", \"cpu\"]}}");
	put(fixture, "answers/ps", "[]");
	put(fixture, "answers/network", "[]");
	put(fixture, "answers/secret", "key\n");
	put(fixture, "answers/images", "[{\"Id\": \"1\", \"Names\": [\"localhost/site:t\"]}]");
}

static int bind_port(int *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(bind(fd, (struct sockaddr *)&address, length), ==, 0);
	g_assert_cmpint(listen(fd, 1), ==, 0);
	g_assert_cmpint(getsockname(fd, (struct sockaddr *)&address, &length), ==, 0);
	*port = ntohs(address.sin_port);
	return fd;
}

static void set_up(Fixture *fixture, gconstpointer data)
{
	(void)data;
	fixture->test = test_fleet_new();
	fixture->root = g_build_filename(fixture->test.path, "root", NULL);
	fixture->path = g_strdup(g_getenv("PATH"));
	fixture->socket = bind_port(&fixture->port);
	g_autofree char *podman =
		g_strdup_printf("#!/bin/sh\ncat %s/answers/$1 || exit 125\n", fixture->test.path);
	g_autofree char *path = g_strconcat(fixture->test.path, "/bin:", fixture->path, NULL);
	make_program(fixture, "podman", podman);
	make_program(fixture, "newuidmap", "");
	make_program(fixture, "newgidmap", "");
	put_good(fixture);
	put(fixture, "families.d/base.yaml", "family: base\nfrom: debian:12\n");
	g_setenv("PATH", path, TRUE);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
	(void)data;
	g_setenv("PATH", fixture->path, TRUE);
	close(fixture->socket);
	test_fleet_clear(&fixture->test);
	g_free(fixture->root);
	g_free(fixture->path);
}

/* Findings for a fleet of one service, its keys in @service; more of the host and the fleet. */
static SmithDiag *check(Fixture *fixture, const char *service, const char *host, const char *fleet,
			bool system)
{
	g_autofree char *text = g_strdup_printf(
		"fleet: f\nregistry: localhost\ntag: t\nhosts: {h: {podman: '5.4'%s}}\n"
		"groups: {g: {host: h, services: [Site]}}\nservices:\n"
		"  Site: {family: base, app: {exec: [/x]}%s}\n%s",
		host, service, fleet);
	test_fleet_write(&fixture->test, "fleet.yaml", text);
	const SmithFleet *loaded = test_fleet_load(&fixture->test);
	g_autoptr(SmithDiag) ignored = smith_diag_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithPlanContext) context = smith_plan_context_new(loaded, NULL);
	g_autoptr(SmithHostPlan) plan =
		smith_host_plan_new(context, smith_fleet_host(loaded, "h"), NULL, ignored, &error);
	g_assert_no_error(error);
	const SmithMachineOptions options = {.root = fixture->root, .system = system};
	SmithDiag *diag = smith_diag_new();
	smith_machine_check(plan, &options, diag);
	for (guint i = 0; i < diag->findings->len; i++)
		g_hash_table_add(seen, (gpointer)((SmithFinding *)diag->findings->pdata[i])->rule);
	return diag;
}

static void expect(SmithDiag *diag, const char *rule, const char *text)
{
	g_autofree char *all = test_diag_text(diag);
	g_autofree char *tag = rule != NULL ? g_strdup_printf("[%s]\n", rule) : NULL;
	if (rule == NULL)
		g_assert_cmpstr(all, ==, "");
	else if (diag->findings->len != 1 || strstr(all, tag) == NULL || strstr(all, text) == NULL)
		g_error("not one finding %s with '%s':\n%s", tag, text, all);
	smith_diag_free(diag);
}

/* A file that makes the difference, and what is then told. */
typedef struct {
	const char *name;
	const char *file; /* NULL: none */
	const char *text; /* NULL: it is removed */
	const char *service;
	const char *host;
	const char *fleet;
	const char *rule; /* NULL: nothing */
	const char *says;
} Row;

#define CDI ", gpu: {device: nvidia.com/gpu=0}"
#define NET ", network: n"
#define NETWORK "networks: {n: {subnet: 10.1.0.0/16}}\n"
#define GENERATOR "root/usr/lib/systemd/user-generators/podman-user-generator"

static const Row rows[] = {
	{"good", NULL, NULL, ", secrets: [key]", "", "secrets: {key: {as: file}}\n", NULL, NULL},
	{"no-manager", "root/run/user/7/systemd/private", NULL, "", "", "", "machine-systemd",
	 "'/run/user/7/systemd/private' is missing"},
	{"no-generator", GENERATOR, NULL, "", "", "", "machine-quadlet",
	 "podman-user-generator' is missing"},
	{"generator-elsewhere", "root/etc/systemd/user-generators/podman-user-generator", "", "",
	 "", "", NULL, NULL},
	{"podman-old", "answers/info",
	 "{\"version\": {\"Version\": \"5.3.9\"}, \"host\": {\"cgroupControllers\": [\"pids\"]}}",
	 "", "", "", "machine-podman-old", "podman 5.3.9 is older than the 5.4"},
	{"podman-newer", "answers/info",
	 "{\"version\": {\"Version\": \"10.0\"}, \"host\": {\"cgroupControllers\": [\"pids\"]}}",
	 "", "", "", NULL, NULL},
	{"podman-silent", "answers/info",
	 "{\"version\": {\"Version\": 5}, \"host\": {\"cgroupControllers\": [\"pids\"]}}", "", "",
	 "", "machine-podman", "does not say its version"},
	{"podman-fails", "answers/ps", NULL, "", "", "", "machine-podman", "'podman ps' failed"},
	{"secret", "answers/secret", "keys\n\nother\n", ", secrets: [key]", "",
	 "secrets: {key: {as: file}}\n", "machine-secret", "podman secret create key FILE"},
	{"secrets-fail", "answers/secret", NULL, ", secrets: [key]", "",
	 "secrets: {key: {as: file}}\n", "machine-podman", "secrets cannot be listed"},
	{"image", "answers/images", "[{\"Names\": [\"localhost/site:u\"]}]", "", "", "",
	 "machine-image", "no image 'localhost/site:t' of service 'Site'"},
	{"memory", "answers/info",
	 "{\"version\": {\"Version\": \"5.4\"}, \"host\": {\"cgroupControllers\": [\"pids\"]}}",
	 ", limits: {memory: 1MiB, pids: 9}", "", "", "machine-cgroup", "controller 'memory'"},
	{"volume", NULL, NULL, ", volumes: ['/srv/x:/x']", "", "", "machine-volume",
	 "directory '/srv/x' of service 'Site' is missing"},
	{"volume-there", "root/srv/x/y", "", ", volumes: ['/srv/x:/x']", "", "", NULL, NULL},
	{"device", NULL, NULL, ", devices: [/dev/cam]", "", "", "machine-device",
	 "device '/dev/cam' of service 'Site' is missing"},
	{"device-there", "root/dev/cam", "", ", devices: [/dev/cam]", "", "", NULL, NULL},
	{"device-optional", NULL, NULL, ", optional_devices: [/dev/cam]", "", "", NULL, NULL},
	{"cdi-none", "root/etc/cdi/x.yaml", "kind: nvidia.com/gpus\ndevices: [{name: '0'}]\n",
	 ", gpu: required", CDI, "", "machine-device", "none of its kind"},
	{"cdi-other", "root/run/cdi/x.json",
	 "{\"kind\": \"nvidia.com/gpu\", \"devices\": [{\"name\": \"1\"}, {\"name\": 7}, 3]}",
	 ", gpu: required", CDI, "", "machine-device",
	 "there are 'nvidia.com/gpu=1', 'nvidia.com/gpu=7'"},
	{"cdi-broken", "root/etc/cdi/x.json", "{\"kind\": ", ", gpu: required", CDI, "",
	 "machine-device", "none of its kind"},
	{"cdi-there", "root/etc/cdi/x.yml", "---\nkind: nvidia.com/gpu\ndevices:\n- name: 0\n",
	 ", gpu: required", CDI, "", NULL, NULL},
	{"cdi-optional", NULL, NULL, ", gpu: optional", CDI, "", NULL, NULL},
	{"network", "answers/network",
	 "[{\"name\": \"o\", \"subnets\": [{\"subnet\": \"10.1.7.0/24\"}]}]", "", NET, NETWORK,
	 "machine-network", "overlaps with 10.1.7.0/24 of podman's network 'o'"},
	{"network-wider", "answers/network",
	 "[{\"name\": \"o\", \"subnets\": [{\"subnet\": \"10.0.0.0/8\"}]}]", "", NET, NETWORK,
	 "machine-network", "overlaps with 10.0.0.0/8"},
	{"network-beside", "answers/network",
	 "[{\"name\": \"o\", \"subnets\": [{\"subnet\": \"10.2.0.0/16\"},"
	 " {\"subnet\": \"fd00::/8\"}, {\"subnet\": \"x\"}, {\"subnet\": \"10.1.0.0/33\"}]}]",
	 "", NET, NETWORK, NULL, NULL},
	{"network-own", "answers/network",
	 "[{\"name\": \"n\", \"subnets\": [{\"subnet\": \"10.1.0.0/16\"}]}]", "", NET, NETWORK,
	 NULL, NULL},
	{"network-changed", "answers/network",
	 "[{\"name\": \"n\", \"subnets\": [{\"subnet\": \"10.1.0.0/24\"}]}]", "", NET, NETWORK,
	 "machine-network", "with another subnet than 10.1.0.0/16"},
	{"route", "root/proc/net/route",
	 "Iface Destination\n"
	 "eth7\t0005010A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\nbad\tline\n",
	 "", NET, NETWORK, "machine-route", "a route of this machine by 'eth7'"},
	{"owner", "root/etc/containers/systemd/users/a/b/site.container", "[Container]\n", "", "",
	 "", "machine-owner",
	 "'/etc/containers/systemd/users/a/b/site.container' is there, is not of this fleet, and "
	 "makes the unit 'site.service'"},
	{"owner-kube", "root/run/user/7/containers/systemd/site.kube", "", "", "", "",
	 "machine-owner", "site.kube' is there"},
	{"owner-other-fleet", "root/etc/systemd/user/site.service",
	 "# written by ocismith from the fleet g; changes here are lost\n", "", "", "",
	 "machine-owner", "'/etc/systemd/user/site.service' is there"},
	{"owner-ours", "root/etc/containers/systemd/users/g.pod",
	 "# written by ocismith from the fleet f; changes here are lost\n[Pod]\n", "", "", "", NULL,
	 NULL},
	{"owner-of-container", "answers/ps",
	 "[{\"Names\": [\"site\"], \"Labels\": {\"PODMAN_SYSTEMD_UNIT\": \"x.service\"}}]", "", "",
	 "", "machine-owner", "that is not run by 'site.service'"},
	{"container-ours", "answers/ps",
	 "[{\"Names\": [\"site\"], \"Labels\": {\"PODMAN_SYSTEMD_UNIT\": \"site.service\"}}]", "",
	 "", "", NULL, NULL},
};

static void test_row(Fixture *fixture, gconstpointer data)
{
	const Row *row = data;
	if (row->file != NULL && row->text != NULL)
		put(fixture, row->file, row->text);
	else if (row->file != NULL)
		g_assert_cmpint(unlinkat(fixture->test.fd, row->file, 0), ==, 0);
	expect(check(fixture, row->service, row->host, row->fleet, false), row->rule, row->says);
}

static void test_linger(Fixture *fixture, gconstpointer data)
{
	g_autofree char *linger =
		g_strconcat("root/var/lib/systemd/linger/", g_get_user_name(), NULL);
	(void)data;
	g_assert_cmpint(unlinkat(fixture->test.fd, linger, 0), ==, 0);
	expect(check(fixture, "", "", "", false), "machine-linger", "loginctl enable-linger");
	/* root's units need none */
	expect(check(fixture, "", "", "", true), NULL, NULL);
}

static void test_port(Fixture *fixture, gconstpointer data)
{
	g_autofree char *ports = g_strdup_printf(", ports: {a: %d}", fixture->port);
	g_autofree char *local =
		g_strdup_printf(", ports: {a: {port: %d, publish: local}}", fixture->port);
	g_autofree char *hidden =
		g_strdup_printf(", ports: {a: {port: %d, publish: false}}", fixture->port);
	g_autofree char *offset = g_strdup_printf(", ports: {a: {port: %d}}", fixture->port - 1);
	g_autofree char *udp =
		g_strdup_printf(", ports: {a: {port: %d, protocol: udp}}", fixture->port);
	(void)data;
	expect(check(fixture, ports, "", "", false), "machine-port-taken", "is taken");
	expect(check(fixture, local, "", "", false), "machine-port-taken", "is taken");
	expect(check(fixture, offset, ", port_offset: 1", "", false), "machine-port-taken",
	       "of 'Site' is taken");
	expect(check(fixture, hidden, "", "", false), NULL, NULL);
	expect(check(fixture, udp, "", "", false), NULL, NULL);
}

static void test_low_port(Fixture *fixture, gconstpointer data)
{
	g_autofree char *lowest = NULL;
	(void)data;
	g_file_get_contents("/proc/sys/net/ipv4/ip_unprivileged_port_start", &lowest, NULL, NULL);
	if (getuid() == 0 || lowest == NULL || atoi(lowest) <= 9) {
		g_hash_table_add(seen, (gpointer)g_intern_string("machine-port-refused"));
		g_test_skip("every port is for this user");
		return;
	}
	expect(check(fixture, ", ports: {a: 9}", "", "", false), "machine-port-refused",
	       "port 9 of 'Site' is for root");
}

static void test_ids(Fixture *fixture, gconstpointer data)
{
	(void)data;
	if (getuid() == 0) {
		g_hash_table_add(seen, (gpointer)g_intern_string("machine-subids"));
		g_test_skip("root needs none");
		return;
	}
	put(fixture, "root/etc/subuid", "x:1:65536\nbroken\n::\n");
	expect(check(fixture, "", "", "", false), "machine-subids", "--add-subuids");
	put(fixture, "root/etc/nsswitch.conf", "passwd: files\nsubid: sss\n");
	expect(check(fixture, "", "", "", false), NULL, NULL);
}

static SmithHostPlan *plan_of(const SmithFleet *fleet, SmithPlanContext *context)
{
	g_autoptr(SmithDiag) ignored = smith_diag_new();
	SmithHostPlan *plan =
		smith_host_plan_new(context, smith_fleet_host(fleet, "h"), NULL, ignored, NULL);
	g_assert_nonnull(plan);
	return plan;
}

/* Versions of drivers, and the socket that a program wants. */
static void test_plan(Fixture *fixture, gconstpointer data)
{
	static const struct {
		const char *file, *text;
		bool required;
		const char *rule, *says;
	} drivers[] = {
		{"root/x", "", true, "machine-driver", "and none is loaded"},
		{"root/x", "", false, "machine-driver-unknown", "and none is loaded"},
		{"root/sys/module/nvidia/version", "525.147.05\n", true, "machine-driver",
		 "driver 525.147.05 is older than the 530"},
		{"root/sys/module/nvidia/version", "530.1\n", true, NULL, NULL},
		{"root/sys/module/nvidia/version", "1000\n", true, NULL, NULL},
	};
	(void)data;
	smith_diag_free(check(fixture, "", "", "", false));
	g_autoptr(SmithPlanContext) context = smith_plan_context_new(fixture->test.fleet, NULL);
	g_autoptr(SmithHostPlan) plan = plan_of(fixture->test.fleet, context);
	SmithContainerPlan *site = plan->containers->pdata[0];
	const SmithMachineOptions options = {.root = fixture->root};
	g_free(site->min_driver);
	site->min_driver = g_strdup("530");
	for (guint i = 0; i < G_N_ELEMENTS(drivers); i++) {
		SmithDiag *diag = smith_diag_new();
		put(fixture, drivers[i].file, drivers[i].text);
		site->gpu_required = drivers[i].required;
		smith_machine_check(plan, &options, diag);
		if (drivers[i].rule != NULL)
			g_hash_table_add(seen, (gpointer)g_intern_string(drivers[i].rule));
		expect(diag, drivers[i].rule, drivers[i].says);
	}
	SmithPlanMount *mount = g_new0(SmithPlanMount, 1);
	SmithDiag *diag = smith_diag_new();
	mount->kind = SMITH_PLAN_SOCKET;
	g_ptr_array_add(site->mounts, mount);
	smith_machine_check(plan, &options, diag);
	g_hash_table_add(seen, (gpointer)g_intern_string("machine-socket"));
	expect(diag, "machine-socket", "systemctl --user enable --now podman.socket");
}

static void test_wordy_driver(Fixture *fixture, gconstpointer data)
{
	(void)data;
	put(fixture, "root/proc/driver/nvidia/version",
	    "NVRM version: NVIDIA UNIX x86_64 Kernel Module  470.10  Thu\nGCC version:  12\n");
	smith_diag_free(check(fixture, "", "", "", false));
	g_autoptr(SmithPlanContext) context = smith_plan_context_new(fixture->test.fleet, NULL);
	g_autoptr(SmithHostPlan) plan = plan_of(fixture->test.fleet, context);
	SmithContainerPlan *site = plan->containers->pdata[0];
	const SmithMachineOptions options = {.root = fixture->root};
	SmithDiag *diag = smith_diag_new();
	g_free(site->min_driver);
	site->min_driver = g_strdup("530");
	smith_machine_check(plan, &options, diag);
	expect(diag, "machine-driver", "driver 470.10 is older");
}

/* Modes of directories, for root's containers, whose user is not the invoking one. */
static void test_modes(Fixture *fixture, gconstpointer data)
{
	g_autofree char *directory = g_build_filename(fixture->root, "srv/x", NULL);
	(void)data;
	g_assert_cmpint(g_mkdir_with_parents(directory, 0755), ==, 0);
	expect(check(fixture, ", volumes: ['/srv/x:/x']", "", "", true), "machine-volume",
	       "service 'Site' cannot write to '/srv/x', which has mode 0755");
	expect(check(fixture, ", volumes: ['/srv/x:/x:ro']", "", "", true), NULL, NULL);
	g_assert_cmpint(chmod(directory, 0777), ==, 0);
	expect(check(fixture, ", volumes: ['/srv/x:/x']", "", "", true), NULL, NULL);
	g_assert_cmpint(chmod(directory, 0750), ==, 0);
	expect(check(fixture, ", volumes: ['/srv/x:/x:ro']", "", "", true), "machine-volume",
	       "service 'Site' cannot read '/srv/x'");
}

/* The last: every rule of the table has been told. */
static void test_every_rule(void)
{
	g_autoptr(GPtrArray) rules = smith_rules();
	for (guint i = 0; i < rules->len; i++) {
		const SmithRule *rule = rules->pdata[i];
		if (g_str_has_prefix(rule->id, "machine-") &&
		    !g_hash_table_contains(seen, g_intern_string(rule->id)))
			g_error("no test makes a finding of '%s'", rule->id);
	}
}

static void add(const char *name, void (*run)(Fixture *fixture, gconstpointer data),
		gconstpointer data)
{
	g_autofree char *path = g_strconcat("/quadlet/machine/", name, NULL);
	g_test_add(path, Fixture, data, set_up, run, tear_down);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	seen = g_hash_table_new(NULL, NULL);
	g_setenv("XDG_RUNTIME_DIR", "/run/user/7", TRUE);
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
		add(rows[i].name, test_row, &rows[i]);
	add("linger", test_linger, NULL);
	add("port", test_port, NULL);
	add("low-port", test_low_port, NULL);
	add("ids", test_ids, NULL);
	add("plan", test_plan, NULL);
	add("wordy-driver", test_wordy_driver, NULL);
	add("modes", test_modes, NULL);
	g_test_add_func("/quadlet/machine/~every-rule", test_every_rule);
	int status = g_test_run();
	g_hash_table_unref(seen);
	return status;
}
