/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/talk.h"

/* A gRPC server's answer to oci-probe. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct talk whole, pieces;
	g_assert_true(talk_begin_grpc(&whole, "127.0.0.1:80", "a.B", 100));
	g_assert_true(talk_begin_grpc(&pieces, "127.0.0.1:80", "a.B", 100));
	return fuzz_talk_twice(&whole, &pieces, data, size);
}
