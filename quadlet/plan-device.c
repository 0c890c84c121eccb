/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "fleet/quantity.h"
#include "quadlet/planner.h"

static void add_device(SmithContainerPlan *container, const char *name, bool optional)
{
	SmithPlanDevice *device = g_new0(SmithPlanDevice, 1);
	device->name = g_strdup(name);
	device->optional = optional;
	g_ptr_array_add(container->devices, device);
	container->keep_groups = container->keep_groups || *name == '/';
}

/* NULL when the host has none of that name. */
static const char *find_device(const SmithPlanner *planner, const char *name)
{
	const char *device = g_hash_table_lookup(planner->plan->host->devices, name);
	return device != NULL || *name != '/' ? device : name;
}

/* What all families of the chain can work with. */
static const char *min_driver(const SmithFleet *fleet, const char *name)
{
	const SmithFamily *family = smith_fleet_family(fleet, name);
	const char *driver = NULL;
	for (guint i = 0; family != NULL && i < fleet->families->len; i++) {
		const char *own = family->gpu != NULL ? family->gpu->min_driver : NULL;
		if (own != NULL &&
		    (driver == NULL || smith_quantity_compare_versions(own, driver) > 0))
			driver = own;
		family = smith_fleet_family(fleet, family->from);
	}
	return driver;
}

static gboolean add_gpu(const SmithPlanner *planner, SmithContainerPlan *container, GError **error)
{
	const SmithHostGpu *gpu = planner->plan->host->gpu;
	container->gpu_required = container->service->gpu == SMITH_GPU_REQUIRED;
	if (container->gpu_required && gpu == NULL)
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
				   "service '%s' requires a GPU, and the host has none",
				   container->title);
	if (container->service->gpu == SMITH_GPU_NONE || gpu == NULL)
		return TRUE;
	add_device(container, gpu->device, !container->gpu_required);
	container->min_driver = g_strdup(min_driver(planner->fleet, container->service->family));
	return TRUE;
}

gboolean smith_plan_devices(SmithPlanner *planner, SmithContainerPlan *container, GError **error)
{
	const SmithService *service = container->service;
	for (char **name = service->devices; *name != NULL; name++) {
		const char *device = find_device(planner, *name);
		if (g_strv_contains((const char *const *)service->optional_devices, *name))
			continue;
		if (device == NULL)
			return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
					   "service '%s' needs device '%s', and the host has none "
					   "of that name",
					   container->title, *name);
		add_device(container, device, false);
	}
	for (char **name = service->optional_devices; *name != NULL; name++) {
		const char *device = find_device(planner, *name);
		/* a path that nobody promised may not be there */
		if (device != NULL)
			add_device(container, device, device == *name);
	}
	return add_gpu(planner, container, error);
}
