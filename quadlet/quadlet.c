/* SPDX-License-Identifier: Apache-2.0 */
#include "quadlet/quadlet.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "fleet/runtime.h"
#include "quadlet/marker.h"
#include "quadlet/unit.h"

#define SECOND G_GINT64_CONSTANT(1000000000)
#define START_TIMEOUT 60

typedef struct {
	const SmithFleet *fleet;
	const SmithHost *host;
	int podman; /* 504 for 5.4 */
	GPtrArray *files;
} Emit;

void smith_unit_file_free(SmithUnitFile *file)
{
	g_free(file->path);
	g_free(file->text);
	g_free(file);
}

static int parse_podman(const char *text)
{
	guint64 major = 0, minor = 0;
	g_auto(GStrv) parts = g_strsplit(text, ".", 3);
	if (parts[0] == NULL || !g_ascii_string_to_unsigned(parts[0], 10, 1, 99, &major, NULL) ||
	    (parts[1] != NULL && !g_ascii_string_to_unsigned(parts[1], 10, 0, 99, &minor, NULL)))
		return -1;
	return (int)(major * 100 + minor);
}

static void add_file(Emit *emit, const char *name, const char *suffix, const SmithUnit *unit)
{
	SmithUnitFile *file = g_new0(SmithUnitFile, 1);
	file->path = g_strconcat(emit->host->name, "/", name, suffix, NULL);
	file->text = smith_unit_text(unit);
	g_ptr_array_add(emit->files, file);
}

static SmithUnit *begin(const Emit *emit, const char *description)
{
	SmithUnit *unit = smith_unit_new();
	g_autofree char *line = smith_quadlet_first_line(emit->fleet);
	smith_unit_comment(unit, line);
	smith_unit_section(unit, "Unit");
	smith_unit_add_text(unit, "Description", description);
	return unit;
}

/* The invoking user becomes 10001 inside, so that files of volumes are the user's own. */
static void add_userns(const Emit *emit, SmithUnit *unit)
{
	g_autofree char *map = g_strdup_printf("keep-id:uid=%d,gid=%d", SMITH_UID, SMITH_GID);
	if (emit->podman >= 503)
		smith_unit_add(unit, "UserNS", map);
	else
		smith_unit_addf(unit, "PodmanArgs", "--userns=%s", map);
}

static void emit_pod(Emit *emit, const SmithGroup *group)
{
	g_autofree char *description =
		g_strdup_printf("pod %s of %s", group->name, emit->fleet->name);
	g_autoptr(SmithUnit) unit = begin(emit, description);
	smith_unit_section(unit, "Pod");
	smith_unit_add(unit, "PodName", group->slug);
	add_userns(emit, unit);
	for (char **name = group->services; *name != NULL; name++) {
		const SmithService *service = smith_fleet_service(emit->fleet, *name);
		for (guint i = 0; i < service->ports->len; i++) {
			const SmithPort *port = service->ports->pdata[i];
			smith_unit_addf(unit, "PublishPort",
					"%" G_GINT64_FORMAT ":%" G_GINT64_FORMAT,
					port->number + emit->host->port_offset, port->number);
		}
	}
	smith_unit_section(unit, "Install");
	smith_unit_add(unit, "WantedBy", "default.target");
	add_file(emit, group->slug, ".pod", unit);
}

/* Those needs that run on the same host: another host's are an address, not an order. */
static void add_needs(const Emit *emit, const SmithService *service, SmithUnit *unit)
{
	for (guint i = 0; i < service->needs->len; i++) {
		const SmithNeed *need = service->needs->pdata[i];
		const SmithService *other = smith_fleet_service(emit->fleet, need->name);
		g_autoptr(GPtrArray) hosts = smith_fleet_hosts_of(emit->fleet, other);
		if (!g_ptr_array_find(hosts, emit->host, NULL))
			continue;
		smith_unit_addf(unit, "Requires", "%s.service", other->slug);
		smith_unit_addf(unit, "After", "%s.service", other->slug);
	}
}

static char *duration(gint64 nanoseconds)
{
	if (nanoseconds % SECOND == 0)
		return g_strdup_printf("%" G_GINT64_FORMAT "s", nanoseconds / SECOND);
	return g_strdup_printf("%" G_GINT64_FORMAT "ns", nanoseconds);
}

static void add_duration(SmithUnit *unit, const char *key, gint64 nanoseconds)
{
	g_autofree char *text = duration(nanoseconds);
	if (nanoseconds > 0)
		smith_unit_add(unit, key, text);
}

/* A JSON array without a leading "CMD": before podman 5.8 that one is split at spaces. An array of
 * one would be a shell's line, so the program itself stands behind env then. */
static char *health_command(char **command)
{
	GString *text = g_string_new("[");
	if (command[1] == NULL)
		g_string_append(text, "\"/usr/bin/env\",");
	for (guint i = 0; command[i] != NULL; i++) {
		if (i > 0)
			g_string_append_c(text, ',');
		smith_json_append_string(text, command[i]);
	}
	g_string_append_c(text, ']');
	return g_string_free(text, FALSE);
}

static void add_health(const Emit *emit, const SmithService *service, SmithUnit *unit)
{
	g_auto(GStrv) command = smith_runtime_health(emit->fleet, service);
	if (command == NULL)
		return;
	g_autofree char *text = health_command(command);
	smith_unit_add(unit, "HealthCmd", text);
	add_duration(unit, "HealthInterval", service->health->interval);
	add_duration(unit, "HealthTimeout", service->health->timeout);
	add_duration(unit, "HealthStartPeriod", service->health->start_period);
	smith_unit_addf(unit, "HealthRetries", "%" G_GINT64_FORMAT, service->health->retries);
	smith_unit_add(unit, "HealthOnFailure", "kill");
	smith_unit_add(unit, "Notify", "healthy");
}

