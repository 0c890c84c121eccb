/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp/profile-diff.h"

#include <string.h>

#include "seccomp/profile-private.h"

static void append_arg(GString *out, const SmithProfileArg *arg)
{
	static const char *const signs[][2] = {
		{"SCMP_CMP_EQ", "=="}, {"SCMP_CMP_NE", "!="}, {"SCMP_CMP_LT", "<"},
		{"SCMP_CMP_LE", "<="}, {"SCMP_CMP_GE", ">="}, {"SCMP_CMP_GT", ">"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(signs); i++)
		if (strcmp(signs[i][0], arg->op) == 0)
			g_string_append_printf(out, "a%u %s %#" G_GINT64_MODIFIER "x", arg->index,
					       signs[i][1], arg->value);
	if (strcmp(arg->op, "SCMP_CMP_MASKED_EQ") == 0)
		g_string_append_printf(
			out, "(a%u & %#" G_GINT64_MODIFIER "x) == %#" G_GINT64_MODIFIER "x",
			arg->index, arg->value, arg->value_two);
}

static void append_names(GString *out, const char *what, char **names)
{
	g_autofree char *joined = names != NULL ? g_strjoinv(" ", names) : NULL;

	if (joined != NULL)
		g_string_append_printf(out, ", %s %s", what, joined);
}

static void append_action(GString *out, const char *action, int error_number)
{
	const char *name = error_number > 0 ? strerrorname_np(error_number) : NULL;

	g_string_append(out, action + strlen("SCMP_ACT_"));
	if (name != NULL)
		g_string_append_printf(out, "(%s)", name);
	else if (error_number >= 0)
		g_string_append_printf(out, "(%d)", error_number);
}

char *smith_profile_rule_text(const SmithProfileRule *rule)
{
	GString *out = g_string_new(NULL);

	append_action(out, rule->action, rule->errno_ret);
	for (guint i = 0; i < rule->args->len; i++) {
		g_string_append(out, i == 0 ? " if " : " and ");
		append_arg(out, rule->args->pdata[i]);
	}
	append_names(out, "only on", rule->arches);
	append_names(out, "not on", rule->not_arches);
	append_names(out, "only with", rule->caps);
	append_names(out, "not with", rule->not_caps);
	return g_string_free(out, FALSE);
}

/* All rules of the call at *@at, which is moved behind them. */
static char *take_text(const SmithProfile *profile, guint *at)
{
	const SmithProfileRule *first = profile->rules->pdata[*at];
	GString *out = g_string_new(NULL);

	for (; *at < profile->rules->len; (*at)++) {
		const SmithProfileRule *rule = profile->rules->pdata[*at];
		g_autofree char *text = NULL;

		if (strcmp(rule->name, first->name) != 0)
			break;
		text = smith_profile_rule_text(rule);
		g_string_append_printf(out, "%s%s", out->len > 0 ? "; " : "", text);
	}
	return g_string_free(out, FALSE);
}

static void change_free(gpointer data)
{
	SmithProfileChange *change = data;

	g_free(change->name);
	g_free(change->before);
	g_free(change->after);
	g_free(change);
}

static void add_change(GPtrArray *changes, const char *name, char *before, char *after)
{
	SmithProfileChange *change = g_new(SmithProfileChange, 1);

	change->name = g_strdup(name);
	change->before = before;
	change->after = after;
	if (g_strcmp0(before, after) == 0)
		change_free(change);
	else
		g_ptr_array_add(changes, change);
}

static char *default_text(const SmithProfile *profile)
{
	GString *out = g_string_new(NULL);

	append_action(out, profile->default_action, profile->default_errno);
	return g_string_free(out, FALSE);
}

static const char *name_at(const SmithProfile *profile, guint at)
{
	return at < profile->rules->len ? ((SmithProfileRule *)profile->rules->pdata[at])->name
					: NULL;
}

GPtrArray *smith_profile_diff(const SmithProfile *before, const SmithProfile *after)
{
	GPtrArray *changes = g_ptr_array_new_with_free_func(change_free);
	guint one = 0;
	guint other = 0;

	add_change(changes, "default", default_text(before), default_text(after));
	while (name_at(before, one) != NULL || name_at(after, other) != NULL) {
		const char *left = name_at(before, one);
		const char *right = name_at(after, other);
		int by = left == NULL ? 1 : right == NULL ? -1 : strcmp(left, right);
		char *old = by <= 0 ? take_text(before, &one) : NULL;
		char *now = by >= 0 ? take_text(after, &other) : NULL;

		add_change(changes, by <= 0 ? left : right, old, now);
	}
	return changes;
}

/* Whether a rule of @profile lets through all that @rule does. */
static bool is_kept(const SmithProfile *profile, const SmithProfileRule *rule)
{
	for (guint i = 0; i < profile->rules->len; i++) {
		const SmithProfileRule *other = profile->rules->pdata[i];

		if (strcmp(other->name, rule->name) == 0 &&
		    smith_profile_lets_through(other->action) &&
		    (smith_profile_rule_is_plain(other) ||
		     smith_profile_rule_compare(other, rule) == 0))
			return true;
	}
	return smith_profile_lets_through(profile->default_action);
}

char **smith_profile_lost(const SmithProfile *before, const SmithProfile *after)
{
	GPtrArray *names = g_ptr_array_new();

	for (guint i = 0; i < before->rules->len; i++) {
		const SmithProfileRule *rule = before->rules->pdata[i];
		const char *last = names->len > 0 ? names->pdata[names->len - 1] : NULL;

		if (smith_profile_lets_through(rule->action) && !is_kept(after, rule) &&
		    g_strcmp0(last, rule->name) != 0)
			g_ptr_array_add(names, g_strdup(rule->name));
	}
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(names, FALSE);
}
