/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/help.h"

#include <string.h>

#define WIDTH 80
#define INDENT 26

/* Appends @text in lines of at most WIDTH columns, the first beginning at @column, the others at
 * @indent. */
static void append_wrapped(GString *out, const char *text, guint column, guint indent)
{
	g_auto(GStrv) words = g_strsplit(text, " ", -1);
	bool first = true;

	for (guint i = 0; words[i] != NULL; i++) {
		guint length = (guint)strlen(words[i]);

		if (!first && column + 1 + length > WIDTH) {
			g_string_append_printf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (!first) {
			g_string_append_c(out, ' ');
			column++;
		}
		g_string_append(out, words[i]);
		column += length;
		first = false;
	}
	g_string_append_c(out, '\n');
}

static void append_item(GString *out, const char *term, const char *help)
{
	guint length = (guint)strlen(term);

	g_string_append_printf(out, "  %s", term);
	if (2 + length + 2 > INDENT)
		g_string_append_printf(out, "\n%*s", INDENT, "");
	else
		g_string_append_printf(out, "%*s", (int)(INDENT - 2 - length), "");
	append_wrapped(out, help, INDENT, INDENT);
}

/* "one of text, json" after the help of an enumeration */
static char *option_help(const SmithOption *option)
{
	g_autofree char *values = NULL;

	if (option->kind != SMITH_OPTION_ENUM)
		return g_strdup(option->help);
	values = g_strjoinv(", ", (char **)option->values);
	return g_strdup_printf("%s: %s", option->help, values);
}

static char *option_term(const SmithOption *option)
{
	GString *term = g_string_new(NULL);

	if (option->letter != 0)
		g_string_append_printf(term, "-%c, ", option->letter);
	else
		g_string_append(term, "    ");
	g_string_append_printf(term, "--%s", option->name);
	if (option->argument != NULL)
		g_string_append_printf(term, option->optional ? "[=%s]" : " %s", option->argument);
	return g_string_free(term, FALSE);
}

static void append_options(GString *out, const char *heading, const SmithOption *table)
{
	g_string_append_printf(out, "\n%s:\n", heading);
	for (; table != NULL && table->name != NULL; table++) {
		g_autofree char *term = option_term(table);
		g_autofree char *help = option_help(table);

		append_item(out, term, help);
	}
}

static void append_commands(GString *out, const SmithCommand *parent)
{
	g_string_append(out, "\nCommands:\n");
	for (const SmithCommand *row = smith_command_next_of(parent, NULL); row != NULL;
	     row = smith_command_next_of(parent, row))
		if (!row->hidden)
			append_item(out, row->name, row->summary);
}

static const char *operands_of(const SmithCommand *command)
{
	return command->rows != NULL ? "COMMAND [ARGUMENT...]" : command->operands;
}

char *smith_help_text(const SmithCommand *command)
{
	GString *out = g_string_new("usage: ocismith [OPTION...] ");

	if (command == NULL) {
		g_string_append(out, "COMMAND [ARGUMENT...]\n\n"
				     "Turns a fleet of Python services into OCI images and systemd "
				     "units, rootless and\nwithout a daemon.\n");
		append_commands(out, NULL);
		append_options(out, "Options, before or after the command", smith_global_options);
		g_string_append(out, "\n'ocismith help COMMAND' tells more about a command.\n");
		return g_string_free(out, FALSE);
	}
	g_autofree char *title = smith_command_title(command);
	const char *operands = operands_of(command);
	g_string_append_printf(out, "%s%s%s\n\n", title, operands != NULL ? " " : "",
			       operands != NULL ? operands : "");
	g_string_append_printf(out, "%s.\n", command->summary);
	if (command->details != NULL) {
		g_string_append_c(out, '\n');
		append_wrapped(out, command->details, 0, 0);
	}
	if (command->rows != NULL)
		append_commands(out, command);
	if (command->options != NULL)
		append_options(out, "Options", command->options);
	append_options(out, "Global options", smith_global_options);
	return g_string_free(out, FALSE);
}

/* roff takes a backslash, a hyphen, and a dot or quote at the start of a line for its own. */
static void append_roff(GString *out, const char *text)
{
	for (const char *c = text; *c != '\0'; c++) {
		if (*c == '\\')
			g_string_append(out, "\\e");
		else if (*c == '-')
			g_string_append(out, "\\-");
		else if ((*c == '.' || *c == '\'') && (c == text || c[-1] == '\n'))
			g_string_append_printf(out, "\\&%c", *c);
		else
			g_string_append_c(out, *c);
	}
}

static void append_roff_options(GString *out, const SmithOption *table)
{
	for (; table != NULL && table->name != NULL; table++) {
		g_autofree char *help = option_help(table);

		g_string_append(out, ".TP\n");
		if (table->letter != 0)
			g_string_append_printf(out, "\\fB\\-%c\\fR, ", table->letter);
		g_string_append(out, "\\fB\\-\\-");
		append_roff(out, table->name);
		g_string_append(out, "\\fR");
		if (table->argument != NULL)
			g_string_append_printf(out,
					       table->optional ? "[=\\fI%s\\fR]" : " \\fI%s\\fR",
					       table->argument);
		g_string_append_c(out, '\n');
		append_roff(out, help);
		g_string_append(out, ".\n");
	}
}

static void append_roff_commands(GString *out)
{
	g_string_append(out, ".SH COMMANDS\n");
	for (const SmithCommand *row = smith_command_next(NULL); row != NULL;
	     row = smith_command_next(row)) {
		if (row->hidden)
			continue;
		g_string_append_printf(out, ".TP\n\\fBocismith\\-%s\\fR(1)\n", row->name);
		append_roff(out, row->summary);
		g_string_append(out, ".\n");
	}
}

/* A command's own commands, each with its options. */
static void append_roff_rows(GString *out, const SmithCommand *command)
{
	g_string_append(out, ".SH COMMANDS\n");
	for (const SmithCommand *row = smith_command_next_of(command, NULL); row != NULL;
	     row = smith_command_next_of(command, row)) {
		if (row->hidden)
			continue;
		g_string_append_printf(out, ".TP\n\\fB%s\\fR ", row->name);
		if (row->operands != NULL)
			append_roff(out, row->operands);
		g_string_append_c(out, '\n');
		append_roff(out, row->summary);
		g_string_append(out, ".\n");
		if (row->details != NULL) {
			append_roff(out, row->details);
			g_string_append_c(out, '\n');
		}
		if (row->options == NULL)
			continue;
		g_string_append(out, ".RS\n");
		append_roff_options(out, row->options);
		g_string_append(out, ".RE\n");
	}
}

char *smith_help_roff(const SmithCommand *command)
{
	const char *name = command != NULL ? command->name : "";
	const char *dash = command != NULL ? "\\-" : "";
	const char *space = command != NULL ? " " : "";
	g_autofree char *upper = g_ascii_strup(name, -1);
	GString *out = g_string_new(NULL);

	g_string_append_printf(out, ".TH OCISMITH%s%s 1 \"\" \"ocismith " SMITH_VERSION "\"\n",
			       dash, upper);
	g_string_append_printf(out, ".SH NAME\nocismith%s%s \\- ", dash, name);
	append_roff(out, command != NULL ? command->summary
					 : "OCI images and systemd units for a fleet of Python "
					   "services");
	g_string_append_printf(out, "\n.SH SYNOPSIS\n.nf\n\\fBocismith%s%s\\fR ", space, name);
	const char *operands = command != NULL ? operands_of(command) : "COMMAND [ARGUMENT...]";
	append_roff(out, operands != NULL ? "[OPTION...] " : "[OPTION...]");
	if (operands != NULL)
		append_roff(out, operands);
	g_string_append(out, "\n.fi\n.\\\" body\n");
	if (command == NULL)
		append_roff_commands(out);
	else if (command->rows != NULL)
		append_roff_rows(out, command);
	g_string_append(out, ".SH OPTIONS\n");
	if (command == NULL) {
		append_roff_options(out, smith_global_options);
	} else {
		append_roff_options(out, command->options);
		g_string_append(out, ".PP\nThe global options are in \\fBocismith\\fR(1).\n");
	}
	return g_string_free(out, FALSE);
}
