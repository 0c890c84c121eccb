/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "fleet/model.h"
#include "oci/spec.h"
#include "store/store.h"

/*
 * What an image says of how it is run, as plain values: its layers as a directory, the command, the
 * user, the health check.
 */
typedef struct {
	char *architecture; /* "amd64" */
	char *root;	    /* directory, never to be written to */
	char **argv;	    /* the entry point's words, then the command's */
	guint n_entry;	    /* of the entry point */
	char **env;
	char *cwd;
	guint uid;
	guint gid;
	int stop_signal;
	char **health; /* argument vector; NULL: it has none */
	/* microseconds; what is not said is the engines' default */
	gint64 interval;
	gint64 timeout;
	gint64 start_period;
	gint64 retries;
} SmithRunImage;

/* SMITH_ERROR_UNSUPPORTED when this machine cannot run it, SMITH_ERROR_INVALID when it says nothing
 * that could be run. */
SmithRunImage *smith_run_image_load(SmithStore *store, const SmithDescriptor *manifest,
				    GError **error);
/* The same of an upstream image, with what the service on its host says instead of it: user,
 * command and health check. */
SmithRunImage *smith_run_image_load_upstream(const SmithFleet *fleet, SmithStore *store,
					     const SmithDescriptor *manifest,
					     const SmithService *service, GError **error);
void smith_run_image_free(SmithRunImage *image);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithRunImage, smith_run_image_free)
