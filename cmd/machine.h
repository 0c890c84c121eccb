/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cmd/command.h"
#include "fleet/model.h"

/*
 * This machine as a host of the fleet (quadlet/machine.h), for `units --here` and `doctor --host`.
 * The fleet must have been prepared; root's units are meant with --system.
 */

/* The host that this machine is; @names are those that were asked for, empty for none. */
const SmithHost *smith_machine_host(const SmithInvocation *inv, const char *const *names,
				    GError **error);
/* Adds what it lacks to @diag, less what the fleet allows, sorted. */
gboolean smith_machine_find(const SmithInvocation *inv, const SmithHost *host,
			    const char *const *groups, SmithDiag *diag, GError **error);
/* The same, told on stderr: SMITH_ERROR_FINDINGS when there is an error among it. */
gboolean smith_machine_require(const SmithInvocation *inv, const SmithHost *host,
			       const char *const *groups, GError **error);
