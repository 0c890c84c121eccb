/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/oci-probe/talk.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void talk_well(struct talk *talk)
{
	if (talk->verdict == VERDICT_OPEN)
		talk->verdict = VERDICT_WELL;
}

void talk_ill(struct talk *talk, const char *format, ...)
{
	va_list arguments;
	if (talk->verdict != VERDICT_OPEN)
		return;
	talk->verdict = VERDICT_ILL;
	va_start(arguments, format);
	vsnprintf(talk->reason, sizeof talk->reason, format, arguments);
	va_end(arguments);
	/* it may quote the other side, and goes to a terminal */
	for (char *at = talk->reason; *at != '\0'; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
}

bool talk_send(struct talk *talk, const void *data, size_t length)
{
	if (length > sizeof talk->out - talk->out_length) {
		talk_ill(talk, "asks for more than it takes");
		return false;
	}
	memcpy(talk->out + talk->out_length, data, length);
	talk->out_length += length;
	return true;
}

size_t talk_take(struct talk *talk, const uint8_t *data, size_t length)
{
	size_t used = 0;
	while (talk->verdict == VERDICT_OPEN && used < length) {
		size_t step = talk->take(talk, data + used, length - used);
		if (step == 0)
			return used;
		used += step;
	}
	return used;
}

void talk_end(struct talk *talk)
{
	talk_ill(talk, "closed the connection before its answer was whole");
}
