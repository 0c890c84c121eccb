/* SPDX-License-Identifier: Apache-2.0 */
#include "quadlet/container.h"

#include <string.h>

#include "fleet/runtime.h"
#include "quadlet/health.h"
#include "quadlet/storage.h"

typedef struct {
	SmithEmit *emit;
	const SmithGroup *group;
	const SmithService *neutral;
	const SmithService *service; /* what it is on the host */
	SmithUnit *unit;
} Container;

static bool is_ours(const Container *container)
{
	return container->service->image == NULL;
}

/* A unit that this one needs. */
typedef struct {
	const char *slug;
	bool required;
} Order;

/* What of @need runs on the same host; another host's is an address, not an order. Members of a
 * supervised group have one unit. */
static bool find_order(const Container *container, const SmithNeed *need, Order *order)
{
	const SmithEmit *emit = container->emit;
	const SmithService *other = smith_fleet_service(emit->fleet, need->name);
	const SmithGroup *group = other != NULL ? smith_service_group(other, emit->host) : NULL;
	if (group == NULL)
		return false;
	const SmithService *on_host = smith_service_on(other, emit->host);
	order->slug = group->mode == SMITH_GROUP_SUPERVISED ? group->slug : other->slug;
	order->required = on_host->required;
	return on_host->enabled && strcmp(order->slug, container->service->slug) != 0;
}

/* Once each, in the order of the needs. */
static void add_needs(const Container *container)
{
	const GPtrArray *needs = container->service->needs;
	g_autoptr(GHashTable) required = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	Order order;
	for (guint i = 0; i < needs->len; i++)
		if (find_order(container, needs->pdata[i], &order) && order.required)
			g_hash_table_add(required, (gpointer)order.slug);
	for (guint i = 0; i < needs->len; i++) {
		if (!find_order(container, needs->pdata[i], &order) ||
		    !g_hash_table_add(seen, (gpointer)order.slug))
			continue;
		bool is_required = g_hash_table_contains(required, order.slug);
		smith_unit_addf(container->unit, is_required ? "Requires" : "Wants", "%s.service",
				order.slug);
		smith_unit_addf(container->unit, "After", "%s.service", order.slug);
	}
}

static void add_image(const Container *container)
{
	const SmithEmit *emit = container->emit;
	g_autofree char *own =
		is_ours(container)
			? smith_fleet_image_name(emit->fleet, container->neutral, emit->host)
			: NULL;
	const char *image = own != NULL ? own : container->service->image;
	smith_unit_add(container->unit, "Image", image);
	/* there is nothing to pull from */
	if (g_str_has_prefix(image, "localhost/"))
		smith_unit_add(container->unit, "Pull", "never");
}

/* An image of root's, or of a user that only it knows, is for podman's own mapping. */
static bool maps_user(const Container *container)
{
	return is_ours(container) || container->service->user != NULL;
}

static void add_shm(const Container *container)
{
	const SmithLimits *limits = container->service->limits;
	if (limits == NULL || limits->shm == 0)
		return;
	g_autofree char *size = smith_emit_size(limits->shm);
	smith_unit_add(container->unit, "ShmSize", size);
}

static void add_place(const Container *container)
{
	const SmithGroup *group = container->group;
	SmithUnit *unit = container->unit;
	if (group->mode == SMITH_GROUP_POD) {
		smith_unit_addf(unit, "Pod", "%s.pod", group->slug);
		return;
	}
	if (group->mode == SMITH_GROUP_HOST) {
		smith_unit_add(unit, "Network", "host");
	} else {
		smith_emit_network(container->emit, unit, group);
		smith_emit_ports(container->emit, unit, container->service);
	}
	if (maps_user(container))
		smith_emit_userns(container->emit, unit);
	add_shm(container);
}

/* Where it is what the image says there is nothing to say. */
static void add_exec(const Container *container)
{
	const SmithEmit *emit = container->emit;
	g_auto(GStrv) command = smith_runtime_command(emit->fleet, container->service,
						      container->group, emit->host);
	g_auto(GStrv) usual =
		is_ours(container)
			? smith_runtime_command(emit->fleet, container->neutral, NULL, NULL)
			: g_new0(char *, 1);
	if (!g_strv_equal((const char *const *)command, (const char *const *)usual))
		smith_unit_add_words(container->unit, "Exec", (const char *const *)command);
}

static void add_user(const Container *container)
{
	const char *user = container->service->user;
	g_autofree char *ours = g_strdup_printf("%d:%d", SMITH_UID, SMITH_GID);
	if (user == NULL && !is_ours(container))
		return;
	g_auto(GStrv) ids = g_strsplit(user != NULL ? user : ours, ":", 2);
	if (ids[0] == NULL)
		return;
	smith_unit_add(container->unit, "User", ids[0]);
	if (ids[1] != NULL)
		smith_unit_add(container->unit, "Group", ids[1]);
}

