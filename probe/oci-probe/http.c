/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "probe/oci-probe/talk.h"

/* HTTP/1.1 (RFC 9112): the status line says all; answers of 1xx come before it. */
#define LINE_LIMIT 1024
#define HEAD_LIMIT (16 * 1024)
#define PHRASE_LIMIT 60
#define CODE 9 /* where it begins */

/* "HTTP/1.1 200" and what may stand behind it */
static int read_status(const uint8_t *line, size_t length)
{
	static const char begin[] = "HTTP/1.";
	enum { MINOR = 7, END = CODE + 3 };
	if (length <= END || memcmp(line, begin, MINOR) != 0 || !isdigit(line[MINOR]) ||
	    line[CODE - 1] != ' ')
		return 0;
	for (int i = CODE; i < END; i++)
		if (line[i] < '0' || line[i] > '9')
			return 0;
	if (line[END] != ' ' && line[END] != '\r' && line[END] != '\n')
		return 0;
	return (line[CODE] - '0') * 100 + (line[CODE + 1] - '0') * 10 + line[CODE + 2] - '0';
}

/* "503 Service Unavailable" without the line's end. */
static int phrase_length(const uint8_t *text, size_t length)
{
	while (length > 0 && text[length - 1] <= ' ')
		length--;
	return (int)(length < PHRASE_LIMIT ? length : PHRASE_LIMIT);
}

/* Behind the empty line, or 0. */
static size_t find_end(const uint8_t *data, size_t length)
{
	for (size_t i = 0; i + 1 < length; i++) {
		if (data[i] != '\n')
			continue;
		if (data[i + 1] == '\n')
			return i + 2;
		if (data[i + 1] == '\r' && i + 2 < length && data[i + 2] == '\n')
			return i + 3;
	}
	return 0;
}

static size_t skip_interim(struct talk *talk, const uint8_t *data, size_t length)
{
	size_t end = find_end(data, length < HEAD_LIMIT ? length : HEAD_LIMIT);
	if (end == 0 && length >= HEAD_LIMIT)
		talk_ill(talk, "headers without an end");
	return end;
}

static size_t take(struct talk *talk, const uint8_t *data, size_t length)
{
	static const char begin[] = "HTTP/1.";
	size_t known = length < sizeof begin - 1 ? length : sizeof begin - 1;
	size_t seen = length < LINE_LIMIT ? length : LINE_LIMIT;
	const uint8_t *end = memchr(data, '\n', seen);
	if (memcmp(data, begin, known) != 0) {
		talk_ill(talk, "the answer is not HTTP/1");
		return 0;
	}
	if (end == NULL) {
		if (seen == LINE_LIMIT)
			talk_ill(talk, "a status line without an end");
		return 0;
	}
	size_t line = (size_t)(end - data) + 1;
	int status = read_status(data, line);
	if (status == 0)
		talk_ill(talk, "a malformed status line");
	else if (status < 200 && status != 101)
		return skip_interim(talk, data, length);
	else if (status == 200)
		talk_well(talk);
	else
		talk_ill(talk, "answered %.*s", phrase_length(data + CODE, line - CODE),
			 (const char *)data + CODE);
	talk->has_body = true;
	return line;
}

/* A path from which nothing else could follow. */
static bool is_path(const char *path)
{
	if (*path != '/')
		return false;
	for (; *path != '\0'; path++)
		if (*path <= ' ' || *path > '~')
			return false;
	return true;
}

bool talk_begin_http(struct talk *talk, const char *host, const char *path)
{
	memset(talk, 0, offsetof(struct talk, out));
	talk->take = take;
	if (!is_path(path) || strlen(path) > TALK_REQUEST)
		return false;
	int length = snprintf((char *)talk->out, sizeof talk->out,
			      "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: oci-probe\r\n"
			      "Accept: */*\r\nConnection: close\r\n\r\n",
			      path, host);
	talk->out_length = (size_t)length;
	return true;
}
