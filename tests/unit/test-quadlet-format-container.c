/* SPDX-License-Identifier: Apache-2.0 */
#include "quadlet/quadlet.h"

#include "tests/unit/fleet-test.h"

/* The fleet of one service 'Site', alone in group 'g' of host 'h' unless the rows say otherwise. */
typedef struct {
	const char *name;
	const char *service; /* lines of the service, four blanks in front */
	const char *host;    /* members of the host */
	const char *group;   /* members of the group */
	const char *fleet;   /* more of the fleet */
	const char *file;    /* that must have the line */
	const char *line;    /* "!LINE": that it must not have */
} Row;

#define CONTAINER "h/site.container"

static const Row rows[] = {
	{"user", NULL, NULL, NULL, NULL, CONTAINER, "User=10001"},
	{"user-only", "    user: 5\n", NULL, NULL, NULL, CONTAINER, "User=5"},
	{"user-no-group", "    user: 5\n", NULL, NULL, NULL, CONTAINER, "!Group=10001"},
	{"user-group", "    user: '5:6'\n", NULL, NULL, NULL, CONTAINER, "Group=6"},
	{"read-only", NULL, NULL, NULL, NULL, CONTAINER, "ReadOnly=true"},
	{"writable-root", "    read_only: false\n", NULL, NULL, NULL, CONTAINER, "!ReadOnly=true"},
	{"restart", "    restart: on-failure\n", NULL, NULL, NULL, CONTAINER, "Restart=on-failure"},
	{"memory-key", "    limits: {memory: 3GiB}\n", "podman: '5.5'", NULL, NULL, CONTAINER,
	 "Memory=3g"},
	{"memory-argument", "    limits: {memory: 3MiB}\n", "podman: '5.4'", NULL, NULL, CONTAINER,
	 "PodmanArgs=--memory=3m"},
	{"memory-odd", "    limits: {memory: 1000001}\n", "podman: '5.4'", NULL, NULL, CONTAINER,
	 "PodmanArgs=--memory=1000001b"},
	{"shm-of-pod", "    limits: {shm: 1MiB}\n", NULL, NULL, NULL, "h/g.pod", "ShmSize=1m"},
	{"shm-of-pod-before-5.4", "    limits: {shm: 1MiB}\n", "podman: '5.3'", NULL, NULL,
	 "h/g.pod", "PodmanArgs=--shm-size=1m"},
	{"no-shm-in-pod", "    limits: {shm: 1MiB}\n", NULL, NULL, NULL, CONTAINER, "!ShmSize=1m"},
	{"shm-of-container", "    limits: {shm: 1MiB}\n", NULL, "mode: host", NULL, CONTAINER,
	 "ShmSize=1m"},
	{"no-ports-in-host-mode", "    ports: {a: 80}\n", NULL, "mode: host", NULL, CONTAINER,
	 "!PublishPort=80:80"},
	{"userns-in-host-mode", "    volumes: ['/srv:/srv']\n", NULL, "mode: host", NULL, CONTAINER,
	 "UserNS=keep-id:uid=10001,gid=10001"},
	{"userns-of-nothing-shared", "    writable: /x\n", NULL, "mode: host", NULL, CONTAINER,
	 "!UserNS=keep-id:uid=10001,gid=10001"},
	{"userns-of-pod", "    volumes: ['/srv:/srv']\n", NULL, NULL, NULL, "h/g.pod",
	 "UserNS=keep-id:uid=10001,gid=10001"},
	{"no-userns-in-pod", NULL, NULL, NULL, NULL, CONTAINER,
	 "!UserNS=keep-id:uid=10001,gid=10001"},
	{"exec-moves", "    ports: {a: {port: 80, argument: -p}}\n", "port_offset: 7", "mode: host",
	 NULL, CONTAINER, "Exec=/opt/venv/bin/python3 -m site -p 87"},
	{"exec-is-the-image's", "    ports: {a: {port: 80, argument: -p}}\n", "port_offset: 7",
	 NULL, NULL, CONTAINER, "!Exec=/opt/venv/bin/python3 -m site -p 80"},
	{"exec-of-variant",
	 "    ports: {a: {port: 80, argument: -p}}\n    hosts: {h: {ports: {a: "
	 "{port: 81, argument: -p}}}}\n",
	 NULL, NULL, NULL, CONTAINER, "Exec=/opt/venv/bin/python3 -m site -p 81"},
	{"publish-moves", "    ports: {a: 80}\n", "port_offset: 7", NULL, NULL, "h/g.pod",
	 "PublishPort=87:80"},
	{"publish-stays", "    ports: {a: {port: 80, offset: false}}\n", "port_offset: 7", NULL,
	 NULL, "h/g.pod", "PublishPort=80:80"},
	{"publish-udp", "    ports: {a: {port: 80, protocol: udp}}\n", NULL, NULL, NULL, "h/g.pod",
	 "PublishPort=80:80/udp"},
	{"publish-not", "    ports: {a: {port: 80, publish: false}}\n", NULL, NULL, NULL, "h/g.pod",
	 "!PublishPort=80:80"},
	{"publish-local", "    ports: {a: {port: 80, publish: local}}\n", "port_offset: 7", NULL,
	 NULL, "h/g.pod", "PublishPort=127.0.0.1:87:80"},
	{"publish-implicit", "    ports: {a: 80}\n    implicit_ports: {b: a+1}\n", NULL, NULL, NULL,
	 "h/g.pod", "!PublishPort=81:81"},
	{"network-default", NULL, NULL, NULL, NULL, "h/g.pod", "!Network=n.network"},
	{"network-of-host", NULL, "network: n", NULL, "networks: {n: {}}\n", "h/g.pod",
	 "Network=n.network"},
	{"network-of-group", NULL, "network: n", "network: m, ip: 10.0.0.9",
	 "networks: {n: {}, m: {subnet: 10.0.0.0/24}}\n", "h/g.pod",
	 "Network=m.network:ip=10.0.0.9"},
	{"network-second", NULL, "network: n", "networks: [n, {name: m, ip: 10.0.0.9}]",
	 "networks: {n: {}, m: {subnet: 10.0.0.0/24}}\n", "h/g.pod",
	 "Network=m.network:ip=10.0.0.9"},
	{"network-second-of-kube", NULL, "podman: '4.9'", "networks: [n, {name: m, ip: 10.0.0.9}]",
	 "networks: {n: {}, m: {subnet: 10.0.0.0/24}}\n", "h/g-pod.kube",
	 "Network=m.network:ip=10.0.0.9"},
	{"network-first-of-kube", NULL, "podman: '4.9'", "networks: [n, {name: m, ip: 10.0.0.9}]",
	 "networks: {n: {}, m: {subnet: 10.0.0.0/24}}\n", "h/g-pod.kube", "Network=n.network"},
	{"network-file", NULL, "network: n", NULL, "networks: {n: {subnet: 10.0.0.0/24}}\n",
	 "h/n.network", "Subnet=10.0.0.0/24"},
	{"volume", "    volumes: [Big_Data]\n", NULL, NULL, "volumes: {Big_Data: {target: /d}}\n",
	 CONTAINER, "Volume=big-data.volume:/d"},
	{"volume-file", "    volumes: ['v:/d:ro']\n", NULL, NULL, "volumes: {v: {}}\n",
	 "h/v.volume", "VolumeName=v"},
	{"volume-read-only", "    volumes: ['v:/d:ro']\n", NULL, NULL, "volumes: {v: {}}\n",
	 CONTAINER, "Volume=v.volume:/d:ro"},
	{"volume-of-host", "    volumes: [v]\n", NULL, NULL,
	 "volumes: {v: {path: /p, target: /d, read_only: true}}\n", CONTAINER, "Volume=/p:/d:ro"},
	{"directory-of-host", "    volumes: ['/p/100%:/d']\n", NULL, NULL, NULL, CONTAINER,
	 "Volume=/p/100%%:/d"},
	{"socket", "    volumes: ['/var/run/docker.sock:/var/run/docker.sock']\n", NULL, NULL, NULL,
	 CONTAINER, "Volume=%t/podman/podman.sock:/var/run/docker.sock:ro"},
	{"socket-comes-first", "    volumes: ['/run/docker.sock:/s']\n", NULL, NULL, NULL,
	 CONTAINER, "After=podman.socket"},
	{"writable", "    writable: /a/b_c\n", NULL, NULL, NULL, CONTAINER,
	 "Volume=site-a-b-c.volume:/a/b_c:U"},
	{"writable-file", "    writable: /a/b_c\n", NULL, NULL, NULL, "h/site-a-b-c.volume",
	 "VolumeName=site-a-b-c"},
	{"secret-env", "    secrets: S\n", NULL, NULL, "secrets: {S: {as: env, target: T}}\n",
	 CONTAINER, "Secret=S,type=env,target=T"},
	{"secret-file", "    secrets: S\n", NULL, NULL, "secrets: {S: {as: file}}\n", CONTAINER,
	 "Secret=S,type=mount,target=S"},
	{"device", "    devices: cam\n", "devices: {cam: /dev/video3}", NULL, NULL, CONTAINER,
	 "AddDevice=/dev/video3"},
	{"device-groups", "    devices: cam\n", "devices: {cam: /dev/video3}", NULL, NULL,
	 CONTAINER, "GroupAdd=keep-groups"},
	{"device-groups-before-5.1", "    devices: cam\n",
	 "podman: '5.0', devices: {cam: /dev/video3}", NULL, NULL, CONTAINER,
	 "PodmanArgs=--group-add=keep-groups"},
	{"device-cdi", "    devices: cam\n", "devices: {cam: acme.com/cam=0}", NULL, NULL,
	 CONTAINER, "!GroupAdd=keep-groups"},
	{"optional-device", "    optional_devices: cam\n", "devices: {cam: /dev/video3}", NULL,
	 NULL, CONTAINER, "AddDevice=/dev/video3"},
	{"optional-path", "    optional_devices: /dev/x\n", NULL, NULL, NULL, CONTAINER,
	 "PodmanArgs=$OCISMITH_DEVICES"},
	{"gpu-required", "    gpu: required\n", "gpu: {device: nvidia.com/gpu=1}", NULL, NULL,
	 CONTAINER, "AddDevice=nvidia.com/gpu=1"},
	{"gpu-optional", "    gpu: optional\n", "gpu: {device: nvidia.com/gpu=1}", NULL, NULL,
	 CONTAINER, "PodmanArgs=$OCISMITH_DEVICES"},
	{"gpu-optional-missing", "    gpu: optional\n", "gpu: {device: nvidia.com/gpu=1}", NULL,
	 NULL, CONTAINER, "!AddDevice=nvidia.com/gpu=1"},
	{"gpu-none", NULL, "gpu: {device: nvidia.com/gpu=1}", NULL, NULL, CONTAINER,
	 "!AddDevice=nvidia.com/gpu=1"},
	{"label", "    labels: {a: 'b c $x'}\n", NULL, NULL, NULL, CONTAINER,
	 "Label=\"a=b c $$x\""},
	{"capability", "    capabilities: SYS_NICE\n", NULL, NULL, NULL, CONTAINER,
	 "AddCapability=SYS_NICE"},
	{"env", "    env: {A: '${host.name}'}\n", NULL, NULL, NULL, CONTAINER, "Environment=A=h"},
	{"env-of-machine", NULL, NULL, NULL, NULL, CONTAINER, "EnvironmentFile=machine.env"},
	{"env-quoted", "    env: {A: \"x\\n[Service]\\nExecStart=y\"}\n", NULL, NULL, NULL,
	 CONTAINER, "Environment=\"A=x\\x0a[Service]\\x0aExecStart=y\""},
	{"health-moves", "    ports: {a: 80}\n    health: {tcp: true}\n", "port_offset: 7",
	 "mode: host", NULL, CONTAINER, "Label=health_check_port=87"},
	{"health-of-pod", "    ports: {a: 80}\n    health: {tcp: true}\n", "port_offset: 7", NULL,
	 NULL, CONTAINER, "!Label=health_check_port=87"},
};

