/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/talk.h"

/* A ZeroMQ socket's answer to oci-probe. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct talk whole, pieces;
	g_assert_true(talk_begin_zmq(&whole, "{}"));
	g_assert_true(talk_begin_zmq(&pieces, "{}"));
	return fuzz_talk_twice(&whole, &pieces, data, size);
}
