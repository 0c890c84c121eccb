/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * Digests as OCI image-spec 1.1 descriptor.md writes them: "algorithm:encoded".
 *
 * Digests travel as strings. smith_digest_check() is the one gate that untrusted ones pass.
 * SmithHasher is a streaming SHA-256, over EVP unless there is very little of it; one thread at a
 * time.
 */
#define SMITH_SHA256_SIZE 32
#define SMITH_SHA256_HEX_SIZE 65 /* with the terminating NUL */

/* Checks the grammar; sha256 must be 64 and sha512 128 lower-case hex digits; other registered or
 * unknown algorithms only need the grammar. @what names the thing in the error text. */
gboolean smith_digest_check(const char *digest, const char *what, GError **error);

/* TRUE if @digest is a well-formed sha256 digest: the only algorithm of our own blobs. */
gboolean smith_digest_is_sha256(const char *digest);

/* TRUE if @hex is exactly 64 lower-case hex digits. */
gboolean smith_digest_is_hex(const char *hex);

/* The encoded part of a digest ("sha256:HEX" -> "HEX"), borrowed. */
const char *smith_digest_hex(const char *digest);

/* "sha256:HEX" of a buffer. */
char *smith_digest_of(const void *data, gsize length);

/* Lower-case hex of raw bytes. */
char *smith_digest_to_hex(const guint8 *raw, gsize length);

/* Loads what long texts need, for who knows that there will be some, and has a thread for it. */
void smith_digest_load(void);

typedef struct SmithHasher SmithHasher;
SmithHasher *smith_hasher_new(void);
void smith_hasher_update(SmithHasher *hasher, const void *data, gsize length);
/* Ends the digest and starts a new one, so that a hasher can be used again. */
void smith_hasher_finish_raw(SmithHasher *hasher, guint8 out[SMITH_SHA256_SIZE]);
char *smith_hasher_finish(SmithHasher *hasher); /* "sha256:HEX" */
void smith_hasher_free(SmithHasher *hasher);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithHasher, smith_hasher_free)
