/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "lint/rule.h"
#include "quadlet/machine-check.h"

/* What the CDI specifications of the machine have: "VENDOR/CLASS=NAME" (the CDI's SPEC.md). */
static void add_devices(const SmithNode *spec, GHashTable *names)
{
	const char *kind = smith_node_get_string(spec, "kind");
	const SmithNode *devices = smith_node_get(spec, "devices");
	bool is_list = kind != NULL && devices != NULL && devices->type == SMITH_NODE_SEQ;
	for (guint i = 0; is_list && i < devices->items->len; i++) {
		/* 0, as YAML has it, is a name as well */
		const SmithNode *name = smith_node_get(devices->items->pdata[i], "name");
		if (name != NULL && name->text != NULL)
			g_hash_table_add(names, g_strconcat(kind, "=", name->text, NULL));
	}
}

static void read_spec(int dirfd, const char *name, GHashTable *names)
{
	bool is_json = g_str_has_suffix(name, ".json");
	if (!is_json && !g_str_has_suffix(name, ".yaml") && !g_str_has_suffix(name, ".yml"))
		return;
	/* podman leaves out what it cannot read, too */
	g_autoptr(GBytes) bytes = smith_fd_read_foreign(dirfd, name, SMITH_NODE_MAX_BYTES, NULL);
	if (bytes == NULL)
		return;
	const char *text = g_bytes_get_data(bytes, NULL);
	gsize length = g_bytes_get_size(bytes);
	g_autoptr(SmithNode) spec = is_json ? smith_node_read_json(text, length, name, NULL)
					    : smith_node_read_yaml(text, length, name, NULL);
	if (spec != NULL)
		add_devices(spec, names);
}

static void read_directory(const SmithMachine *machine, const char *path, GHashTable *names)
{
	g_autofree char *full = smith_machine_path(machine, path);
	smith_autofd int fd = smith_fd_open_dir(AT_FDCWD, full, NULL);
	g_autoptr(GPtrArray) files = fd >= 0 ? smith_fd_list_dir(fd, NULL) : NULL;
	for (guint i = 0; files != NULL && i < files->len; i++)
		read_spec(fd, files->pdata[i], names);
}

static GHashTable *read_cdi(const SmithMachine *machine)
{
	GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autofree char *own = g_build_filename(g_get_user_config_dir(), "cdi", NULL);
	read_directory(machine, "/etc/cdi", names);
	read_directory(machine, "/run/cdi", names);
	if (!machine->reach.system)
		read_directory(machine, own, names);
	return names;
}

/* Those of the same kind that there are: " (there are ...)". */
static char *alternatives(GHashTable *names, const char *name)
{
	g_autoptr(GList) all = g_list_sort(g_hash_table_get_keys(names), (GCompareFunc)strcmp);
	gsize kind = strcspn(name, "=");
	GString *text = g_string_new(NULL);
	for (GList *one = all; one != NULL && text->len < 200; one = one->next)
		if (strncmp(one->data, name, kind + 1) == 0)
			g_string_append_printf(text, "%s'%s'", text->len > 0 ? ", " : "",
					       (const char *)one->data);
	return g_string_free(text, FALSE);
}

static void check_cdi(const SmithMachine *machine, const SmithContainerPlan *container,
		      const char *name, GHashTable *names)
{
	if (g_hash_table_contains(names, name))
		return;
	g_autofree char *others = alternatives(names, name);
	if (*others != '\0')
		smith_lint_report(machine->diag, "machine-device", container->service->place,
				  container->title,
				  "no CDI device '%s' for service '%s': there are %s", name,
				  container->title, others);
	else
		smith_lint_report(machine->diag, "machine-device", container->service->place,
				  container->title,
				  "no CDI device '%s' for service '%s', and none of its kind in "
				  "/etc/cdi and /run/cdi%s",
				  name, container->title,
				  g_str_has_prefix(name, "nvidia.com/")
					  ? ": as root 'nvidia-ctk cdi generate "
					    "--output=/etc/cdi/nvidia.yaml'"
					  : "");
}

static void check_path(const SmithMachine *machine, const SmithContainerPlan *container,
		       const SmithPlanDevice *device)
{
	g_autofree char *path = smith_machine_path(machine, device->name);
	if (access(path, F_OK) < 0 && device->optional)
		return;
	if (access(path, F_OK) < 0)
		smith_lint_report(machine->diag, "machine-device", container->service->place,
				  container->title, "device '%s' of service '%s' is missing",
				  device->name, container->title);
	else if (access(path, R_OK) < 0)
		smith_lint_report(machine->diag, "machine-device", container->service->place,
				  container->title,
				  "user '%s' may not read device '%s' of service '%s': make it a "
				  "member of the device's group, and log in anew",
				  machine->user, device->name, container->title);
}

/* The number behind "Kernel Module  ", or all of a file that has nothing else; NULL: no driver. */
static char *driver_version(const SmithMachine *machine)
{
	g_autofree char *plain = smith_machine_read(machine, "/sys/module/nvidia/version");
	g_autofree char *wordy = smith_machine_read(machine, "/proc/driver/nvidia/version");
	const char *at = wordy != NULL ? strstr(wordy, "Kernel Module") : NULL;
	if (plain != NULL)
		return g_strdup(g_strstrip(plain));
	while (at != NULL && *at != '\0' && *at != '\n' && !g_ascii_isdigit(*at))
		at++;
	return at != NULL && g_ascii_isdigit(*at) ? g_strndup(at, strspn(at, "0123456789.")) : NULL;
}

/* By their numbers, as "535.54.03" and "535" have them. */
static int compare_versions(const char *a, const char *b)
{
	while (*a != '\0' || *b != '\0') {
		char *end_a, *end_b;
		guint64 x = g_ascii_strtoull(a, &end_a, 10), y = g_ascii_strtoull(b, &end_b, 10);
		if (x != y)
			return x < y ? -1 : 1;
		a = *end_a == '.' ? end_a + 1 : "";
		b = *end_b == '.' ? end_b + 1 : "";
	}
	return 0;
}

static void check_driver(const SmithMachine *machine, const SmithContainerPlan *container,
			 const char *version)
{
	if (container->min_driver == NULL)
		return;
	if (version == NULL)
		smith_lint_report(machine->diag,
				  container->gpu_required ? "machine-driver"
							  : "machine-driver-unknown",
				  container->service->place, container->title,
				  "service '%s' needs NVIDIA's driver %s, and none is loaded",
				  container->title, container->min_driver);
	else if (compare_versions(version, container->min_driver) < 0)
		smith_lint_report(machine->diag, "machine-driver", container->service->place,
				  container->title,
				  "NVIDIA's driver %s is older than the %s that service '%s' needs",
				  version, container->min_driver, container->title);
}

void smith_machine_check_devices(const SmithMachine *machine)
{
	const SmithHostPlan *plan = machine->plan;
	g_autoptr(GHashTable) names = read_cdi(machine);
	g_autofree char *version = driver_version(machine);
	for (guint i = 0; i < plan->containers->len; i++) {
		const SmithContainerPlan *container = plan->containers->pdata[i];
		check_driver(machine, container, version);
		for (guint j = 0; j < container->devices->len; j++) {
			const SmithPlanDevice *device = container->devices->pdata[j];
			if (*device->name == '/')
				check_path(machine, container, device);
			else if (!device->optional)
				check_cdi(machine, container, device->name, names);
		}
	}
}