static void load(TestFleet *test, const Row *row, const char *services)
{
	g_autofree char *text = g_strdup_printf(
		"fleet: t\nhosts: {h: {%s}}\ngroups: {g: {host: h, services: [Site], %s}}\n%s"
		"services:\n%s",
		row->host != NULL ? row->host : "", row->group != NULL ? row->group : "",
		row->fleet != NULL ? row->fleet : "", services);

	test_fleet_write(test, "families.d/base.yaml", "family: base\nfrom: debian:12\n");
	test_fleet_write(test, "fleet.yaml", text);
	test_fleet_load(test);
}

static const char *text_of(const GPtrArray *files, const char *path)
{
	for (guint i = 0; i < files->len; i++) {
		const SmithUnitFile *file = files->pdata[i];
		if (strcmp(file->path, path) == 0)
			return file->text;
	}
	g_error("no file '%s'", path);
	return NULL;
}

static void test_row(gconstpointer data)
{
	const Row *row = data;
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) files = NULL;
	g_autofree char *service = g_strconcat(
		"  Site:\n    family: base\n    app: {module: site}\n", row->service, NULL);
	bool wanted = *row->line != '!';
	g_autofree char *line = g_strconcat("\n", wanted ? row->line : row->line + 1, "\n", NULL);

	load(&test, row, service);
	files = smith_quadlet_units(&(SmithUnitsRequest){.fleet = test.fleet}, &error);
	g_assert_no_error(error);
	if ((strstr(text_of(files, row->file), line) != NULL) != wanted)
		g_error("%s line '%s' in:\n%s", wanted ? "no" : "a", line,
			text_of(files, row->file));
}

