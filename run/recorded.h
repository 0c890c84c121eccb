/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "run/watch.h"

/*
 * What a service has called, as a profile to be kept: a file that says of each call why it is there
 * (start-up, run, stop, health), which file's code called first and in how many recordings it has
 * been seen; and of some, what a recording does not see but every run may need: ends, signal
 * handlers, abort(), the container runtime's last calls, and the same calls on arm64.
 *
 * It is a union: what @old says stays, what was written by hand as well.
 */
typedef struct {
	const char *name; /* of the profile */
	const char *service;
	const char *base;	/* of a profile to begin with; NULL: nothing is included */
	const GPtrArray *calls; /* (element-type SmithRunCall*) */
	GBytes *old;		/* the file as it is; or NULL */
	int dirfd;		/* of the fleet, for includes; or -1 */
} SmithRecorded;

/* Transfer full; *n_calls: how many names it allows, those of @base aside. SMITH_ERROR_INVALID when
 * @old is no profile. */
char *smith_recorded_write(const SmithRecorded *record, guint *n_calls, gsize *length,
			   GError **error);
