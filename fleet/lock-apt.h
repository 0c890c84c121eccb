/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/lock.h"

/*
 * The part of the lock about Debian packages.
 *
 * What a family or a bootstrap asks for is kept as sorted lines: "package tini",
 * "source http://deb.debian.org/debian bookworm main", "option APT::Install-Recommends=true"; a
 * keyring of the fleet by its digest.
 */

/* Lines of family->apt and of a family's bootstrap (NULL: none, an empty list); NULL with an error
 * when a keyring cannot be read. */
char **smith_lock_apt_lines(const SmithFleet *fleet, const SmithApt *apt, GError **error);
char **smith_lock_bootstrap_lines(const SmithFleet *fleet, const SmithBootstrap *bootstrap,
				  GError **error);

/* As smith_lock_changes(), of all families. */
void smith_lock_apt_changes(const SmithLock *lock, const SmithFleet *fleet, GPtrArray *changes);

/* A keyring of the fleet, at most 1 MiB. */
GBytes *smith_lock_read_keyring(const SmithFleet *fleet, const char *keyring, GError **error);

/* The .debs of these file names (or NULL; element-type SmithDeb*, borrowed), in their order;
 * SMITH_ERROR_INVALID when the lock names one that it does not describe. */
GPtrArray *smith_lock_debs_of(const SmithLock *lock, const char *owner, char **files,
			      GError **error);

/* @base as @found (or NULL) has changed it. */
SmithLockBase *smith_lock_base_with(const SmithLockBase *base, const SmithLockFound *found);
SmithLockFound *smith_lock_found_copy(const SmithLockFound *found); /* NULL for NULL */
/* What @now differs in from @before; NULL: in nothing. */
SmithLockFound *smith_lock_found_new(const SmithLockBase *before, const SmithLockBase *now);
