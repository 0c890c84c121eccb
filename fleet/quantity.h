/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * Durations and sizes as people write them.
 */

/* "1m30s", "500ms", "30" (seconds) to nanoseconds; -1 when it is none of these, or over a day. */
gint64 smith_quantity_duration(const char *text);

/* "512", "64k", "512M", "2GiB", "1.5g": bytes, multiples of 1024 whatever the spelling, as podman
 * reads them; -1 when it is none of these, or beyond 2^50. */
gint64 smith_quantity_size(const char *text);

/* < 0, 0, > 0: "535" and "535.104.05" part by part as numbers; what is missing is 0. */
int smith_quantity_compare_versions(const char *a, const char *b);
