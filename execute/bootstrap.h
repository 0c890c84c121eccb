/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "execute/deb.h"
#include "execute/execute.h"

/*
 * A base out of packages alone, as debootstrap(8) makes one: their files are unpacked into the
 * store's repository, and on that root, in the sandbox and without network, their own dpkg installs
 * them once more, base-passwd first. The result is one layer of all that is there then, tidied
 * (execute/tidy.h).
 */
#define SMITH_BOOTSTRAP_VERSION 1 /* for keys */

typedef struct {
	const char *name;
	const GPtrArray *debs; /* (element-type SmithDeb*), which the store has */
	const char *sources;   /* /etc/apt/sources.list */
} SmithBootstrapSpec;

SmithLayer *smith_bootstrap(const SmithExecution *execution, const SmithBootstrapSpec *spec,
			    GError **error);
