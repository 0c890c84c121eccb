/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "oci/spec.h"
#include "sandbox/sandbox.h"
#include "store/store.h"

/*
 * What steps execute on: the layers of an image, in the store, as a directory.
 *
 * Layers are unpacked into the store's repository when a step asks for their root first, not
 * before: a fleet that executes nothing unpacks nothing.
 */
typedef struct {
	char *digest; /* of the blob */
	char *media_type;
	char *diff_id;
} SmithRootLayer;

typedef struct {
	GPtrArray *layers; /* (element-type SmithRootLayer*) bottom first */
	char *chain_id;	   /* NULL: no layer yet, an empty directory */
	/* Puts those layers that no blob holds into the store's repository, unless they are there;
	 * NULL: all have blobs. @provide_data is its owner's. */
	gboolean (*provide)(const SmithStore *store, gconstpointer data, GError **error);
	gconstpointer provide_data;
} SmithRoot;

SmithRoot *smith_root_new(void);
/* The layers of an image, of its manifest and configuration. */
SmithRoot *smith_root_of_image(const SmithStore *store, const char *manifest_digest,
			       GError **error);
SmithRoot *smith_root_copy(const SmithRoot *root);
void smith_root_add(SmithRoot *root, const char *digest, const char *media_type,
		    const char *diff_id);
void smith_root_free(SmithRoot *root);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithRoot, smith_root_free)

/* The directory, for SmithSandboxStep's `root`; transfer full. In the modes MANY_UIDS and ROOT it
 * is one with real owners. */
char *smith_root_directory(const SmithRoot *root, SmithStore *store, SmithSandboxMode mode,
			   GError **error);

/* For store/gc.h: makes a root, or what a step left, removable, whatever users its files have. */
bool smith_root_settle(const char *path);
