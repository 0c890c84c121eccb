/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/runtime.h"
#include "quadlet/planner.h"

#define SHM_DEFAULT (64 * 1024 * 1024) /* podman's */

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
}

static void set_limits(SmithContainerPlan *container)
{
	const SmithLimits *limits = container->service->limits;
	if (limits == NULL)
		return;
	container->memory = limits->memory;
	container->cpus = g_strdup(limits->cpus);
	container->pids = limits->pids;
	container->shm = container->pod == NULL ? limits->shm : 0;
}

/* An image of root's, or of a user that only it knows, is for podman's own mapping. */
void smith_plan_confine(SmithPlanner *planner, SmithContainerPlan *container)
{
	const SmithService *service = container->service;
	(void)planner;
	set_user(container);
	container->keep_id = container->pod == NULL && container->user != NULL;
	container->read_only = service->read_only;
	container->capabilities = g_strdupv(service->capabilities);
	set_limits(container);
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
	pod->keep_id = true;
	pod->shm = shm_size(pod->members);
	for (guint i = 0; i < pod->members->len; i++) {
		const SmithContainerPlan *member = pod->members->pdata[i];
		pod->stop_seconds = MAX(pod->stop_seconds, member->stop_seconds);
	}
}
