/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/quantity.h"

typedef struct {
	const char *text;
	gint64 value; /* -1: none */
} Row;

static void check(const Row *rows, guint count, gint64 (*read)(const char *text))
{
	for (guint i = 0; i < count; i++) {
		gint64 value = read(rows[i].text);
		if (value != rows[i].value)
			g_error("'%s' is %" G_GINT64_FORMAT ", not %" G_GINT64_FORMAT, rows[i].text,
				value, rows[i].value);
	}
}

static void test_duration(void)
{
	static const gint64 second = 1000000000;
	const Row rows[] = {
		{"30", 30 * second},
		{"30s", 30 * second},
		{"1m30s", 90 * second},
		{"500ms", second / 2},
		{"1h2m3s4ms5us6ns", 3723 * second + 4005006},
		{"0", 0},
		{"0s", 0},
		{"0h0m", 0},
		{"24h", 86400 * second},
		{"86400", 86400 * second},
		{"23h60m", 86400 * second},
		{"", -1},
		{"s", -1},
		{"1d", -1},
		{"1.5s", -1},
		{"-1s", -1},
		{"+1s", -1},
		{" 1s", -1},
		{"1s ", -1},
		{"1 s", -1},
		{"1S", -1},
		{"1s2", -1},
		{"86401", -1},
		{"24h1ns", -1},
		{"86400s1s", -1},
		{"99999999999999999999s", -1},
		{"9223372036854775807ns", -1},
		{"9223372036854775807h", -1},
		{"1mss", -1},
		{"1sm", -1},
	};
	check(rows, G_N_ELEMENTS(rows), smith_quantity_duration);
}

static void test_size(void)
{
	static const gint64 k = 1024;
	const Row rows[] = {
		{"512", 512},
		{"512b", 512},
		{"64k", 64 * k},
		{"64K", 64 * k},
		{"64kb", 64 * k},
		{"64KiB", 64 * k},
		{"512M", 512 * k * k},
		{"2GiB", 2 * k * k * k},
		{"2 GiB", 2 * k * k * k},
		{"1.5g", 1536 * k * k},
		{"1.", 1},
		{"0.5k", 512},
		{"1T", k * k * k * k},
		{"1024t", 1024 * k * k * k * k},
		{"0", 0},
		{"0.5", 0},
		{"", -1},
		{"g", -1},
		{".5g", -1},
		{"-1", -1},
		{"+1", -1},
		{" 1", -1},
		{"1e3", -1},
		{"0x10", -1},
		{"1.2.3", -1},
		{"1,5g", -1},
		{"1p", -1},
		{"1gg", -1},
		{"1gibi", -1},
		{"1bb", -1},
		{"1ib", -1},
		{"1025t", -1},
		{"9999999999999999", -1},
		{"999999999999999t", -1},
		{"inf", -1},
		{"nan", -1},
	};
	check(rows, G_N_ELEMENTS(rows), smith_quantity_size);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/fleet/quantity/duration", test_duration);
	g_test_add_func("/fleet/quantity/size", test_size);
	return g_test_run();
}
