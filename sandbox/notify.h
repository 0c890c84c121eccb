/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "seccomp/filter.h"

/*
 * The calls that a filter hands over to the supervisor (sandbox/supervisor.h), and those that it
 * answers with ENOSYS because programs then take one that is handed over. To be loaded with
 * SECCOMP_FILTER_FLAG_NEW_LISTENER and, where the kernel has it, WAIT_KILLABLE_RECV: a signal would
 * else make a call be done twice.
 */
gboolean smith_notify_add_rules(SmithFilter *filter, GError **error);
/* Where owners are real: only what would set an access list. */
gboolean smith_notify_add_acl_rules(SmithFilter *filter, GError **error);
