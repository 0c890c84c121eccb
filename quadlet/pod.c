/* SPDX-License-Identifier: Apache-2.0 */
#include "quadlet/pod.h"

#define SHM_DEFAULT (64 * 1024 * 1024) /* podman's */

/* Members have one /dev/shm: room for what each may take. 0 when none says anything. */
static gint64 shm_size(const GPtrArray *services)
{
	gint64 total = 0;
	bool all_say = true;
	for (guint i = 0; i < services->len; i++) {
		const SmithLimits *limits = ((const SmithService *)services->pdata[i])->limits;
		gint64 shm = limits != NULL ? limits->shm : 0;
		all_say = all_say && shm > 0;
		total = shm <= G_MAXINT64 - SHM_DEFAULT - total ? total + shm : total;
	}
	return total == 0 || all_say ? total : total + SHM_DEFAULT;
}

static void add_shm(const SmithEmit *emit, SmithUnit *unit, const GPtrArray *services)
{
	gint64 size = shm_size(services);
	g_autofree char *text = smith_emit_size(size);
	if (size > 0 && emit->podman >= 504)
		smith_unit_add(unit, "ShmSize", text);
	else if (size > 0)
		smith_emit_podman_args(unit, "--shm-size=%s", text);
}

void smith_pod_emit(SmithEmit *emit, const SmithGroup *group, const GPtrArray *services)
{
	g_autoptr(SmithUnit) unit = smith_emit_begin(emit, "pod", group->name);
	smith_unit_section(unit, "Pod");
	smith_unit_add(unit, "PodName", group->slug);
	smith_emit_network(emit, unit, group);
	smith_emit_userns(emit, unit);
	add_shm(emit, unit, services);
	for (guint i = 0; i < services->len; i++)
		smith_emit_ports(emit, unit, services->pdata[i]);
	smith_unit_section(unit, "Install");
	smith_unit_add(unit, "WantedBy", "default.target");
	smith_emit_file(emit, group->slug, ".pod", unit);
}
