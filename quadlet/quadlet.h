/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/model.h"

/*
 * Podman quadlets (podman-systemd.unit(5)) of a fleet: for each host a directory ready to be put
 * under containers/systemd, with a .pod for each group and a .container for each of its services.
 *
 * Ports, and the user namespace that maps the invoking user to 10001, belong to the pod, since
 * podman refuses them on members. Every container is read-only, without capabilities and new
 * privileges, and started only when the services that it needs on its host are. Keys that the
 * host's podman does not know are never written: pods need 5.0.
 */
#define SMITH_QUADLET_PODMAN "5.4" /* for hosts that do not say theirs */

typedef struct {
	char *path; /* "mainpc/core.pod" */
	char *text;
} SmithUnitFile;

void smith_unit_file_free(SmithUnitFile *file);

/* The units of @host and @group (NULL: all), sorted by path (element-type SmithUnitFile*).
 * SMITH_ERROR_UNSUPPORTED when a host's podman is too old. */
GPtrArray *smith_quadlet_units(const SmithFleet *fleet, const char *const *hosts,
			       const char *const *groups, GError **error);

/* Writes them below @directory. Each begins with a line that says that it is ours: files with that
 * line that are no longer wanted in a host's directory are removed (only when @complete), and a
 * file without it in the way is an error before anything is written. */
gboolean smith_quadlet_write(GPtrArray *files, const char *directory, gboolean complete,
			     GError **error);
