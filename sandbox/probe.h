/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * What this machine lets the sandbox do. Each ability is tried, by a child that does what a step
 * does; no version and no setting is believed. Settings are read only to advise.
 */
typedef struct {
	const char *name; /* "user-namespaces" */
	const char *what; /* what was tried */
	bool there;
	bool needed;  /* no step can be executed without it */
	char *found;  /* what came of it: "yes", an error, a version */
	char *advice; /* what to do when it is not there; NULL: nothing need be */
} SmithAbility;

/* All of them (element-type SmithAbility*). @directory: an existing one on the file system of the
 * store, where overlays are tried; what is made there is removed. */
GPtrArray *smith_probe(const char *directory);
/* Whether steps can be executed with these. */
bool smith_probe_is_enough(const GPtrArray *abilities);
void smith_ability_free(SmithAbility *ability);
