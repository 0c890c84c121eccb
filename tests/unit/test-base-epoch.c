/* SPDX-License-Identifier: Apache-2.0 */
#include "base/epoch.h"

#include <string.h>

#include "base/error.h"

static void test_get(void)
{
	static const struct {
		const char *text;
		gint64 expected; /* -1: an error */
	} rows[] = {
		{NULL, 42},
		{"0", 0},
		{"1700000000", 1700000000},
		{"000000000000000000000000000007", 7},
		{"253402300799", G_GINT64_CONSTANT(253402300799)},
		{"253402300800", -1},
		{"99999999999999999999999999999999", -1},
		{"18446744073709551617", -1},
		{"", -1},
		{"-1", -1},
		{"+1", -1},
		{" 1", -1},
		{"1 ", -1},
		{"1.5", -1},
		{"0x10", -1},
		{"now", -1},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		gint64 epoch = -5;
		if (rows[i].text != NULL)
			g_setenv("SOURCE_DATE_EPOCH", rows[i].text, TRUE);
		else
			g_unsetenv("SOURCE_DATE_EPOCH");
		gboolean valid = smith_epoch_get(42, &epoch, &error);
		if (rows[i].expected >= 0) {
			g_assert_no_error(error);
			g_assert_true(valid);
			g_assert_cmpint(epoch, ==, rows[i].expected);
		} else {
			g_assert_false(valid);
			g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
			g_assert_nonnull(strstr(error->message, "'SOURCE_DATE_EPOCH'"));
			g_assert_cmpint(epoch, ==, -5);
		}
	}
	g_unsetenv("SOURCE_DATE_EPOCH");
}

static void test_format(void)
{
	static const struct {
		gint64 epoch;
		const char *text;
	} rows[] = {
		{0, "1970-01-01T00:00:00Z"},
		{951782400, "2000-02-29T00:00:00Z"},
		{1700000000, "2023-11-14T22:13:20Z"},
		{G_GINT64_CONSTANT(253402300799), "9999-12-31T23:59:59Z"},
	};
	/* neither the zone nor its leap seconds may show */
	static const char *const zones[] = {"UTC", "Asia/Kathmandu", "right/UTC", "EST5EDT"};
	for (gsize z = 0; z < G_N_ELEMENTS(zones); z++) {
		g_setenv("TZ", zones[z], TRUE);
		for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
			g_autofree char *text = smith_epoch_format(rows[i].epoch);
			g_assert_cmpstr(text, ==, rows[i].text);
		}
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/epoch/get", test_get);
	g_test_add_func("/epoch/format", test_format);
	return g_test_run();
}
