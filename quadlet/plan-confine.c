/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "fleet/runtime.h"
#include "quadlet/planner.h"
#include "seccomp/profile-name.h"
#include "seccomp/profile.h"

#define PIDS_DEFAULT 512
#define SHM_DEFAULT (64 * 1024 * 1024) /* podman's */

static void loosen(SmithContainerPlan *container, const char *what, const char *detail)
{
	SmithPlanLoosened *loosened = g_new0(SmithPlanLoosened, 1);
	loosened->what = g_strdup(what);
	loosened->detail = g_strdup(detail);
	loosened->reason = g_strdup(smith_service_reason(container->service, what));
	g_ptr_array_add(container->loosened, loosened);
}

static void set_user(SmithContainerPlan *container)
{
	const char *user = container->service->user;
	g_autofree char *ours = g_strdup_printf("%d:%d", SMITH_UID, SMITH_GID);
	if (user == NULL && !smith_plan_is_ours(container))
		return;
	g_auto(GStrv) ids = g_strsplit(user != NULL ? user : ours, ":", 2);
	if (ids[0] == NULL)
		return;
	container->user = g_strdup(ids[0]);
	container->user_group = g_strdup(ids[1]);
	if (smith_service_is_root(container->service))
		loosen(container, "user", user);
}

/* Ours alone have a limit of ours: an upstream image may be a database with a process for each of
 * its clients, and podman has one for that. */
static gint64 pids_of(const SmithContainerPlan *container)
{
	const SmithLimits *limits = container->service->limits;
	const SmithGroup *supervised = container->service->supervises;
	if (limits != NULL && limits->pids != 0)
		return limits->pids;
	if (!smith_plan_is_ours(container))
		return 0;
	guint members = supervised != NULL ? MAX(g_strv_length(supervised->services), 1) : 1;
	return (gint64)PIDS_DEFAULT * members;
}

static void set_limits(SmithContainerPlan *container)
{
	const SmithLimits *limits = container->service->limits;
	container->pids = pids_of(container);
	if (container->pids < 0)
		loosen(container, "pids", "unlimited");
	if (limits == NULL)
		return;
	container->memory = limits->memory;
	container->cpus = g_strdup(limits->cpus);
	container->shm = container->pod == NULL ? limits->shm : 0;
}

/* What the user of the host shares with the service must be the service's own: then it runs as that
 * user. All else is better with ids of its own, since rootless podman otherwise copies every image
 * to change the owner of its files: 5 to 9 s for a container instead of 0.3. An image of root's, or
 * of a user that only it knows, is for podman's own mapping. */
static bool shares_files(const SmithContainerPlan *container)
{
	if (container->user == NULL)
		return false;
	for (guint i = 0; i < container->mounts->len; i++)
		if (((SmithPlanMount *)container->mounts->pdata[i])->kind != SMITH_PLAN_VOLUME)
			return true;
	return container->keep_groups;
}

static bool has_file(const SmithHostPlan *plan, const char *name)
{
	for (guint i = 0; i < plan->files->len; i++)
		if (strcmp(((SmithPlanFile *)plan->files->pdata[i])->name, name) == 0)
			return true;
	return false;
}

/* The profile stands beside the units, once for all that are under it. */
static gboolean add_profile(const SmithPlanner *planner, const char *name, const char *path,
			    GError **error)
{
	if (has_file(planner->plan, path))
		return TRUE;
	g_autoptr(SmithProfile) profile = smith_profile_load(planner->fleet->fd, name, error);
	if (profile == NULL)
		return FALSE;
	SmithPlanFile *file = g_new0(SmithPlanFile, 1);
	file->name = g_strdup(path);
	file->text = smith_profile_write(profile, NULL);
	g_ptr_array_add(planner->plan->files, file);
	return TRUE;
}

