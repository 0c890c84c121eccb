/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "execute/execute.h"
#include "execute/scratch.h"

/*
 * What steps that run apt or dpkg have in common.
 */
#define SMITH_APT_DIRECTORY                                                                        \
	"/run/ocismith" /* in the sandbox: what we and the step tell each other */

/* SMITH_ERROR_UNSUPPORTED when the image has no apt or no dpkg. */
gboolean smith_apt_check_root(const SmithExecution *execution, const SmithRoot *root,
			      GError **error);

/* All of the environment: nothing asks, nothing depends on the clock, the locale or a hash seed. */
char **smith_apt_env(gint64 epoch);

/* Lines of apt.conf(5): @options (or NULL) in order of their names, then what always holds. */
void smith_apt_add_options(GString *text, GHashTable *options);

/* What is worth telling of apt's and dpkg's output: its errors and reasons, in one line. */
char *smith_apt_words(const char *output);
/* The same of an installation: what a package's script said before it failed comes first. */
char *smith_apt_failure(const char *output);
