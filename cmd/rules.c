/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/rule.h"

#include "base/error.h"
#include "cmd/findings.h"
#include "cmd/output.h"

static const char *const severity_names[] = {"note", "warning", "error"};

static SmithNode *describe(const SmithRule *rule)
{
	SmithNode *node = smith_node_new(SMITH_NODE_MAP);
	smith_node_set(node, "id", smith_node_new_string(rule->id));
	smith_node_set(node, "severity", smith_node_new_string(severity_names[rule->severity]));
	smith_node_set(node, "what", smith_node_new_string(rule->what));
	smith_node_set(node, "help", smith_node_new_string(rule->help));
	smith_node_set(node, "canBeAllowed", smith_node_new_bool(!smith_rule_is_firm(rule->id)));
	return node;
}

static void print_json(const GPtrArray *rules)
{
	g_autoptr(SmithNode) list = smith_node_new(SMITH_NODE_SEQ);
	for (guint i = 0; i < rules->len; i++)
		smith_node_append(list, describe(rules->pdata[i]));
	smith_print_json(list);
}

void smith_rules_print(bool json)
{
	static const char *const headings[] = {"RULE", "SEVERITY", "WHAT", NULL};
	g_autoptr(GPtrArray) rules = smith_rules();
	if (json) {
		print_json(rules);
		return;
	}
	g_autoptr(SmithTable) table = smith_table_new(headings);
	for (guint i = 0; i < rules->len; i++) {
		const SmithRule *rule = rules->pdata[i];
		smith_table_add(table, rule->id, severity_names[rule->severity], rule->what);
	}
	smith_table_print(table);
}

gboolean smith_rules_explain(const char *id, bool json, GError **error)
{
	const SmithRule *rule = smith_rule_find(id);
	const char *nearest = rule == NULL ? smith_rule_suggest(id) : NULL;
	if (nearest != NULL)
		return smith_throw(error, SMITH_ERROR_USAGE, "no rule '%s' (did you mean '%s'?)",
				   id, nearest);
	if (rule == NULL)
		return smith_throw(error, SMITH_ERROR_USAGE,
				   "no rule '%s': 'ocismith check --rules' lists them", id);
	if (json) {
		g_autoptr(SmithNode) node = describe(rule);
		smith_print_json(node);
		return TRUE;
	}
	smith_print("%s (%s)\n\n%c%s.\n\n%s", rule->id, severity_names[rule->severity],
		    g_ascii_toupper(rule->what[0]), rule->what + 1, rule->help);
	if (smith_rule_is_firm(rule->id))
		smith_print("\nNothing can be built of a fleet with such a finding: 'allow' does "
			    "not take it away.\n");
	else
		smith_print("\nTo allow it:\n    allow: [{rule: %s, subject: NAME, reason: ..., "
			    "until: YYYY-MM-DD}]\n",
			    rule->id);
	return TRUE;
}
