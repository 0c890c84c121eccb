/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/prepare.h"

#include <unistd.h>

#include "base/epoch.h"
#include "base/error.h"
#include "cmd/report.h"
#include "fleet/load.h"
#include "lint/allow.h"
#include "lint/lint.h"

static char *store_path(const SmithInvocation *inv)
{
	const char *path = smith_options_string(inv->options, "store");

	if (path == NULL)
		path = g_getenv("OCISMITH_STORE");
	if (path != NULL && *path != '\0')
		return g_strdup(path);
	return g_build_filename(g_get_user_data_dir(), "ocismith", NULL);
}

gboolean smith_prepare_fleet(SmithPrepared *prepared, GError **error)
{
	g_autofree char *directory = smith_fleet_find(".", error);

	if (directory == NULL)
		return FALSE;
	prepared->diag = smith_diag_new();
	prepared->fleet = smith_fleet_load(directory, prepared->diag, error);
	if (prepared->fleet == NULL)
		return FALSE;
	smith_lint_fleet(prepared->fleet, prepared->diag);
	return TRUE;
}

/* A build from a lock that is not the fleet's would build something else than what is written. */
static gboolean prepare_lock(SmithPrepared *prepared, GError **error)
{
	g_autoptr(GPtrArray) changes = NULL;
	g_autoptr(SmithDiag) diag = smith_diag_new();
	g_autoptr(GString) text = g_string_new(NULL);

	prepared->lock = smith_lock_load(prepared->fleet, error);
	if (prepared->lock == NULL)
		return FALSE;
	changes = smith_lock_changes(prepared->lock, prepared->fleet, diag);
	/* a requirement that cannot be read is not one that was removed */
	if (diag->errors > 0) {
		smith_report_findings(diag);
		return smith_diag_check(diag, error);
	}
	if (changes->len == 0)
		return TRUE;
	for (guint i = 0; i < changes->len; i++)
		g_string_append_printf(text, "%s%s", i > 0 ? "; " : "", (char *)changes->pdata[i]);
	return smith_throw(error, SMITH_ERROR_STALE,
			   "'" SMITH_LOCK_FILE
			   "' does not match the fleet: %s; run 'ocismith lock'",
			   text->str);
}

gboolean smith_prepare_allow(const SmithPrepared *prepared, GError **error)
{
	SmithAllowOptions options = {.fleet = prepared->fleet, .partial = true};

	if (!smith_epoch_now(&options.now, error))
		return FALSE;
	g_autoptr(GPtrArray) allowed = smith_allow_apply(&options, prepared->diag, error);
	return allowed != NULL;
}

static gboolean report_findings(SmithInvocation *inv, GError **error)
{
	SmithDiag *diag = inv->prepared->diag;

	if (inv->command->needs & SMITH_NEEDS_SOURCES)
		smith_lint_sources(inv->prepared->fleet, NULL, diag);
	if (!smith_prepare_allow(inv->prepared, error))
		return FALSE;
	bool is_told = inv->verbosity >= 0 && !(inv->command->needs & SMITH_NEEDS_PEACE);
	if (diag->errors > 0 || is_told)
		smith_report_findings(diag);
	return smith_diag_check(diag, error);
}

gboolean smith_prepare(SmithInvocation *inv, GError **error)
{
	unsigned needs = inv->command->needs;
	SmithPrepared *prepared = g_new0(SmithPrepared, 1);

	inv->prepared = prepared;
	prepared->store_path = store_path(inv);
	if ((needs & (SMITH_NEEDS_FLEET | SMITH_NEEDS_LOCK)) &&
	    (!smith_prepare_fleet(prepared, error) || !report_findings(inv, error)))
		return FALSE;
	if ((needs & SMITH_NEEDS_LOCK) && !prepare_lock(prepared, error))
		return FALSE;
	if (needs & SMITH_NEEDS_STORE) {
		prepared->store = smith_store_open(prepared->store_path, error);
		return prepared->store != NULL;
	}
	return TRUE;
}

void smith_prepared_free(SmithPrepared *prepared)
{
	if (prepared == NULL)
		return;
	smith_lock_free(prepared->lock);
	smith_fleet_free(prepared->fleet);
	smith_diag_free(prepared->diag);
	smith_store_free(prepared->store);
	g_free(prepared->store_path);
	g_free(prepared);
}

gboolean smith_prepare_users(const SmithInvocation *inv, SmithSandboxMode *users, GError **error)
{
	static const SmithSandboxMode choices[] = {SMITH_SANDBOX_ONE_UID, SMITH_SANDBOX_MANY_UIDS,
						   SMITH_SANDBOX_ROOT};
	*users = choices[smith_options_enum(inv->options, "users", 0)];
	if (*users == SMITH_SANDBOX_ROOT && geteuid() != 0)
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
				   "--users=root is for root, and user %u is another",
				   (guint)geteuid());
	return TRUE;
}
