/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cmd/command.h"
#include "quadlet/state.h"

/*
 * What ps, logs and status have in common: which machine is meant, what its plan is, and which of
 * its services are (operands are services, by name or slug, and groups; none means all).
 */
typedef struct {
	SmithReach reach;
	const SmithHost *host;
	SmithStore *store; /* or NULL: there is none here */
	SmithPlanContext *context;
	SmithHostPlan *plan;
} SmithLook;

/* From the options --host, --ssh and --system. @look is to be cleared also after a failure. */
gboolean smith_look_open(const SmithInvocation *inv, SmithLook *look, GError **error);
/* The plan of look->host alone, of @groups (NULL or empty: all). */
gboolean smith_look_plan(const SmithInvocation *inv, SmithLook *look, const char *const *groups,
			 GError **error);
void smith_look_clear(SmithLook *look);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SmithLook, smith_look_clear)

bool smith_look_is_chosen(const SmithInvocation *inv, const SmithContainerPlan *container);

/* "2026-11-21T11:30:43Z"; NULL of 0: never. */
char *smith_look_time(gint64 seconds);
SmithNode *smith_look_node(const SmithServiceState *state);
