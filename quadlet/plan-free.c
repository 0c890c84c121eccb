/* SPDX-License-Identifier: Apache-2.0 */
#include "quadlet/planner.h"

void smith_plan_network_free(SmithPlanNetwork *network)
{
	g_free(network->slug);
	g_free(network->ip);
	g_strfreev(network->aliases);
	g_free(network);
}

static void mount_free(gpointer data)
{
	SmithPlanMount *mount = data;
	g_free(mount->source);
	g_free(mount->target);
	g_free(mount);
}

static void secret_free(gpointer data)
{
	SmithPlanSecret *secret = data;
	g_free(secret->name);
	g_free(secret->target);
	g_free(secret);
}

static void device_free(gpointer data)
{
	SmithPlanDevice *device = data;
	g_free(device->name);
	g_free(device);
}

static void loosened_free(gpointer data)
{
	SmithPlanLoosened *loosened = data;
	g_free(loosened->what);
	g_free(loosened->detail);
	g_free(loosened->reason);
	g_free(loosened);
}

static void need_free(gpointer data)
{
	SmithPlanNeed *need = data;
	g_free(need->slug);
	g_free(need->name);
	g_free(need->address);
	g_free(need);
}

static void health_free(SmithPlanHealth *health)
{
	if (health != NULL) {
		g_strfreev(health->argv);
		g_strfreev(health->startup);
	}
	g_free(health);
}

static GPtrArray *new_networks(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)smith_plan_network_free);
}

SmithContainerPlan *smith_plan_container_new(void)
{
	SmithContainerPlan *container = g_new0(SmithContainerPlan, 1);
	container->mounts = g_ptr_array_new_with_free_func(mount_free);
	container->secrets = g_ptr_array_new_with_free_func(secret_free);
	container->devices = g_ptr_array_new_with_free_func(device_free);
	container->labels = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	container->networks = new_networks();
	container->ports = g_ptr_array_new_with_free_func(g_free);
	container->loosened = g_ptr_array_new_with_free_func(loosened_free);
	container->needs = g_ptr_array_new_with_free_func(need_free);
	return container;
}

static void container_free(gpointer data)
{
	SmithContainerPlan *container = data;
	char *const texts[] = {container->slug,	      container->title,	  container->image,
			       container->image_tag,  container->cpus,	  container->user,
			       container->user_group, container->seccomp, container->min_driver};
	char **const lists[] = {container->argv,  container->entrypoint, container->environment,
				container->tmpfs, container->dns,	 container->capabilities};
	GPtrArray *const arrays[] = {container->mounts,	  container->secrets, container->devices,
				     container->networks, container->ports,   container->loosened,
				     container->needs};
	for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
		g_free(texts[i]);
	for (guint i = 0; i < G_N_ELEMENTS(lists); i++)
		g_strfreev(lists[i]);
	for (guint i = 0; i < G_N_ELEMENTS(arrays); i++)
		g_ptr_array_unref(arrays[i]);
	g_hash_table_unref(container->labels);
	health_free(container->health);
	g_free(container);
}

SmithPodPlan *smith_plan_pod_new(void)
{
	SmithPodPlan *pod = g_new0(SmithPodPlan, 1);
	pod->networks = new_networks();
	pod->ports = g_ptr_array_new_with_free_func(g_free);
	pod->members = g_ptr_array_new();
	return pod;
}

static void pod_free(gpointer data)
{
	SmithPodPlan *pod = data;
	g_free(pod->slug);
	g_free(pod->hostname);
	g_strfreev(pod->dns);
	g_ptr_array_unref(pod->networks);
	g_ptr_array_unref(pod->ports);
	g_ptr_array_unref(pod->members);
	g_free(pod);
}

static void target_free(gpointer data)
{
	SmithPlanTarget *target = data;
	g_free(target->slug);
	g_free(target->title);
	g_ptr_array_unref(target->containers);
	g_ptr_array_unref(target->pods);
	g_free(target);
}

static void file_free(gpointer data)
{
	SmithPlanFile *file = data;
	g_free(file->name);
	g_free(file->text);
	g_free(file);
}

SmithHostPlan *smith_host_plan_alloc(const SmithFleet *fleet, const SmithHost *host)
{
	SmithHostPlan *plan = g_new0(SmithHostPlan, 1);
	plan->fleet = fleet;
	plan->host = host;
	plan->pods = g_ptr_array_new_with_free_func(pod_free);
	plan->containers = g_ptr_array_new_with_free_func(container_free);
	plan->networks = g_ptr_array_new();
	plan->volumes = g_ptr_array_new_with_free_func(g_free);
	plan->targets = g_ptr_array_new_with_free_func(target_free);
	plan->files = g_ptr_array_new_with_free_func(file_free);
	return plan;
}

void smith_host_plan_free(SmithHostPlan *plan)
{
	if (plan == NULL)
		return;
	g_ptr_array_unref(plan->targets);
	g_ptr_array_unref(plan->pods);
	g_ptr_array_unref(plan->containers);
	g_ptr_array_unref(plan->networks);
	g_ptr_array_unref(plan->volumes);
	g_ptr_array_unref(plan->files);
	g_strfreev(plan->environment);
	g_free(plan);
}
