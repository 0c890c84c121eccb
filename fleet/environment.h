/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/model.h"

/*
 * The environment that the unit of a service sets on its host (docs/formats.md, "Variables that
 * every unit has"). Images hold the values without variables; a unit says all of them again, since
 * those of the host, which come before the image's, must not come before the service's own.
 *
 * In rising order: values of families that need a host, the machine profile, the standard
 * variables, what services provide, the host's own, numbers of ports, whether a GPU is required,
 * the service's own, what says that the host lacks an optional device. Of two services that provide
 * one variable the nearer one is taken, else the first; what cannot be reached from a unit is not
 * provided to it.
 *
 *   SmithEnvironment *environment = smith_environment_new (fleet);
 *   for each group and service: smith_environment_of (environment, group, service, diag);
 *   smith_environment_free (environment);
 */
typedef struct SmithEnvironment SmithEnvironment;

/* @fleet must outlive it. */
SmithEnvironment *smith_environment_new(const SmithFleet *fleet);
void smith_environment_free(SmithEnvironment *environment);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithEnvironment, smith_environment_free)

/* "NAME=VALUE" by name, for @service (of the fleet, or the one that stands for a supervised group;
 * no variant) in @group, whose host exists. NULL-terminated, transfer full. A value that cannot be
 * evaluated is left out and told to @diag: rules variable-undefined, service-unreachable and
 * expression-invalid. */
char **smith_environment_of(SmithEnvironment *environment, const SmithGroup *group,
			    const SmithService *service, SmithDiag *diag);

/* Those that are the same for all units of @host: the standard variables and the host's own, as far
 * as these do not ask where a service is. A unit may have another value, and then says it. */
char **smith_environment_of_host(SmithEnvironment *environment, const SmithHost *host);

/* The same findings for all units of the fleet, and the rule provided-unreachable. Works on a fleet
 * with other errors, too. */
void smith_environment_check(const SmithFleet *fleet, SmithDiag *diag);
