/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/record.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

/* What is decoded lies in the input, and is what is decoded of its own encoding. */
static void check_inside(const SmithRecord *record, const uint8_t *data, size_t size)
{
	for (unsigned i = 0; i < record->n_xattrs; i++) {
		const SmithRecordXattr *xattr = &record->xattrs[i];
		const uint8_t *name = (const uint8_t *)xattr->name;
		g_assert_true(name >= data && name + strlen(xattr->name) < xattr->value);
		g_assert_true(xattr->value + xattr->length <= data + size);
		g_assert_true(i == 0 || strcmp(record->xattrs[i - 1].name, xattr->name) < 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char first[SMITH_RECORD_MAX];
	unsigned char second[SMITH_RECORD_MAX];
	SmithRecord record;
	size_t length;
	if (!smith_record_decode(data, size, &record))
		return 0;
	check_inside(&record, data, size);
	length = smith_record_encode(&record, first, sizeof first);
	/* a device's number may have no place left */
	if (length == 0)
		return 0;
	g_assert_true(smith_record_decode(first, length, &record));
	check_inside(&record, first, length);
	g_assert_cmpuint(smith_record_encode(&record, second, sizeof second), ==, length);
	g_assert_cmpint(memcmp(first, second, length), ==, 0);
	return 0;
}
