/* SPDX-License-Identifier: Apache-2.0 */
#include "base/entry.h"
#include "layers/ignore.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

/* The first line is a path, the rest an ignore file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *line_end = size > 0 ? memchr(data, '\n', size) : NULL;
	if (line_end == NULL || line_end - data > 4096)
		return 0;
	g_autoptr(GError) error = NULL;
	g_autofree char *line = g_strndup((const char *)data, line_end - data);
	g_autofree char *path = smith_entry_path_normalize(line, &error);
	fuzz_check_error(path != NULL, error);
	g_clear_error(&error);
	const char *text = (const char *)line_end + 1;
	g_autoptr(SmithIgnore) ignore = smith_ignore_parse(text, size - (text - (const char *)data),
							   ".dockerignore", &error);
	fuzz_check_error(ignore != NULL, error);
	if (ignore == NULL || path == NULL)
		return 0;
	const SmithIgnoreRule *rule = smith_ignore_match(ignore, path, false);
	g_assert_true(rule == NULL || !rule->negated);
	smith_ignore_match(ignore, path, true);
	g_assert_null(smith_ignore_match(ignore, ".", true));
	return 0;
}
