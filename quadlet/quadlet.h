/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "fleet/model.h"
#include "store/store.h"

/*
 * The files that run a fleet, for each host a directory of them: plans (quadlet/plan.h) in one of
 * the formats (quadlet/formats.h), and how they are put where they belong.
 *
 * Services whose `when` does not hold are not there. What a podman cannot do is never written for
 * it: docs/formats.md says what stands in.
 */
#define SMITH_QUADLET_PODMAN "5.4" /* for hosts that do not say theirs */
#define SMITH_QUADLET_UNIT_LIMIT (1024 * 1024)

typedef struct {
	char *path; /* "mainpc/core.pod" */
	char *text;
} SmithUnitFile;

void smith_unit_file_free(SmithUnitFile *file);

typedef enum {
	SMITH_UNITS_QUADLET,
	SMITH_UNITS_KUBE,
	SMITH_UNITS_SHELL,
} SmithUnitsFormat;

/* All borrowed. */
typedef struct {
	const SmithFleet *fleet;
	const SmithStore *store;		  /* for digests of images; NULL: by tag */
	const char *const *hosts, *const *groups; /* NULL or empty: all */
	SmithUnitsFormat format;
	const char *install_dir; /* where directories of hosts will be; NULL: where podman looks */
} SmithUnitsRequest;

/* The files, sorted by path (element-type SmithUnitFile*).
 * SMITH_ERROR_UNSUPPORTED when a host's podman is too old or lacks what a service requires,
 * SMITH_ERROR_INVALID with the findings of fleet/environment.h. */
GPtrArray *smith_quadlet_units(const SmithUnitsRequest *request, GError **error);

/* Writes @files, sorted by path, below @directory. A file of somebody else's in the way is an error
 * before anything is written. Those that are ours have the fleet's first line or are in the list of
 * the host's directory, SMITH_QUADLET_LIST.
 *
 * A host's directory is replaced in one step, by one that is written beside it and has all of
 * others' files as well: whatever happens, there is the old one or the new.
 *
 * With @complete, @files are all that @hosts (NULL or empty: every directory that is there) are to
 * have: other files of this fleet, at most SMITH_QUADLET_UNIT_LIMIT bytes, are removed. */
#define SMITH_QUADLET_LIST ".ocismith"
gboolean smith_quadlet_write(const SmithFleet *fleet, GPtrArray *files, const char *directory,
			     const char *const *hosts, gboolean complete, GError **error);
