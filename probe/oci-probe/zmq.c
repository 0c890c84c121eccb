/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <strings.h>

#include "probe/oci-probe/json.h"
#include "probe/oci-probe/talk.h"

/* The greeting: signature, version, mechanism, as-server, filler. */
#define GREETING 64
#define MECHANISM 12
#define MECHANISM_SIZE 20
/* A frame's flags. */
#define MORE 1
#define LONG 2
#define COMMAND 4

struct frame {
	uint8_t flags;
	const uint8_t *data;
	size_t length;
};

static bool send_frame(struct talk *talk, uint8_t flags, const void *data, size_t length)
{
	uint8_t head[9] = {flags, (uint8_t)length};
	size_t size = 2;
	if (length > 255) {
		head[0] |= LONG;
		for (size = 1; size < 9; size++)
			head[size] = (uint8_t)((uint64_t)length >> (8 * (8 - size)));
	}
	return talk_send(talk, head, size) && talk_send(talk, data, length);
}

static void send_ready(struct talk *talk)
{
	static const char body[] = "\5READY\13Socket-Type\0\0\0\3REQ\10Identity\0\0\0";
	/* the text's own NUL is the last byte of the empty identity's length */
	send_frame(talk, COMMAND, body, sizeof body);
}

static size_t take_greeting(struct talk *talk, const uint8_t *data, size_t length)
{
	static const char null[MECHANISM_SIZE] = "NULL";
	if (data[0] != 0xff || (length >= 10 && data[9] != 0x7f))
		talk_ill(talk, "the answer is not ZeroMQ's");
	else if (length >= 11 && data[10] < 3)
		talk_ill(talk, "speaks ZMTP %u, not 3", data[10]);
	if (talk->verdict != VERDICT_OPEN || length < GREETING)
		return 0;
	if (memcmp(data + MECHANISM, null, sizeof null) != 0) {
		talk_ill(talk, "wants the mechanism '%.*s', not NULL", MECHANISM_SIZE,
			 (const char *)data + MECHANISM);
		return 0;
	}
	send_ready(talk);
	talk->zmq.stage = ZMQ_READY;
	return GREETING;
}

static uint64_t read_size(const uint8_t *data, size_t count)
{
	uint64_t size = 0;
	for (size_t i = 0; i < count; i++)
		size = size << 8 | data[i];
	return size;
}

/* How many bytes it has, 0 before it is whole. */
static size_t read_frame(struct talk *talk, const uint8_t *data, size_t length, struct frame *frame)
{
	size_t count = data[0] & LONG ? 8 : 1;
	if ((data[0] & ~(MORE | LONG | COMMAND)) != 0 || (data[0] & (MORE | COMMAND)) > COMMAND) {
		talk_ill(talk, "a malformed frame");
		return 0;
	}
	if (length < 1 + count)
		return 0;
	uint64_t size = read_size(data + 1, count);
	if (size > TALK_LIMIT) {
		talk_ill(talk, "a frame of more than %d bytes", TALK_LIMIT);
		return 0;
	}
	if (length - 1 - count < size)
		return 0;
	*frame = (struct frame){data[0], data + 1 + count, (size_t)size};
	return 1 + count + (size_t)size;
}

static bool is_command(const struct frame *frame, const char *name)
{
	size_t length = strlen(name);
	return frame->length > length && frame->data[0] == length &&
	       memcmp(frame->data + 1, name, length) == 0;
}

/* The property @name of a READY, which is "name, length, value" again and again. */
static const uint8_t *find_property(const struct frame *frame, const char *name, size_t *length)
{
	const uint8_t *at = frame->data + 6, *end = frame->data + frame->length;
	while (at < end && end - at > *at + 4) {
		size_t count = *at++;
		const uint8_t *value = at + count + 4;
		uint64_t size = read_size(at + count, 4);
		if (size > (uint64_t)(end - value))
			return NULL;
		*length = (size_t)size;
		if (count == strlen(name) && strncasecmp((const char *)at, name, count) == 0)
			return value;
		at = value + size;
	}
	return NULL;
}

