/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <string.h>

#include "probe/oci-probe/talk.h"
#include "tests/fuzz/fuzz.h"

/*
 * The other side of a talk says what the input holds, in pieces of some size: what comes of it does
 * not depend on the pieces, and is told in printable ASCII.
 */
static inline void fuzz_talk(struct talk *talk, const uint8_t *data, size_t size, size_t piece)
{
	size_t used = 0;
	for (size_t length = 0; length < size && talk->verdict == VERDICT_OPEN;) {
		length = MIN(length + piece, size);
		/* at the end of an allocation, where a sanitizer sees reads behind it */
		g_autofree uint8_t *copy = g_memdup2(data + used, length - used);
		size_t taken = talk_take(talk, copy, length - used);
		g_assert_cmpuint(taken, <=, length - used);
		used += taken;
	}
	talk_end(talk);
	g_assert_true(talk->verdict != VERDICT_OPEN);
	g_assert_true((talk->verdict == VERDICT_ILL) == (*talk->reason != '\0'));
	g_assert_cmpuint(strlen(talk->reason), <, sizeof talk->reason);
	for (const char *at = talk->reason; *at != '\0'; at++)
		g_assert_true(*at >= ' ' && *at <= '~');
	g_assert_cmpuint(talk->out_length, <=, sizeof talk->out);
}

/* The first byte is the size of the pieces, of which there are few, for each looks again at all
 * before it. */
static inline int fuzz_talk_twice(struct talk *whole, struct talk *pieces, const uint8_t *data,
				  size_t size)
{
	if (size == 0)
		return 0;
	fuzz_talk(whole, data + 1, size - 1, size);
	fuzz_talk(pieces, data + 1, size - 1, MAX((size_t)data[0] + 1, size / 256));
	g_assert_cmpint(whole->verdict, ==, pieces->verdict);
	g_assert_cmpstr(whole->reason, ==, pieces->reason);
	g_assert_cmpmem(whole->out, whole->out_length, pieces->out, pieces->out_length);
	return 0;
}
