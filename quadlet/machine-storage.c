/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lint/rule.h"
#include "quadlet/machine-check.h"

static void report_failure(const SmithMachine *machine, const char *what, const GError *error)
{
	const SmithHost *host = machine->plan->host;
	smith_lint_report(machine->diag, "machine-podman", host->place, host->name,
			  "podman's %s cannot be listed: %s", what, error->message);
}

static void check_secrets_of(const SmithMachine *machine, const SmithContainerPlan *container,
			     const char *const *known, GHashTable *told)
{
	for (guint i = 0; i < container->secrets->len; i++) {
		const SmithPlanSecret *planned = container->secrets->pdata[i];
		const SmithSecret *secret = smith_fleet_secret(machine->plan->fleet, planned->name);
		if (g_strv_contains(known, planned->name) || !g_hash_table_add(told, planned->name))
			continue;
		smith_lint_report(machine->diag, "machine-secret",
				  secret != NULL ? secret->place : container->service->place,
				  planned->name,
				  "podman has no secret '%s', which service '%s' needs: 'podman "
				  "secret create %s FILE'",
				  planned->name, container->title, planned->name);
	}
}

static void check_secrets(const SmithMachine *machine)
{
	const GPtrArray *containers = machine->plan->containers;
	g_autoptr(GHashTable) told = g_hash_table_new(g_str_hash, g_str_equal);
	g_auto(GStrv) known = NULL;
	for (guint i = 0; i < containers->len; i++) {
		const SmithContainerPlan *container = containers->pdata[i];
		g_autoptr(GError) error = NULL;
		if (container->secrets->len > 0 && known == NULL)
			known = smith_podman_secrets(&machine->reach, &error);
		if (error != NULL) {
			report_failure(machine, "secrets", error);
			return;
		}
		if (known != NULL)
			check_secrets_of(machine, container, (const char *const *)known, told);
	}
}

static bool is_there(const GPtrArray *images, const char *name)
{
	const char *at = strchr(name, '@');
	for (guint i = 0; i < images->len; i++) {
		const SmithPodmanImage *image = images->pdata[i];
		if (g_strv_contains((const char *const *)image->names, name) ||
		    (at != NULL && g_strv_contains((const char *const *)image->digests, at + 1)))
			return true;
	}
	return false;
}

static void check_images(const SmithMachine *machine)
{
	const GPtrArray *containers = machine->plan->containers;
	g_autoptr(GHashTable) told = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GPtrArray) images = NULL;
	for (guint i = 0; i < containers->len; i++) {
		const SmithContainerPlan *container = containers->pdata[i];
		g_autoptr(GError) error = NULL;
		if (container->pull || !g_hash_table_add(told, container->image))
			continue;
		if (images == NULL)
			images = smith_podman_images(&machine->reach, &error);
		if (images == NULL) {
			report_failure(machine, "images", error);
			return;
		}
		if (!is_there(images, container->image))
			smith_lint_report(
				machine->diag, "machine-image", container->service->place,
				container->title,
				"podman has no image '%s' of service '%s', and cannot pull "
				"it: 'ocismith build %s --output oci-archive:%s.tar' and "
				"'podman load -i %s.tar'",
				container->image, container->title, container->title,
				container->slug, container->slug);
	}
}

void smith_machine_check_storage(const SmithMachine *machine)
{
	if (machine->info == NULL)
		return;
	check_secrets(machine);
	check_images(machine);
}
