/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "quadlet/plan.h"

/*
 * The making of a host's plan (quadlet/plan.h), in parts: each file plan-*.c answers the questions
 * of one kind and puts the answers into the container or pod.
 */
struct SmithPlanContext {
	const SmithFleet *fleet;
	const SmithStore *store; /* or NULL */
	SmithEnvironment *environment;
	GHashTable *groups;	 /* name of a host -> GPtrArray of its groups */
	GHashTable *supervisors; /* SmithGroup* -> SmithService* */
	GHashTable *digests;	 /* name of an image -> digest; NULL until somebody asks */
};

typedef struct {
	SmithPlanContext *context;
	const SmithFleet *fleet;
	SmithHostPlan *plan;
	GHashTable *shared;   /* "NAME=VALUE" of machine.env */
	GHashTable *networks; /* SmithNetwork* that are in the plan */
	GHashTable *volumes;  /* slugs that are in the plan */
	SmithDiag *diag;
} SmithPlanner;

/* TRUE when the image is built by us. */
bool smith_plan_is_ours(const SmithContainerPlan *container);

/* plan-image.c: image, image_tag, pull. */
void smith_plan_image(SmithPlanner *planner, SmithContainerPlan *container);

/* plan-environment.c: of the host and machine.env; of a container what is beyond it. */
void smith_plan_host_environment(SmithPlanner *planner);
void smith_plan_environment(SmithPlanner *planner, SmithContainerPlan *container);

/* plan-mount.c: mounts, tmpfs, secrets. */
gboolean smith_plan_mounts(SmithPlanner *planner, SmithContainerPlan *container, GError **error);
/* plan-device.c: devices, keep_groups, the GPU. */
gboolean smith_plan_devices(SmithPlanner *planner, SmithContainerPlan *container, GError **error);

/* plan-network.c: where a container without a pod, or a pod, is; ports, networks, names. */
void smith_plan_place(SmithPlanner *planner, SmithContainerPlan *container);
void smith_plan_pod_place(SmithPlanner *planner, SmithPodPlan *pod);

/* plan-health.c: health, start_seconds. */
gboolean smith_plan_health(SmithPlanner *planner, SmithContainerPlan *container, GError **error);

/* plan-confine.c: user, capabilities and the like, loosened; limits. */
gboolean smith_plan_confine(SmithPlanner *planner, SmithContainerPlan *container, GError **error);
/* What a pod takes from all its members. */
void smith_plan_pod_confine(SmithPodPlan *pod);
/* keep_id of all: where the host's files are shared, and then wherever a volume is that one of
 * those has, so that all who have it see the same owners. */
void smith_plan_ids(SmithHostPlan *plan);

/* plan-container.c: all of one, which is in @pod (or NULL) unless it is beside it. Owned by the
 * plan. */
SmithContainerPlan *smith_plan_container(SmithPlanner *planner, const SmithGroup *group,
					 const SmithService *neutral, SmithPodPlan *pod,
					 GError **error);

/* plan-free.c: empty ones, with all their lists. */
SmithHostPlan *smith_host_plan_alloc(const SmithFleet *fleet, const SmithHost *host);
SmithContainerPlan *smith_plan_container_new(void);
SmithPodPlan *smith_plan_pod_new(void);
void smith_plan_network_free(SmithPlanNetwork *network);

/* plan-need.c: needs of all containers, which are then sorted by them, as are members of pods. */
void smith_plan_needs(SmithPlanner *planner);
