/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/talk.h"

/* An HTTP server's answer to oci-probe. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct talk whole, pieces;
	g_assert_true(talk_begin_http(&whole, "127.0.0.1:80", "/"));
	g_assert_true(talk_begin_http(&pieces, "127.0.0.1:80", "/"));
	return fuzz_talk_twice(&whole, &pieces, data, size);
}
