/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "execute/deb.h"
#include "execute/execute.h"

/*
 * Which packages it takes to have some, by the image's own apt: run in the sandbox on the image,
 * with network, against the archives' indexes, whose signatures it checks. Nothing of the image
 * changes.
 *
 * Whatever the image's configuration says, an archive that is not signed, or whose signature does
 * not hold, is an error; so is an index that cannot be fetched.
 */
typedef struct {
	char *uri;
	char *suite;
	char *components;   /* "main contrib" */
	char *keyring_path; /* in the image, or NULL */
	GBytes *keyring;    /* or NULL; with neither those keys hold that the image trusts */
	bool is_snapshot;   /* its index may have expired */
} SmithAptArchive;

typedef struct {
	const char *name;	  /* of the family, for events and errors */
	GPtrArray *sources;	  /* (element-type SmithAptArchive*) none: the image's own */
	const char *const *words; /* what apt-get install is given */
	GHashTable *options;	  /* of apt.conf(5), or NULL */
	const GPtrArray *keep;	  /* (element-type SmithDeb*) versions to stay with, or NULL */
	bool from_nothing;	  /* as if no package were installed */
} SmithAptRequest;

typedef struct {
	GPtrArray *debs; /* (element-type SmithDeb*) to be installed, by file name */
	char **indexes;	 /* "URL sha256:HEX" of the signed files, sorted */
} SmithAptClosure;

/* Errors: SMITH_ERROR_VERIFY (a signature or a checksum), SMITH_ERROR_NOT_FOUND (no such package,
 * with the nearest name), SMITH_ERROR_CONFLICT (no way to have them all), SMITH_ERROR_UNSUPPORTED
 * (an image without apt), else SMITH_ERROR_FAILED; all but the first with apt's last words. */
gboolean smith_apt_closure(const SmithExecution *execution, const SmithRoot *root,
			   const SmithAptRequest *request, SmithAptClosure *closure,
			   GError **error);
void smith_apt_closure_clear(SmithAptClosure *closure);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SmithAptClosure, smith_apt_closure_clear)
