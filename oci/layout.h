/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "base/stream.h"
#include "oci/spec.h"

/*
 * An OCI image layout (image-spec image-layout.md): a directory with many named images, which
 * several processes may read and write at once.
 *
 *   layout = smith_layout_open (AT_FDCWD, path, TRUE, error)
 *   config = smith_layout_write_blob (layout, text, length, SMITH_MEDIA_CONFIG, error)
 *   ... layers, manifest likewise; then name it:
 *   smith_descriptor_set_annotation (desc, SMITH_ANNOTATION_REF_NAME, "app:1")
 *   smith_layout_set_refs (layout, array_of_desc, error)
 *
 * Blobs need no lock: each is written without a name, checked, made 0444 and linked to its digest;
 * who comes second finds it there. A blob of the right name and the wrong size (a machine that lost
 * power) counts as missing and is replaced. Only index.json is changed in place, atomically and
 * under an exclusive lock of the file "index.lock" beside it. Readers take no lock.
 *
 * Reading: what a descriptor promises is checked to the last byte; SMITH_ERROR_VERIFY names the
 * blob, got and expected. SMITH_ERROR_NOT_FOUND: no such blob or image. Only sha256 blobs; others
 * are SMITH_ERROR_UNSUPPORTED. A read-only layout can be opened without @create.
 *
 * A SmithLayout does not change after it was opened and may be shared by threads.
 */
typedef struct SmithLayout SmithLayout;

/* With @create what is missing is made (with parents), and nothing is written when all is there. */
SmithLayout *smith_layout_open(int dirfd, const char *path, gboolean create, GError **error);
void smith_layout_free(SmithLayout *layout);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithLayout, smith_layout_free)

const char *smith_layout_get_path(const SmithLayout *layout); /* as it was given */
int smith_layout_dir_fd(const SmithLayout *layout);	      /* borrowed */
/* blobs/sha256, borrowed: for writers that make a blob in one pass (a SmithTmpfile in it). */
int smith_layout_blobs_fd(const SmithLayout *layout);

/* TRUE if the blob is there with this size (-1: any); its bytes are not looked at. */
gboolean smith_layout_has_blob(const SmithLayout *layout, const char *digest, gint64 size);
/* The verified bytes; SMITH_ERROR_LIMIT when the descriptor says more than @limit. */
GBytes *smith_layout_read_blob(const SmithLayout *layout, const SmithDescriptor *descriptor,
			       gsize limit, GError **error);
/* Verifies as it streams: an error comes at the latest with the end. */
SmithSource *smith_layout_open_blob(const SmithLayout *layout, const SmithDescriptor *descriptor,
				    GError **error);
/* A descriptor of the blob's file, its size checked and its digest not. */
int smith_layout_open_blob_fd(const SmithLayout *layout, const SmithDescriptor *descriptor,
			      GError **error);

/* Nothing is written when the blob is there. */
SmithDescriptor *smith_layout_write_blob(const SmithLayout *layout, gconstpointer data,
					 gsize length, const char *media_type, GError **error);
/* Takes @source and streams it in; size and digest must be those of @expected. */
gboolean smith_layout_import_blob(const SmithLayout *layout, SmithSource *source,
				  const SmithDescriptor *expected, GError **error);
/* From the blobs/sha256 directory @blobs_fd of another layout: a hard link where that is possible,
 * else a copy, which is verified. A link's size is checked, its digest when @verify; then also that
 * of a blob that is there already, and a damaged one is replaced. */
gboolean smith_layout_import_blob_file(const SmithLayout *layout, int blobs_fd,
				       const SmithDescriptor *descriptor, gboolean verify,
				       GError **error);

SmithIndex *smith_layout_read_index(const SmithLayout *layout, GError **error);
/* The descriptor of the image manifest that @name (NULL: the layout's only image) stands for, for
 * @platform (NULL: there must be only one). Nested indexes are resolved; the returned descriptor
 * has its platform set when it is known. The error names what there was. */
SmithDescriptor *smith_layout_find(const SmithLayout *layout, const char *name,
				   const SmithPlatform *platform, GError **error);

/* Each descriptor of @refs (element-type SmithDescriptor*) takes the place of all entries with its
 * ref.name annotation, or is added at the end; one without such an annotation takes the place of
 * entries without a name and with its digest. Everything else in index.json stays as it is. Writes
 * nothing, and takes no lock, when nothing changes. */
gboolean smith_layout_set_refs(const SmithLayout *layout, GPtrArray *refs, GError **error);
/* Would that change nothing? */
gboolean smith_layout_has_refs(const SmithLayout *layout, GPtrArray *refs, gboolean *has,
			       GError **error);

/* Takes the name @name away; SMITH_ERROR_NOT_FOUND when nothing has it. Its blobs stay. */
gboolean smith_layout_remove_ref(const SmithLayout *layout, const char *name, GError **error);
/* Takes all entries without a name away whose digests (their hex digits) are not in @stay. */
gboolean smith_layout_remove_unnamed(const SmithLayout *layout, GHashTable *stay, GError **error);

/* Manifest and config of @descriptor, verified and found to agree. Each out may be NULL. */
gboolean smith_layout_load_image(const SmithLayout *layout, const SmithDescriptor *descriptor,
				 SmithManifest **manifest, SmithImageConfig **config,
				 GError **error);

/* Copies the manifest or index @descriptor with all that it refers to, and names it @name (NULL:
 * the copy gets no name). Blobs that are there are left alone; @verify as for
 * smith_layout_import_blob_file(), FALSE only when @from is a layout of ours. */
gboolean smith_layout_copy_image(const SmithLayout *from, const SmithLayout *to,
				 const SmithDescriptor *descriptor, const char *name,
				 gboolean verify, GError **error);
