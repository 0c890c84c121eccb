/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/pool.h"
#include "cmd/command.h"
#include "cmd/commands.h"
#include "cmd/help.h"
#include "cmd/output.h"
#include "cmd/prepare.h"
#include "cmd/report.h"
#include "cmd/ui.h"

/*
 * SIGINT and SIGTERM keep their default action: whatever is half written has no name yet, so that
 * being killed leaves nothing to clean up. SIGPIPE is ignored, for a registry that hangs up must
 * be an error and not our end.
 */

/* The heap of a thread grows page by page, each by a system call that stops the other threads'
 * page faults; in steps of this many bytes it seldom does. What is not touched costs nothing. */
#define HEAP_STEP (1024 * 1024)

/* A closed standard stream would give its number to the next file that is opened, and its text
 * would then go into that file. What takes its place cannot be used either: writing to it is an
 * error. */
static void open_standard_streams(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)!open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

static bool want_color(const SmithOptions *options)
{
	const char *no_color = g_getenv("NO_COLOR");
	int mode = smith_options_enum(options, "color", 0);

	if (mode != 0)
		return mode == 1;
	return (no_color == NULL || *no_color == '\0') && smith_ui_is_terminal(STDERR_FILENO);
}

/* Reads the command line: @command stays NULL when none is named. */
static gboolean parse(SmithOptions *options, char **args, const SmithCommand **command,
		      GError **error)
{
	const char *const *operands;
	guint n;

	smith_options_add(options, smith_global_options);
	if (!smith_options_parse(options, &args, TRUE, error))
		return FALSE;
	operands = smith_options_operands(options, &n);
	if (n == 0)
		return TRUE;
	*command = smith_command_lookup(operands[0], error);
	if (*command == NULL)
		return FALSE;
	if ((*command)->rows != NULL) {
		if (!smith_options_parse(options, &args, TRUE, error))
			return FALSE;
		operands = smith_options_operands(options, &n);
		/* else only --help is left to be asked for */
		if (n == 1)
			return TRUE;
		*command = smith_command_lookup_of(*command, operands[1], error);
		if (*command == NULL)
			return FALSE;
	}
	smith_options_add(options, (*command)->options);
	return smith_options_parse(options, &args, FALSE, error);
}

static gboolean check_operands(const SmithInvocation *inv, GError **error)
{
	const SmithCommand *command = inv->command;
	g_autofree char *title = smith_command_title(command);

	if (inv->n_operands > command->max_operands)
		return smith_throw(error, SMITH_ERROR_USAGE, "'%s' takes %s, got '%s'", title,
				   command->operands != NULL ? command->operands : "no operand",
				   inv->operands[command->max_operands]);
	if (inv->n_operands < command->min_operands)
		return smith_throw(error, SMITH_ERROR_USAGE, "'%s' needs %s", title,
				   command->operands);
	return TRUE;
}

static gboolean change_directory(const SmithOptions *options, GError **error)
{
	const char *directory = smith_options_string(options, "directory");

	if (directory != NULL && chdir(directory) != 0)
		return smith_throw_errno(error, "cannot change to directory '%s'", directory);
	return TRUE;
}

static gboolean check_format(const SmithCommand *command, SmithFormat format, GError **error)
{
	bool is_for_findings = format == SMITH_FORMAT_SARIF || format == SMITH_FORMAT_GITHUB;
	bool is_for_units = format >= SMITH_FORMAT_QUADLET;
	if (is_for_findings && !command->finds)
		return smith_throw(error, SMITH_ERROR_USAGE,
				   "'%s' has no findings to be written in that format",
				   command->name);
	if (is_for_units && !command->units)
		return smith_throw(error, SMITH_ERROR_USAGE,
				   "'%s' has no units to be written in that format", command->name);
	return TRUE;
}

static gboolean run(const SmithOptions *options, const SmithCommand *command, GError **error)
{
	SmithInvocation inv = {.command = command, .options = options};
	gboolean ok;

	guint names = command->of != NULL ? 2 : 1;
	inv.operands = smith_options_operands(options, &inv.n_operands) + names;
	inv.n_operands -= names;
	if (!check_operands(&inv, error) || !change_directory(options, error))
		return FALSE;
	inv.format = (SmithFormat)smith_options_enum(options, "format", SMITH_FORMAT_TEXT);
	if (!check_format(command, inv.format, error))
		return FALSE;
	inv.verbosity = (int)smith_options_flag(options, "verbose") -
			(int)smith_options_flag(options, "quiet");
	inv.jobs = (guint)smith_options_int(options, "jobs", smith_pool_default_workers());
	inv.events = smith_ui_new(
		(SmithProgress)smith_options_enum(options, "progress", SMITH_PROGRESS_AUTO),
		want_color(options), inv.verbosity);
	ok = smith_prepare(&inv, error) && command->run(&inv, error);
	smith_ui_free(inv.events);
	smith_prepared_free(inv.prepared);
	return ok;
}

static gboolean run_or_help(const SmithOptions *options, const SmithCommand *command,
			    GError **error)
{
	if (smith_options_flag(options, "help")) {
		g_autofree char *text = smith_help_text(command);

		smith_print("%s", text);
		return TRUE;
	}
	if (smith_options_flag(options, "version")) {
		smith_print("ocismith %s\n", SMITH_VERSION);
		return TRUE;
	}
	if (command == NULL)
		return smith_throw(error, SMITH_ERROR_USAGE, "no command is given");
	if (command->rows != NULL)
		return smith_throw(error, SMITH_ERROR_USAGE, "'%s' needs a command of its own",
				   command->name);
	return run(options, command, error);
}

int main(int argc, char **argv)
{
	g_autoptr(SmithOptions) options = smith_options_new();
	g_autoptr(GError) error = NULL;
	const SmithCommand *command = NULL;
	g_autofree char *title = NULL;
	gboolean ok;

	open_standard_streams();
	(void)signal(SIGPIPE, SIG_IGN);
	(void)mallopt(M_TOP_PAD, HEAP_STEP);
	ok = parse(options, argc > 0 ? argv + 1 : argv, &command, &error);
	smith_report_set_color(want_color(options));
	ok = ok && run_or_help(options, command, &error);
	/* what was printed before a failure is still wanted, and its error comes first */
	ok = smith_output_finish(ok ? &error : NULL) && ok;
	if (error != NULL)
		smith_report_error(error);
	title = command != NULL ? smith_command_title(command) : g_strdup("");
	if (g_error_matches(error, SMITH_ERROR, SMITH_ERROR_USAGE))
		smith_report_hint("see 'ocismith %s%s--help'", title, command != NULL ? " " : "");
	return ok ? SMITH_EXIT_DONE : MAX(smith_report_status(error), SMITH_EXIT_FAILED);
}
