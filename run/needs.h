/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/model.h"

/*
 * What has to be there before a service is, all of it, for a run in which they share one loopback
 * network: whatever the group or host, each is there once.
 */
typedef struct {
	const SmithService
		*service;      /* as it is on @host; that of a supervised group for its members */
	const SmithHost *host; /* the one that was asked for where it is on that; or NULL */
} SmithNeeded;

/* In the order in which they are to be started, without @service (as it is on @host, or NULL)
 * itself (element-type SmithNeeded*). SMITH_ERROR_UNSUPPORTED when two of them listen on one port.
 */
GPtrArray *smith_needs_order(const SmithFleet *fleet, const SmithService *service,
			     const SmithHost *host, GError **error);

/* Addresses that units of the fleet have for each other; and their names. NULL-terminated. */
char **smith_needs_addresses(const SmithFleet *fleet);
char **smith_needs_names(const SmithFleet *fleet);
