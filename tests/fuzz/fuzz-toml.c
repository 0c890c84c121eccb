/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "python/toml.h"
#include "tests/fuzz/fuzz.h"

/* What is read is within the limits of all readers: as JSON it is read back as the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithNode) node = smith_toml_read((const char *)data, size, "fuzz.toml", &error);
	fuzz_check_error(node != NULL, error);
	if (node == NULL)
		return 0;
	gsize length;
	g_autofree char *text = smith_json_write(node, SMITH_JSON_SORTED, &length);
	g_autoptr(SmithNode) again = smith_node_read_json(text, length, "again.json", &error);
	g_assert_no_error(error);
	g_autofree char *retext = smith_json_write(again, SMITH_JSON_SORTED, NULL);
	g_assert_cmpstr(retext, ==, text);
	return 0;
}
