/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>

#include "base/epoch.h"
#include "base/error.h"
#include "base/fd.h"
#include "cmd/commands.h"
#include "cmd/output.h"
#include "cmd/prepare.h"
#include "cmd/report.h"
#include "fleet/export.h"
#include "fleet/lock-diff.h"
#include "fleet/resolve.h"
#include "python/name.h"

/* A base's reference, a family, a Debian package, or a distribution. */
static gboolean check_updates(const SmithLock *lock, const char *const *updates, GError **error)
{
	for (; *updates != NULL; updates++) {
		bool known = **updates == '\0' || smith_lock_base(lock, *updates) != NULL ||
			     smith_lock_family(lock, *updates) != NULL;
		for (guint i = 0; i < lock->debs->len && !known; i++)
			known = g_strcmp0(((SmithDeb *)lock->debs->pdata[i])->name, *updates) == 0;
		for (guint i = 0; i < lock->wheels->len && !known; i++)
			known = smith_python_name_is(
				*updates, ((SmithLockWheel *)lock->wheels->pdata[i])->name);
		if (!known)
			return smith_throw(error, SMITH_ERROR_USAGE,
					   "'%s' is no base, family, package or distribution "
					   "of the lock",
					   *updates);
	}
	return TRUE;
}

/* --update without a name, or with the reference of a base: that base is looked up anew. */
static void forget_updated(SmithLock *lock, const char *const *updates)
{
	for (; *updates != NULL; updates++)
		smith_lock_forget_bases(lock, **updates != '\0' ? *updates : NULL);
}

static void print_result(const SmithInvocation *inv, const SmithLock *lock, gboolean changed)
{
	if (inv->format == SMITH_FORMAT_JSON) {
		g_autoptr(SmithNode) node = smith_node_new(SMITH_NODE_MAP);
		smith_node_set(node, "lock", smith_node_new_string(SMITH_LOCK_FILE));
		smith_node_set(node, "changed", smith_node_new_bool(changed));
		smith_node_set(node, "platform", smith_node_new_string(lock->platform));
		smith_node_set(node, "bases", smith_node_new_int(lock->bases->len));
		smith_node_set(node, "wheels", smith_node_new_int(lock->wheels->len));
		smith_node_set(node, "debs", smith_node_new_int(lock->debs->len));
		smith_print_json(node);
		return;
	}
	smith_print("%s: %s, %u base%s, %u wheels for %s\n", SMITH_LOCK_FILE,
		    changed ? "written" : "unchanged", lock->bases->len,
		    lock->bases->len == 1 ? "" : "s", lock->wheels->len, lock->platform);
}

static void print_changes(const SmithInvocation *inv, const SmithLock *old, const SmithLock *lock)
{
	g_autoptr(GPtrArray) lines = smith_lock_diff(old, lock);
	g_autoptr(SmithNode) list = smith_node_new(SMITH_NODE_SEQ);
	for (guint i = 0; i < lines->len; i++) {
		if (inv->format == SMITH_FORMAT_JSON)
			smith_node_append(list, smith_node_new_string(lines->pdata[i]));
		else
			smith_print("%s\n", (char *)lines->pdata[i]);
	}
	if (inv->format == SMITH_FORMAT_JSON)
		smith_print_json(list);
}

/* --check: as if to write it, and then not. */
static gboolean compare(const SmithInvocation *inv, const SmithLock *lock, const SmithLock *old,
			GError **error)
{
	gsize length = 0;
	gsize old_length = 0;
	g_autofree char *text = smith_lock_write(lock, &length);
	g_autofree char *old_text = old != NULL ? smith_lock_write(old, &old_length) : NULL;

	if (g_strcmp0(text, old_text) == 0)
		return TRUE;
	print_changes(inv, old, lock);
	return smith_throw(error, SMITH_ERROR_STALE,
			   "'" SMITH_LOCK_FILE "' %s; 'ocismith lock' would change it",
			   old != NULL ? "is not what its inputs resolve to now" : "is missing");
}

static gboolean resolve(SmithInvocation *inv, const SmithLock *previous, gint64 epoch,
			SmithLock **lock, GError **error)
{
	SmithPrepared *prepared = inv->prepared;
	SmithResolveOptions options = {
		.previous = previous,
		.events = inv->events,
		.workers = inv->jobs,
		.epoch = epoch,
		.updates = smith_options_list(inv->options, "update"),
		.execute = true,
	};
	g_autoptr(SmithDiag) diag = smith_diag_new();

	if (!smith_compression_from_name(prepared->fleet->compression, &options.compression,
					 error) ||
	    !smith_prepare_users(inv, &options.users, error))
		return FALSE;
	*lock = smith_resolve(prepared->fleet, prepared->store, &options, diag, error);
	if (diag->errors > 0)
		smith_report_findings(diag);
	return *lock != NULL;
}

/* --export: of the lock that there is, which must be current. */
static gboolean export(const SmithInvocation *inv, const char *path, GError **error)
{
	const SmithFleet *fleet = inv->prepared->fleet;
	g_autoptr(SmithDiag) diag = smith_diag_new();
	g_autoptr(SmithLock) lock = smith_lock_load(fleet, error);
	if (lock == NULL)
		return FALSE;
	g_autoptr(GPtrArray) changes = smith_lock_changes(lock, fleet, diag);
	if (changes->len > 0)
		return smith_throw(error, SMITH_ERROR_STALE,
				   "'" SMITH_LOCK_FILE "' is stale: %s: run 'ocismith lock'",
				   (char *)changes->pdata[0]);
	g_autofree char *text =
		smith_export(fleet, lock, smith_options_string(inv->options, "of"), path, error);
	return text != NULL && smith_fd_write_file(AT_FDCWD, path, text, strlen(text), 0644, error);
}

gboolean smith_cmd_lock(SmithInvocation *inv, GError **error)
{
	const SmithFleet *fleet = inv->prepared->fleet;
	const char *to = smith_options_string(inv->options, "export");
	if (to != NULL)
		return export(inv, to, error);
	/* a lock that cannot be read is replaced: it is what this command makes */
	g_autoptr(SmithLock) old = smith_lock_load(fleet, NULL);
	g_autoptr(SmithLock) previous = smith_lock_load(fleet, NULL);
	g_autoptr(SmithLock) lock = NULL;
	const char *const *updates = smith_options_list(inv->options, "update");
	gboolean changed = FALSE;
	gint64 epoch = 0;

	if (!smith_epoch_get(SMITH_LOCK_EPOCH, &epoch, error))
		return FALSE;
	if (previous != NULL && !check_updates(previous, updates, error))
		return FALSE;
	if (previous != NULL)
		forget_updated(previous, updates);
	if (!resolve(inv, previous, epoch, &lock, error))
		return FALSE;
	if (smith_options_flag(inv->options, "check"))
		return compare(inv, lock, old, error);
	if (!smith_lock_save(lock, fleet, &changed, error))
		return FALSE;
	print_result(inv, lock, changed);
	return TRUE;
}
