/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/quantity.h"

#include <string.h>

#define DURATION_MAX (86400 * G_GINT64_CONSTANT(1000000000))

gint64 smith_quantity_duration(const char *text)
{
	static const struct {
		const char *unit;
		gint64 nanoseconds;
	} units[] = {{"ns", 1},		{"us", 1000},	    {"ms", 1000000},
		     {"s", 1000000000}, {"m", 60000000000}, {"h", 3600000000000}};
	gint64 total = 0;
	if (*text == '\0')
		return -1;
	for (const char *p = text; *p != '\0';) {
		char *end = NULL;
		if (!g_ascii_isdigit(*p))
			return -1;
		gint64 number = g_ascii_strtoll(p, &end, 10);
		gsize length = strspn(end, "nsumh");
		if (length == 0 && *end == '\0' && p == text)
			return number <= DURATION_MAX / 1000000000 ? number * 1000000000 : -1;
		gint64 scale = 0;
		for (guint i = 0; i < G_N_ELEMENTS(units); i++)
			if (strlen(units[i].unit) == length &&
			    strncmp(units[i].unit, end, length) == 0)
				scale = units[i].nanoseconds;
		if (scale == 0 || number > (DURATION_MAX - total) / scale)
			return -1;
		total += number * scale;
		p = end + length;
	}
	return total;
}

#define SIZE_MAX_BYTES (G_GINT64_CONSTANT(1) << 50)

/* The exponent of 1024 that a unit stands for, or -1. */
static int size_unit(const char *unit)
{
	static const char letters[] = "kmgt";
	if (*unit == '\0' || g_ascii_strcasecmp(unit, "b") == 0)
		return 0;
	const char *letter = strchr(letters, g_ascii_tolower(*unit));
	if (letter == NULL || (unit[1] != '\0' && g_ascii_strcasecmp(unit + 1, "b") != 0 &&
			       g_ascii_strcasecmp(unit + 1, "ib") != 0))
		return -1;
	return (int)(letter - letters) + 1;
}

gint64 smith_quantity_size(const char *text)
{
	gsize digits = strspn(text, "0123456789");
	if (digits == 0 || digits > 15)
		return -1;
	char *end = NULL;
	double value = g_ascii_strtod(text, &end);
	/* what strtod takes beyond digits and a point is no size: 1e3, 0x10 */
	if (strspn(text, "0123456789.") != (gsize)(end - text))
		return -1;
	int unit = size_unit(end + strspn(end, " "));
	if (unit < 0)
		return -1;
	value *= (double)(G_GINT64_CONSTANT(1) << (10 * unit));
	return value <= (double)SIZE_MAX_BYTES ? (gint64)value : -1;
}

int smith_quantity_compare_versions(const char *a, const char *b)
{
	while (*a != '\0' || *b != '\0') {
		char *end_a, *end_b;
		guint64 x = g_ascii_strtoull(a, &end_a, 10), y = g_ascii_strtoull(b, &end_b, 10);
		if (x != y)
			return x < y ? -1 : 1;
		a = *end_a == '.' ? end_a + 1 : "";
		b = *end_b == '.' ? end_b + 1 : "";
	}
	return 0;
}
