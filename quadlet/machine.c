/* SPDX-License-Identifier: Apache-2.0 */
#include "quadlet/machine.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "lint/rule.h"
#include "quadlet/machine-check.h"
#include "quadlet/state.h"

#define FILE_LIMIT (64 * 1024)

char *smith_machine_path(const SmithMachine *machine, const char *path)
{
	return g_strconcat(machine->root, path, NULL);
}

char *smith_machine_read(const SmithMachine *machine, const char *path)
{
	g_autofree char *full = smith_machine_path(machine, path);
	g_autoptr(GBytes) bytes = smith_fd_read_file(AT_FDCWD, full, FILE_LIMIT, NULL);
	return bytes != NULL ? g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes))
			     : NULL;
}

bool smith_machine_exists(const SmithMachine *machine, const char *path)
{
	g_autofree char *full = smith_machine_path(machine, path);
	return access(full, F_OK) == 0;
}

const SmithPodmanContainer *smith_machine_container(const SmithMachine *machine,
						    const SmithContainerPlan *plan)
{
	g_autofree char *name = smith_plan_container_name(machine->plan, plan);
	for (guint i = 0; machine->containers != NULL && i < machine->containers->len; i++) {
		const SmithPodmanContainer *container = machine->containers->pdata[i];
		if (strcmp(container->name, name) == 0)
			return container;
	}
	return NULL;
}

/* 504 of "5.4.2-dev"; 0 when it is no version. */
static int version_number(const char *text)
{
	guint64 major, minor = 0;
	char *end = NULL;
	if (text == NULL || !g_ascii_isdigit(*text))
		return 0;
	major = g_ascii_strtoull(text, &end, 10);
	if (*end == '.')
		minor = g_ascii_strtoull(end + 1, NULL, 10);
	return (int)(MIN(major, 999) * 100 + MIN(minor, 99));
}

static void check_version(const SmithMachine *machine)
{
	const SmithHost *host = machine->plan->host;
	const SmithNode *version = smith_node_get(machine->info, "version");
	const char *text = smith_node_get_string(version, "Version");
	int number = version_number(text);
	if (number == 0)
		smith_lint_report(machine->diag, "machine-podman", host->place, host->name,
				  "podman does not say its version");
	else if (number < machine->plan->podman)
		smith_lint_report(machine->diag, "machine-podman-old", host->place, host->name,
				  "podman %s is older than the %d.%d that the units of host '%s' "
				  "are for: say 'podman: \"%d.%d\"' there, or upgrade",
				  text, machine->plan->podman / 100, machine->plan->podman % 100,
				  host->name, number / 100, number % 100);
}

static void ask_podman(SmithMachine *machine)
{
	const SmithHost *host = machine->plan->host;
	g_autoptr(GError) error = NULL;
	machine->info = smith_podman_info(&machine->reach, &error);
	if (machine->info != NULL)
		machine->containers = smith_podman_containers(&machine->reach, &error);
	if (error != NULL)
		smith_lint_report(machine->diag, "machine-podman", host->place, host->name,
				  "podman cannot be used: %s", error->message);
	if (machine->info != NULL)
		check_version(machine);
}

/* Without it systemd never hears of the units. */
static void check_generator(const SmithMachine *machine)
{
	static const char *const places[] = {"/etc", "/run", "/usr/local/lib", "/usr/lib"};
	const SmithHost *host = machine->plan->host;
	const char *kind = machine->reach.system ? "system" : "user";
	for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
		g_autofree char *path = g_strdup_printf(
			"%s/systemd/%s-generators/podman-%s-generator", places[i], kind, kind);
		if (smith_machine_exists(machine, path))
			return;
	}
	if (machine->plan->podman >= 404)
		smith_lint_report(
			machine->diag, "machine-quadlet", host->place, host->name,
			"'/usr/lib/systemd/%s-generators/podman-%s-generator' is missing: "
			"systemd cannot read quadlet units",
			kind, kind);
}

static char *runtime_directory(const SmithMachine *machine)
{
	const char *given = g_getenv("XDG_RUNTIME_DIR");
	if (machine->reach.system)
		return g_strdup("/run");
	return given != NULL ? g_strdup(given) : g_strdup_printf("/run/user/%lu", (gulong)getuid());
}

void smith_machine_check(const SmithHostPlan *plan, const SmithMachineOptions *options,
			 SmithDiag *diag)
{
	SmithMachine machine = {.plan = plan,
				.diag = diag,
				.reach = {.system = options->system},
				.root = options->root != NULL ? options->root : "",
				.user = g_get_user_name()};
	machine.runtime = runtime_directory(&machine);
	ask_podman(&machine);
	check_generator(&machine);
	smith_machine_check_user(&machine);
	smith_machine_check_ports(&machine);
	smith_machine_check_mounts(&machine);
	smith_machine_check_devices(&machine);
	smith_machine_check_networks(&machine);
	smith_machine_check_storage(&machine);
	smith_machine_check_owners(&machine);
	g_clear_pointer(&machine.containers, g_ptr_array_unref);
	smith_node_free(machine.info);
	g_free(machine.runtime);
}
