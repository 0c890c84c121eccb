/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "quadlet/plan.h"

/* A plan as lines of text, one for each thing that it says; what is not said has no line. */
static inline void dump_strv(GString *out, const char *what, char **list)
{
	for (char **text = list; text != NULL && *text != NULL; text++)
		g_string_append_printf(out, "  %s %s\n", what, *text);
}

static inline void dump_text(GString *out, const char *what, const char *text)
{
	if (text != NULL)
		g_string_append_printf(out, "  %s %s\n", what, text);
}

static inline void dump_number(GString *out, const char *what, gint64 number)
{
	if (number != 0)
		g_string_append_printf(out, "  %s %" G_GINT64_FORMAT "\n", what, number);
}

static inline void dump_networks(GString *out, const GPtrArray *networks)
{
	for (guint i = 0; i < networks->len; i++) {
		const SmithPlanNetwork *network = networks->pdata[i];
		g_autofree char *aliases = g_strjoinv(",", network->aliases);
		g_string_append_printf(out, "  network %s (%s) ip=%s aliases=%s\n", network->slug,
				       network->network->name,
				       network->ip != NULL ? network->ip : "", aliases);
	}
}

static inline void dump_ports(GString *out, const GPtrArray *ports)
{
	for (guint i = 0; i < ports->len; i++) {
		const SmithPlanPort *port = ports->pdata[i];
		g_string_append_printf(out,
				       "  port %" G_GINT64_FORMAT " on %" G_GINT64_FORMAT "%s%s\n",
				       port->container, port->host, port->local ? " local" : "",
				       port->udp ? " udp" : "");
	}
}

static inline void dump_mounts(GString *out, const SmithContainerPlan *container)
{
	static const char *const kinds[] = {"volume", "directory", "socket"};

	for (guint i = 0; i < container->mounts->len; i++) {
		const SmithPlanMount *mount = container->mounts->pdata[i];
		g_string_append_printf(out, "  %s %s at %s%s%s\n", kinds[mount->kind],
				       mount->source != NULL ? mount->source : "-", mount->target,
				       mount->read_only ? " ro" : "", mount->own ? " own" : "");
	}
	for (guint i = 0; i < container->secrets->len; i++) {
		const SmithPlanSecret *secret = container->secrets->pdata[i];
		g_string_append_printf(out, "  secret %s as %s %s\n", secret->name,
				       secret->env ? "variable" : "file", secret->target);
	}
	for (guint i = 0; i < container->devices->len; i++) {
		const SmithPlanDevice *device = container->devices->pdata[i];
		g_string_append_printf(out, "  device %s%s\n", device->name,
				       device->optional ? " optional" : "");
	}
}

static inline void dump_needs(GString *out, const SmithContainerPlan *container)
{
	for (guint i = 0; i < container->needs->len; i++) {
		const SmithPlanNeed *need = container->needs->pdata[i];
		g_string_append_printf(out, "  need %s (%s)%s%s", need->slug ? need->slug : "-",
				       need->name, need->required ? " required" : "",
				       need->healthy ? " healthy" : "");
		if (need->address != NULL)
			g_string_append_printf(
				out, " at %s:%" G_GINT64_FORMAT " within %" G_GINT64_FORMAT "s",
				need->address, need->port, need->seconds);
		g_string_append_c(out, '\n');
	}
}

static inline void dump_confinement(GString *out, const SmithContainerPlan *container)
{
	dump_text(out, "user", container->user);
	dump_text(out, "group", container->user_group);
	dump_number(out, "keep-id", container->keep_id);
	dump_number(out, "keep-groups", container->keep_groups);
	dump_number(out, "read-only", container->read_only);
	dump_number(out, "new-privileges", container->new_privileges);
	dump_strv(out, "capability", container->capabilities);
	dump_text(out, "seccomp", container->seccomp);
	for (guint i = 0; i < container->loosened->len; i++) {
		const SmithPlanLoosened *loosened = container->loosened->pdata[i];
		g_string_append_printf(out, "  loosened %s %s: %s\n", loosened->what,
				       loosened->detail != NULL ? loosened->detail : "-",
				       loosened->reason != NULL ? loosened->reason : "(no reason)");
	}
	dump_number(out, "memory", container->memory);
	dump_text(out, "cpus", container->cpus);
	dump_number(out, "pids", container->pids);
	dump_number(out, "shm", container->shm);
}

