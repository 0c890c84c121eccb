/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/rules.h"

#include <string.h>

#include "base/error.h"

static const SmithRule *const rooms[] = {
	smith_rules_file, smith_rules_image,   smith_rules_machine,
	smith_rules_need, smith_rules_pip,     smith_rules_port,
	smith_rules_run,  smith_rules_seccomp, smith_rules_startup,
};

static const char *const firm[] = {"agent-in-several-groups",
				   "allow-invalid",
				   "app-file-missing",
				   "app-path",
				   "asgi-form",
				   "bad-marker",
				   "bad-name",
				   "bad-reference",
				   "bad-value",
				   "bad-wheel",
				   "collision",
				   "conflict",
				   "dependency-cycle",
				   "dependency-self",
				   "dependency-undefined",
				   "device-missing",
				   "duplicate-name",
				   "empty-command",
				   "env-name",
				   "expression-invalid",
				   "family-auto",
				   "family-cycle",
				   "family-file",
				   "gpu-missing",
				   "group-address",
				   "group-unknown-agent",
				   "hash-mismatch",
				   "health-path",
				   "health-port-unbound",
				   "health-upstream",
				   "ignore-hides-app",
				   "ignore-invalid",
				   "image-with-app",
				   "missing-key",
				   "missing-wheel",
				   "mount-target",
				   "network-address",
				   "not-pinned",
				   "out-of-range",
				   "podman-too-old",
				   "port-invalid",
				   "port-out-of-range",
				   "probe-missing",
				   "pylock",
				   "requirement",
				   "requirement-hash",
				   "requirement-include",
				   "requirement-option",
				   "requirement-unsupported",
				   "requirement-variable",
				   "same-image",
				   "same-name",
				   "seccomp-profile",
				   "service-unreachable",
				   "tmpfs-path",
				   "unknown-class",
				   "unknown-family",
				   "unknown-host",
				   "unknown-key",
				   "unknown-network",
				   "unknown-secret",
				   "unknown-volume",
				   "variable-undefined",
				   "wrong-python",
				   "wrong-type",
				   "yaml-duplicate-key",
				   "yaml-parse-error",
				   NULL};

static int compare_ids(gconstpointer a, gconstpointer b)
{
	return strcmp((*(SmithRule *const *)a)->id, (*(SmithRule *const *)b)->id);
}

GPtrArray *smith_rules(void)
{
	GPtrArray *rules = g_ptr_array_new();
	for (guint i = 0; i < G_N_ELEMENTS(rooms); i++)
		for (const SmithRule *rule = rooms[i]; rule->id != NULL; rule++)
			g_ptr_array_add(rules, (gpointer)rule);
	g_ptr_array_sort(rules, compare_ids);
	return rules;
}

const SmithRule *smith_rule_find(const char *id)
{
	for (guint i = 0; i < G_N_ELEMENTS(rooms); i++)
		for (const SmithRule *rule = rooms[i]; rule->id != NULL; rule++)
			if (strcmp(rule->id, id) == 0)
				return rule;
	return NULL;
}

bool smith_rule_is_firm(const char *id)
{
	return g_strv_contains(firm, id);
}

const char *smith_rule_suggest(const char *word)
{
	g_autoptr(GPtrArray) rules = smith_rules();
	g_autoptr(GPtrArray) ids = g_ptr_array_new();
	for (guint i = 0; i < rules->len; i++)
		g_ptr_array_add(ids, (gpointer)((const SmithRule *)rules->pdata[i])->id);
	g_ptr_array_add(ids, NULL);
	return smith_nearest(word, (const char *const *)ids->pdata);
}

void smith_lint_report(SmithDiag *diag, const char *rule, SmithPlace place, const char *subject,
		       const char *format, ...)
{
	const SmithRule *row = smith_rule_find(rule);
	g_assert(row != NULL);
	va_list args;
	va_start(args, format);
	smith_diag_addv(diag, row->severity, place, rule, subject, format, args);
	va_end(args);
}