static gboolean set_seccomp(const SmithPlanner *planner, SmithContainerPlan *container,
			    GError **error)
{
	const char *name = smith_service_seccomp(planner->fleet, container->service);
	SMITH_AUTO_PREFIX("service", container->title, error);
	if (name == NULL)
		return TRUE;
	if (strcmp(name, SMITH_SECCOMP_UNCONFINED) == 0) {
		container->seccomp = g_strdup(name);
		loosen(container, "seccomp", name);
		return TRUE;
	}
	container->seccomp = smith_profile_name_file(name);
	return add_profile(planner, name, container->seccomp, error);
}

gboolean smith_plan_confine(SmithPlanner *planner, SmithContainerPlan *container, GError **error)
{
	const SmithService *service = container->service;
	set_user(container);
	container->read_only = service->read_only;
	if (!service->read_only && smith_plan_is_ours(container))
		loosen(container, "read_only", "false");
	container->capabilities = g_strdupv(service->capabilities);
	g_autofree char *capabilities = g_strjoinv(",", container->capabilities);
	if (*capabilities != '\0')
		loosen(container, "capabilities", capabilities);
	container->new_privileges = service->new_privileges;
	if (service->new_privileges)
		loosen(container, "new_privileges", "true");
	set_limits(container);
	return set_seccomp(planner, container, error);
}

/* Members have one /dev/shm: room for what each may take. 0 when none says anything. */
static gint64 shm_size(const GPtrArray *members)
{
	gint64 total = 0;
	bool all_say = true;
	for (guint i = 0; i < members->len; i++) {
		const SmithContainerPlan *member = members->pdata[i];
		const SmithLimits *limits = member->service->limits;
		gint64 shm = limits != NULL ? limits->shm : 0;
		all_say = all_say && shm > 0;
		total = shm <= G_MAXINT64 - SHM_DEFAULT - total ? total + shm : total;
	}
	return total == 0 || all_say ? total : total + SHM_DEFAULT;
}

void smith_plan_pod_confine(SmithPodPlan *pod)
{
	pod->shm = shm_size(pod->members);
	for (guint i = 0; i < pod->members->len; i++) {
		const SmithContainerPlan *member = pod->members->pdata[i];
		pod->stop_seconds = MAX(pod->stop_seconds, member->stop_seconds);
	}
}

static bool *keep_id_of(SmithContainerPlan *container)
{
	return container->pod != NULL ? &container->pod->keep_id : &container->keep_id;
}

/* The volumes of a container that has the user's id are such a container's files; TRUE when one of
 * them was not known to be. */
static bool take_volumes(const SmithContainerPlan *container, GHashTable *volumes)
{
	bool found = false;
	for (guint i = 0; i < container->mounts->len; i++) {
		const SmithPlanMount *mount = container->mounts->pdata[i];
		if (mount->kind == SMITH_PLAN_VOLUME)
			found = g_hash_table_add(volumes, mount->source) || found;
	}
	return found;
}

static bool has_volume_of(const SmithContainerPlan *container, GHashTable *volumes)
{
	for (guint i = 0; i < container->mounts->len; i++) {
		const SmithPlanMount *mount = container->mounts->pdata[i];
		if (mount->kind == SMITH_PLAN_VOLUME &&
		    g_hash_table_contains(volumes, mount->source))
			return container->user != NULL;
	}
	return false;
}

void smith_plan_ids(SmithHostPlan *plan)
{
	g_autoptr(GHashTable) volumes = g_hash_table_new(g_str_hash, g_str_equal);
	bool changed = true;
	while (changed) {
		changed = false;
		for (guint i = 0; i < plan->containers->len; i++) {
			SmithContainerPlan *container = plan->containers->pdata[i];
			bool *keep_id = keep_id_of(container);
			if (!*keep_id)
				*keep_id = shares_files(container) ||
					   has_volume_of(container, volumes);
			if (*keep_id)
				changed = take_volumes(container, volumes) || changed;
		}
	}
}
