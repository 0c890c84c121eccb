/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/ui.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/json.h"
#include "cmd/output.h"

#define REDRAW_MICROSECONDS 100000

typedef struct {
	SmithEvents events;
	SmithProgress progress;
	bool color;
	int verbosity;
	GMutex mutex;
	/* tty */
	GPtrArray *running; /* (element-type char*) steps, oldest first */
	guint done;
	gint64 drawn_at;
	bool visible;
} Ui;

bool smith_ui_is_terminal(int fd)
{
	const char *term = g_getenv("TERM");

	return isatty(fd) && term != NULL && *term != '\0' && strcmp(term, "dumb") != 0;
}

/* Writing to the terminal from the background would mix with the foreground job's output. */
static bool in_foreground(void)
{
	return tcgetpgrp(STDERR_FILENO) == getpgrp();
}

static guint terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 20)
		return 80;
	return size.ws_col;
}

static void hide_status(Ui *ui)
{
	if (ui->visible)
		fputs("\r\033[K", stderr);
	ui->visible = false;
}

static void draw_status(Ui *ui, bool now)
{
	gint64 time = g_get_monotonic_time();
	g_autoptr(GString) line = NULL;
	g_autofree char *escaped = NULL;
	g_autofree char *cut = NULL;

	if (ui->running->len == 0 || !in_foreground()) {
		hide_status(ui);
		return;
	}
	if (!now && time - ui->drawn_at < REDRAW_MICROSECONDS)
		return;
	line = g_string_new(NULL);
	g_string_append_printf(line, "[%u done, %u running] ", ui->done, ui->running->len);
	for (guint i = 0; i < ui->running->len; i++)
		g_string_append_printf(line, "%s%s", i > 0 ? ", " : "",
				       (char *)g_ptr_array_index(ui->running, i));
	escaped = smith_output_escape(line->str);
	cut = g_utf8_substring(escaped, 0,
			       MIN((glong)terminal_width() - 1, g_utf8_strlen(escaped, -1)));
	fprintf(stderr, "\r\033[K%s", cut);
	ui->visible = true;
	ui->drawn_at = time;
}

static void remove_running(Ui *ui, const char *step)
{
	for (guint i = 0; i < ui->running->len; i++) {
		if (strcmp(g_ptr_array_index(ui->running, i), step) == 0) {
			g_ptr_array_remove_index(ui->running, i);
			return;
		}
	}
}

static void print_step(const Ui *ui, const SmithEvent *event)
{
	g_autofree char *step = smith_output_escape(event->step);
	g_autofree char *size = smith_output_size(event->bytes);

	if (event->kind == SMITH_EVENT_START) {
		if (ui->verbosity > 0 && ui->progress == SMITH_PROGRESS_PLAIN)
			fprintf(stderr, "start   %s\n", step);
	} else if (event->cached) {
		if (ui->verbosity > 0)
			fprintf(stderr, "cached  %s\n", step);
	} else if (ui->verbosity > 0 || ui->progress == SMITH_PROGRESS_PLAIN) {
		fprintf(stderr, "done    %s%s%s\n", step, event->bytes > 0 ? ", " : "",
			event->bytes > 0 ? size : "");
	}
}

static void print_text(const Ui *ui, const SmithEvent *event)
{
	g_autofree char *text = smith_output_escape(event->text != NULL ? event->text : "");

	if (event->kind == SMITH_EVENT_WARNING)
		fprintf(stderr, "ocismith: %swarning:%s %s\n", ui->color ? "\033[1;33m" : "",
			ui->color ? "\033[0m" : "", text);
	else if (ui->verbosity >= 0)
		fprintf(stderr, "ocismith: %s\n", text);
}

static void emit_lines(Ui *ui, const SmithEvent *event)
{
	bool step = event->step != NULL;
	bool tty = ui->progress == SMITH_PROGRESS_TTY && ui->verbosity >= 0;

	if (step && tty && event->kind == SMITH_EVENT_START)
		g_ptr_array_add(ui->running, g_strdup(event->step));
	if (step && event->kind == SMITH_EVENT_DONE) {
		ui->done++;
		remove_running(ui, event->step);
	}
	if (!step || ui->verbosity > 0)
		hide_status(ui);
	if (!step)
		print_text(ui, event);
	else if (ui->verbosity >= 0)
		print_step(ui, event);
	if (tty)
		draw_status(ui, ui->verbosity > 0 || !step);
}

static void append_member(GString *out, const char *key, const char *value)
{
	if (value == NULL)
		return;
	g_string_append_printf(out, ",\"%s\":", key);
	smith_json_append_string(out, value);
}

static void emit_json(const SmithEvent *event)
{
	static const char *const kinds[] = {"start", "done", "note", "warning"};
	g_autoptr(GString) out = g_string_new(NULL);

	g_string_append_printf(out, "{\"event\":\"%s\"", kinds[event->kind]);
	append_member(out, "step", event->step);
	append_member(out, "digest", event->digest);
	append_member(out, "text", event->text);
	if (event->kind == SMITH_EVENT_DONE)
		g_string_append_printf(out, ",\"bytes\":%" G_GUINT64_FORMAT ",\"cached\":%s",
				       event->bytes, event->cached ? "true" : "false");
	g_string_append(out, "}\n");
	fputs(out->str, stderr);
}

static void emit(SmithEvents *events, const SmithEvent *event)
{
	Ui *ui = (Ui *)events;

	if (ui->progress == SMITH_PROGRESS_NONE)
		return;
	g_mutex_lock(&ui->mutex);
	if (ui->progress == SMITH_PROGRESS_JSON)
		emit_json(event);
	else
		emit_lines(ui, event);
	fflush(stderr);
	g_mutex_unlock(&ui->mutex);
}

SmithEvents *smith_ui_new(SmithProgress progress, bool color, int verbosity)
{
	Ui *ui = g_new0(Ui, 1);

	if (progress == SMITH_PROGRESS_AUTO)
		progress = smith_ui_is_terminal(STDERR_FILENO) ? SMITH_PROGRESS_TTY
							       : SMITH_PROGRESS_PLAIN;
	ui->events.emit = emit;
	ui->progress = progress;
	ui->color = color;
	ui->verbosity = verbosity;
	ui->running = g_ptr_array_new_with_free_func(g_free);
	g_mutex_init(&ui->mutex);
	return &ui->events;
}

void smith_ui_free(SmithEvents *events)
{
	Ui *ui = (Ui *)events;

	if (ui == NULL)
		return;
	hide_status(ui);
	fflush(stderr);
	g_ptr_array_unref(ui->running);
	g_mutex_clear(&ui->mutex);
	g_free(ui);
}
