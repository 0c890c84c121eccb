/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp/profile-private.h"

#include <string.h>

#include "base/error.h"
#include "seccomp/filter.h"

static SmithFilterAction to_action(const char *action)
{
	static const struct {
		const char *name;
		SmithFilterAction action;
	} rows[] = {
		{SMITH_PROFILE_ALLOW, SMITH_FILTER_ALLOW},
		{SMITH_PROFILE_ERRNO, SMITH_FILTER_ERRNO},
		{"SCMP_ACT_KILL", SMITH_FILTER_KILL_THREAD},
		{"SCMP_ACT_KILL_PROCESS", SMITH_FILTER_KILL},
		{"SCMP_ACT_KILL_THREAD", SMITH_FILTER_KILL_THREAD},
		{"SCMP_ACT_LOG", SMITH_FILTER_LOG},
		{"SCMP_ACT_TRAP", SMITH_FILTER_TRAP},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		if (strcmp(rows[i].name, action) == 0)
			return rows[i].action;
	g_assert_not_reached();
}

static SmithFilterCompare to_compare(const SmithProfileArg *arg)
{
	static const struct {
		const char *name;
		SmithFilterOp op;
	} rows[] = {
		{"SCMP_CMP_EQ", SMITH_FILTER_EQ},
		{"SCMP_CMP_NE", SMITH_FILTER_NE},
		{"SCMP_CMP_LT", SMITH_FILTER_LT},
		{"SCMP_CMP_LE", SMITH_FILTER_LE},
		{"SCMP_CMP_GE", SMITH_FILTER_GE},
		{"SCMP_CMP_GT", SMITH_FILTER_GT},
		{"SCMP_CMP_MASKED_EQ", SMITH_FILTER_MASKED_EQ},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		bool masked = rows[i].op == SMITH_FILTER_MASKED_EQ;

		/* of a masked comparison the first value is the mask */
		if (strcmp(rows[i].name, arg->op) == 0)
			return (SmithFilterCompare){
				.argument = arg->index,
				.op = rows[i].op,
				.mask = masked ? arg->value : 0,
				.value = masked ? arg->value_two : arg->value,
			};
	}
	g_assert_not_reached();
}

static bool is_repeated(const GPtrArray *args)
{
	guint seen = 0;

	for (guint i = 0; i < args->len; i++) {
		const SmithProfileArg *arg = args->pdata[i];

		if ((seen & 1u << arg->index) != 0)
			return true;
		seen |= 1u << arg->index;
	}
	return false;
}

static gboolean add(SmithFilter *filter, const SmithProfileRule *rule, GError **error)
{
	SmithFilterCompare compares[SMITH_PROFILE_MAX_ARGS];
	SmithFilterAction action = to_action(rule->action);

	for (guint i = 0; i < rule->args->len; i++)
		compares[i] = to_compare(rule->args->pdata[i]);
	if (!is_repeated(rule->args))
		return smith_filter_add_compare(filter, action, rule->errno_ret, rule->name,
						compares, rule->args->len, error);
	/* where an argument occurs twice, crun and runc take each comparison for a rule */
	for (guint i = 0; i < rule->args->len; i++)
		if (!smith_filter_add_compare(filter, action, rule->errno_ret, rule->name,
					      &compares[i], 1, error))
			return FALSE;
	return TRUE;
}

GBytes *smith_profile_compile(const SmithProfile *profile, const char *architecture, GError **error)
{
	SMITH_AUTO_PREFIX("seccomp profile", profile->name, error);
	g_autoptr(SmithFilter) filter = smith_filter_new_for(
		architecture, to_action(profile->default_action), profile->default_errno, error);

	for (guint i = 0; filter != NULL && i < profile->rules->len; i++) {
		const SmithProfileRule *rule = profile->rules->pdata[i];

		if (!smith_profile_rule_applies(rule, architecture))
			continue;
		/* a runtime leaves out what its library has never heard of; lint tells */
		if (smith_filter_number(architecture, rule->name, NULL) < 0)
			continue;
		if (!add(filter, rule, error))
			return NULL;
	}
	return filter != NULL ? smith_filter_export(filter, error) : NULL;
}
