/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

/* Where a talk of ZMTP 3 (RFC 23, RFC 37) with the mechanism NULL is; see talk.h. */
struct zmq {
	enum { ZMQ_GREETING, ZMQ_READY, ZMQ_DELIMITER, ZMQ_BODY, ZMQ_REST } stage;
	const char *request;
	bool is_json; /* the reply's first frame */
};
