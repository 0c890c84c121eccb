/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bind.h"
#include "base/json.h"
#include "tests/fuzz/fuzz.h"

typedef struct {
	char *key;
	SmithPlace place;
	char *string;
	bool flag;
	gint64 number;
	int choice;
	char **list;
	char **set;
	GHashTable *map;
	SmithNode *node;
} Leaf;

typedef struct {
	Leaf *object;
	GPtrArray *list;
	GPtrArray *map;
} Tree;

static const char *const choices[] = {"one", "two", NULL};

static const SmithBindField leaf_fields[] = {
	SMITH_BIND(Leaf, string, "string", STRING, .any_scalar = true),
	SMITH_BIND(Leaf, flag, "flag", BOOL),
	SMITH_BIND(Leaf, number, "number", INT, .min = -5, .max = 5),
	SMITH_BIND(Leaf, choice, "choice", ENUM, .names = choices),
	SMITH_BIND(Leaf, list, "list", STRV, .one_or_list = true),
	SMITH_BIND(Leaf, set, "set", SET),
	SMITH_BIND(Leaf, map, "map", STRMAP),
	SMITH_BIND(Leaf, node, "node", NODE),
	{0},
};
static const SmithBindTable leaf_table = {
	.what = "leaf",
	.size = sizeof(Leaf),
	.fields = leaf_fields,
	.key_offset = G_STRUCT_OFFSET(Leaf, key),
	.place_offset = G_STRUCT_OFFSET(Leaf, place),
};

static const SmithBindField tree_fields[] = {
	SMITH_BIND(Tree, object, "object", OBJECT, .table = &leaf_table, .required = true),
	SMITH_BIND(Tree, list, "list", LIST, .table = &leaf_table, .one_or_list = true),
	SMITH_BIND(Tree, map, "map", MAP, .table = &leaf_table),
	{0},
};
static const SmithBindTable tree_table = {
	.what = "tree",
	.size = sizeof(Tree),
	.fields = tree_fields,
};

static char *write_and_free(gpointer tree, gsize *length)
{
	g_autoptr(SmithNode) node = smith_bind_write(&tree_table, tree);
	smith_bind_free(&tree_table, tree);
	return smith_json_write(node, SMITH_JSON_COMPACT, length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(SmithNode) node =
		smith_node_read_yaml((const char *)data, size, "fuzz.yaml", NULL);
	if (node == NULL)
		return 0;
	g_autoptr(SmithDiag) diag = smith_diag_new();
	smith_bind_free(&tree_table, smith_bind_read(&tree_table, node, diag));

	g_autoptr(GError) error = NULL;
	gpointer tree = smith_bind_parse(&tree_table, node, &error);
	fuzz_check_error(tree != NULL, error);
	g_assert_true((tree != NULL) == (diag->errors == 0));
	if (tree == NULL)
		return 0;
	gsize length;
	g_autofree char *text = write_and_free(tree, &length);
	g_autoptr(SmithNode) again = smith_node_read_json(text, length, "again.json", &error);
	g_assert_no_error(error);
	tree = smith_bind_parse(&tree_table, again, &error);
	g_assert_no_error(error);
	g_autofree char *retext = write_and_free(tree, NULL);
	g_assert_cmpstr(retext, ==, text);
	return 0;
}
