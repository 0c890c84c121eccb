/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/oci-probe/hpack.h"
#include "probe/oci-probe/talk.h"

enum type {
	DATA,
	HEADERS,
	PRIORITY,
	RST_STREAM,
	SETTINGS,
	PUSH_PROMISE,
	PING,
	GOAWAY,
	WINDOW_UPDATE,
	CONTINUATION
};
/* Flags; the same bit is the acknowledgement of settings and pings and the end of a stream. */
#define ACK 0x1
#define END_STREAM 0x1
#define END_HEADERS 0x4
#define PADDED 0x8
#define HAS_PRIORITY 0x20

#define HEAD 9
#define FRAME_LIMIT 16384 /* what we allow, for we do not say more */
#define STREAM 1	  /* the only one that we open */
#define PREFIX 5	  /* of a message: compressed or not, length */

#define SERVICE_LIMIT 4096

struct frame {
	enum type type;
	uint8_t flags;
	uint32_t stream;
	const uint8_t *data;
	size_t length;
};

static uint32_t read_number(const uint8_t *data, size_t count)
{
	uint32_t number = 0;
	for (size_t i = 0; i < count; i++)
		number = number << 8 | data[i];
	return number;
}

static bool send_frame(struct talk *talk, enum type type, uint8_t flags, uint32_t stream,
		       const void *data, size_t length)
{
	const uint8_t head[HEAD] = {(uint8_t)(length >> 16),
				    (uint8_t)(length >> 8),
				    (uint8_t)length,
				    (uint8_t)type,
				    flags,
				    0,
				    0,
				    0,
				    (uint8_t)stream};
	return talk_send(talk, head, sizeof head) && talk_send(talk, data, length);
}

/* What was said at the end of the call. */
static void judge_status(struct talk *talk)
{
	static const char *const names[] = {"OK",
					    "CANCELLED",
					    "UNKNOWN",
					    "INVALID_ARGUMENT",
					    "DEADLINE_EXCEEDED",
					    "NOT_FOUND",
					    "ALREADY_EXISTS",
					    "PERMISSION_DENIED",
					    "RESOURCE_EXHAUSTED",
					    "FAILED_PRECONDITION",
					    "ABORTED",
					    "OUT_OF_RANGE",
					    "UNIMPLEMENTED",
					    "INTERNAL",
					    "UNAVAILABLE",
					    "DATA_LOSS",
					    "UNAUTHENTICATED"};
	const struct grpc *grpc = &talk->grpc;
	size_t count = sizeof names / sizeof names[0];
	const char *name = (size_t)grpc->status < count ? names[grpc->status] : "a status";
	if (grpc->status > 0)
		talk_ill(talk, "answered %s (%d)%s%s", name, grpc->status,
			 *grpc->message != '\0' ? ": " : "", grpc->message);
	else if (grpc->http_status != 0 && grpc->http_status != 200)
		talk_ill(talk, "answered HTTP status %d", grpc->http_status);
}

/* Section "Base 128 Varints" of protobuf's encoding; 0: it is cut or too long. */
static size_t read_varint(const uint8_t *data, size_t length, uint64_t *value)
{
	*value = 0;
	for (size_t i = 0; i < length && i < 10; i++) {
		*value |= (uint64_t)(data[i] & 0x7f) << (7 * i);
		if ((data[i] & 0x80) == 0)
			return i + 1;
	}
	return 0;
}

/* How long a field of this wire type is behind its tag; 0: malformed. */
static size_t read_field(const uint8_t *data, size_t length, unsigned wire, uint64_t *value)
{
	size_t used = 0;
	switch (wire) {
	case 0:
		return read_varint(data, length, value);
	case 1:
		return length >= 8 ? 8 : 0;
	case 5:
		return length >= 4 ? 4 : 0;
	case 2:
		used = read_varint(data, length, value);
		return used > 0 && *value <= length - used ? used + (size_t)*value : 0;
	default:
		return 0;
	}
}

/* HealthCheckResponse.status; -1: the message is malformed. */
static int read_serving(const uint8_t *data, size_t length)
{
	int status = 0;
	while (length > 0) {
		uint64_t tag = 0, value = 0;
		size_t used = read_varint(data, length, &tag);
		if (used == 0)
			return -1;
		size_t size = read_field(data + used, length - used, tag & 7, &value);
		if (size == 0)
			return -1;
		if (tag == 8)
			status = value <= 3 ? (int)value : 0;
		data += used + size;
		length -= used + size;
	}
	return status;
}

static void judge(struct talk *talk)
{
	static const char *const names[] = {"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"};
	const struct grpc *grpc = &talk->grpc;
	judge_status(talk);
	if (grpc->answer_length < PREFIX ||
	    read_number(grpc->answer + 1, 4) != grpc->answer_length - PREFIX) {
		talk_ill(talk, "answered without a whole message");
		return;
	}
	if (grpc->answer[0] != 0) {
		talk_ill(talk, "answered with a compressed message");
		return;
	}
	int status = read_serving(grpc->answer + PREFIX, grpc->answer_length - PREFIX);
	if (status == 1)
		talk_well(talk);
	else if (status < 0)
		talk_ill(talk, "answered with a malformed message");
	else
		talk_ill(talk, "is %s", names[status]);
}

