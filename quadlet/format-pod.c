/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "quadlet/format.h"
#include "quadlet/marker.h"

#define NETWORK_SCRIPT "podman network exists \"$0\" || exec podman network create \"$@\" \"$0\""

/* --- pods */

static void add_pod(const SmithFormat *format, SmithUnit *unit, const SmithPodPlan *pod)
{
	g_autofree char *size = smith_format_size(pod->shm);
	smith_unit_key(unit, "Pod", "PodName", pod->slug);
	/* the last member that is down, to be restarted, must not take the pod with it */
	smith_unit_key(unit, "Pod", "ExitPolicy", "continue");
	if (pod->hostname != NULL)
		smith_unit_key(unit, "Pod", "HostName", pod->hostname);
	smith_format_place(format, unit, "Pod", pod->networks, pod->ports, pod->dns);
	if (pod->keep_id)
		smith_format_keep_id(unit, "Pod");
	if (pod->shm > 0)
		smith_unit_key(unit, "Pod", "ShmSize", size);
}

static gint64 start_seconds(const SmithPodPlan *pod)
{
	gint64 seconds = 0;
	for (guint i = 0; i < pod->members->len; i++)
		seconds = MAX(seconds,
			      ((const SmithContainerPlan *)pod->members->pdata[i])->start_seconds);
	return seconds;
}

static bool has_profile(const SmithPodPlan *pod)
{
	for (guint i = 0; i < pod->members->len; i++) {
		const SmithContainerPlan *member = pod->members->pdata[i];
		if (member->seccomp != NULL && strcmp(member->seccomp, "unconfined") != 0)
			return true;
	}
	return false;
}

static void add_kube(const SmithFormat *format, SmithUnit *unit, const SmithPodPlan *pod)
{
	smith_format_networks(format, unit, "Kube", pod->networks);
	if (pod->keep_id)
		smith_format_keep_id(unit, "Kube");
	if (has_profile(pod))
		smith_unit_option_at(unit, "Kube", "--seccomp-profile-root=", format->specifier,
				     format->directory);
}

gboolean smith_format_can_kube(const SmithFormat *format, const SmithPodPlan *pod, GError **error)
{
	g_autoptr(SmithUnit) trial = smith_unit_new(format->podman, pod->slug);
	add_kube(format, trial, pod);
	g_autofree char *text = smith_unit_text(trial, error);
	return text != NULL;
}

/* podman 4.4 to 4.9: one unit that plays the pod, with what its members need from without. */
static gboolean format_kube(const SmithFormat *format, SmithUnit *unit, const SmithPodPlan *pod,
			    GError **error)
{
	g_autofree char *name = g_strconcat(pod->slug, "-pod", NULL);
	g_autofree char *yaml = g_strconcat(name, ".yaml", NULL);
	g_autofree char *line = smith_quadlet_first_line(format->plan->fleet);
	const char *document = g_hash_table_lookup(format->kube, pod);
	g_autofree char *text = g_strconcat("# ", line, "\n", document, NULL);
	for (guint i = 0; i < pod->members->len; i++)
		if (!smith_format_needs(format, unit, pod->members->pdata[i], error))
			return FALSE;
	smith_unit_key(unit, "Kube", "Yaml", yaml);
	add_kube(format, unit, pod);
	smith_unit_set(unit, "Service", "Restart", "on-failure");
	smith_format_start(unit, start_seconds(pod));
	smith_format_install(unit, pod->group);
	smith_format_add_text(format, yaml, text);
	return smith_format_add(format, name, ".kube", unit, error);
}

gboolean smith_format_pod(const SmithFormat *format, const SmithPodPlan *pod, GError **error)
{
	bool is_kube = smith_format_is_kube(format, pod);
	bool is_plain = !is_kube && format->podman < SMITH_FORMAT_POD;
	g_autoptr(SmithUnit) unit =
		smith_format_unit(format, is_plain ? SMITH_UNIT_QUADLET - 1 : format->podman, "pod",
				  pod->group->name);
	smith_format_part_of(unit, pod->group);
	if (is_kube)
		return format_kube(format, unit, pod, error);
	add_pod(format, unit, pod);
	if (is_plain)
		smith_format_run_pod(unit, pod);
	smith_format_install(unit, pod->group);
	if (!is_plain)
		return smith_format_add(format, pod->slug, ".pod", unit, error);
	g_autofree char *name = g_strconcat(pod->slug, "-pod", NULL);
	return smith_format_add_plain(format, name, ".service", unit, error);
}

/* --- networks and volumes */

static void add_network(SmithUnit *unit, const SmithNetwork *network)
{
	if (network->subnet != NULL)
		smith_unit_key(unit, "Network", "Subnet", network->subnet);
	if (network->gateway != NULL)
		smith_unit_key(unit, "Network", "Gateway", network->gateway);
	if (network->internal)
		smith_unit_key(unit, "Network", "Internal", "true");
}

/* Made once, as a .network does. */
static gboolean format_plain_network(const SmithFormat *format, const SmithNetwork *network,
				     const char *slug, GError **error)
{
	g_autofree char *name = g_strconcat(slug, "-network", NULL);
	g_autoptr(SmithUnit) unit =
		smith_format_unit(format, SMITH_UNIT_QUADLET - 1, "network", network->name);
	g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
	for (const char *const *word =
		     (const char *const[]){"/bin/sh", "-c", NETWORK_SCRIPT, slug, NULL};
	     *word != NULL; word++)
		g_ptr_array_add(words, g_strdup(*word));
	if (network->subnet != NULL)
		g_ptr_array_add(words, g_strconcat("--subnet=", network->subnet, NULL));
	if (network->gateway != NULL)
		g_ptr_array_add(words, g_strconcat("--gateway=", network->gateway, NULL));
	if (network->internal)
		g_ptr_array_add(words, g_strdup("--internal"));
	g_ptr_array_add(words, NULL);
	smith_unit_set(unit, "Service", "Type", "oneshot");
	smith_unit_set(unit, "Service", "RemainAfterExit", "yes");
	smith_unit_run(unit, "ExecStart", (const char *const *)words->pdata);
	return smith_format_add_plain(format, name, ".service", unit, error);
}

gboolean smith_format_network(const SmithFormat *format, const SmithNetwork *network,
			      GError **error)
{
	g_autofree char *slug = smith_slug(network->name);
	if (format->podman < SMITH_FORMAT_NAMED)
		return format_plain_network(format, network, slug, error);
	g_autoptr(SmithUnit) unit =
		smith_format_unit(format, format->podman, "network", network->name);
	smith_unit_key(unit, "Network", "NetworkName", slug);
	add_network(unit, network);
	return smith_format_add(format, slug, ".network", unit, error);
}

/* Before its unit can have a name, podman makes it when it is first used. */
gboolean smith_format_volume(const SmithFormat *format, const char *slug, GError **error)
{
	if (format->podman < SMITH_FORMAT_NAMED)
		return TRUE;
	g_autoptr(SmithUnit) unit = smith_format_unit(format, format->podman, "volume", slug);
	smith_unit_key(unit, "Volume", "VolumeName", slug);
	return smith_format_add(format, slug, ".volume", unit, error);
}
