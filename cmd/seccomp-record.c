/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "cmd/commands.h"
#include "cmd/output.h"
#include "cmd/prepare.h"
#include "cmd/run-image.h"
#include "run/recorded.h"
#include "seccomp/profile.h"

#define PROFILE_MAX (1024 * 1024)

/* Until it is healthy, the command behind the service's name, and the stop. */
static gboolean run_target(SmithInvocation *inv, SmithRunTarget *target, SmithRunResult *result,
			   GError **error)
{
	if (inv->n_operands > 1)
		target->options.command = inv->operands + 1;
	if (inv->verbosity > 0)
		target->options.log_fd = STDERR_FILENO;
	smith_events_start(inv->events, target->title);
	gboolean ok = smith_run_service(&target->options, result, error);
	smith_events_done(inv->events, target->title, NULL, 0, false);
	return ok;
}

/* A run that went wrong has not shown what a good one calls. */
static gboolean require_well(const SmithRunTarget *target, const SmithRunResult *result,
			     GError **error)
{
	g_autofree char *text = smith_run_explain(target, result);
	if (text == NULL)
		return TRUE;
	smith_run_tell(target, result);
	return smith_throw(error, SMITH_ERROR_FAILED, "%s", text);
}

static gboolean read_old(const SmithFleet *fleet, const char *path, GBytes **old, GError **error)
{
	g_autoptr(GError) failure = NULL;
	*old = smith_fd_read_file(fleet->fd, path, PROFILE_MAX, &failure);
	if (*old != NULL || g_error_matches(failure, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&failure));
	return FALSE;
}

static gboolean write_profile(SmithInvocation *inv, const SmithRunTarget *target,
			      const SmithRunResult *result, GError **error)
{
	const SmithFleet *fleet = inv->prepared->fleet;
	const char *slug = target->service->slug;
	g_autofree char *path = g_strdup_printf(SMITH_PROFILE_DIRECTORY "/%s.json", slug);
	g_autoptr(GBytes) old = NULL;
	guint calls = 0;
	gsize length = 0;
	if (!smith_options_flag(inv->options, "replace") && !read_old(fleet, path, &old, error))
		return FALSE;
	const SmithRecorded record = {.name = slug,
				      .service = target->service->name,
				      .base = smith_options_string(inv->options, "base"),
				      .calls = result->calls,
				      .old = old,
				      .dirfd = fleet->fd};
	g_autofree char *text = smith_recorded_write(&record, &calls, &length, error);
	/* what nobody could load is not written: the base may be missing, or in a circle */
	g_autoptr(SmithProfile) profile =
		text != NULL ? smith_profile_parse(fleet->fd, slug, text, length, error) : NULL;
	if (profile == NULL || !smith_fd_make_dirs(fleet->fd, SMITH_PROFILE_DIRECTORY, error) ||
	    !smith_fd_write_file(fleet->fd, path, text, length, 0644, error))
		return FALSE;
	if (inv->format == SMITH_FORMAT_JSON) {
		g_autoptr(SmithNode) node = smith_node_new(SMITH_NODE_MAP);
		smith_node_set(node, "path", smith_node_new_string(path));
		smith_node_set(node, "calls", smith_node_new_int(calls));
		smith_node_set(node, "merged", smith_node_new_bool(old != NULL));
		smith_print_json(node);
	} else {
		smith_print("%s: %u calls%s\n", path, calls, old != NULL ? ", merged" : "");
	}
	if (g_strcmp0(target->service->seccomp, slug) != 0)
		smith_events_note(inv->events, "say 'seccomp: %s' in service '%s' to use it", slug,
				  target->service->name);
	return TRUE;
}

gboolean smith_cmd_seccomp_record(SmithInvocation *inv, GError **error)
{
	g_autoptr(SmithRunTarget) target = smith_run_target_open(inv, inv->operands[0], error);
	g_auto(SmithRunResult) result = {0};
	if (target == NULL)
		return FALSE;
	target->options.how = SMITH_RUN_RECORD;
	return run_target(inv, target, &result, error) && require_well(target, &result, error) &&
	       write_profile(inv, target, &result, error);
}

static SmithNode *write_refused(const SmithRunCall *call)
{
	SmithNode *node = smith_node_new(SMITH_NODE_MAP);
	SmithNode *files = smith_node_new(SMITH_NODE_SEQ);
	smith_node_set(node, "call", smith_node_new_string(call->name));
	smith_node_set(node, "text", smith_node_new_string(call->text));
	smith_node_set(node, "times", smith_node_new_int((gint64)call->count));
	for (char **file = call->stack; *file != NULL; file++)
		smith_node_append(files, smith_node_new_string(*file));
	smith_node_set(node, "files", files);
	return node;
}

static void print_refused(const SmithRunTarget *target, const SmithRunResult *result)
{
	g_autoptr(SmithNode) node = smith_node_new(SMITH_NODE_MAP);
	SmithNode *list = smith_node_new(SMITH_NODE_SEQ);
	for (guint i = 0; i < result->calls->len; i++)
		if (((const SmithRunCall *)result->calls->pdata[i])->text != NULL)
			smith_node_append(list, write_refused(result->calls->pdata[i]));
	smith_node_set(node, "service", smith_node_new_string(target->title));
	smith_node_set(node, "profile", smith_node_new_string(target->profile));
	smith_node_set(node, "result", smith_node_new_string(smith_run_word(result)));
	smith_node_set(node, "refused", list);
	smith_print_json(node);
}

gboolean smith_cmd_seccomp_check(SmithInvocation *inv, GError **error)
{
	g_autoptr(SmithRunTarget) target = smith_run_target_open(inv, inv->operands[0], error);
	g_auto(SmithRunResult) result = {0};
	if (target == NULL || !smith_run_target_confine(target, error))
		return FALSE;
	if (target->profile == NULL)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "service '%s' has no profile: it is unconfined", target->title);
	target->options.how = SMITH_RUN_ASK;
	if (!run_target(inv, target, &result, error))
		return FALSE;
	const SmithRunCall *call = smith_run_refused(&result);
	if (inv->format == SMITH_FORMAT_JSON)
		print_refused(target, &result);
	else if (call != NULL)
		smith_run_tell_refused(target, &result);
	if (call != NULL)
		return smith_throw(error, SMITH_ERROR_FAILED,
				   "service '%s': profile '%s' refuses %s, which it calls",
				   target->title, target->profile, call->name);
	if (!require_well(target, &result, error))
		return FALSE;
	if (inv->format != SMITH_FORMAT_JSON)
		smith_print("%s: nothing that it calls is refused by '%s'\n", target->title,
			    target->profile);
	return TRUE;
}
