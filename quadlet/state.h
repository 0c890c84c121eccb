/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "quadlet/plan.h"
#include "quadlet/podman.h"

/*
 * What runs on a host beside what its plan says should: one call of systemctl, one of podman ps,
 * and one of podman images when digests have to be compared.
 *
 *   SmithHostState *state = smith_host_state_new (plan, reach, error);
 *   ... state->services in the order of their start, what should not be there last ...
 *   smith_host_state_free (state);
 *
 * The plan must outlive it.
 */
typedef enum {
	SMITH_STATE_WELL,     /* it runs, and its health check, if it has one, says so */
	SMITH_STATE_STARTING, /* it is on its way */
	SMITH_STATE_STOPPED,  /* nothing is wrong but that it does not run */
	SMITH_STATE_FAILED,   /* failed, unhealthy, not installed, gone from under its unit */
	SMITH_STATE_STRANGER, /* a container of the fleet that should not be there */
} SmithStateKind;

typedef enum {
	SMITH_IMAGE_UNKNOWN, /* there is no container, or no digest to compare with */
	SMITH_IMAGE_SAME,
	SMITH_IMAGE_OTHER, /* not what the fleet has built, or what the tag now names */
} SmithImageMatch;

typedef struct {
	const SmithContainerPlan *plan; /* NULL: of a pod, a network, a volume, or a stranger */
	SmithStateKind kind;
	char *title;	 /* of the service; else the name of the unit or container */
	char *group;	 /* or NULL */
	char *unit;	 /* or NULL */
	char *container; /* its name; or NULL: of no container */
	/* of systemd; "" where there is nothing to say */
	char *load;
	char *active;
	char *sub;
	char *result;
	gint64 exit_status;
	gint64 restarts;
	gint64 since; /* of being active or not, in seconds of the epoch; 0: never */
	/* of podman */
	char *container_state; /* NULL: there is none of that name */
	char *health;	       /* NULL: it has no check, or does not run */
	char *image;	       /* its id; or NULL */
	SmithImageMatch image_match;
} SmithServiceState;

typedef struct {
	const SmithHostPlan *plan;
	GPtrArray *services; /* (element-type SmithServiceState*) */
	GPtrArray *units;    /* those without a container, of pods (element-type the same) */
} SmithHostState;

SmithHostState *smith_host_state_new(const SmithHostPlan *plan, const SmithReach *reach,
				     GError **error);
/* From what has been asked: units as of smith_systemd_units(), @images may be NULL. */
SmithHostState *smith_host_state_of(const SmithHostPlan *plan, GHashTable *units,
				    const GPtrArray *containers, const GPtrArray *images);
void smith_host_state_free(SmithHostState *state);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithHostState, smith_host_state_free)

/* One word for people: "healthy", "running", "starting", "unhealthy", "failed", "missing" ... */
const char *smith_service_state_word(const SmithServiceState *state);
/* "failed"; "ok"; for programs and for the order of what is told: the worse the greater. */
const char *smith_state_kind_name(SmithStateKind kind);

/* The unit that runs @container, and the name podman has for it; transfer full. */
char *smith_plan_container_unit(const SmithHostPlan *plan, const SmithContainerPlan *container);
char *smith_plan_container_name(const SmithHostPlan *plan, const SmithContainerPlan *container);
/* The unit of @pod itself; when it is a .kube unit that of its containers, too. */
char *smith_plan_pod_unit(const SmithPodPlan *pod);
