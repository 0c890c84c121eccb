/* SPDX-License-Identifier: Apache-2.0 */
#include "base/epoch.h"

#include <time.h>

#include "base/error.h"

/* 9999-12-31T23:59:59Z, the last moment that RFC 3339 can write */
#define EPOCH_MAX G_GINT64_CONSTANT(253402300799)

gboolean smith_epoch_get(gint64 fallback, gint64 *epoch, GError **error)
{
	const char *text = g_getenv("SOURCE_DATE_EPOCH");
	if (text == NULL) {
		*epoch = fallback;
		return TRUE;
	}
	/* strtoll would take spaces and signs, and saturate */
	guint64 value = 0;
	gboolean valid = *text != '\0';
	for (const char *p = text; valid && *p != '\0'; p++) {
		valid = g_ascii_isdigit(*p);
		if (valid)
			value = value * 10 + (guint64)g_ascii_digit_value(*p);
		if (value > EPOCH_MAX)
			valid = FALSE;
	}
	if (!valid)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "environment variable 'SOURCE_DATE_EPOCH': got '%s', expected "
				   "seconds from 0 to %" G_GINT64_FORMAT,
				   text, EPOCH_MAX);
	*epoch = (gint64)value;
	return TRUE;
}

gint64 smith_epoch_today(void)
{
	struct timespec ts = {0};
	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (gint64)ts.tv_sec;
}

gboolean smith_epoch_now(gint64 *now, GError **error)
{
	return smith_epoch_get(smith_epoch_today(), now, error);
}

char *smith_epoch_format(gint64 epoch)
{
	time_t seconds = (time_t)epoch;
	struct tm tm = {0};
	gboolean valid = gmtime_r(&seconds, &tm) != NULL;
	g_assert(valid);
	return g_strdup_printf("%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1,
			       tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}
