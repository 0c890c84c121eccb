/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "oci/layout.h"

/*
 * The store: a directory that several processes share, where nothing that is known is done again.
 *
 *   oci/          an OCI image layout: all blobs, all named images; podman, skopeo, umoci read it
 *   cache/steps/  KEY: what the step of that key yielded (a small text of the caller's)
 *   cache/files/  XX/SHA256: downloaded files by their digest
 *   cache/inputs  what the files of source trees were (store/inputs.h)
 *   repo/         layers unpacked, for what must execute on them (store/repo.h)
 *   cache/roots/  CHAINID: what steps execute on, links to files of repo/ (store/roots.h)
 *   cache/work/   what a step that runs is writing
 *   lock          held by all who have it open
 *   .tmp-*        directories that someone works in (store/temporary.h), here and in cache/
 *
 * All of it is content- or key-addressed and written by tmpfile and link, so there are no locks but
 * the layout's and those of who works, and a kill or a full disk at any point leaves a store that
 * works. A record in cache/steps only says what was made; whoever uses it looks whether the blob is
 * still there.
 *
 * Opening makes what is missing and writes nothing when all is there: a store on a read-only file
 * system serves what it has. A SmithStore may be shared by threads.
 *
 * Whoever has a store open holds a shared lock of its file "lock", so that nothing is
 * removed under him: store/gc.h waits until it is alone. What is used says so by its modification
 * time, once a day.
 */
typedef struct SmithStore SmithStore;

/* @path NULL: $XDG_DATA_HOME/ocismith, else ~/.local/share/ocismith. */
SmithStore *smith_store_open(const char *path, GError **error);
void smith_store_free(SmithStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithStore, smith_store_free)

/* Waits until no other process has the store open, and lets none in until smith_store_free(). FALSE
 * with no error: not without waiting, which was not wanted. */
gboolean smith_store_lock(SmithStore *store, gboolean wait, GError **error);

/* The file or directory below @dirfd is in use today. */
void smith_store_touch(int dirfd, const char *path);

const char *smith_store_get_path(const SmithStore *store);
SmithLayout *smith_store_layout(const SmithStore *store); /* borrowed */

/* What was recorded for the step @key ("sha256:HEX"), at most 64 KiB; NULL when there is nothing
 * (never an error: a record that cannot be read is a record that is not there). */
GBytes *smith_store_get_step(const SmithStore *store, const char *key);
/* Replaces a record that is there, for its blob may be gone. */
gboolean smith_store_put_step(const SmithStore *store, const char *key, const char *text,
			      gsize length, GError **error);

/* The directory `cache` (borrowed). */
int smith_store_cache_fd(const SmithStore *store);

/* The directory of downloaded files (borrowed), and a file's path in it by its sha256 ("XX/HEX").
 */
int smith_store_files_fd(const SmithStore *store);
char *smith_store_file_path(const char *sha256_hex);
/* Makes the parent of such a path. */
gboolean smith_store_make_file_dir(const SmithStore *store, const char *path, GError **error);