static void note_field(struct grpc *grpc, const struct hpack_field *field)
{
	if (strcmp(field->name, ":status") == 0)
		grpc->http_status = (int)strtol(field->value, NULL, 10);
	else if (strcmp(field->name, "grpc-status") == 0)
		grpc->status = (int)strtol(field->value, NULL, 10);
	else if (strcmp(field->name, "grpc-message") == 0)
		snprintf(grpc->message, sizeof grpc->message, "%.*s", (int)sizeof grpc->message - 1,
			 field->value);
}

static void end_block(struct talk *talk)
{
	struct grpc *grpc = &talk->grpc;
	struct hpack_field field;
	grpc->in_block = false;
	for (size_t at = 0; at < grpc->block_length;) {
		size_t used = hpack_read(grpc->block + at, grpc->block_length - at, &field);
		if (used == 0) {
			talk_ill(talk, "malformed headers");
			return;
		}
		note_field(grpc, &field);
		at += used;
	}
	grpc->block_length = 0;
	if (grpc->ends)
		judge(talk);
}

static void take_block(struct talk *talk, const struct frame *frame, const uint8_t *data,
		       size_t length)
{
	struct grpc *grpc = &talk->grpc;
	if (length > sizeof grpc->block - grpc->block_length) {
		talk_ill(talk, "more than %zu bytes of headers", sizeof grpc->block);
		return;
	}
	memcpy(grpc->block + grpc->block_length, data, length);
	grpc->block_length += length;
	grpc->in_block = true;
	if (frame->flags & END_HEADERS)
		end_block(talk);
}

/* Takes away padding and, with @skip, what stands before the content. */
static bool unpad(struct talk *talk, const struct frame *frame, size_t skip, const uint8_t **data,
		  size_t *length)
{
	size_t before = skip, behind = 0;
	if (frame->flags & PADDED) {
		before++;
		behind = frame->length > 0 ? frame->data[0] : 0;
	}
	if (frame->length < before + behind) {
		talk_ill(talk, "a malformed frame");
		return false;
	}
	*data = frame->data + before;
	*length = frame->length - before - behind;
	return true;
}

static void take_headers(struct talk *talk, const struct frame *frame)
{
	const uint8_t *data;
	size_t length;
	if (!unpad(talk, frame, frame->flags & HAS_PRIORITY ? 5 : 0, &data, &length))
		return;
	talk->grpc.ends = (frame->flags & END_STREAM) != 0;
	take_block(talk, frame, data, length);
}

static void take_data(struct talk *talk, const struct frame *frame)
{
	struct grpc *grpc = &talk->grpc;
	const uint8_t *data;
	size_t length;
	if (!unpad(talk, frame, 0, &data, &length))
		return;
	if (length > sizeof grpc->answer - grpc->answer_length) {
		talk_ill(talk, "a message of more than %zu bytes", sizeof grpc->answer);
		return;
	}
	memcpy(grpc->answer + grpc->answer_length, data, length);
	grpc->answer_length += length;
	if (frame->flags & END_STREAM)
		judge(talk);
}

/* It may go away when it has answered us. */
static void take_goaway(struct talk *talk, const struct frame *frame)
{
	if (frame->length < 8)
		talk_ill(talk, "a malformed frame");
	else if (read_number(frame->data, 4) < STREAM || read_number(frame->data + 4, 4) != 0)
		talk_ill(talk, "goes away with error %u: '%.*s'", read_number(frame->data + 4, 4),
			 (int)(frame->length - 8 < 60 ? frame->length - 8 : 60),
			 (const char *)frame->data + 8);
}

static void take_connection_frame(struct talk *talk, const struct frame *frame)
{
	if (frame->type == GOAWAY)
		take_goaway(talk, frame);
	else if (frame->type == SETTINGS && (frame->flags & ACK) == 0)
		send_frame(talk, SETTINGS, ACK, 0, "", 0);
	else if (frame->type == PING && frame->length != 8)
		talk_ill(talk, "a malformed frame");
	else if (frame->type == PING && (frame->flags & ACK) == 0)
		send_frame(talk, PING, ACK, 0, frame->data, frame->length);
}

static void take_stream_frame(struct talk *talk, const struct frame *frame)
{
	bool continues = frame->type == CONTINUATION;
	if (frame->stream != STREAM)
		talk_ill(talk, "answers on a stream that was not opened");
	else if (continues != talk->grpc.in_block || frame->type == PUSH_PROMISE)
		talk_ill(talk, "a frame out of place");
	else if (continues)
		take_block(talk, frame, frame->data, frame->length);
	else if (frame->type == HEADERS)
		take_headers(talk, frame);
	else if (frame->type == DATA)
		take_data(talk, frame);
	else if (frame->length != 4)
		talk_ill(talk, "a malformed frame");
	else
		talk_ill(talk, "gives up the call with error %u", read_number(frame->data, 4));
}

