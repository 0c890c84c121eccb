/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "quadlet/planner.h"

static SmithPlanMount *add_mount(SmithContainerPlan *container, SmithPlanMountKind kind,
				 char *source, const char *target)
{
	SmithPlanMount *mount = g_new0(SmithPlanMount, 1);
	mount->kind = kind;
	mount->source = source;
	mount->target = g_strdup(target);
	g_ptr_array_add(container->mounts, mount);
	return mount;
}

static void use_volume(SmithPlanner *planner, const char *slug)
{
	char *kept = g_strdup(slug);
	if (g_hash_table_add(planner->volumes, kept))
		g_ptr_array_add(planner->plan->volumes, g_strdup(slug));
}

/* Docker's, and podman's of whatever user: it is that of who runs the units. */
static bool is_engine_socket(const char *path)
{
	static const char *const paths[] = {"/docker.sock", "/podman/podman.sock"};
	if (g_str_has_prefix(path, "/var/run/"))
		path += strlen("/var");
	if (!g_str_has_prefix(path, "/run/"))
		return false;
	path += strlen("/run");
	if (g_str_has_prefix(path, "/user/")) {
		path += strlen("/user/");
		path += strspn(path, "0123456789");
	}
	return strcmp(path, paths[0]) == 0 || strcmp(path, paths[1]) == 0;
}

static gboolean add_volume(SmithPlanner *planner, SmithContainerPlan *container,
			   const SmithMount *mount, GError **error)
{
	const SmithVolume *volume = smith_fleet_volume(planner->fleet, mount->volume);
	const char *path = volume != NULL ? volume->path : mount->volume;
	SmithPlanMount *planned = NULL;
	if (volume == NULL && *mount->volume != '/')
		return smith_throw(error, SMITH_ERROR_NOT_FOUND, "no volume '%s' for service '%s'",
				   mount->volume, container->title);
	if (mount->target == NULL)
		return smith_throw(error, SMITH_ERROR_NOT_FOUND,
				   "neither volume '%s' nor service '%s' says a target",
				   mount->volume, container->title);
	if (path != NULL && is_engine_socket(path)) {
		bool is_podman = g_str_has_suffix(path, "/podman.sock");
		planned = add_mount(container, SMITH_PLAN_SOCKET, is_podman ? g_strdup(path) : NULL,
				    mount->target);
		planned->read_only = true;
		return TRUE;
	}
	if (path != NULL) {
		planned = add_mount(container, SMITH_PLAN_DIRECTORY, g_strdup(path), mount->target);
	} else {
		char *slug = smith_slug(volume->name);
		use_volume(planner, slug);
		planned = add_mount(container, SMITH_PLAN_VOLUME, slug, mount->target);
	}
	planned->read_only = mount->read_only;
	return TRUE;
}

/* The directory is the service's also when the image has one of root's there. */
static void add_writable(SmithPlanner *planner, SmithContainerPlan *container)
{
	for (char **path = container->service->writable; *path != NULL; path++) {
		g_autofree char *slug = smith_slug(*path);
		char *name = g_strconcat(container->slug, "-", slug, NULL);
		use_volume(planner, name);
		add_mount(container, SMITH_PLAN_VOLUME, name, *path)->own = true;
	}
}

static gboolean add_secret(SmithPlanner *planner, SmithContainerPlan *container, const char *name,
			   GError **error)
{
	const SmithSecret *secret = smith_fleet_secret(planner->fleet, name);
	if (secret == NULL)
		return smith_throw(error, SMITH_ERROR_NOT_FOUND, "no secret '%s' for service '%s'",
				   name, container->title);
	SmithPlanSecret *planned = g_new0(SmithPlanSecret, 1);
	planned->name = g_strdup(secret->name);
	planned->target = g_strdup(secret->target);
	planned->env = secret->as == SMITH_SECRET_ENV;
	g_ptr_array_add(container->secrets, planned);
	return TRUE;
}

gboolean smith_plan_mounts(SmithPlanner *planner, SmithContainerPlan *container, GError **error)
{
	const SmithService *service = container->service;
	for (guint i = 0; i < service->volumes->len; i++)
		if (!add_volume(planner, container, service->volumes->pdata[i], error))
			return FALSE;
	add_writable(planner, container);
	container->tmpfs = g_strdupv(service->tmpfs);
	for (char **name = service->secrets; *name != NULL; name++)
		if (!add_secret(planner, container, *name, error))
			return FALSE;
	return TRUE;
}
