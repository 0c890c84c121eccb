/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/model.h"

/*
 * Names that two units of one host would both take (rule same-name). Podman has one space of names
 * for pods and containers, the pod's own container included; systemd has one for what quadlet
 * makes of all files: NAME.service, NAME-pod.service, NAME-network.service, NAME-volume.service.
 */
void smith_lint_taken(const SmithFleet *fleet, SmithDiag *diag);