static void take_frame(struct talk *talk, const struct frame *frame)
{
	talk->grpc.greeted = true;
	switch (frame->type) {
	case DATA:
	case HEADERS:
	case CONTINUATION:
	case RST_STREAM:
	case PUSH_PROMISE:
		take_stream_frame(talk, frame);
		return;
	case SETTINGS:
	case PING:
	case GOAWAY:
	case PRIORITY:
	case WINDOW_UPDATE:
	default:
		if (talk->grpc.in_block)
			talk_ill(talk, "a frame out of place");
		else
			take_connection_frame(talk, frame);
	}
}

static size_t take(struct talk *talk, const uint8_t *data, size_t length)
{
	static const char old[] = "HTTP/1.";
	if (!talk->grpc.greeted && memcmp(data, old, length < 7 ? length : 7) == 0) {
		if (length >= 7)
			talk_ill(talk, "speaks HTTP/1, not HTTP/2");
		return 0;
	}
	if (length < HEAD)
		return 0;
	size_t size = read_number(data, 3);
	if (!talk->grpc.greeted && (data[3] != SETTINGS || size > FRAME_LIMIT))
		talk_ill(talk, "the answer is not HTTP/2");
	else if (size > FRAME_LIMIT)
		talk_ill(talk, "a frame of more than %d bytes", FRAME_LIMIT);
	if (talk->verdict != VERDICT_OPEN || length - HEAD < size)
		return 0;
	struct frame frame = {(enum type)data[3], data[4], read_number(data + 5, 4) & 0x7fffffff,
			      data + HEAD, size};
	take_frame(talk, &frame);
	return HEAD + size;
}

/* Section 6.2.2 of RFC 7541: a literal that no table keeps, its name by index or in words. */
static size_t put_field(uint8_t *block, int index, const char *name, const char *value)
{
	size_t at = 0, length = strlen(value);
	block[at++] = (uint8_t)index;
	if (name != NULL) {
		block[at++] = (uint8_t)strlen(name);
		memcpy(block + at, name, strlen(name));
		at += strlen(name);
	}
	/* shorter than 127 all of them */
	block[at++] = (uint8_t)length;
	memcpy(block + at, value, length);
	return at + length;
}

static size_t make_block(uint8_t *block, const char *host, int milliseconds)
{
	enum { POST = 0x83, HTTP = 0x86, AUTHORITY = 1, PATH = 4 };
	char timeout[16];
	size_t at = 0;
	snprintf(timeout, sizeof timeout, "%dm", milliseconds);
	block[at++] = POST;
	block[at++] = HTTP;
	at += put_field(block + at, PATH, NULL, "/grpc.health.v1.Health/Check");
	at += put_field(block + at, AUTHORITY, NULL, host);
	at += put_field(block + at, 0, "te", "trailers");
	at += put_field(block + at, 0, "content-type", "application/grpc");
	at += put_field(block + at, 0, "user-agent", "oci-probe");
	at += put_field(block + at, 0, "grpc-timeout", timeout);
	return at;
}

/* HealthCheckRequest, whose first field is the service. */
static size_t make_message(uint8_t *message, const char *service)
{
	size_t at = PREFIX, length = strlen(service);
	memset(message, 0, PREFIX);
	if (length > 0) {
		message[at++] = 0x0a;
		if (length > 0x7f)
			message[at++] = (uint8_t)(0x80 | (length & 0x7f));
		message[at++] = (uint8_t)(length > 0x7f ? length >> 7 : length);
		memcpy(message + at, service, length);
		at += length;
	}
	message[3] = (uint8_t)((at - PREFIX) >> 8);
	message[4] = (uint8_t)(at - PREFIX);
	return at;
}

bool talk_begin_grpc(struct talk *talk, const char *host, const char *service, int milliseconds)
{
	static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
	/* no dynamic table, no push */
	static const uint8_t settings[] = {0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0};
	uint8_t block[512], message[SERVICE_LIMIT + 16];
	memset(talk, 0, offsetof(struct talk, out));
	talk->take = take;
	talk->grpc.status = -1;
	if (strlen(host) > 100 || strlen(service) > SERVICE_LIMIT)
		return false;
	return talk_send(talk, preface, sizeof preface - 1) &&
	       send_frame(talk, SETTINGS, 0, 0, settings, sizeof settings) &&
	       send_frame(talk, HEADERS, END_HEADERS, STREAM, block,
			  make_block(block, host, milliseconds)) &&
	       send_frame(talk, DATA, END_STREAM, STREAM, message, make_message(message, service));
}
