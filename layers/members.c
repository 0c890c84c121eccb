/* SPDX-License-Identifier: Apache-2.0 */
#include "layers/members.h"

#include <libdeflate.h>
#include <stdbool.h>
#include <string.h>

#include "base/digest.h"
#include "base/fd.h"
#include "layers/deflate.h"

#define BLOB_MAX (16 * 1024 * 1024)
/* members that are looked at behind the last one, for those that have gone since */
#define AHEAD 2

typedef struct {
	gsize offset, size; /* in the blob */
	gsize length;	    /* of the content */
	guint32 crc32;
} Member;

struct SmithMembers {
	GBytes *blob;
	GArray *seen; /* (element-type Member) from the start of the blob on */
	gsize at;     /* in the blob: behind them */
	bool broken;  /* nothing can be read from there on */
	struct libdeflate_decompressor *inflater;
	guint8 *content; /* SMITH_DEFLATER_MAX bytes: of the last one seen */
};

SmithMembers *smith_members_open(int dirfd, const char *digest)
{
	gsize size;
	g_autoptr(GBytes) blob =
		smith_fd_read_file(dirfd, smith_digest_hex(digest), BLOB_MAX, NULL);
	if (blob == NULL)
		return NULL;
	/* what inflates to the same bytes need not be what the deflater makes of them */
	const void *data = g_bytes_get_data(blob, &size);
	g_autofree char *is = smith_digest_of(data, size);
	if (strcmp(is, digest) != 0)
		return NULL;
	SmithMembers *members = g_new0(SmithMembers, 1);
	members->blob = g_steal_pointer(&blob);
	members->seen = g_array_new(FALSE, FALSE, sizeof(Member));
	members->inflater = libdeflate_alloc_decompressor();
	g_assert(members->inflater != NULL);
	members->content = g_malloc(SMITH_DEFLATER_MAX);
	return members;
}

void smith_members_free(SmithMembers *members)
{
	if (members == NULL)
		return;
	g_bytes_unref(members->blob);
	g_array_unref(members->seen);
	libdeflate_free_decompressor(members->inflater);
	g_free(members->content);
	g_free(members);
}

/* The content of the member at @offset, whose size and length are found out. */
static bool inflate(SmithMembers *members, Member *member)
{
	gsize size;
	const guint8 *blob = g_bytes_get_data(members->blob, &size);
	return libdeflate_gzip_decompress_ex(members->inflater, blob + member->offset,
					     size - member->offset, members->content,
					     SMITH_DEFLATER_MAX, &member->size,
					     &member->length) == LIBDEFLATE_SUCCESS;
}

/* The next member that was not seen yet; NULL at the end. */
static const Member *next(SmithMembers *members)
{
	Member member = {.offset = members->at};
	if (members->broken || member.offset == g_bytes_get_size(members->blob))
		return NULL;
	members->broken = !inflate(members, &member);
	if (members->broken)
		return NULL;
	member.crc32 = libdeflate_crc32(0, members->content, member.length);
	members->at += member.size;
	g_array_append_val(members->seen, member);
	return &g_array_index(members->seen, Member, members->seen->len - 1);
}

static GBytes *bytes_of(const SmithMembers *members, const Member *member)
{
	return g_bytes_new_from_bytes(members->blob, member->offset, member->size);
}

static bool has_content(const SmithMembers *members, const Member *member, const guint8 *data,
			gsize length)
{
	return member->length == length && memcmp(members->content, data, length) == 0;
}

/* One that was seen before. Which of them is in the buffer nobody knows: it is inflated again. */
static const Member *find_seen(SmithMembers *members, const guint8 *data, gsize length,
			       guint32 crc32)
{
	for (guint i = 0; i < members->seen->len; i++) {
		Member *member = &g_array_index(members->seen, Member, i);
		if (member->length == length && member->crc32 == crc32 &&
		    inflate(members, member) && has_content(members, member, data, length))
			return member;
	}
	return NULL;
}

GBytes *smith_members_find(SmithMembers *members, const guint8 *data, gsize length)
{
	if (members == NULL)
		return NULL;
	const Member *member = find_seen(members, data, length, libdeflate_crc32(0, data, length));
	if (member != NULL)
		return bytes_of(members, member);
	for (guint i = 0; i < AHEAD && (member = next(members)) != NULL; i++)
		if (has_content(members, member, data, length))
			return bytes_of(members, member);
	return NULL;
}
