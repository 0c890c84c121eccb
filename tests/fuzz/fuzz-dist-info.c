/* SPDX-License-Identifier: Apache-2.0 */
#include "python/entry-points.h"
#include "python/metadata.h"
#include "python/record.h"
#include "python/wheel-name.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void check_record(const char *text, gsize size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) rows = smith_record_parse(text, size, "RECORD", &error);
	fuzz_check_error(rows != NULL, error);
	if (rows == NULL)
		return;
	gsize length;
	g_autofree char *written = smith_record_write(rows, &length);
	g_autoptr(GPtrArray) again = smith_record_parse(written, length, "RECORD", &error);
	g_assert_no_error(error);
	g_assert_cmpuint(again->len, ==, rows->len);
	g_autofree char *rewritten = smith_record_write(again, &length);
	g_assert_cmpstr(rewritten, ==, written);
}

static void check_entry_points(const char *text, gsize size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) console = NULL;
	g_autoptr(GPtrArray) gui = NULL;
	gboolean ok =
		smith_entry_points_parse(text, size, "entry_points.txt", &console, &gui, &error);
	fuzz_check_error(ok, error);
	for (guint i = 0; ok && i < console->len; i++) {
		const SmithEntryPoint *point = console->pdata[i];
		g_assert_null(strchr(point->name, '/'));
		g_assert_true(*point->name != '.' && *point->name != '\0');
	}
}

static void check_headers(const char *text, gsize size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithHeaders) headers = smith_headers_parse(text, size, "METADATA", &error);
	fuzz_check_error(headers != NULL, error);
	if (headers == NULL)
		return;
	g_auto(GStrv) all = smith_headers_get_all(headers, "Requires-Dist");
	g_assert_cmpstr(all[0], ==, smith_headers_get(headers, "requires-dist"));
	const char *name = smith_headers_require(headers, "Name", &error);
	fuzz_check_error(name != NULL, error);
}

/* All that a wheel's dist-info says, and the wheel's name. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	check_record(text, size);
	check_entry_points(text, size);
	check_headers(text, size);
	g_autoptr(GError) error = NULL;
	g_autofree char *file_name = g_strndup(text, size);
	g_autoptr(SmithWheelName) name = smith_wheel_name_parse(file_name, &error);
	fuzz_check_error(name != NULL, error);
	return 0;
}
