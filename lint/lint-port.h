/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/model.h"

/*
 * The rules about ports: one service's own, and those that share a network namespace or the
 * addresses of a host.
 */
void smith_lint_ports(const SmithFleet *fleet, SmithDiag *diag);

/* For startup configurations: all agents of the fleet's host are in one namespace, groups or not,
 * and a health port is the port and 1000, whatever others do. */
void smith_lint_ports_of_host(const SmithFleet *fleet, SmithDiag *diag);