static void take_error(struct talk *talk, const struct frame *frame)
{
	/* the command's name, the reason's length, the reason */
	size_t length = frame->length > 7 ? frame->length - 7 : 0;
	if (length > 0 && frame->data[6] < length)
		length = frame->data[6];
	talk_ill(talk, "refused the connection: '%.*s'", (int)length,
		 length > 0 ? (const char *)frame->data + 7 : "");
}

static void take_ready(struct talk *talk, const struct frame *frame)
{
	size_t length = 0;
	const uint8_t *type = find_property(frame, "Socket-Type", &length);
	if (type == NULL) {
		talk_ill(talk, "does not say what kind of socket it is");
		return;
	}
	bool answers = (length == 3 && memcmp(type, "REP", 3) == 0) ||
		       (length == 6 && memcmp(type, "ROUTER", 6) == 0);
	if (!answers) {
		talk_ill(talk, "is a socket of kind %.*s, which answers no request",
			 (int)(length < 10 ? length : 10), (const char *)type);
		return;
	}
	talk->zmq.stage = ZMQ_DELIMITER;
	if (send_frame(talk, MORE, "", 0))
		send_frame(talk, 0, talk->zmq.request, strlen(talk->zmq.request));
}

/* RFC 37: a time to live, and a context that comes back; who gets no answer hangs up. */
static void take_ping(struct talk *talk, const struct frame *frame)
{
	enum { NAME = 5, TIME = 2, CONTEXT_LIMIT = 16 };
	uint8_t pong[NAME + CONTEXT_LIMIT] = "\4PONG";
	size_t length = frame->length > NAME + TIME ? frame->length - NAME - TIME : 0;
	if (length > CONTEXT_LIMIT)
		length = CONTEXT_LIMIT;
	if (length > 0)
		memcpy(pong + NAME, frame->data + NAME + TIME, length);
	send_frame(talk, COMMAND, pong, NAME + length);
}

static void take_command(struct talk *talk, const struct frame *frame)
{
	if (is_command(frame, "ERROR"))
		take_error(talk, frame);
	else if (talk->zmq.stage == ZMQ_READY && is_command(frame, "READY"))
		take_ready(talk, frame);
	else if (talk->zmq.stage == ZMQ_READY)
		talk_ill(talk, "a malformed handshake");
	else if (is_command(frame, "PING"))
		take_ping(talk, frame);
}

static void take_message(struct talk *talk, const struct frame *frame)
{
	struct zmq *zmq = &talk->zmq;
	bool more = (frame->flags & MORE) != 0;
	if (zmq->stage == ZMQ_READY)
		talk_ill(talk, "a message before the handshake");
	else if (zmq->stage == ZMQ_DELIMITER && (!more || frame->length > 0))
		talk_ill(talk, "a reply without an empty frame before it");
	if (zmq->stage == ZMQ_BODY)
		zmq->is_json = json_is_valid(frame->data, frame->length);
	if (zmq->stage < ZMQ_REST)
		zmq->stage++;
	if (more)
		return;
	if (zmq->is_json)
		talk_well(talk);
	talk_ill(talk, "the reply is not JSON");
}

static size_t take(struct talk *talk, const uint8_t *data, size_t length)
{
	struct frame frame;
	if (talk->zmq.stage == ZMQ_GREETING)
		return take_greeting(talk, data, length);
	size_t used = read_frame(talk, data, length, &frame);
	if (used == 0)
		return 0;
	if (frame.flags & COMMAND)
		take_command(talk, &frame);
	else
		take_message(talk, &frame);
	return used;
}

bool talk_begin_zmq(struct talk *talk, const char *request)
{
	static const uint8_t signature[] = {0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 0};
	memset(talk, 0, offsetof(struct talk, out));
	talk->take = take;
	talk->zmq.request = request;
	if (strlen(request) > TALK_REQUEST)
		return false;
	memset(talk->out, 0, GREETING);
	memcpy(talk->out, signature, sizeof signature);
	memcpy(talk->out + MECHANISM, "NULL", 4);
	talk->out_length = GREETING;
	return true;
}
