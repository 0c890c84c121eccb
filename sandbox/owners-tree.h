/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * What sandbox/owners.h promises, done by a process that may change owners: root, or root of a user
 * namespace.
 */
gboolean smith_owners_copy_tree(const char *from, const char *to, GError **error);
gboolean smith_owners_settle_tree(const char *dir, GError **error);
