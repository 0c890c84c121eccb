/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/event.h"
#include "store/store.h"

/*
 * A Debian package as a file of an archive: what apt calls it, and what its bytes are.
 */
typedef struct {
	char *file; /* "tini_0.19.0-1_amd64.deb", "passwd_1%3a4.13_amd64.deb": its key */
	char *name;
	char *version; /* "1:4.13" */
	char *architecture;
	char *url;
	gint64 size;
	char *sha256; /* 64 hex digits */
} SmithDeb;

void smith_deb_free(SmithDeb *deb);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithDeb, smith_deb_free)
SmithDeb *smith_deb_copy(const SmithDeb *deb);

/* Sets name, version and architecture by the file's name; SMITH_ERROR_INVALID when it is not one
 * that apt makes: NAME_VERSION_ARCHITECTURE.deb, with "%3a" for a colon. Such a name holds nothing
 * but letters, digits and "+-.~_%". */
gboolean smith_deb_parse_file(SmithDeb *deb, GError **error);

/* Makes sure that the store's files have each of @debs (element-type SmithDeb*): downloads what is
 * missing or damaged, @workers at a time, and checks size and digest of every one to its last byte.
 * SMITH_ERROR_VERIFY, SMITH_ERROR_NOT_FOUND. */
gboolean smith_debs_fetch(SmithStore *store, const GPtrArray *debs, guint workers,
			  SmithEvents *events, GError **error);

/* Hard links of them, or copies, in the directory @dirfd, under their names. */
gboolean smith_debs_link(const SmithStore *store, const GPtrArray *debs, int dirfd, GError **error);
