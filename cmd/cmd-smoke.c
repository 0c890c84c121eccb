/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "base/error.h"
#include "cmd/commands.h"
#include "cmd/company.h"
#include "cmd/output.h"
#include "cmd/prepare.h"
#include "cmd/run-image.h"

typedef struct {
	SmithInvocation *inv;
	SmithTable *table;
	SmithNode *list;
	guint runs;
	guint failed;
	char *text;	       /* of the first that failed */
	const char *needed_by; /* what is taken is there for this one; or NULL */
} Smoke;

static void add_json(Smoke *smoke, const SmithRunTarget *target, const SmithRunResult *result)
{
	SmithNode *node = smith_node_new(SMITH_NODE_MAP);
	SmithNode *refused = smith_node_new(SMITH_NODE_SEQ);
	smith_node_set(node, target->family != NULL ? "family" : "service",
		       smith_node_new_string(target->title));
	if (smoke->needed_by != NULL)
		smith_node_set(node, "neededBy", smith_node_new_string(smoke->needed_by));
	smith_node_set(node, "result", smith_node_new_string(smith_run_word(result)));
	if (result->end == SMITH_RUN_HEALTHY) {
		g_autofree char *seconds =
			g_strdup_printf("%.3f", (double)result->healthy_after / G_USEC_PER_SEC);
		smith_node_set(node, "healthySeconds", smith_node_new_string(seconds));
	}
	smith_node_set(node, "peakMemory", smith_node_new_int((gint64)result->memory));
	smith_node_set(node, "exitStatus", smith_node_new_int(result->status));
	smith_node_set(node, "killed", smith_node_new_bool(result->killed));
	if (target->profile != NULL)
		smith_node_set(node, "profile", smith_node_new_string(target->profile));
	for (guint i = 0; i < result->calls->len; i++) {
		const SmithRunCall *call = result->calls->pdata[i];
		if (call->text != NULL)
			smith_node_append(refused, smith_node_new_string(call->name));
	}
	smith_node_set(node, "refused", refused);
	smith_node_append(smoke->list, node);
}

static void add_row(Smoke *smoke, const SmithRunTarget *target, const SmithRunResult *result)
{
	g_autofree char *seconds =
		result->end == SMITH_RUN_HEALTHY
			? g_strdup_printf("%.2f s", (double)result->healthy_after / G_USEC_PER_SEC)
			: NULL;
	g_autofree char *memory = smith_output_size(result->memory);
	g_autofree char *status = g_strdup_printf("%d", result->status);
	smith_table_add(smoke->table, target->title, smith_run_word(result), seconds, memory,
			status);
}

/* What to do about a call that may be why it is not well. */
static void tell_hint(const Smoke *smoke, const SmithRunTarget *target,
		      const SmithRunResult *result)
{
	const SmithRunCall *call = smith_run_refused(result);
	if (call == NULL)
		return;
	if (target->family != NULL)
		smith_events_note(smoke->inv->events, "'ocismith seccomp explain %s %s' says why",
				  target->profile, call->name);
	else
		smith_events_note(smoke->inv->events,
				  "'ocismith seccomp check %s' tells all that is refused, "
				  "'ocismith seccomp record %s' writes a profile that allows it",
				  target->title, target->title);
}

/* Takes down what became of a run. */
static void take(Smoke *smoke, const SmithRunTarget *target, const SmithRunResult *result)
{
	if (smoke->inv->format == SMITH_FORMAT_JSON)
		add_json(smoke, target, result);
	else
		add_row(smoke, target, result);
	g_autofree char *text = smith_run_explain(target, result);
	smoke->runs++;
	if (text == NULL)
		return;
	smoke->failed++;
	smith_run_tell(target, result);
	tell_hint(smoke, target, result);
	if (smoke->text != NULL)
		smith_events_warn(smoke->inv->events, "%s", text);
	else
		smoke->text = g_steal_pointer(&text);
}

static void take_needed(const SmithRunTarget *target, const SmithRunResult *result, gpointer data)
{
	take(data, target, result);
}

static gboolean run_target(Smoke *smoke, SmithRunTarget *target, SmithRunResult *result,
			   GError **error)
{
	target->options.how = SMITH_RUN_ASK;
	if (smoke->inv->verbosity > 0)
		target->options.log_fd = STDERR_FILENO;
	smith_events_start(smoke->inv->events, target->title);
	gboolean ok = smith_run_service(&target->options, result, error);
	smith_events_done(smoke->inv->events, target->title, NULL, 0, false);
	return ok;
}

