/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "execute/execute.h"
#include "execute/pip-server.h"
#include "execute/pip-words.h"

/*
 * Real pip chooses versions: `pip install --dry-run --ignore-installed` by the interpreter of a
 * root, so that markers and tags are those of the target by construction. It has no network; what
 * it may choose from is what @source serves (execute/pip-server.h). What it runs of source
 * distributions to read their metadata runs there, too.
 *
 * pip is the root's own; where that has none, a wheel of it that the caller has.
 */
typedef struct {
	const char *name;		 /* "family 'web'", for errors */
	const char *python;		 /* "/usr/bin/python3.11", in the root */
	const char *pip;		 /* path of a wheel of pip on this machine, or NULL */
	const char *const *requirements; /* lines of a requirements file, without options */
	const char *const *constraints;
	const char *const *options; /* more arguments of pip, "--pre"; or NULL */
	GHashTable *owners;	    /* as smith_pip_words() wants them; or NULL */
	const SmithPipSource *source;
} SmithPipRequest;

typedef struct {
	char *name; /* normal form */
	char *version;
	guint file; /* its number of /files/ */
} SmithPipChoice;

/* (element-type SmithPipChoice*) by name. SMITH_ERROR_CONFLICT when pip found no set: its reason is
 * in *@words (transfer full; may be NULL). SMITH_ERROR_UNSUPPORTED when pip cannot run here. */
GPtrArray *smith_pip_resolve(const SmithExecution *execution, const SmithRoot *root,
			     const SmithPipRequest *request, SmithPipWords **words, GError **error);

/* The environment of a step that runs pip: "NAME=VALUE", NULL-terminated, transfer full. */
char **smith_pip_environment(gint64 epoch);
