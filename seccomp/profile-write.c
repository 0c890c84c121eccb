/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp/profile-private.h"

#include <string.h>

#include "base/json.h"

/*
 * What a profile means and nothing else: no comments, no order of the author's, so that only
 * another meaning makes other bytes. A line for each rule; calls of which the same is said share
 * one.
 */
static const char head[] = "\"archMap\": [\n"
			   "{\"architecture\": \"SCMP_ARCH_X86_64\", \"subArchitectures\": []},\n"
			   "{\"architecture\": \"SCMP_ARCH_AARCH64\", \"subArchitectures\": []}\n"
			   "],\n"
			   "\"syscalls\": [\n";

static void append_strings(GString *out, const char *key, char **values)
{
	g_string_append_printf(out, "\"%s\": [", key);
	for (guint i = 0; values[i] != NULL; i++) {
		g_string_append(out, i > 0 ? ", " : "");
		smith_json_append_string(out, values[i]);
	}
	g_string_append_c(out, ']');
}

static void append_condition(GString *out, const char *key, char **arches, char **caps)
{
	if (arches == NULL && caps == NULL)
		return;
	g_string_append_printf(out, ", \"%s\": {", key);
	if (arches != NULL)
		append_strings(out, "arches", arches);
	if (arches != NULL && caps != NULL)
		g_string_append(out, ", ");
	if (caps != NULL)
		append_strings(out, "caps", caps);
	g_string_append_c(out, '}');
}

static void append_args(GString *out, const GPtrArray *args)
{
	if (args->len == 0)
		return;
	g_string_append(out, ", \"args\": [");
	for (guint i = 0; i < args->len; i++) {
		const SmithProfileArg *arg = args->pdata[i];

		g_string_append_printf(out,
				       "%s{\"index\": %u, \"value\": %" G_GUINT64_FORMAT
				       ", \"valueTwo\": %" G_GUINT64_FORMAT ", \"op\": \"%s\"}",
				       i > 0 ? ", " : "", arg->index, arg->value, arg->value_two,
				       arg->op);
	}
	g_string_append_c(out, ']');
}

static bool same_line(const SmithProfileRule *a, const SmithProfileRule *b)
{
	return strcmp(a->action, b->action) == 0 && a->errno_ret == b->errno_ret &&
	       smith_profile_rule_compare(a, b) == 0;
}

/* The line of the rule @first and of all later ones that say the same, which are ticked off. */
static void append_line(GString *out, const SmithProfile *profile, guint first, GArray *done)
{
	const SmithProfileRule *rule = profile->rules->pdata[first];

	g_string_append(out, "{\"names\": [");
	for (guint i = first; i < profile->rules->len; i++) {
		const SmithProfileRule *other = profile->rules->pdata[i];

		if (g_array_index(done, gboolean, i) || !same_line(rule, other))
			continue;
		g_string_append(out, i > first ? ", " : "");
		smith_json_append_string(out, other->name);
		g_array_index(done, gboolean, i) = TRUE;
	}
	g_string_append_printf(out, "], \"action\": \"%s\"", rule->action);
	if (rule->errno_ret >= 0)
		g_string_append_printf(out, ", \"errnoRet\": %d", rule->errno_ret);
	append_args(out, rule->args);
	append_condition(out, "includes", rule->arches, rule->caps);
	append_condition(out, "excludes", rule->not_arches, rule->not_caps);
	g_string_append_c(out, '}');
}

char *smith_profile_write(const SmithProfile *profile, gsize *length)
{
	GString *out = g_string_new("{\n");
	g_autoptr(GArray) done = g_array_new(FALSE, TRUE, sizeof(gboolean));
	bool first = true;

	g_array_set_size(done, profile->rules->len);
	g_string_append_printf(out, "\"defaultAction\": \"%s\",\n", profile->default_action);
	if (profile->default_errno >= 0)
		g_string_append_printf(out, "\"defaultErrnoRet\": %d,\n", profile->default_errno);
	g_string_append(out, head);
	for (guint i = 0; i < profile->rules->len; i++) {
		if (g_array_index(done, gboolean, i))
			continue;
		g_string_append(out, first ? "" : ",\n");
		append_line(out, profile, i, done);
		first = false;
	}
	g_string_append(out, "\n]\n}\n");
	if (length != NULL)
		*length = out->len;
	return g_string_free(out, FALSE);
}
