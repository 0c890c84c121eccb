/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/model.h"

/*
 * Podman quadlets (podman-systemd.unit(5)) of a fleet: for each host a directory ready to be put
 * under containers/systemd. A group is a .pod with a .container for each of its services, or, by
 * its mode, a .container each on the host's network, or one .container in all; with a .network and
 * .volume for what these use. Services whose `when` does not hold are not there.
 *
 * Ports, network, and the user namespace that maps the invoking user to 10001, belong to the pod,
 * since podman refuses them on members. Every container is without capabilities and new
 * privileges, unless it names some; ours are read-only and of user 10001, upstream images are of
 * their own. A container is started only when the services that it requires on its host are. Keys
 * that the host's podman does not know are never written: pods need 5.0.
 */
#define SMITH_QUADLET_PODMAN "5.4" /* for hosts that do not say theirs */
#define SMITH_QUADLET_UNIT_LIMIT (1024 * 1024)

typedef struct {
	char *path; /* "mainpc/core.pod" */
	char *text;
} SmithUnitFile;

void smith_unit_file_free(SmithUnitFile *file);

/* The units of @hosts and @groups (NULL: all), sorted by path (element-type SmithUnitFile*).
 * SMITH_ERROR_UNSUPPORTED when a host's podman is too old or lacks what a service requires,
 * SMITH_ERROR_INVALID with the findings of fleet/environment.h. */
GPtrArray *smith_quadlet_units(const SmithFleet *fleet, const char *const *hosts,
			       const char *const *groups, GError **error);

/* Writes @files, sorted by path, below @directory. Each begins with a line that says that it is
 * ours and which fleet's. A file without that in the way is an error before anything is written.
 *
 * With @complete, @files are all that @hosts (NULL or empty: every directory that is there) are to
 * have: other files of this fleet, at most SMITH_QUADLET_UNIT_LIMIT bytes, are removed. */
gboolean smith_quadlet_write(const SmithFleet *fleet, GPtrArray *files, const char *directory,
			     const char *const *hosts, gboolean complete, GError **error);