static inline void dump_health(GString *out, const SmithContainerPlan *container)
{
	static const char *const restarts[] = {"always", "on-failure", "no"};
	const SmithPlanHealth *health = container->health;

	if (health != NULL) {
		g_autofree char *argv = g_strjoinv(" ", health->argv);
		g_string_append_printf(out,
				       "  health %s\n  health-times port=%" G_GINT64_FORMAT
				       " interval=%" G_GINT64_FORMAT " timeout=%" G_GINT64_FORMAT
				       " start=%" G_GINT64_FORMAT " retries=%" G_GINT64_FORMAT "\n",
				       argv, health->port, health->interval, health->timeout,
				       health->start_period, health->retries);
	}
	dump_text(out, "restart", restarts[container->restart]);
	dump_number(out, "start-seconds", container->start_seconds);
	dump_number(out, "stop-seconds", container->stop_seconds);
	dump_text(out, "min-driver", container->min_driver);
	dump_number(out, "gpu-required", container->gpu_required);
}

static inline void dump_labels(GString *out, const SmithContainerPlan *container)
{
	g_autoptr(GList) keys =
		g_list_sort(g_hash_table_get_keys(container->labels), (GCompareFunc)strcmp);

	for (GList *key = keys; key != NULL; key = key->next)
		g_string_append_printf(out, "  label %s=%s\n", (char *)key->data,
				       (char *)g_hash_table_lookup(container->labels, key->data));
}

static inline void dump_container(GString *out, const SmithContainerPlan *container)
{
	g_string_append_printf(out, "container %s (%s) of %s\n", container->slug, container->title,
			       container->group->name);
	dump_text(out, "pod", container->pod != NULL ? container->pod->slug : NULL);
	dump_text(out, "image", container->image);
	dump_text(out, "image-tag", container->image_tag);
	dump_number(out, "pull", container->pull);
	dump_strv(out, "entrypoint", container->entrypoint);
	dump_strv(out, "argv", container->argv);
	dump_strv(out, "env", container->environment);
	dump_mounts(out, container);
	dump_strv(out, "tmpfs", container->tmpfs);
	dump_labels(out, container);
	dump_number(out, "host-network", container->host_network);
	dump_networks(out, container->networks);
	dump_ports(out, container->ports);
	dump_strv(out, "dns", container->dns);
	dump_confinement(out, container);
	dump_health(out, container);
	dump_needs(out, container);
}

static inline void dump_pod(GString *out, const SmithPodPlan *pod)
{
	g_string_append_printf(out, "pod %s (%s)\n", pod->slug, pod->group->name);
	dump_text(out, "hostname", pod->hostname);
	dump_networks(out, pod->networks);
	dump_ports(out, pod->ports);
	dump_strv(out, "dns", pod->dns);
	dump_number(out, "keep-id", pod->keep_id);
	dump_number(out, "shm", pod->shm);
	dump_number(out, "stop-seconds", pod->stop_seconds);
	for (guint i = 0; i < pod->members->len; i++)
		dump_text(out, "member", ((SmithContainerPlan *)pod->members->pdata[i])->slug);
}

static inline void dump_target(GString *out, const SmithPlanTarget *target)
{
	g_string_append_printf(out, "target %s (%s)\n", target->slug, target->title);
	for (guint i = 0; i < target->pods->len; i++)
		dump_text(out, "pod", ((SmithPodPlan *)target->pods->pdata[i])->slug);
	for (guint i = 0; i < target->containers->len; i++)
		dump_text(out, "container",
			  ((SmithContainerPlan *)target->containers->pdata[i])->slug);
}

static inline char *plan_dump(const SmithHostPlan *plan)
{
	GString *out = g_string_new(NULL);

	g_string_append_printf(out, "host %s podman %d\n", plan->host->name, plan->podman);
	dump_strv(out, "env", plan->environment);
	for (guint i = 0; i < plan->networks->len; i++)
		dump_text(out, "network", ((SmithNetwork *)plan->networks->pdata[i])->name);
	for (guint i = 0; i < plan->volumes->len; i++)
		dump_text(out, "volume", plan->volumes->pdata[i]);
	for (guint i = 0; i < plan->files->len; i++)
		dump_text(out, "file", ((SmithPlanFile *)plan->files->pdata[i])->name);
	for (guint i = 0; i < plan->pods->len; i++)
		dump_pod(out, plan->pods->pdata[i]);
	for (guint i = 0; i < plan->containers->len; i++)
		dump_container(out, plan->containers->pdata[i]);
	for (guint i = 0; i < plan->targets->len; i++)
		dump_target(out, plan->targets->pdata[i]);
	return g_string_free(out, FALSE);
}
