/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "tests/fuzz/fuzz.h"

/* Beside an escape json-glib makes the values, or the document is at a limit. */
static void check_beside_escape(const uint8_t *data, size_t size, const char *expected)
{
	g_autoptr(GString) beside = g_string_new("[\"\\u0041\",");
	g_string_append_len(beside, (const char *)data, (gssize)size);
	g_string_append_c(beside, ']');
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithNode) pair =
		smith_node_read_json(beside->str, beside->len, "beside.json", &error);
	if (g_error_matches(error, SMITH_ERROR, SMITH_ERROR_LIMIT))
		return;
	g_assert_no_error(error);
	g_autofree char *text = smith_json_write(pair->items->pdata[1], SMITH_JSON_SORTED, NULL);
	g_assert_cmpstr(text, ==, expected);
}

/* What was read is written, and that is a fixed point. json-glib never knows better than the scan
 * before it (SMITH_ERROR_FAILED). */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithNode) node =
		smith_node_read_json((const char *)data, size, "fuzz.json", &error);
	fuzz_check_error(node != NULL, error);
	g_assert_false(g_error_matches(error, SMITH_ERROR, SMITH_ERROR_FAILED));
	if (node == NULL)
		return 0;
	gsize length;
	g_autofree char *text = smith_json_write(node, SMITH_JSON_SORTED, &length);
	check_beside_escape(data, size, text);
	g_autoptr(SmithNode) again = smith_node_read_json(text, length, "again.json", &error);
	g_assert_no_error(error);
	g_autofree char *retext = smith_json_write(again, SMITH_JSON_SORTED, NULL);
	g_assert_cmpstr(retext, ==, text);
	return 0;
}
