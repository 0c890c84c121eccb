/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "python/marker.h"
#include "python/specifier.h"

/*
 * A requirement of PEP 508: `name[extra,...] specifiers ; marker` or `name[extra,...] @ url ;
 * marker`, with the grammar that PyPA's `packaging` 23.0 reads (a trailing comma and empty
 * parentheses are allowed; names must be legal ones).
 */
#define SMITH_REQUIREMENT_MAX 16384 /* bytes of text that we read */

typedef struct {
	char *name;		       /* as written */
	char *key;		       /* normal form: what requirements are compared by */
	char **extras;		       /* normal forms, sorted, each once; never NULL */
	SmithSpecifierSet *specifiers; /* never NULL */
	char *url;		       /* NULL: none */
	SmithMarker *marker;	       /* NULL: none */
} SmithRequirement;

SmithRequirement *smith_requirement_parse(const char *text, GError **error);
void smith_requirement_free(SmithRequirement *requirement);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithRequirement, smith_requirement_free)

/* TRUE if it applies in @env: no marker, or one that holds (see smith_marker_evaluate()). */
gboolean smith_requirement_applies(const SmithRequirement *requirement, const SmithMarkerEnv *env,
				   const char *extra, gboolean *result, GError **error);

/* `name[a,b]<2,>=1; marker`, or `name[a,b] @ url ; marker`. */
char *smith_requirement_to_string(const SmithRequirement *requirement);
