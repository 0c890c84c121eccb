/* SPDX-License-Identifier: Apache-2.0 */
#include "base/event.h"

#include <stdarg.h>

void smith_events_start(SmithEvents *events, const char *step)
{
	if (events == NULL)
		return;
	SmithEvent event = {.kind = SMITH_EVENT_START, .step = step};
	events->emit(events, &event);
}

void smith_events_done(SmithEvents *events, const char *step, const char *digest, guint64 bytes,
		       bool cached)
{
	if (events == NULL)
		return;
	SmithEvent event = {
		.kind = SMITH_EVENT_DONE,
		.step = step,
		.digest = digest,
		.bytes = bytes,
		.cached = cached,
	};
	events->emit(events, &event);
}

static G_GNUC_PRINTF(3, 0) void emit_text(SmithEvents *events, SmithEventKind kind,
					  const char *format, va_list args)
{
	g_autofree char *text = g_strdup_vprintf(format, args);
	SmithEvent event = {.kind = kind, .text = text};
	events->emit(events, &event);
}

void smith_events_note(SmithEvents *events, const char *format, ...)
{
	if (events == NULL)
		return;
	va_list args;
	va_start(args, format);
	emit_text(events, SMITH_EVENT_NOTE, format, args);
	va_end(args);
}

void smith_events_warn(SmithEvents *events, const char *format, ...)
{
	if (events == NULL)
		return;
	va_list args;
	va_start(args, format);
	emit_text(events, SMITH_EVENT_WARNING, format, args);
	va_end(args);
}