static void add_rights(const Container *container)
{
	SmithUnit *unit = container->unit;
	add_user(container);
	if (container->service->read_only)
		smith_unit_add(unit, "ReadOnly", "true");
	smith_unit_add(unit, "DropCapability", "all");
	for (char **name = container->service->capabilities; *name != NULL; name++)
		smith_unit_add_words(unit, "AddCapability", (const char *[]){*name, NULL});
	smith_unit_add(unit, "NoNewPrivileges", "true");
}

static void add_environment(const Container *container)
{
	SmithEmit *emit = container->emit;
	g_auto(GStrv) values = smith_environment_of(emit->environment, container->group,
						    container->neutral, emit->diag);
	for (char **value = values; *value != NULL; value++)
		smith_unit_add_words(container->unit, "Environment",
				     (const char *[]){*value, NULL});
}

static void add_limits(const Container *container)
{
	const SmithLimits *limits = container->service->limits;
	SmithUnit *unit = container->unit;
	if (limits == NULL)
		return;
	g_autofree char *memory = smith_emit_size(limits->memory);
	if (limits->memory > 0 && container->emit->podman >= 505)
		smith_unit_add(unit, "Memory", memory);
	else if (limits->memory > 0)
		smith_emit_podman_args(unit, "--memory=%s", memory);
	if (limits->cpus != NULL)
		smith_emit_podman_args(unit, "--cpus=%s", limits->cpus);
	if (limits->pids > 0)
		smith_unit_addf(unit, "PidsLimit", "%" G_GINT64_FORMAT, limits->pids);
}

static void add_label(const Container *container, const char *key, const char *value)
{
	g_autofree char *word = g_strconcat(key, "=", value, NULL);
	smith_unit_add_words(container->unit, "Label", (const char *[]){word, NULL});
}

/* The image says the number that holds without an offset. */
static void add_health_label(const Container *container)
{
	gint64 usual = smith_runtime_health_port(container->neutral, NULL, NULL);
	gint64 port = smith_runtime_health_port(container->service, container->group,
						container->emit->host);
	g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, port);
	if (is_ours(container) && port != usual &&
	    !g_hash_table_contains(container->service->labels, "health_check_port"))
		add_label(container, "health_check_port", text);
}

static void add_labels(const Container *container)
{
	GHashTable *labels = container->service->labels;
	g_autoptr(GList) keys = g_list_sort(g_hash_table_get_keys(labels), (GCompareFunc)strcmp);
	for (GList *key = keys; key != NULL; key = key->next)
		add_label(container, key->data, g_hash_table_lookup(labels, key->data));
	add_health_label(container);
}

static gboolean add_container(const Container *container, GError **error)
{
	SmithUnit *unit = container->unit;
	smith_unit_section(unit, "Container");
	smith_unit_add(unit, "ContainerName", container->service->slug);
	add_image(container);
	add_place(container);
	add_exec(container);
	add_rights(container);
	add_environment(container);
	if (!smith_storage_emit(container->emit, unit, container->service, error) ||
	    !smith_device_emit(container->emit, unit, container->service, error))
		return FALSE;
	add_limits(container);
	add_labels(container);
	return smith_health_emit(container->emit, unit, container->group, container->service,
				 error);
}

static void add_service(const Container *container)
{
	static const char *const restarts[] = {"always", "on-failure", "no"};
	const SmithService *service = container->service;
	smith_unit_section(container->unit, "Service");
	smith_unit_add(container->unit, "Restart", restarts[service->restart]);
	smith_unit_add(container->unit, "RestartSec", "2");
	smith_unit_addf(container->unit, "TimeoutStartSec", "%" G_GINT64_FORMAT,
			smith_health_start_timeout(service));
}

gboolean smith_container_emit(SmithEmit *emit, const SmithGroup *group, const SmithService *neutral,
			      GError **error)
{
	g_autoptr(SmithUnit) unit = smith_emit_begin(emit, "", neutral->name);
	const Container container = {emit, group, neutral, smith_service_on(neutral, emit->host),
				     unit};
	add_needs(&container);
	/* a program that cannot start is tried five times in five minutes, not for ever */
	smith_unit_add(unit, "StartLimitIntervalSec", "300");
	smith_unit_add(unit, "StartLimitBurst", "5");
	if (!add_container(&container, error))
		return FALSE;
	add_service(&container);
	smith_unit_section(unit, "Install");
	smith_unit_add(unit, "WantedBy", "default.target");
	smith_emit_file(emit, neutral->slug, ".container", unit);
	return TRUE;
}
