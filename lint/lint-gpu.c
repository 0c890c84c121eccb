/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/checks.h"

#include <string.h>

#include "fleet/quantity.h"
#include "lint/rule.h"

typedef struct {
	const SmithFleet *fleet;
	GHashTable *judged; /* "HOST FAMILY" */
	SmithDiag *diag;
} Gpus;

static bool have_common(char **a, char **b)
{
	for (; *a != NULL; a++)
		if (g_strv_contains((const char *const *)b, *a))
			return true;
	return false;
}

/* Once for a family on a host, however many services share both. */
static void lint_family(const Gpus *gpus, const SmithHost *host, const char *family)
{
	const SmithFamilyGpu *needs = smith_lint_family_gpu(gpus->fleet, family);
	if (needs == NULL ||
	    !g_hash_table_add(gpus->judged, g_strconcat(host->name, " ", family, NULL)))
		return;
	const SmithHostGpu *gpu = host->gpu;
	if (needs->min_driver != NULL && gpu->driver != NULL &&
	    smith_quantity_compare_versions(gpu->driver, needs->min_driver) < 0)
		smith_lint_report(gpus->diag, "gpu-driver-too-old", gpu->place, host->name,
				  "host '%s' has driver %s, family '%s' needs %s", host->name,
				  gpu->driver, family, needs->min_driver);
	if (*gpu->arch == NULL || *needs->arch == NULL || have_common(gpu->arch, needs->arch))
		return;
	g_autofree char *has = g_strjoinv(", ", gpu->arch);
	g_autofree char *built = g_strjoinv(", ", needs->arch);
	smith_lint_report(gpus->diag, "gpu-arch", gpu->place, host->name,
			  "the GPU of host '%s' is of architecture %s, family '%s' is built for %s",
			  host->name, has, family, built);
}

static void lint_gpu(const Gpus *gpus, const SmithHost *host, const SmithService *service)
{
	if (service->gpu == SMITH_GPU_REQUIRED && host->gpu == NULL)
		smith_lint_report(gpus->diag, "gpu-missing",
				  smith_service_place(service, "gpu", NULL), service->name,
				  "service '%s' requires a GPU, and host '%s' has none",
				  service->name, host->name);
	if (service->gpu != SMITH_GPU_NONE && host->gpu != NULL && service->family != NULL)
		lint_family(gpus, host, service->family);
}

static void lint_devices(const Gpus *gpus, const SmithHost *host, const SmithService *service)
{
	for (char **name = service->devices; *name != NULL; name++) {
		if (**name == '/' || g_hash_table_contains(host->devices, *name) ||
		    g_strv_contains((const char *const *)service->optional_devices, *name))
			continue;
		smith_lint_report(gpus->diag, "device-missing",
				  smith_service_place(service, "devices", *name), service->name,
				  "service '%s' needs device '%s', and host '%s' has none of that "
				  "name",
				  service->name, *name, host->name);
	}
}

void smith_lint_gpus(const SmithFleet *fleet, SmithDiag *diag)
{
	g_autoptr(GHashTable) judged = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	const Gpus gpus = {fleet, judged, diag};
	for (guint i = 0; i < fleet->services->len; i++) {
		const SmithService *service = fleet->services->pdata[i];
		for (guint j = 0; j < service->groups->len; j++) {
			const SmithGroup *group = service->groups->pdata[j];
			const SmithHost *host = smith_fleet_host(fleet, group->host);
			if (host == NULL)
				continue;
			const SmithService *on = smith_service_on(service, host);
			if (!on->enabled)
				continue;
			lint_gpu(&gpus, host, on);
			lint_devices(&gpus, host, on);
		}
	}
}
