/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/company.h"

#include <unistd.h>

#include "base/error.h"
#include "cmd/prepare.h"

struct SmithCompany {
	SmithInvocation *inv;
	GPtrArray *targets; /* SmithRunTarget*, in order of start */
	GPtrArray *running; /* SmithBeside* of the first of them */
	SmithLoopback *loopback;
	char **names;
};

static void target_free(gpointer target)
{
	smith_run_target_free(target);
}

static gboolean open_targets(SmithCompany *company, const GPtrArray *order, GError **error)
{
	for (guint i = 0; i < order->len; i++) {
		SmithRunTarget *target =
			smith_run_target_open_needed(company->inv, order->pdata[i], error);
		if (target == NULL)
			return FALSE;
		g_ptr_array_add(company->targets, target);
	}
	return TRUE;
}

SmithCompany *smith_company_new(SmithInvocation *inv, const SmithRunTarget *target, GError **error)
{
	const SmithFleet *fleet = inv->prepared->fleet;
	SMITH_AUTO_PREFIX("service", target->title, error);
	g_autoptr(GPtrArray) order = smith_needs_order(fleet, target->service, target->host, error);
	if (order == NULL)
		return NULL;
	g_autoptr(SmithCompany) company = g_new0(SmithCompany, 1);
	company->inv = inv;
	company->targets = g_ptr_array_new_with_free_func(target_free);
	company->running = g_ptr_array_new();
	company->names = smith_needs_names(fleet);
	if (!open_targets(company, order, error))
		return NULL;
	g_auto(GStrv) addresses = smith_needs_addresses(fleet);
	company->loopback = smith_loopback_new((const char *const *)addresses, error);
	return company->loopback != NULL ? g_steal_pointer(&company) : NULL;
}

void smith_company_join(const SmithCompany *company, SmithRunOptions *options)
{
	options->loopback = company->loopback;
	options->names = (const char *const *)company->names;
}

bool smith_company_start(SmithCompany *company)
{
	for (guint i = 0; i < company->targets->len; i++) {
		SmithRunTarget *target = company->targets->pdata[i];
		smith_company_join(company, &target->options);
		if (company->inv->verbosity > 0)
			target->options.log_fd = STDERR_FILENO;
		smith_events_start(company->inv->events, target->title);
		SmithBeside *beside = smith_beside_start(&target->options);
		smith_events_done(company->inv->events, target->title, NULL, 0, false);
		g_ptr_array_add(company->running, beside);
		if (!smith_beside_is_well(beside))
			return false;
	}
	return true;
}

static void ignore(const SmithRunTarget *target, const SmithRunResult *result, gpointer data)
{
	(void)target;
	(void)result;
	(void)data;
}

gboolean smith_company_stop(SmithCompany *company,
			    void (*told)(const SmithRunTarget *target, const SmithRunResult *result,
					 gpointer data),
			    gpointer data, GError **error)
{
	guint n = company->running->len;
	g_autofree SmithRunResult *results = g_new0(SmithRunResult, n + 1);
	g_autofree bool *ran = g_new0(bool, n + 1);
	gboolean ok = TRUE;
	for (guint i = n; i-- > 0;) {
		g_autoptr(GError) failure = NULL;
		ran[i] = smith_beside_stop(company->running->pdata[i], &results[i], &failure);
		if (ran[i])
			continue;
		if (ok)
			g_propagate_error(error, g_steal_pointer(&failure));
		ok = FALSE;
	}
	g_ptr_array_set_size(company->running, 0);
	for (guint i = 0; i < n; i++) {
		if (ran[i])
			told(company->targets->pdata[i], &results[i], data);
		smith_run_result_clear(&results[i]);
	}
	return ok;
}

void smith_company_free(SmithCompany *company)
{
	if (company == NULL)
		return;
	(void)smith_company_stop(company, ignore, NULL, NULL);
	smith_loopback_free(company->loopback);
	g_ptr_array_unref(company->targets);
	g_ptr_array_unref(company->running);
	g_strfreev(company->names);
	g_free(company);
}
