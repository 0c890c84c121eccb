/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "quadlet/formats.h"
#include "quadlet/unit.h"

/*
 * What the parts of smith_format_quadlet() share (quadlet/formats.h): a host's plan, on the way to
 * its files. What the generator of the host's podman cannot make, and targets, which none makes,
 * are plain units below SMITH_FORMAT_SYSTEMD, for systemd's own directory.
 */
#define SMITH_FORMAT_SYSTEMD "systemd"
#define SMITH_FORMAT_NAMED 407 /* names of networks and volumes: before, podman makes them up */
#define SMITH_FORMAT_POD 500
#define SMITH_FORMAT_SUBDIRECTORIES 407 /* of containers/systemd are read */

typedef struct {
	const SmithHostPlan *plan;
	int podman;
	GPtrArray *files; /* (element-type SmithUnitFile*) */
	char *specifier;  /* the host's directory, as it will be: a specifier of systemd, or "" */
	char *directory;  /* and what follows it */
	/* SmithPodPlan* -> its document, of those pods that are a .kube unit: from quadlets on
	 * until there are pods among them. What kube has no words for is a plain pod with
	 * containers. */
	GHashTable *kube;
} SmithFormat;

bool smith_format_is_kube(const SmithFormat *format, const SmithPodPlan *pod);
/* SMITH_ERROR_UNSUPPORTED when the keys of a .kube unit do not suffice. */
gboolean smith_format_can_kube(const SmithFormat *format, const SmithPodPlan *pod, GError **error);

/* A unit with our first line, its [Unit] begun, for one podman; @what and @name are for people. */
SmithUnit *smith_format_unit(const SmithFormat *format, int podman, const char *what,
			     const char *name);
/* Adds @unit as NAME SUFFIX. */
gboolean smith_format_add(const SmithFormat *format, const char *name, const char *suffix,
			  const SmithUnit *unit, GError **error);
/* The same as a plain unit of systemd. */
gboolean smith_format_add_plain(const SmithFormat *format, const char *name, const char *suffix,
				const SmithUnit *unit, GError **error);
void smith_format_add_text(const SmithFormat *format, const char *name, const char *text);

/* "512m" of 536870912. */
char *smith_format_size(gint64 bytes);
/* PublishPort=, Network=, DNS= of a container or a pod; Network= alone. */
void smith_format_place(const SmithFormat *format, SmithUnit *unit, const char *section,
			const GPtrArray *networks, const GPtrArray *ports, char *const *dns);
void smith_format_networks(const SmithFormat *format, SmithUnit *unit, const char *section,
			   const GPtrArray *networks);
void smith_format_keep_id(SmithUnit *unit, const char *section);

/* It is started and stopped with the target of @group, which is reached when it is up. */
void smith_format_part_of(SmithUnit *unit, const SmithGroup *group);
/* [Install] for that, to be written last. */
void smith_format_install(SmithUnit *unit, const SmithGroup *group);

/* "web.service" or, for a member of a pod that is one unit, "core-pod.service". */
char *smith_format_service(const SmithFormat *format, const SmithContainerPlan *container);
/* After=, Requires= and Wants= of @container, with the units that wait. */
gboolean smith_format_needs(const SmithFormat *format, SmithUnit *unit,
			    const SmithContainerPlan *container, GError **error);
/* The check of the GPU's driver, a unit of its own when nothing goes without. */
gboolean smith_format_gpu(const SmithFormat *format, SmithUnit *unit,
			  const SmithContainerPlan *container, GError **error);
/* AddDevice=, and of those that may not be there what is there at the start. */
void smith_format_devices(const SmithFormat *format, SmithUnit *unit,
			  const SmithContainerPlan *container);
/* Limits of restarts and of the time that a start takes. */
void smith_format_start(SmithUnit *unit, gint64 start_seconds);

gboolean smith_format_container(const SmithFormat *format, const SmithContainerPlan *container,
				GError **error);
gboolean smith_format_pod(const SmithFormat *format, const SmithPodPlan *pod, GError **error);
gboolean smith_format_network(const SmithFormat *format, const SmithNetwork *network,
			      GError **error);
gboolean smith_format_volume(const SmithFormat *format, const char *slug, GError **error);
gboolean smith_format_target(const SmithFormat *format, const SmithPlanTarget *target,
			     const SmithPlanTarget *whole, GError **error);

/* [Service] of a plain unit that runs a container or keeps what podman made. */
void smith_format_run(SmithUnit *unit, const SmithContainerPlan *container);
void smith_format_run_pod(SmithUnit *unit, const SmithPodPlan *pod);
