/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/schema.h"

#include <string.h>

#include "base/error.h"
#include "fleet/tables.h"

typedef struct {
	const SmithNode *defs;
	GHashTable *used;
} Walk;

/* Every "$ref" has its "$defs", every key of a map of properties one line about it. */
static void walk(Walk *walk_, const SmithNode *node)
{
	const char *ref = smith_node_get_string(node, "$ref");
	if (ref != NULL) {
		g_assert_true(g_str_has_prefix(ref, "#/$defs/"));
		ref += strlen("#/$defs/");
		const SmithNode *def = smith_node_get(walk_->defs, ref);
		if (def == NULL)
			g_error("no definition '%s'", ref);
		if (g_hash_table_add(walk_->used, (gpointer)ref))
			walk(walk_, def);
	}
	for (guint i = 0; node->type == SMITH_NODE_SEQ && i < node->items->len; i++)
		walk(walk_, node->items->pdata[i]);
	for (guint i = 0; node->type == SMITH_NODE_MAP && i < node->members->len; i++) {
		const SmithNodeMember *member = node->members->pdata[i];
		if (strcmp(member->key, "$defs") != 0)
			walk(walk_, member->value);
	}
}

static void check_refs(SmithNode *schema)
{
	g_autoptr(GHashTable) used = g_hash_table_new(g_str_hash, g_str_equal);
	Walk state = {smith_node_get(schema, "$defs"), used};
	walk(&state, schema);
	for (guint i = 0; i < state.defs->members->len; i++) {
		const SmithNodeMember *def = state.defs->members->pdata[i];
		if (!g_hash_table_contains(used, def->key))
			g_error("nothing refers to '%s'", def->key);
	}
	smith_node_free(schema);
}

static void test_refs(void)
{
	check_refs(smith_schema_fleet());
	check_refs(smith_schema_family());
}

static void check_described(const SmithBindTable *table)
{
	for (const SmithBindField *field = table->fields; field->name != NULL; field++) {
		const char *text = smith_schema_describe(table->what, field->name);
		if (text == NULL)
			g_error("nothing is said of '%s' in %s", field->name, table->what);
		g_assert_true(g_str_has_suffix(text, "."));
		if (field->table != NULL)
			check_described(field->table);
	}
}

static void test_described(void)
{
	check_described(&smith_fleet_table);
	check_described(&smith_family_table);
	check_described(&smith_apt_table);
	check_described(&smith_bootstrap_table);
	check_described(&smith_port_table);
	check_described(&smith_need_table);
	g_assert_null(smith_schema_describe("service", "nothing"));
	g_assert_null(smith_schema_describe("nothing", "family"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/fleet/schema/refs", test_refs);
	g_test_add_func("/fleet/schema/described", test_described);
	return g_test_run();
}
