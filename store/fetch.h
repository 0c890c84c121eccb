/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "store/store.h"

/*
 * Downloads, in the store's files by their SHA-256 (64 hex digits). In any thread.
 */

/* Downloads @url into the store's files and returns its SHA-256; with @sha256 given the bytes must
 * have it (else SMITH_ERROR_VERIFY), and nothing is done when the store has it, undamaged. */
char *smith_fetch(SmithStore *store, const char *url, const char *sha256, GError **error);

/* Copies the regular file @fd, called @name, into the store's files and returns its SHA-256. */
char *smith_fetch_add(SmithStore *store, int fd, const char *name, GError **error);

/* Keeps @bytes, called @name, among the store's files, unless they are there; their SHA-256. */
char *smith_fetch_add_bytes(SmithStore *store, GBytes *bytes, const char *name, GError **error);

/* Opens a file of the store's for reading. */
int smith_fetch_open(const SmithStore *store, const char *sha256, GError **error);

/* All of the file is read: it must have @size bytes of this digest, else SMITH_ERROR_VERIFY. */
gboolean smith_fetch_check(int fd, gint64 size, const char *sha256, const char *name,
			   GError **error);
