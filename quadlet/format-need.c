/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "quadlet/format.h"

/* Which of a container's name and state podman knows. */
#define HEALTHY_SCRIPT                                                                             \
	"until podman ps -q --filter \"name=^$0\\$\" --filter health=healthy | grep -q .; do "     \
	"sleep 1; done"
/* A connection that is not answered is given up after three seconds, since the other host may come
 * up meanwhile. One that is closed at once was taken by podman, whose pod is there before the
 * program in it. */
#define ANSWER_SCRIPT                                                                              \
	"until timeout 3 bash -c 'exec 3<>\"/dev/tcp/$0/$1\"; read -r -t 1 -n 1 -u 3; "            \
	"[ $? = 0 -o $? -gt 128 ]' \"$0\" \"$1\" 2>/dev/null; do sleep 1; done"

char *smith_format_service(const SmithFormat *format, const SmithContainerPlan *container)
{
	return smith_format_is_kube(format, container->pod)
		       ? g_strconcat(container->pod->slug, "-pod.service", NULL)
		       : g_strconcat(container->slug, ".service", NULL);
}

static const SmithContainerPlan *find_container(const SmithFormat *format, const char *slug)
{
	for (guint i = 0; i < format->plan->containers->len; i++) {
		const SmithContainerPlan *container = format->plan->containers->pdata[i];
		if (strcmp(container->slug, slug) == 0)
			return container;
	}
	return NULL;
}

static void depend(SmithUnit *unit, const char *name, bool is_required)
{
	smith_unit_depend(unit, is_required ? "Requires" : "Wants", name);
	smith_unit_depend(unit, "After", name);
}

/* A unit that is started as soon as @argv has ended well, or fails after @seconds. */
static gboolean add_wait(const SmithFormat *format, const char *name, SmithUnit *unit,
			 const char *const *argv, gint64 seconds, GError **error)
{
	for (guint i = 0; i < format->files->len; i++) {
		const SmithUnitFile *file = format->files->pdata[i];
		g_autofree char *path =
			g_strconcat(format->plan->host->name, "/" SMITH_FORMAT_SYSTEMD "/", name,
				    ".service", NULL);
		if (strcmp(file->path, path) == 0)
			return TRUE;
	}
	smith_unit_set(unit, "Service", "Type", "oneshot");
	smith_unit_run(unit, "ExecStart", argv);
	smith_unit_setf(unit, "Service", "TimeoutStartSec", "%" G_GINT64_FORMAT, seconds);
	return smith_format_add_plain(format, name, ".service", unit, error);
}

/* --- until it is healthy, where podman does not tell systemd */

static bool tells_healthy(const SmithFormat *format, const SmithContainerPlan *other)
{
	g_autoptr(SmithUnit) trial = smith_unit_new(format->podman, other->title);
	return smith_unit_notify_healthy(trial) && !smith_format_is_kube(format, other->pod);
}

static gboolean need_healthy(const SmithFormat *format, SmithUnit *unit, const SmithPlanNeed *need,
			     const SmithContainerPlan *other, GError **error)
{
	g_autofree char *name = g_strconcat(other->slug, "-healthy", NULL);
	g_autofree char *file = g_strconcat(name, ".service", NULL);
	g_autofree char *service = smith_format_service(format, other);
	/* so kube play calls them */
	g_autofree char *container = smith_format_is_kube(format, other->pod)
					     ? g_strconcat(other->pod->slug, "-", other->slug, NULL)
					     : g_strdup(other->slug);
	g_autoptr(SmithUnit) wait =
		smith_format_unit(format, format->podman, "health of", other->title);
	depend(unit, file, need->required);
	depend(wait, service, true);
	smith_unit_setf(wait, "Unit", "PartOf", "%s.target", other->group->slug);
	return add_wait(format, name, wait,
			(const char *[]){"/bin/sh", "-c", HEALTHY_SCRIPT, container, NULL},
			other->start_seconds, error);
}

/* --- on this host, on another */

static gboolean need_here(const SmithFormat *format, SmithUnit *unit,
			  const SmithContainerPlan *container, const SmithPlanNeed *need,
			  GError **error)
{
	const SmithContainerPlan *other = find_container(format, need->slug);
	g_autofree char *own = smith_format_service(format, container);
	g_autofree char *service = other != NULL ? smith_format_service(format, other)
						 : g_strconcat(need->slug, ".service", NULL);
	/* members of one pod that is one unit */
	if (strcmp(own, service) == 0)
		return TRUE;
	depend(unit, service, need->required);
	if (!need->healthy || other == NULL || other->health == NULL ||
	    tells_healthy(format, other))
		return TRUE;
	return need_healthy(format, unit, need, other, error);
}

/* It is no order: after that time the service is started all the same, since the other host may be
 * down for long. */
static gboolean need_elsewhere(const SmithFormat *format, SmithUnit *unit,
			       const SmithContainerPlan *container, const SmithPlanNeed *need,
			       GError **error)
{
	g_autofree char *slug = smith_slug(need->name);
	g_autofree char *name = g_strconcat(container->slug, "-wait-", slug, NULL);
	g_autofree char *file = g_strconcat(name, ".service", NULL);
	g_autofree char *port = g_strdup_printf("%" G_GINT64_FORMAT, need->port);
	g_autoptr(SmithUnit) wait =
		smith_format_unit(format, format->podman, "wait for", need->name);
	if (need->address == NULL)
		return TRUE;
	depend(unit, file, false);
	smith_unit_setf(wait, "Unit", "PartOf", "%s.target", container->group->slug);
	/* a restart of the service is not held up again */
	smith_unit_set(wait, "Service", "RemainAfterExit", "yes");
	return add_wait(format, name, wait,
			(const char *[]){"/bin/sh", "-c", ANSWER_SCRIPT, need->address, port, NULL},
			need->seconds, error);
}

gboolean smith_format_needs(const SmithFormat *format, SmithUnit *unit,
			    const SmithContainerPlan *container, GError **error)
{
	for (guint i = 0; i < container->needs->len; i++) {
		const SmithPlanNeed *need = container->needs->pdata[i];
		if (!(need->slug != NULL ? need_here(format, unit, container, need, error)
					 : need_elsewhere(format, unit, container, need, error)))
			return FALSE;
	}
	return TRUE;
}
