/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <unistd.h>

#include "lint/rule.h"
#include "quadlet/machine-check.h"

#define IDS_NEEDED 65536 /* what images of Debian and its like have owners of */

/* How many ids "NAME:FIRST:COUNT" lines give the user. */
static gint64 count_ids(const SmithMachine *machine, const char *path)
{
	g_autofree char *text = smith_machine_read(machine, path);
	g_autofree char *uid = g_strdup_printf("%lu", (gulong)getuid());
	g_auto(GStrv) lines = g_strsplit(text != NULL ? text : "", "\n", -1);
	gint64 total = 0;
	for (char **line = lines; *line != NULL; line++) {
		g_auto(GStrv) parts = g_strsplit(*line, ":", 3);
		gint64 count = 0;
		if (g_strv_length(parts) == 3 &&
		    (strcmp(parts[0], machine->user) == 0 || strcmp(parts[0], uid) == 0) &&
		    g_ascii_string_to_signed(parts[2], 10, 1, G_MAXUINT32, &count, NULL))
			total += count;
	}
	return total;
}

/* "subid: sss": the ids are kept where only podman can ask. */
static bool has_other_source(const SmithMachine *machine)
{
	g_autofree char *text = smith_machine_read(machine, "/etc/nsswitch.conf");
	g_auto(GStrv) lines = g_strsplit(text != NULL ? text : "", "\n", -1);
	for (char **line = lines; *line != NULL; line++)
		if (g_str_has_prefix(*line, "subid:") && strstr(*line, "files") == NULL)
			return true;
	return false;
}

static void check_ids(const SmithMachine *machine)
{
	static const char *const files[] = {"/etc/subuid", "/etc/subgid"};
	static const char *const helpers[] = {"newuidmap", "newgidmap"};
	/* images have files of other owners, and run as another than their root */
	if (machine->reach.system || machine->plan->containers->len == 0)
		return;
	const SmithContainerPlan *container = machine->plan->containers->pdata[0];
	for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
		gint64 count = count_ids(machine, files[i]);
		g_autofree char *helper = g_find_program_in_path(helpers[i]);
		if (count < IDS_NEEDED && !has_other_source(machine))
			smith_lint_report(
				machine->diag, "machine-subids", container->service->place,
				container->title,
				"'%s' gives user '%s' %" G_GINT64_FORMAT " ids, and %d are "
				"needed for the owners in the image of '%s': as root 'usermod "
				"--add-sub%cids 100000-165535 %s'",
				files[i], machine->user, count, IDS_NEEDED, container->title,
				files[i][strlen("/etc/sub")], machine->user);
		if (helper == NULL)
			smith_lint_report(machine->diag, "machine-subids",
					  container->service->place, container->title,
					  "'%s' is not installed: it is of the package uidmap",
					  helpers[i]);
	}
}

static void check_manager(const SmithMachine *machine)
{
	const SmithHost *host = machine->plan->host;
	g_autofree char *path = machine->reach.system
					? g_strdup("/run/systemd/system")
					: g_strconcat(machine->runtime, "/systemd/private", NULL);
	g_autofree char *linger = g_strconcat("/var/lib/systemd/linger/", machine->user, NULL);
	if (!smith_machine_exists(machine, path))
		smith_lint_report(machine->diag, "machine-systemd", host->place, host->name,
				  "no systemd of %s%s runs here: '%s' is missing",
				  machine->reach.system ? "the system" : "user ",
				  machine->reach.system ? "" : machine->user, path);
	if (!machine->reach.system && !smith_machine_exists(machine, linger))
		smith_lint_report(
			machine->diag, "machine-linger", host->place, host->name,
			"the units of user '%s' end when it logs out, and are not started "
			"at boot: 'loginctl enable-linger %s'",
			machine->user, machine->user);
}

static bool has_controller(const SmithMachine *machine, const char *name)
{
	const SmithNode *list =
		smith_node_get(smith_node_get(machine->info, "host"), "cgroupControllers");
	bool is_list = list != NULL && list->type == SMITH_NODE_SEQ;
	for (guint i = 0; is_list && i < list->items->len; i++) {
		const SmithNode *item = list->items->pdata[i];
		if (item->type == SMITH_NODE_STRING && strcmp(item->text, name) == 0)
			return true;
	}
	return false;
}

static void check_controller(const SmithMachine *machine, const char *name,
			     const SmithContainerPlan *container, const char *limit)
{
	if (container == NULL || has_controller(machine, name))
		return;
	const SmithService *service = container->service;
	smith_lint_report(machine->diag, "machine-cgroup",
			  service->limits != NULL ? service->limits->place : service->place,
			  container->title,
			  "service '%s' has a limit of %s, and the cgroup controller '%s' is not "
			  "delegated to podman: 'Delegate=cpu memory pids' for user@.service",
			  container->title, limit, name);
}

/* The first one stands for all of its kind. */
static void check_limits(const SmithMachine *machine)
{
	const SmithContainerPlan *memory = NULL, *pids = NULL, *cpus = NULL;
	if (machine->info == NULL)
		return;
	for (guint i = machine->plan->containers->len; i > 0; i--) {
		const SmithContainerPlan *container = machine->plan->containers->pdata[i - 1];
		memory = container->memory > 0 ? container : memory;
		pids = container->pids > 0 ? container : pids;
		cpus = container->cpus != NULL ? container : cpus;
	}
	check_controller(machine, "memory", memory, "memory");
	check_controller(machine, "pids", pids, "processes");
	check_controller(machine, "cpu", cpus, "processors");
}

void smith_machine_check_user(const SmithMachine *machine)
{
	check_manager(machine);
	if (!machine->reach.system && getuid() != 0)
		check_ids(machine);
	check_limits(machine);
}
