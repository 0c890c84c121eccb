/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * Credentials by their looks: shapes that only private keys and access tokens have.
 */
typedef struct {
	const char *what; /* "a private key", "an AWS access key" */
	gsize offset;	  /* where it begins */
} SmithSecretHit;

/* The first one in @text, which may hold any bytes. */
bool smith_secret_find(const char *text, gsize length, SmithSecretHit *hit);

/* What the file of that name holds by custom ("an SSH key"), or NULL. @path may have directories.
 */
const char *smith_secret_file(const char *path);

/* TRUE if a variable of that name holds a credential, by custom, and @value is not obviously none:
 * empty, a path, a reference, a word like "none". */
bool smith_secret_variable(const char *name, const char *value);
