/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/step-limits.h"

#include "fleet/load-service.h"
#include "fleet/quantity.h"

#define SECOND G_GINT64_CONSTANT(1000000000)

static void refuse(const SmithStepLimits *limits, const SmithNode *node, const char *key,
		   const char *text, const char *expected, SmithDiag *diag)
{
	smith_diag_add(diag, SMITH_SEVERITY_ERROR, smith_load_place(node, key, limits->place),
		       "bad-value", "'%s' is no %s for '%s' of 'step_limits'", text, expected, key);
}

static gint64 read_size(const SmithStepLimits *limits, const SmithNode *node, const char *key,
			const char *text, SmithDiag *diag)
{
	gint64 size = text != NULL ? smith_quantity_size(text) : 0;
	if (size > 0 || text == NULL)
		return size;
	refuse(limits, node, key, text, "size (like '512M' or '2GiB')", diag);
	return 0;
}

static gint64 read_seconds(const SmithStepLimits *limits, const SmithNode *node, SmithDiag *diag)
{
	gint64 time = limits->time_text != NULL ? smith_quantity_duration(limits->time_text) : 0;
	if (time > 0 || limits->time_text == NULL)
		return (time + SECOND - 1) / SECOND;
	refuse(limits, node, "time", limits->time_text, "duration (like '30m' or '2h')", diag);
	return 0;
}

void smith_load_step_limits(SmithFleet *fleet, const SmithNode *node, SmithDiag *diag)
{
	SmithStepLimits *limits = fleet->step_limits;
	if (limits == NULL)
		return;
	limits->seconds = read_seconds(limits, node, diag);
	limits->memory = read_size(limits, node, "memory", limits->memory_text, diag);
	limits->disk = read_size(limits, node, "disk", limits->disk_text, diag);
	limits->output = read_size(limits, node, "output", limits->output_text, diag);
}

SmithSandboxLimits smith_fleet_step_limits(const SmithFleet *fleet)
{
	const SmithStepLimits *limits = fleet != NULL ? fleet->step_limits : NULL;
	if (limits == NULL)
		return (SmithSandboxLimits){0};
	return (SmithSandboxLimits){
		.seconds = (guint)limits->seconds,
		.memory = (guint64)limits->memory,
		.disk = (guint64)limits->disk,
		.output = (guint64)limits->output,
		.processes = (guint)limits->processes,
	};
}
