/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "base/stream.h"
#include "oci/layout.h"

/*
 * Images as single files: oci-archive (a tar of an image layout, image-spec image-layout.md) and
 * docker-archive (what `docker save` writes: manifest.json, a config, layer tars).
 *
 * Out: a deterministic, uncompressed tar of one image of a layout. Equal images and names give
 * equal bytes. Blobs are verified on their way.
 *
 *   smith_archive_export_oci (layout, descriptor, "app:1", sink, error) && smith_sink_finish (...)
 *
 * In: either kind, told apart by what is in it; plain, gzip or zstd. Its blobs go into a layout's
 * blob directory, each under the digest of the bytes that were read; no name is set in the layout.
 * A docker-archive becomes an OCI image: its config byte by byte, its layers as they are stored, a
 * new manifest. Blobs of an import that failed may stay: they are valid, and nothing refers to
 * them.
 */

/* Manifest or index @descriptor, with all blobs that it refers to, as the archive's only image.
 * @name (NULL: none) becomes the ref.name annotation. The sink is borrowed and not finished. */
gboolean smith_archive_export_oci(const SmithLayout *layout, const SmithDescriptor *descriptor,
				  const char *name, SmithSink *sink, GError **error);

/* The image manifest @descriptor. @name (NULL: none) is the only RepoTag: podman and docker want
 * it with a tag. Layers stay compressed as they are, which podman, skopeo and docker accept. */
gboolean smith_archive_export_docker(const SmithLayout *layout, const SmithDescriptor *descriptor,
				     const char *name, SmithSink *sink, GError **error);

/* Takes @source. The image (or index) named @ref in the archive, NULL: its only one. Has its
 * ref.name annotation set when the archive names it. The error names what there was; @name is the
 * archive's, for error texts. */
SmithDescriptor *smith_archive_import(SmithSource *source, const SmithLayout *to, const char *ref,
				      const char *name, GError **error);
