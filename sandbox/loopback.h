/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <sys/types.h>

/*
 * A network that runs share (SmithSandboxRun.loopback): a loopback with some addresses more, and no
 * way out. It is held by a process of its own, which ends when this is freed or the caller dies.
 *
 *   SmithLoopback *loopback = smith_loopback_new (addresses, error);
 *   ... runs ...
 *   smith_loopback_free (loopback);
 *
 * SMITH_ERROR_UNSUPPORTED when the machine refuses it.
 */
typedef struct SmithLoopback SmithLoopback;

/* @addresses: of IPv4, beside 127.0.0.1; what is none is passed over. May be NULL. */
SmithLoopback *smith_loopback_new(const char *const *addresses, GError **error);
void smith_loopback_free(SmithLoopback *loopback);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithLoopback, smith_loopback_free)

/* The process whose namespaces these are. */
pid_t smith_loopback_process(const SmithLoopback *loopback);