/* What the checks of lint/ would have told, had they not been allowed or left out. */
static void test_refused(void)
{
	static const struct {
		const char *service;
		const char *error;
	} refused[] = {
		{"    gpu: required\n",
		 "host 'h': service 'Site' requires a GPU, and the host has none"},
		{"    devices: cam\n", "host 'h': service 'Site' needs device 'cam', and the host "
				       "has none of that name"},
		{"    secrets: S\n", "host 'h': no secret 'S' for service 'Site'"},
		{"    volumes: v\n", "host 'h': no volume 'v' for service 'Site'"},
		{"    volumes: /v\n", "host 'h': neither volume '/v' nor service 'Site' says a "
				      "target"},
		{"    env: {A: '${NONE}'}\n",
		 "fleet.yaml:8:14: variable 'NONE' in 'A' of 'Site' is not defined on host 'h' and "
		 "has no default"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
		g_auto(TestFleet) test = test_fleet_new();
		g_autoptr(GError) error = NULL;
		g_autofree char *text = g_strconcat(
			"fleet: t\nhosts: {h: {}}\ngroups: {g: {host: h, services: [Site]}}\n"
			"services:\n  Site:\n    family: base\n    app: {module: site}\n",
			refused[i].service, NULL);

		test_fleet_write(&test, "families.d/base.yaml", "family: base\nfrom: debian:12\n");
		test_fleet_write(&test, "fleet.yaml", text);
		test_fleet_check(&test);
		g_assert_null(
			smith_quadlet_units(&(SmithUnitsRequest){.fleet = test.fleet}, &error));
		g_assert_nonnull(error);
		g_assert_cmpstr(error->message, ==, refused[i].error);
	}
}

static void check_upstream(const char *service, const char *group, const char *line, bool wanted)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) files = NULL;
	g_autofree char *text =
		g_strconcat("  Site:\n    image: docker.io/library/x:1\n", service, NULL);
	g_autofree char *whole = g_strconcat("\n", line, "\n", NULL);

	load(&test, &(Row){.group = group}, text);
	files = smith_quadlet_units(&(SmithUnitsRequest){.fleet = test.fleet}, &error);
	g_assert_no_error(error);
	if ((strstr(text_of(files, CONTAINER), whole) != NULL) != wanted)
		g_error("line '%s' in:\n%s", line, text_of(files, CONTAINER));
}

