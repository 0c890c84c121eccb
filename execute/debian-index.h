/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "execute/deb.h"

/*
 * The index of a Debian archive, read without apt: for a base that is made of nothing else.
 *
 * InRelease is verified by the machine's gpgv against a keyring, must not have expired, and the
 * packages' index is verified against the digest in it. SMITH_ERROR_VERIFY; SMITH_ERROR_UNSUPPORTED
 * names what the machine lacks.
 */
#define SMITH_DEBIAN_KEYRING "/usr/share/keyrings/debian-archive-keyring.gpg"

typedef struct {
	const char *mirror;
	const char *suite;
	const char *const *components;
	const char *architecture;
	const char *keyring; /* a path of this machine */
	bool is_snapshot;    /* its index may have expired */
} SmithDebianArchive;

/* What a base with @words (names) needs (execute/debian-packages.h). *@index becomes "URL
 * sha256:HEX" of the signed file. */
GPtrArray *smith_debian_closure(const SmithDebianArchive *archive, const char *const *words,
				char **index, GError **error);
