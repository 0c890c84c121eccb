/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/entry.h"
#include "fleet/model.h"
#include "store/inputs.h"

/*
 * A service's application files: the paths of `app.files`, below the fleet's directory, land in
 * /app under the same names, less what .containerignore or .dockerignore hides.
 */

/* (element-type SmithEntry*), root:root. An error when a listed path is missing or hidden (naming
 * the ignore file, its line and pattern), or when the program that the service starts is not among
 * its files. */
GPtrArray *smith_app_entries(const SmithFleet *fleet, const SmithService *service, GError **error);

/* Reads and hashes every file that @inputs does not know, and ties each content to its digest: if
 * the file is another when the layer is written, that fails instead of yielding a layer under the
 * wrong key. Returns one digest over paths, modes, owners, link targets and contents. */
char *smith_app_pin(GPtrArray *entries, SmithInputs *inputs, GError **error);
