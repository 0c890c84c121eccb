/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "fleet/runtime.h"
#include "quadlet/planner.h"

#define SECOND G_GINT64_CONSTANT(1000000000)
#define START_SECONDS 60

/* A unit is started when its service is healthy, which may take all of the start period and then
 * as many checks as may fail. */
static gint64 start_seconds(const SmithHealth *health)
{
	if (health == NULL)
		return START_SECONDS;
	gint64 checks = health->retries * (health->interval + health->timeout);
	return START_SECONDS + (health->start_period + checks) / SECOND;
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
	container->health = planned;
	return TRUE;
}
