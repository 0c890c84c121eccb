/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "quadlet/format.h"

#define BURST 5
#define LEAST_INTERVAL 300

/* A program that cannot start, or never becomes healthy, is tried five times, not for ever: all of
 * these tries must fit into the interval. */
void smith_format_start(SmithUnit *unit, gint64 start_seconds)
{
	gint64 interval = MAX(LEAST_INTERVAL, (BURST + 1) * (start_seconds + 5));
	smith_unit_setf(unit, "Unit", "StartLimitIntervalSec", "%" G_GINT64_FORMAT, interval);
	smith_unit_setf(unit, "Unit", "StartLimitBurst", "%d", BURST);
	smith_unit_setf(unit, "Service", "TimeoutStartSec", "%" G_GINT64_FORMAT, start_seconds);
}

/* --- before quadlets: what the generator of 5.x writes */

#define CID "--cidfile=%t/%N.cid"
#define RUN "/usr/bin/podman run " CID " --replace --rm --cgroups=no-conmon --sdnotify=conmon -d"
#define REMOVE "/usr/bin/podman rm -v -f -i " CID
#define POD_ID "--pod-id-file=%t/%N.pod-id"
#define POD_CREATE                                                                                 \
	"/usr/bin/podman pod create --infra-conmon-pidfile=%t/%N.pid " POD_ID " --replace"

static void set_verbatim(SmithUnit *unit, const char *const *pairs)
{
	for (; *pairs != NULL; pairs += 2)
		smith_unit_verbatim(unit, "Service", pairs[0], pairs[1]);
}

void smith_format_run(SmithUnit *unit, const SmithContainerPlan *container)
{
	static const char *const pairs[] = {"Type",	"notify",      "NotifyAccess",
					    "all",	"Delegate",    "yes",
					    "KillMode", "mixed",       "SyslogIdentifier",
					    "%N",	"Environment", "PODMAN_SYSTEMD_UNIT=%n",
					    "ExecStop", REMOVE,	       "ExecStopPost",
					    "-" REMOVE, NULL};
	g_autofree char *command = smith_unit_command(unit, RUN, container->image);
	smith_unit_verbatim(unit, "Unit", "RequiresMountsFor", "%t/containers");
	set_verbatim(unit, pairs);
	smith_unit_verbatim(unit, "Service", "ExecStart", command);
}

void smith_format_run_pod(SmithUnit *unit, const SmithPodPlan *pod)
{
	static const char *const pairs[] = {"Type",
					    "forking",
					    "PIDFile",
					    "%t/%N.pid",
					    "Restart",
					    "on-failure",
					    "SyslogIdentifier",
					    "%N",
					    "Environment",
					    "PODMAN_SYSTEMD_UNIT=%n",
					    "ExecStart",
					    "/usr/bin/podman pod start " POD_ID,
					    "ExecStop",
					    "/usr/bin/podman pod stop " POD_ID " --ignore",
					    "ExecStopPost",
					    "/usr/bin/podman pod rm " POD_ID " --ignore --force",
					    NULL};
	g_autofree char *create = smith_unit_command(unit, POD_CREATE, NULL);
	smith_unit_verbatim(unit, "Unit", "RequiresMountsFor", "%t/containers");
	for (guint i = 0; i < pod->members->len; i++) {
		const SmithContainerPlan *member = pod->members->pdata[i];
		smith_unit_setf(unit, "Unit", "Wants", "%s.service", member->slug);
		smith_unit_setf(unit, "Unit", "Before", "%s.service", member->slug);
	}
	smith_unit_verbatim(unit, "Service", "ExecStartPre", create);
	set_verbatim(unit, pairs);
}

/* --- targets */

void smith_format_part_of(SmithUnit *unit, const SmithGroup *group)
{
	smith_unit_setf(unit, "Unit", "PartOf", "%s.target", group->slug);
	smith_unit_setf(unit, "Unit", "Before", "%s.target", group->slug);
}

void smith_format_install(SmithUnit *unit, const SmithGroup *group)
{
	smith_unit_setf(unit, "Install", "WantedBy", "%s.target", group->slug);
}

gboolean smith_format_target(const SmithFormat *format, const SmithPlanTarget *target,
			     const SmithPlanTarget *whole, GError **error)
{
	bool is_whole = target == whole;
	g_autofree char *parent = g_strconcat(whole->slug, ".target", NULL);
	g_autoptr(SmithUnit) unit =
		smith_format_unit(format, format->podman, is_whole ? "host" : "group",
				  is_whole ? format->plan->host->name : target->title);
	if (!is_whole) {
		smith_unit_set(unit, "Unit", "PartOf", parent);
		smith_unit_set(unit, "Unit", "Before", parent);
	}
	smith_unit_set(unit, "Install", "WantedBy", is_whole ? "default.target" : parent);
	return smith_format_add_plain(format, target->slug, ".target", unit, error);
}
