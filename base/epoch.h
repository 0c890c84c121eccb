/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * The one clock. SOURCE_DATE_EPOCH (reproducible-builds.org) when it is set, else @fallback. A
 * value that is not a decimal number of seconds from 0 to 253402300799 is an error.
 */
gboolean smith_epoch_get(gint64 fallback, gint64 *epoch, GError **error);

/* SOURCE_DATE_EPOCH when it is set, else the time of day: for what depends on the date, never for
 * what is written. */
gboolean smith_epoch_now(gint64 *now, GError **error);

/* The time of day whatever the environment says: for the age of what a store keeps. */
gint64 smith_epoch_today(void);

/* RFC 3339 in UTC, "1970-01-01T00:00:00Z". */
char *smith_epoch_format(gint64 epoch);
