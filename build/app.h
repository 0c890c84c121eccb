/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/entry.h"
#include "fleet/model.h"

/*
 * A service's application files: the paths of `app.files`, below the fleet's directory, land in
 * /app under the same names, less what .containerignore or .dockerignore hides.
 */

/* (element-type SmithEntry*), root:root. An error when a listed path is missing or hidden (naming
 * the ignore file, its line and pattern), or when the program that the service starts is not among
 * its files. */
GPtrArray *smith_app_entries(const SmithFleet *fleet, const SmithService *service, GError **error);

/* Reads and hashes every file, and ties each content to what was read: if the file has changed when
 * the layer is written, that fails instead of yielding a layer under the wrong key. Returns one
 * digest over paths, modes, link targets and contents. */
char *smith_app_pin(GPtrArray *entries, GError **error);
