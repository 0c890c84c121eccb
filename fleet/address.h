/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/model.h"

/*
 * Where a service is for another one.
 *
 * What shares a network namespace (a pod, a supervised container, all on the network of a host
 * itself) meets on 127.0.0.1. What is on one network finds each other by fixed address, or by the
 * name of the pod or container. All else goes through the ports that are published on the
 * host: a rootless container cannot reach its own host by that host's address, but by the name
 * SMITH_ADDRESS_HOST; from another host it is the address.
 */
#define SMITH_ADDRESS_LOCAL "127.0.0.1"
#define SMITH_ADDRESS_HOST "host.containers.internal"

typedef enum {
	SMITH_DISTANCE_NAMESPACE,
	SMITH_DISTANCE_HOST,
	SMITH_DISTANCE_FAR,
} SmithDistance;

typedef struct {
	const char *address; /* borrowed from the fleet */
	gint64 port;	     /* 0 when none was asked for */
	SmithDistance distance;
} SmithAddress;

/* The nearest instance of @to, a service of the fleet (no variant), for @who (as it is on its
 * host; NULL: any usual member) of @from; @port is a name of its ports, or NULL.
 * SMITH_ERROR_NOT_FOUND when it has no such port or runs nowhere, SMITH_ERROR_UNSUPPORTED when it
 * runs where it cannot be reached. */
gboolean smith_address_find(const SmithFleet *fleet, const SmithGroup *from,
			    const SmithService *who, const SmithService *to, const char *port,
			    SmithAddress *address, GError **error);
