/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "quadlet/plan.h"
#include "quadlet/reach.h"

/*
 * What podman and systemd of a machine say when they are asked (quadlet/reach.h): their JSON and
 * properties as plain data. An answer that is not of the form that they have is
 * SMITH_ERROR_INVALID, and what they refuse SMITH_ERROR_FAILED with their own words. The readers
 * are apart from the questions, for tests.
 */
typedef struct {
	gint64 first; /* of the machine */
	gint64 count;
	char *address; /* "": every */
	bool udp;
} SmithPodmanPort;

typedef struct {
	char *name;
	char *image;	/* as it was named when the container was made */
	char *image_id; /* 64 hex digits */
	char *state;	/* "running", "exited", "created" ... */
	char *health;	/* "healthy", "unhealthy", "starting"; or NULL */
	char *unit;	/* of systemd that runs it; or NULL */
	char *fleet;	/* SMITH_PLAN_LABEL; or NULL */
	bool is_infra;
	GPtrArray *ports; /* (element-type SmithPodmanPort*) */
} SmithPodmanContainer;

typedef struct {
	char *id;
	char **digests; /* of manifests: "sha256:HEX" */
	char **names;	/* "localhost/web:demo", and with digests */
} SmithPodmanImage;

typedef struct {
	char *name;
	char *interface;
	char **subnets; /* "10.89.0.0/24" */
} SmithPodmanNetwork;

/* Every container, those that do not run too. (element-type SmithPodmanContainer*) */
GPtrArray *smith_podman_containers(const SmithReach *reach, GError **error);
GPtrArray *smith_podman_images(const SmithReach *reach, GError **error);
GPtrArray *smith_podman_networks(const SmithReach *reach, GError **error);
/* Names, NULL-terminated. */
char **smith_podman_secrets(const SmithReach *reach, GError **error);
/* What `podman info` tells, as it is. */
SmithNode *smith_podman_info(const SmithReach *reach, GError **error);

GPtrArray *smith_podman_read_containers(const char *text, gsize length, GError **error);
GPtrArray *smith_podman_read_images(const char *text, gsize length, GError **error);
GPtrArray *smith_podman_read_networks(const char *text, gsize length, GError **error);

/* Properties of units by their ids (of GHashTable: name -> value), those asked for that systemd
 * does not know too. With no unit nothing is asked. */
GHashTable *smith_systemd_units(const SmithReach *reach, const char *const *units, GError **error);
GHashTable *smith_systemd_read_units(const char *text);