static void add_container(const Emit *emit, const SmithGroup *group, const SmithService *service,
			  SmithUnit *unit)
{
	g_autofree char *image = smith_fleet_image_name(emit->fleet, service, emit->host);
	smith_unit_section(unit, "Container");
	smith_unit_add(unit, "ContainerName", service->slug);
	smith_unit_add(unit, "Image", image);
	/* there is nothing to pull from */
	if (g_str_has_prefix(image, "localhost/"))
		smith_unit_add(unit, "Pull", "never");
	smith_unit_addf(unit, "Pod", "%s.pod", group->slug);
	smith_unit_addf(unit, "User", "%d", SMITH_UID);
	smith_unit_addf(unit, "Group", "%d", SMITH_GID);
	smith_unit_add(unit, "ReadOnly", "true");
	smith_unit_add(unit, "DropCapability", "all");
	smith_unit_add(unit, "NoNewPrivileges", "true");
	for (char **path = service->tmpfs; *path != NULL; path++)
		smith_unit_add(unit, "Tmpfs", *path);
	add_health(emit, service, unit);
}

/* Seconds: a unit is started when its service is healthy, which may take all of the start period
 * and then as many checks as may fail. */
static gint64 start_timeout(const SmithService *service)
{
	const SmithHealth *health = service->health;
	if (health == NULL)
		return START_TIMEOUT;
	gint64 checks = health->retries * (health->interval + health->timeout);
	return START_TIMEOUT + (health->start_period + checks) / SECOND;
}

static void emit_container(Emit *emit, const SmithGroup *group, const SmithService *service)
{
	g_autofree char *description =
		g_strdup_printf("%s of %s", service->name, emit->fleet->name);
	g_autoptr(SmithUnit) unit = begin(emit, description);
	add_needs(emit, service, unit);
	/* a program that cannot start is tried five times in five minutes, not for ever */
	smith_unit_add(unit, "StartLimitIntervalSec", "300");
	smith_unit_add(unit, "StartLimitBurst", "5");
	add_container(emit, group, service, unit);
	smith_unit_section(unit, "Service");
	smith_unit_add(unit, "Restart", "always");
	smith_unit_add(unit, "RestartSec", "2");
	smith_unit_addf(unit, "TimeoutStartSec", "%" G_GINT64_FORMAT, start_timeout(service));
	smith_unit_section(unit, "Install");
	smith_unit_add(unit, "WantedBy", "default.target");
	add_file(emit, service->slug, ".container", unit);
}

static bool is_chosen(const char *const *names, const char *name)
{
	return names == NULL || *names == NULL || g_strv_contains(names, name);
}

static gboolean emit_host(Emit *emit, const char *const *groups, GError **error)
{
	const SmithHost *host = emit->host;
	const char *version = host->podman != NULL ? host->podman : SMITH_QUADLET_PODMAN;
	SMITH_AUTO_PREFIX("host", host->name, error);
	emit->podman = parse_podman(version);
	if (emit->podman < 0)
		return smith_throw(error, SMITH_ERROR_INVALID, "podman '%s' is no version",
				   version);
	if (emit->podman < 500)
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
				   "podman %s has no .pod units: 5.0 is the first that does",
				   version);
	for (guint i = 0; i < emit->fleet->groups->len; i++) {
		const SmithGroup *group = emit->fleet->groups->pdata[i];
		if (strcmp(group->host, host->name) != 0 || !is_chosen(groups, group->name))
			continue;
		emit_pod(emit, group);
		for (char **name = group->services; *name != NULL; name++)
			emit_container(emit, group, smith_fleet_service(emit->fleet, *name));
	}
	return TRUE;
}

static gboolean check_names(const SmithFleet *fleet, const char *const *hosts,
			    const char *const *groups, GError **error)
{
	for (; hosts != NULL && *hosts != NULL; hosts++)
		if (smith_fleet_host(fleet, *hosts) == NULL)
			return smith_throw(error, SMITH_ERROR_USAGE, "no host '%s' in the fleet",
					   *hosts);
	for (; groups != NULL && *groups != NULL; groups++)
		if (smith_fleet_group(fleet, *groups) == NULL)
			return smith_throw(error, SMITH_ERROR_USAGE, "no group '%s' in the fleet",
					   *groups);
	return TRUE;
}

static int compare_files(gconstpointer a, gconstpointer b)
{
	const SmithUnitFile *const *x = a, *const *y = b;
	return strcmp((*x)->path, (*y)->path);
}

GPtrArray *smith_quadlet_units(const SmithFleet *fleet, const char *const *hosts,
			       const char *const *groups, GError **error)
{
	if (!check_names(fleet, hosts, groups, error))
		return NULL;
	g_autoptr(GPtrArray) files =
		g_ptr_array_new_with_free_func((GDestroyNotify)smith_unit_file_free);
	for (guint i = 0; i < fleet->hosts->len; i++) {
		Emit emit = {fleet, fleet->hosts->pdata[i], 0, files};
		if (is_chosen(hosts, emit.host->name) && !emit_host(&emit, groups, error))
			return NULL;
	}
	g_ptr_array_sort(files, compare_files);
	return g_steal_pointer(&files);
}
