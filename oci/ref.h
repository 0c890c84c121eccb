/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * Image references: where an image is, as a user writes it.
 *
 *   NAME                  [DOMAIN[:PORT]/]PATH[:TAG][@DIGEST], the grammar of the distribution
 *                         project's reference library
 *   docker://NAME         the same, in a registry
 *   oci:DIR[:REF]         an image layout; REF is its org.opencontainers.image.ref.name
 *   oci-archive:FILE[:REF], docker-archive:FILE[:REF]
 *
 * Parsing does not normalise: "python:3.11" has no domain. smith_ref_qualified() fills in what
 * docker does (docker.io, library/, latest), smith_ref_familiar() takes it away again. The first
 * component is a domain when it has a '.', a ':' or an upper-case letter, or is "localhost".
 *
 * A DIR or FILE ends at the first ':', as in podman and skopeo; REF may hold more of them.
 */
typedef struct {
	char *transport; /* "docker", "oci", "oci-archive", "docker-archive"; NULL: none given */
	char *domain;	 /* "ghcr.io", "localhost:5000"; NULL: none given, or a local transport */
	char *path;	 /* "library/python"; with a local transport the directory or file */
	char *tag;	 /* "3.11"; with a local transport the REF; NULL: none given */
	char *digest;	 /* "sha256:..."; NULL: none given */
} SmithRef;

/* SMITH_ERROR_INVALID, naming the part that is wrong. */
SmithRef *smith_ref_parse(const char *text, GError **error);
char *smith_ref_to_string(const SmithRef *ref);
SmithRef *smith_ref_copy(const SmithRef *ref);
void smith_ref_free(SmithRef *ref);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithRef, smith_ref_free)

/* TRUE with transport oci, oci-archive or docker-archive. */
gboolean smith_ref_is_local(const SmithRef *ref);

/* A copy with domain docker.io and path library/ where they are implied, and tag "latest" when
 * there is neither tag nor digest. Local references are copied as they are. */
SmithRef *smith_ref_qualified(const SmithRef *ref);
/* The shortest text that means the same: "python:3.11" for docker.io/library/python:3.11. The tag
 * and the transport stay as they are. */
char *smith_ref_familiar(const SmithRef *ref);

/* TRUE if @name can name an image that we make: [DOMAIN/]PATH[:TAG] without transport and digest.
 * Each such name also is a legal org.opencontainers.image.ref.name. */
gboolean smith_ref_check_name(const char *name, GError **error);

/* The wider grammar of org.opencontainers.image.ref.name (image-spec annotations.md); at most 1024
 * bytes. */
gboolean smith_ref_check_layout_name(const char *name, GError **error);
