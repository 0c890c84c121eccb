/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * The gzip members of a blob of ours, for a new one that has most of its content in common with
 * it, as the layer of an application has that changed a little: a member is taken as it is when it
 * inflates to the bytes that are to be deflated, so that the new blob is what it would be without.
 *
 *   SmithMembers *members = smith_members_open (dirfd, digest);
 *   member = smith_members_find (members, data, length);  ... for each piece, in their order
 *   smith_members_free (members);
 *
 * Inflating takes a fifth of the time of deflating. Members are looked for at the place where the
 * last one was found and a little behind it. A few MiB of memory beside the blob's own bytes.
 */
typedef struct SmithMembers SmithMembers;

/* NULL when there is no such blob, it is damaged, or too large to be read for this. */
SmithMembers *smith_members_open(int dirfd, const char *digest);
/* The whole member, with its header and trailer, in a GBytes of the caller's; NULL: there is none.
 * @members may be NULL. */
GBytes *smith_members_find(SmithMembers *members, const guint8 *data, gsize length);
void smith_members_free(SmithMembers *members);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithMembers, smith_members_free)
