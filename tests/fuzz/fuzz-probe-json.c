/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/json.h"
#include "probe/oci-probe/json.h"
#include "tests/fuzz/fuzz.h"

/* Whatever the program's own reader takes is JSON; that one refuses more: names that are there
 * twice, numbers that are too large. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool valid = json_is_valid(data, size);
	g_autoptr(SmithNode) node =
		smith_node_read_json((const char *)data, size, "fuzz.json", NULL);
	g_assert_true(node == NULL || valid);
	if (!valid)
		return 0;

	g_autofree uint8_t *longer = g_malloc(size + 1);
	memcpy(longer, data, size);
	longer[size] = ']';
	g_assert_false(json_is_valid(longer, size + 1));
	longer[size] = '\n';
	g_assert_true(json_is_valid(longer, size + 1));
	return 0;
}
