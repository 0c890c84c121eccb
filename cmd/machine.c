/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/machine.h"

#include "base/epoch.h"
#include "base/error.h"
#include "cmd/look.h"
#include "cmd/prepare.h"
#include "cmd/report.h"
#include "lint/allow.h"
#include "quadlet/machine.h"

const SmithHost *smith_machine_host(const SmithInvocation *inv, const char *const *names,
				    GError **error)
{
	const SmithReach here = {0};
	if (names[0] != NULL && names[1] != NULL)
		return smith_throw_null(error, SMITH_ERROR_USAGE,
					"this machine cannot be both '%s' and '%s'", names[0],
					names[1]);
	return smith_reach_host(&here, inv->prepared->fleet, names[0], error);
}

static gboolean allow(const SmithInvocation *inv, SmithDiag *diag, GError **error)
{
	SmithAllowOptions options = {.fleet = inv->prepared->fleet, .partial = true};
	if (!smith_epoch_now(&options.now, error))
		return FALSE;
	g_autoptr(GPtrArray) allowed = smith_allow_apply(&options, diag, error);
	return allowed != NULL;
}

gboolean smith_machine_find(const SmithInvocation *inv, const SmithHost *host,
			    const char *const *groups, SmithDiag *diag, GError **error)
{
	const SmithMachineOptions options = {.system = smith_options_flag(inv->options, "system")};
	g_auto(SmithLook) look = {.host = host};
	if (!smith_look_plan(inv, &look, groups, error))
		return FALSE;
	smith_machine_check(look.plan, &options, diag);
	smith_diag_sort(diag);
	return allow(inv, diag, error);
}

gboolean smith_machine_require(const SmithInvocation *inv, const SmithHost *host,
			       const char *const *groups, GError **error)
{
	g_autoptr(SmithDiag) diag = smith_diag_new();
	if (!smith_machine_find(inv, host, groups, diag, error))
		return FALSE;
	if (diag->errors > 0 || inv->verbosity >= 0)
		smith_report_findings(diag);
	return smith_diag_check(diag, error);
}
