/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/node.h"
#include "quadlet/plan.h"

/*
 * What the parts of the kube writer share: a pod while it is being made.
 *
 * Its members are the containers of a pod of the plan, or the one container that is by itself. One
 * text serves podman and Kubernetes; what only podman understands stands in annotations, which
 * Kubernetes keeps and ignores. Where both cannot be said at once podman is served, and a patch of
 * the kustomization says it for Kubernetes.
 */
typedef struct {
	const SmithHostPlan *plan;
	const SmithPodPlan *pod;  /* or NULL: of one container */
	const char *slug;	  /* of the pod, and what it is called on its networks */
	const GPtrArray *members; /* (element-type SmithContainerPlan*, borrowed) */
	bool podman;		  /* a .kube unit of a podman that may be old, not Kubernetes */
	const char *config_name;  /* of the ConfigMap */
	SmithNode *config;	  /* its data, a map: members add what it is to hold */
	SmithNode *volumes;	  /* of the pod, a list: filled by its members */
	GHashTable *volume_names; /* that are in it */
	SmithNode *patches;	  /* what Kubernetes needs otherwise: a list of RFC 6902 */
	char *path;		  /* of the container that is being made, for these */
} SmithKube;

/* kube-pod.c: the whole object, a Deployment or a Pod. */
SmithNode *smith_kube_object(SmithKube *kube, GError **error);

/* kube-container.c */
SmithNode *smith_kube_container(SmithKube *kube, const SmithContainerPlan *container,
				GError **error);
/* Containers that wait for what @kube's members need of other pods; an empty list if none. */
SmithNode *smith_kube_waits(SmithKube *kube, GError **error);

/* kube-order.c: whether @container's pod can wait for @need before it is started: the need is
 * required, and in another pod that does not itself, over others, need this one. */
bool smith_kube_may_wait(const SmithHostPlan *plan, const SmithContainerPlan *container,
			 const SmithPlanNeed *need);
/* Groups (element-type SmithGroup*, borrowed), what is needed first. */
GPtrArray *smith_kube_groups(const SmithHostPlan *plan);

/* kube-environment.c: its lists "env" and "envFrom" into @node. */
void smith_kube_environment(SmithKube *kube, const SmithContainerPlan *container, SmithNode *node);

/* kube-volume.c: its list "volumeMounts" into @node, the volumes into @kube. */
gboolean smith_kube_mounts(SmithKube *kube, const SmithContainerPlan *container, SmithNode *node,
			   GError **error);

/* kube-service.c: a Service with the ports of all members, or NULL when there are none. */
SmithNode *smith_kube_service(const SmithKube *kube);
/* The list "ports" of @container: what it binds, and what is published of it. */
SmithNode *smith_kube_ports(const SmithKube *kube, const SmithContainerPlan *container);

/* A patch: @op "add", "replace" or "remove" of @name below what kube->path and @where lead to. */
void smith_kube_patch(SmithKube *kube, const char *op, const char *where, const char *name,
		      SmithNode *value);

/* Shorthands: a map with one member; KEY: TEXT unless @text is NULL; metadata with name and labels.
 */
SmithNode *smith_kube_map(const char *key, SmithNode *value);
void smith_kube_text(SmithNode *map, const char *key, const char *text);
SmithNode *smith_kube_labels(const SmithKube *kube);
/* An object's beginning. */
SmithNode *smith_kube_begin(const char *version, const char *kind, const char *name,
			    SmithNode *labels);
