/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/model.h"

/*
 * Files to model: fleet.yaml and families.d/NAME.yaml below one directory.
 *
 * Loading goes on after a problem and reports all of them to @diag with file:line:column; the model
 * is complete enough for the checks of lint/lint.h even then. File names in places are relative to
 * the fleet's directory.
 */
#define SMITH_FLEET_FILE "fleet.yaml"
#define SMITH_FLEET_FILE_LIMIT (4 * 1024 * 1024)

/* Never NULL, unless fleet.yaml cannot be read or is no YAML at all. */
SmithFleet *smith_fleet_load(const char *directory, SmithDiag *diag, GError **error);

/* A fleet without families and directory (fd -1), from a document in the shape of fleet.yaml that
 * was made by a program. Takes @document; members of classes are laid under those of its services.
 */
SmithFleet *smith_fleet_from_document(SmithNode *document, SmithDiag *diag);

/* A file that cannot be read, or is no YAML, as a finding ("yaml-parse-error") of it. */
void smith_load_tell_unreadable(SmithDiag *diag, const char *file, const GError *error);

/* The directory of the nearest fleet.yaml, from @start upward; SMITH_ERROR_NOT_FOUND if none. */
char *smith_fleet_find(const char *start, GError **error);
