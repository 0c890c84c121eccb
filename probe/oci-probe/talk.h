/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probe/oci-probe/grpc.h"
#include "probe/oci-probe/zmq.h"

/*
 * A talk with a service: what is sent to it, and what its answer means. It is a machine over bytes
 * that knows no socket, so that a test can be the other side.
 *
 *   struct talk talk;
 *   talk_begin_http (&talk, "127.0.0.1:8080", "/health")      what is to be sent is in talk.out
 *   used = talk_take (&talk, data, length)      what came; the rest is offered again, with more
 *   talk_end (&talk)                            nothing more comes
 *
 * What comes is hostile: all that is kept has a size of its own, and whoever calls offers no more
 * than TALK_LIMIT bytes in all.
 */
#define TALK_LIMIT (1024 * 1024)
#define TALK_OUT (64 * 1024)
#define TALK_REQUEST (32 * 1024) /* of a path, a request or a name */
#define TALK_REASON 200

enum verdict { VERDICT_OPEN, VERDICT_WELL, VERDICT_ILL };

struct talk {
	enum verdict verdict;
	char reason[TALK_REASON]; /* when it is ill: printable ASCII */
	size_t (*take)(struct talk *talk, const uint8_t *data, size_t length);
	bool has_body; /* more may come behind what was judged */
	union {
		struct zmq zmq;
		struct grpc grpc;
	};
	size_t out_length;
	uint8_t out[TALK_OUT];
};

/* The request of each kind; strings are borrowed until it is well or ill. False when it is too
 * long or cannot be asked. @milliseconds: how long the answer is waited for. */
bool talk_begin_http(struct talk *talk, const char *host, const char *path);
bool talk_begin_zmq(struct talk *talk, const char *request);
bool talk_begin_grpc(struct talk *talk, const char *host, const char *service, int milliseconds);

/* How many bytes were used: some, or none before there are more or all is said. */
size_t talk_take(struct talk *talk, const uint8_t *data, size_t length);
void talk_end(struct talk *talk);

/* For the machines: the verdict, once, and what is to be sent. */
void talk_well(struct talk *talk);
void talk_ill(struct talk *talk, const char *format, ...) __attribute__((format(__printf__, 2, 3)));
bool talk_send(struct talk *talk, const void *data, size_t length);
