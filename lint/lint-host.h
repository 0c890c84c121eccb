/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/model.h"

/*
 * The checks of lint/lint.h that look at groups and hosts: members, ports, and names that podman
 * or systemd would find taken on one host.
 */
void smith_lint_hosts(const SmithFleet *fleet, SmithDiag *diag);