static void test_upstream(void)
{
	check_upstream("", NULL, "Image=docker.io/library/x:1", true);
	check_upstream("", NULL, "User=10001", false);
	check_upstream("", NULL, "ReadOnly=true", false);
	check_upstream("", NULL, "DropCapability=all", true);
	check_upstream("", NULL, "NoNewPrivileges=true", true);
	check_upstream("    read_only: true\n", NULL, "ReadOnly=true", true);
	check_upstream("    app: {exec: [x, 'y z']}\n", NULL, "Exec=x \"y z\"", true);
	check_upstream("    user: 7\n", NULL, "User=7", true);
	check_upstream("    volumes: ['/srv:/srv']\n", "mode: host",
		       "UserNS=keep-id:uid=10001,gid=10001", false);
	check_upstream("    user: 7\n    volumes: ['/srv:/srv']\n", "mode: host",
		       "UserNS=keep-id:uid=10001,gid=10001", true);
	check_upstream("    health: {exec: [a, b]}\n", NULL, "HealthCmd=[\"a\",\"b\"]", true);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *path =
			g_strconcat("/quadlet/format-container/", rows[i].name, NULL);
		g_test_add_data_func(path, &rows[i], test_row);
	}
	g_test_add_func("/quadlet/format-container/refused", test_refused);
	g_test_add_func("/quadlet/format-container/upstream", test_upstream);
	return g_test_run();
}
