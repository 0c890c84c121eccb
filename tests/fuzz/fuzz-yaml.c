/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "tests/fuzz/fuzz.h"

/* What was read can be said in JSON too, and a copy says the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithNode) node =
		smith_node_read_yaml((const char *)data, size, "fuzz.yaml", &error);
	fuzz_check_error(node != NULL, error);
	if (node == NULL)
		return 0;
	gsize length;
	g_autofree char *text = smith_json_write(node, SMITH_JSON_COMPACT, &length);
	g_autoptr(SmithNode) again = smith_node_read_json(text, length, "again.json", &error);
	g_assert_no_error(error);
	g_autofree char *retext = smith_json_write(again, SMITH_JSON_COMPACT, NULL);
	g_assert_cmpstr(retext, ==, text);
	g_autoptr(SmithNode) copy = smith_node_copy(node);
	g_autofree char *copied = smith_json_write(copy, SMITH_JSON_COMPACT, NULL);
	g_assert_cmpstr(copied, ==, text);
	return 0;
}
