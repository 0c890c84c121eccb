/* SPDX-License-Identifier: Apache-2.0 */
#include "quadlet/health.h"

#include "base/error.h"
#include "base/json.h"
#include "fleet/runtime.h"

#define SECOND G_GINT64_CONSTANT(1000000000)
#define START_TIMEOUT 60

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

gboolean smith_health_emit(const SmithEmit *emit, SmithUnit *unit, const SmithGroup *group,
			   const SmithService *service, GError **error)
{
	const SmithHealth *health = service->health;
	if (health == NULL)
		return TRUE;
	if (service->image != NULL && health->kind != SMITH_HEALTH_EXEC)
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
				   "health of service '%s' must be 'exec': the image '%s' is not "
				   "ours and need not have what other checks run",
				   service->name, service->image);
	g_auto(GStrv) command = smith_runtime_health(emit->fleet, service, group, emit->host);
	g_autofree char *text = health_command(command);
	smith_unit_add(unit, "HealthCmd", text);
	add_duration(unit, "HealthInterval", health->interval);
	add_duration(unit, "HealthTimeout", health->timeout);
	add_duration(unit, "HealthStartPeriod", health->start_period);
	smith_unit_addf(unit, "HealthRetries", "%" G_GINT64_FORMAT, health->retries);
	smith_unit_add(unit, "HealthOnFailure", "kill");
	smith_unit_add(unit, "Notify", "healthy");
	return TRUE;
}

/* A unit is started when its service is healthy, which may take all of the start period and then
 * as many checks as may fail. */
gint64 smith_health_start_timeout(const SmithService *service)
{
	const SmithHealth *health = service->health;
	if (health == NULL)
		return START_TIMEOUT;
	gint64 checks = health->retries * (health->interval + health->timeout);
	return START_TIMEOUT + (health->start_period + checks) / SECOND;
}
