/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "fleet/runtime.h"
#include "probe/probe.h"
#include "quadlet/planner.h"

#define SECOND G_GINT64_CONSTANT(1000000000)
#define START_SECONDS 60
#define WAIT_SECONDS 30 /* of one check while it starts */

/* A unit is started when its service is healthy, which may take all of the start period and then
 * as many checks as may fail. */
static gint64 start_seconds(const SmithHealth *health)
{
	if (health == NULL)
		return START_SECONDS;
	gint64 checks = health->retries * (health->interval + health->timeout);
	return START_SECONDS + (health->start_period + checks) / SECOND;
}

/* "oci-probe -t 5000 http ..." -> "oci-probe wait 30 http ..." */
static char **waiting(char **argv)
{
	GPtrArray *words = g_ptr_array_new();
	g_ptr_array_add(words, g_strdup(argv[0]));
	g_ptr_array_add(words, g_strdup("wait"));
	g_ptr_array_add(words, g_strdup_printf("%d", WAIT_SECONDS));
	for (char **word = argv + (strcmp(argv[1], "-t") == 0 ? 3 : 1); *word != NULL; word++)
		g_ptr_array_add(words, g_strdup(*word));
	g_ptr_array_add(words, NULL);
	return (char **)g_ptr_array_free(words, FALSE);
}

static void plan_startup(SmithPlanHealth *health, gint64 seconds)
{
	bool is_probe = strcmp(health->argv[0], "/" SMITH_PROBE_PATH) == 0;
	health->startup = is_probe ? waiting(health->argv) : g_strdupv(health->argv);
	health->startup_timeout = is_probe ? (WAIT_SECONDS + 5) * SECOND : health->timeout;
	health->startup_tries = is_probe ? seconds / WAIT_SECONDS + 1 : seconds;
}

gboolean smith_plan_health(SmithPlanner *planner, SmithContainerPlan *container, GError **error)
{
	const SmithService *service = container->service;
	const SmithHealth *health = service->health;
	const SmithHost *host = planner->plan->host;
	container->start_seconds = start_seconds(health);
	if (health == NULL)
		return TRUE;
	if (!smith_plan_is_ours(container) && health->kind != SMITH_HEALTH_EXEC)
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
				   "health of service '%s' must be 'exec': the image '%s' is not "
				   "ours and need not have what other checks run",
				   service->name, service->image);
	SmithPlanHealth *planned = g_new0(SmithPlanHealth, 1);
	planned->argv = smith_runtime_health(service, container->group, host);
	planned->health = health;
	if (health->kind != SMITH_HEALTH_EXEC)
		planned->port = smith_runtime_health_port(service, container->group, host);
	planned->interval = health->interval;
	planned->timeout = health->timeout;
	planned->start_period = health->start_period;
	planned->retries = health->retries;
	plan_startup(planned, container->start_seconds);
	container->health = planned;
	return TRUE;
}
