/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "sandbox/sandbox.h"

/*
 * Between records and real owners, for the modes in which a step has real ones: MANY_UIDS, where
 * this is done by a child in a user namespace with the step's map, and ROOT.
 *
 * A root is made with real owners once; what a step leaves is turned back into files of the caller
 * with records, and then read as in the mode ONE_UID. No link is followed.
 */

/* Copies what is in the directory @from, files of ours with records, into the empty directory @to,
 * with the owners, modes and attributes that the records say. Names of one file stay so. */
gboolean smith_owners_make(const char *from, const char *to, SmithSandboxMode mode, GError **error);

/* Makes all in @dir ours again, and readable; what it was is in its record, or in the table
 * @dir/links for what can have none. A second time there is nothing to do. */
gboolean smith_owners_settle(const char *dir, SmithSandboxMode mode, GError **error);