static gboolean smoke_target(Smoke *smoke, SmithRunTarget *target, GError **error)
{
	g_auto(SmithRunResult) result = {0};
	if (!run_target(smoke, target, &result, error))
		return FALSE;
	take(smoke, target, &result);
	return TRUE;
}

/* On one network with all that it needs, which runs before and after it. */
static gboolean smoke_with_needs(Smoke *smoke, SmithRunTarget *target, GError **error)
{
	g_autoptr(SmithCompany) company = smith_company_new(smoke->inv, target, error);
	g_auto(SmithRunResult) result = {0};
	bool ran = false;
	gboolean ok = company != NULL;
	if (!ok)
		return FALSE;
	smoke->needed_by = target->title;
	smith_company_join(company, &target->options);
	if (smith_company_start(company)) {
		ok = run_target(smoke, target, &result, error);
		ran = ok;
	}
	ok = smith_company_stop(company, take_needed, smoke, ok ? error : NULL) && ok;
	smoke->needed_by = NULL;
	if (ran)
		take(smoke, target, &result);
	return ok;
}

static gboolean smoke_one(Smoke *smoke, const char *name, GError **error)
{
	g_autoptr(SmithRunTarget) target = smith_run_target_open(smoke->inv, name, error);
	if (target == NULL || !smith_run_target_confine(target, error))
		return FALSE;
	return smith_options_flag(smoke->inv->options, "with-needs")
		       ? smoke_with_needs(smoke, target, error)
		       : smoke_target(smoke, target, error);
}

static gboolean smoke_family(Smoke *smoke, const char *name, GError **error)
{
	g_autoptr(SmithRunTarget) target = smith_run_target_open_family(smoke->inv, name, error);
	return target != NULL && smoke_target(smoke, target, error);
}

static gboolean smoke_families(Smoke *smoke, GError **error)
{
	const SmithFleet *fleet = smoke->inv->prepared->fleet;
	const char *const *names = smoke->inv->operands;
	for (; *names != NULL; names++)
		if (!smoke_family(smoke, *names, error))
			return FALSE;
	for (guint i = 0; smoke->inv->n_operands == 0 && i < fleet->families->len; i++) {
		const SmithFamily *family = fleet->families->pdata[i];
		if (!smoke_family(smoke, family->name, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean smoke_all(Smoke *smoke, GError **error)
{
	const SmithFleet *fleet = smoke->inv->prepared->fleet;
	const char *const *names = smoke->inv->operands;
	for (; *names != NULL; names++)
		if (!smoke_one(smoke, *names, error))
			return FALSE;
	for (guint i = 0; smoke->inv->n_operands == 0 && i < fleet->built->len; i++) {
		const SmithService *service = fleet->built->pdata[i];
		if (service->enabled && !smoke_one(smoke, service->name, error))
			return FALSE;
	}
	return TRUE;
}

gboolean smith_cmd_smoke(SmithInvocation *inv, GError **error)
{
	bool families = smith_options_flag(inv->options, "families");
	const char *const headings[] = {families ? "FAMILY" : "SERVICE",
					"RESULT",
					">HEALTHY AFTER",
					">MEMORY",
					">STATUS",
					NULL};
	g_autoptr(SmithTable) table = smith_table_new(headings);
	g_autoptr(SmithNode) list = smith_node_new(SMITH_NODE_SEQ);
	Smoke smoke = {.inv = inv, .table = table, .list = list};
	gboolean ok = families ? smoke_families(&smoke, error) : smoke_all(&smoke, error);
	g_autofree char *text = smoke.text;
	if (inv->format == SMITH_FORMAT_JSON)
		smith_print_json(list);
	else if (smoke.runs > 0)
		smith_table_print(table);
	if (!ok || text == NULL)
		return ok;
	if (smoke.runs == 1)
		return smith_throw(error, SMITH_ERROR_FAILED, "%s", text);
	smith_events_warn(inv->events, "%s", text);
	return smith_throw(error, SMITH_ERROR_FAILED, "%u of %u %s are not well", smoke.failed,
			   smoke.runs, families ? "families" : "services");
}
