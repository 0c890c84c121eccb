/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a call of grpc.health.v1.Health/Check over cleartext HTTP/2 (RFC 9113) is; see talk.h. */
#define GRPC_BLOCK 16384
#define GRPC_MESSAGE 4096

struct grpc {
	bool greeted;	 /* it has sent its settings */
	bool in_block;	 /* only a continuation may follow */
	bool ends;	 /* with the block that is being read */
	int http_status; /* 0: not known */
	int status;	 /* of gRPC; -1: not known */
	char message[64];
	size_t block_length;
	size_t answer_length;
	uint8_t block[GRPC_BLOCK];
	uint8_t answer[GRPC_MESSAGE];
};
