/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "execute/execute.h"
#include "fleet/lock.h"

/*
 * What a family's steps execute on: its base, with the .debs of its chain installed, the root
 * family's first.
 *
 * The .debs of a family are one layer, which is known by its key and made when it is asked for and
 * not there; `lock` and `build` ask in the same way. Of two threads that ask for one layer that is
 * not there, both make it.
 */
typedef struct {
	const SmithFleet *fleet;
	const SmithLock *lock; /* has the base and the sets of the chain, with their debs */
	SmithExecution execution;
} SmithFamilyContext;

/* The key of the layer of the family's own .debs; NULL when it has none. */
char *smith_family_apt_key(const SmithFamilyContext *context, const char *family);

/* That layer, known or made. */
SmithLayer *smith_family_apt_layer(const SmithFamilyContext *context, const char *family,
				   GError **error);

/* The layers of .debs of all of its chain (element-type SmithLayer*), known or made. */
GPtrArray *smith_family_apt_layers(const SmithFamilyContext *context, const char *family,
				   GError **error);

/* The base with those. The base's blobs must be in the store. */
SmithRoot *smith_family_root(const SmithFamilyContext *context, const char *family, GError **error);

/* How many families of its chain, itself included, have .debs. */
guint smith_family_apt_depth(const SmithFamilyContext *context, const char *family);

/* apt's options for the family: its own over those of its parents. */
GHashTable *smith_family_apt_options(const SmithFleet *fleet, const char *family);

/* SMITH_ERROR_UNSUPPORTED when programs of the lock's platform do not run here; @what wants to. */
gboolean smith_family_check_platform(const SmithLock *lock, const char *what, GError **error);
