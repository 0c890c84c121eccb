/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "execute/deb.h"
#include "execute/execute.h"

/*
 * Installs packages on a root, in the sandbox and without network, by the image's own apt and dpkg;
 * the layer has what changed, less what execute/tidy.h takes away.
 *
 * No service is started (policy-rc.d says 101), nothing is asked, nothing is removed, and
 * configuration files that the image has changed stay. A package that nobody asked for by name is
 * marked as automatic, as apt would.
 */
#define SMITH_INSTALL_VERSION 1 /* for keys: what is done, and what is tidied */

typedef struct {
	const char *name;	  /* of the family */
	const GPtrArray *debs;	  /* (element-type SmithDeb*), which the store has */
	const char *const *words; /* what was asked for, as SmithAptRequest has it */
	GHashTable *options;	  /* of apt.conf(5), or NULL */
} SmithInstall;

/* A script that fails is SMITH_ERROR_FAILED with the last lines of output. */
SmithLayer *smith_debs_install(const SmithExecution *execution, const SmithRoot *root,
			       const SmithInstall *install, GError **error);
