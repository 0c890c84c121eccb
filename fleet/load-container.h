/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/model.h"

/*
 * What of a service and a group is about their containers alone: devices, confinement, networks.
 * Parts of fleet/load.h, as fleet/load-service.h is.
 */

/* Completes in @service what @node says. */
void smith_load_container(SmithService *service, const SmithNode *node, SmithDiag *diag);
/* The one name of all @names (NULL: nothing is said), or NULL. @place and @about are for what
 * cannot be together. */
char *smith_load_seccomp(char **names, SmithPlace place, const char *about, SmithDiag *diag);
/* limits->pids; @node is the service's `limits`. */
void smith_load_pids(const SmithService *service, const SmithNode *node, SmithDiag *diag);
/* service->optional_devices, ->seccomp and ->without are the service's, and no table's. */
void smith_load_container_clear(SmithService *service);

/* group->networks, dns, hostname; @node is the group's. */
void smith_load_place_of_group(SmithGroup *group, const SmithNode *node, SmithDiag *diag);
void smith_load_place_clear(SmithGroup *group);
/* Tells of what in @dns is no address of a name server; NULL becomes an empty list. */
void smith_load_dns(char ***dns, SmithPlace place, const char *about, SmithDiag *diag);
