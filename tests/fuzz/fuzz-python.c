/* SPDX-License-Identifier: Apache-2.0 */
#include "python/import-map.h"
#include "python/scan.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void check_import(const SmithPythonImport *import)
{
	g_assert_nonnull(import->module);
	g_assert_cmpuint(import->line, >, 0);
	g_assert_true(*import->module != '\0' || import->level > 0);
	if (*import->module == '\0')
		return;
	g_autofree char *key = smith_import_key(import->module);
	g_assert_true(g_str_has_prefix(import->module, key));
	g_auto(GStrv) names = smith_import_distributions(import->module);
	g_assert_nonnull(names);
}

/* Whatever the text, it is scanned; CRLF line ends change nothing but the text's length. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	g_autoptr(SmithPythonScan) scan = smith_python_scan(text, size);
	g_assert_true((scan->bad_line == 0) == (scan->bad_text == NULL));
	for (guint i = 0; i < scan->imports->len; i++)
		check_import(scan->imports->pdata[i]);
	if (size > 0 && memchr(text, '\r', size) != NULL)
		return 0;
	g_autoptr(GString) other = g_string_new_len(text, (gssize)size);
	g_string_replace(other, "\n", "\r\n", 0);
	if (memchr(other->str, '\0', other->len) != NULL)
		return 0;
	g_autoptr(SmithPythonScan) again = smith_python_scan(other->str, other->len);
	g_assert_cmpuint(again->bad_line, ==, scan->bad_line);
	g_assert_cmpstr(again->bad_text, ==, scan->bad_text);
	g_assert_cmpuint(again->imports->len, ==, scan->imports->len);
	return 0;
}
