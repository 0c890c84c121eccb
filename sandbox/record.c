/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/record.h"

#include <string.h>
#include <sys/stat.h>

/*
 * The serialisation of GVariant (its specification, section 2.5): members of fixed size come first
 * and aligned, the last member of variable size ends where its container ends, and the ends of the
 * others are written, in little-endian numbers as wide as the container's length asks for, behind
 * the container's data. Nothing but numbers of the head is aligned here.
 */
enum { HEAD = 12, RDEV_LENGTH = 8 };

static uint32_t get_be32(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void put_be32(unsigned char *at, uint32_t value)
{
	at[0] = (unsigned char)(value >> 24);
	at[1] = (unsigned char)(value >> 16);
	at[2] = (unsigned char)(value >> 8);
	at[3] = (unsigned char)value;
}

static size_t offset_width(size_t length)
{
	return length <= 0xff ? 1 : length <= 0xffff ? 2 : 4;
}

static size_t get_offset(const unsigned char *at, size_t width)
{
	size_t value = 0;
	for (size_t i = width; i-- > 0;)
		value = value << 8 | at[i];
	return value;
}

static void put_offset(unsigned char *at, size_t width, size_t value)
{
	for (size_t i = 0; i < width; i++)
		at[i] = (unsigned char)(value >> 8 * i);
}

/* The length of a container with @data bytes of data and @count offsets. */
static size_t container_length(size_t data, size_t count)
{
	for (size_t width = 1; width < 4; width *= 2)
		if (offset_width(data + width * count) <= width)
			return data + width * count;
	return data + 4 * count;
}

/* (ayay) */
static bool decode_pair(const unsigned char *data, size_t length, SmithRecordXattr *pair)
{
	size_t width = offset_width(length);
	size_t end;
	if (length < width + 1)
		return false;
	end = get_offset(data + length - width, width);
	if (end < 2 || end > length - width || data[end - 1] != '\0')
		return false;
	pair->name = (const char *)data;
	pair->value = data + end;
	pair->length = length - width - end;
	return strlen(pair->name) == end - 1;
}

/* False when the name is there already or there are too many. */
static bool insert(SmithRecord *record, const SmithRecordXattr *pair)
{
	unsigned at = record->n_xattrs;
	if (at == SMITH_RECORD_XATTRS)
		return false;
	while (at > 0 && strcmp(record->xattrs[at - 1].name, pair->name) > 0) {
		record->xattrs[at] = record->xattrs[at - 1];
		at--;
	}
	record->xattrs[at] = *pair;
	record->n_xattrs++;
	return at == 0 || strcmp(record->xattrs[at - 1].name, pair->name) != 0;
}

static bool add_pair(SmithRecord *record, const SmithRecordXattr *pair)
{
	if (strcmp(pair->name, SMITH_RECORD_RDEV) != 0)
		return insert(record, pair);
	if (pair->length != RDEV_LENGTH)
		return false;
	record->major = get_be32(pair->value);
	record->minor = get_be32(pair->value + 4);
	return true;
}

/* a(ayay) */
static bool decode_pairs(const unsigned char *data, size_t length, SmithRecord *record)
{
	size_t width = offset_width(length);
	size_t table;
	size_t begin = 0;
	if (length == 0)
		return true;
	table = get_offset(data + length - width, width);
	if (length < width || table > length - width || (length - table) % width != 0)
		return false;
	for (size_t at = table; at < length; at += width) {
		size_t end = get_offset(data + at, width);
		SmithRecordXattr pair;
		if (end < begin || end > table || !decode_pair(data + begin, end - begin, &pair) ||
		    !add_pair(record, &pair))
			return false;
		begin = end;
	}
	return true;
}

bool smith_record_decode(const void *data, size_t length, SmithRecord *record)
{
	const unsigned char *bytes = data;
	memset(record, 0, sizeof *record);
	if (length < HEAD || length > SMITH_RECORD_MAX)
		return false;
	record->uid = get_be32(bytes);
	record->gid = get_be32(bytes + 4);
	record->mode = get_be32(bytes + 8);
	return decode_pairs(bytes + HEAD, length - HEAD, record);
}

static size_t pair_length(const SmithRecordXattr *pair)
{
	return container_length(strlen(pair->name) + 1 + pair->length, 1);
}

static void encode_pair(const SmithRecordXattr *pair, unsigned char *at, size_t length)
{
	size_t name = strlen(pair->name) + 1;
	size_t width = length - name - pair->length;
	memcpy(at, pair->name, name);
	if (pair->length > 0)
		memcpy(at + name, pair->value, pair->length);
	put_offset(at + length - width, width, name);
}

/* The pairs of @record and that of its device number. */
static bool all_pairs(const SmithRecord *record, unsigned char *rdev, SmithRecord *all)
{
	SmithRecordXattr pair = {SMITH_RECORD_RDEV, rdev, RDEV_LENGTH};
	*all = *record;
	put_be32(rdev, record->major);
	put_be32(rdev + 4, record->minor);
	return !(S_ISCHR(record->mode) || S_ISBLK(record->mode)) || insert(all, &pair);
}

size_t smith_record_encode(const SmithRecord *record, void *buffer, size_t size)
{
	unsigned char *bytes = buffer;
	unsigned char rdev[RDEV_LENGTH];
	SmithRecord all;
	size_t data = 0;
	size_t length = HEAD;
	size_t width;
	size_t end = 0;
	if (!all_pairs(record, rdev, &all))
		return 0;
	for (unsigned i = 0; i < all.n_xattrs; i++)
		data += pair_length(&all.xattrs[i]);
	if (all.n_xattrs > 0)
		length += container_length(data, all.n_xattrs);
	if (length > size || length > SMITH_RECORD_MAX)
		return 0;
	put_be32(bytes, record->uid);
	put_be32(bytes + 4, record->gid);
	put_be32(bytes + 8, record->mode);
	if (all.n_xattrs == 0)
		return length;
	bytes += HEAD;
	width = (length - HEAD - data) / all.n_xattrs;
	for (unsigned i = 0; i < all.n_xattrs; i++) {
		size_t one = pair_length(&all.xattrs[i]);
		encode_pair(&all.xattrs[i], bytes + end, one);
		end += one;
		put_offset(bytes + data + i * width, width, end);
	}
	return length;
}
