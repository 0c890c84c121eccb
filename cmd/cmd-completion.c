/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/commands.h"
#include "cmd/output.h"

#include <string.h>

#include "base/error.h"

/* Inside single quotes of all three shells; the table holds no single quote where it matters, but
 * nothing may depend on that. */
static char *quote(const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, "'", -1);
	g_autofree char *inner = g_strjoinv("'\\''", parts);

	return g_strdup_printf("'%s'", inner);
}

static char *command_names(const SmithCommand *parent)
{
	GString *names = g_string_new(NULL);

	for (const SmithCommand *row = smith_command_next_of(parent, NULL); row != NULL;
	     row = smith_command_next_of(parent, row))
		if (!row->hidden)
			g_string_append_printf(names, "%s%s", names->len > 0 ? " " : "", row->name);
	return g_string_free(names, FALSE);
}

/* The words that can follow a command's name, or NULL. */
static char *operand_words(const SmithCommand *command)
{
	if (command->operand_words != NULL)
		return g_strjoinv(" ", (char **)command->operand_words);
	if (command->rows != NULL)
		return command_names(command);
	return strcmp(command->name, "help") == 0 ? command_names(NULL) : NULL;
}

static char *option_words(const SmithOption *table)
{
	GString *words = g_string_new(NULL);

	for (; table != NULL && table->name != NULL; table++) {
		if (table->letter != 0)
			g_string_append_printf(words, "-%c ", table->letter);
		g_string_append_printf(words, "--%s%s ", table->name,
				       table->kind != SMITH_OPTION_FLAG && !table->optional ? "="
											    : "");
	}
	return g_string_free(words, FALSE);
}

static char *all_option_words(const SmithCommand *command)
{
	GString *words = g_string_new(NULL);
	g_autofree char *own = option_words(command->options);

	g_string_append(words, own);
	for (const SmithCommand *row = command->rows; row != NULL && row->name != NULL; row++) {
		g_autofree char *more = option_words(row->options);

		g_string_append(words, more);
	}
	return g_string_free(words, FALSE);
}

/* The tables of a command and of those that it has itself. */
static void each_table(const SmithCommand *command,
		       void (*print)(const char *scope, const SmithOption *table))
{
	print(command->name, command->options);
	for (const SmithCommand *row = command->rows; row != NULL && row->name != NULL; row++)
		print(command->name, row->options);
}

/* case branches that complete the value of each option; the global table has @scope "*" */
static void bash_values(const char *scope, const SmithOption *table)
{
	for (; table != NULL && table->name != NULL; table++) {
		g_autofree char *words = NULL;

		if (table->kind == SMITH_OPTION_FLAG)
			continue;
		smith_print("\t%s:--%s", scope, table->name);
		if (table->letter != 0)
			smith_print(" | %s:-%c", scope, table->letter);
		if (table->values != NULL)
			words = g_strjoinv(" ", (char **)table->values);
		if (words != NULL)
			smith_print(") mapfile -t COMPREPLY < <(compgen -W '%s' -- \"$cur\"); "
				    "return ;;\n",
				    words);
		else if (table->complete == SMITH_COMPLETE_DIRECTORY)
			smith_print(
				") mapfile -t COMPREPLY < <(compgen -d -- \"$cur\"); return ;;\n");
		else if (table->complete == SMITH_COMPLETE_FILE)
			smith_print(
				") mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); return ;;\n");
		else
			smith_print(") %s ;;\n", table->optional ? ":" : "return");
	}
}

static void print_bash(void)
{
	g_autofree char *names = command_names(NULL);
	g_autofree char *global = option_words(smith_global_options);

	smith_print("# bash completion of ocismith; printed by 'ocismith completion bash'\n"
		    "_ocismith()\n{\n"
		    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
		    "\tlocal word command='' words='%s%s' commands=' %s ' i\n"
		    "\tif [[ $cur == = ]]; then cur=; fi\n"
		    "\tif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
		    "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		    "\t\tword=${COMP_WORDS[i]}\n"
		    "\t\tcase $commands in *\" $word \"*) command=$word; break ;; esac\n"
		    "\tdone\n"
		    "\tcase $command:$prev in\n",
		    global, names, names);
	bash_values("*", smith_global_options);
	for (const SmithCommand *row = smith_command_next(NULL); row != NULL;
	     row = smith_command_next(row))
		each_table(row, bash_values);
	smith_print("\tesac\n\tcase $command in\n");
	for (const SmithCommand *row = smith_command_next(NULL); row != NULL;
	     row = smith_command_next(row)) {
		g_autofree char *own = all_option_words(row);
		g_autofree char *operands = operand_words(row);

		smith_print("\t%s) words='%s%s%s' ;;\n", row->name, own, global,
			    operands != NULL ? operands : "");
	}
	smith_print("\tesac\n"
		    "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
		    "\tif [[ ${COMPREPLY[0]-} == *= ]]; then compopt -o nospace; fi\n"
		    "}\ncomplete -F _ocismith ocismith\n");
}

static void zsh_options(const char *scope G_GNUC_UNUSED, const SmithOption *table)
{
	for (; table != NULL && table->name != NULL; table++) {
		const char *action = "";
		g_autofree char *values = NULL;
		g_autofree char *spec = NULL;
		g_autofree char *letter = NULL;

		if (table->values != NULL) {
			g_autofree char *joined = g_strjoinv(" ", (char **)table->values);

			values = g_strdup_printf("(%s)", joined);
			action = values;
		} else if (table->complete == SMITH_COMPLETE_DIRECTORY) {
			action = "_files -/";
		} else if (table->complete == SMITH_COMPLETE_FILE) {
			action = "_files";
		}
		/* colons and brackets have a meaning in a specification; no help text has them */
		spec = g_strdup_printf("[%s]%s%s%s%s", table->help,
				       table->argument != NULL ? ":" : "",
				       table->argument != NULL ? table->argument : "",
				       table->argument != NULL ? ":" : "", action);
		letter = quote(spec);
		smith_print("\t\t'*--%s%s'%s\n", table->name,
			    table->kind == SMITH_OPTION_FLAG ? ""
			    : table->optional		     ? "=-"
							     : "=",
			    letter);
		if (table->letter != 0)
			smith_print("\t\t'*-%c%s'%s\n", table->letter,
				    table->kind == SMITH_OPTION_FLAG ? "" : "+", letter);
	}
}

static void print_zsh(void)
{
	smith_print("#compdef ocismith\n"
		    "# zsh completion of ocismith; printed by 'ocismith completion zsh'\n"
		    "_ocismith() {\n\tlocal state line\n\tlocal -a commands global own\n"
		    "\tcommands=(\n");
	for (const SmithCommand *row = smith_command_next(NULL); row != NULL;
	     row = smith_command_next(row)) {
		g_autofree char *item = g_strdup_printf("%s:%s", row->name, row->summary);
		g_autofree char *quoted = quote(item);

		if (!row->hidden)
			smith_print("\t\t%s\n", quoted);
	}
	smith_print("\t)\n\tglobal=(\n");
	zsh_options(NULL, smith_global_options);
	smith_print("\t)\n"
		    "\t_arguments -C $global '1:command:->command' '*::argument:->argument'\n"
		    "\tif [[ $state == command ]]; then\n"
		    "\t\t_describe -t commands command commands\n\t\treturn\n\tfi\n"
		    "\tcase $line[1] in\n");
	for (const SmithCommand *row = smith_command_next(NULL); row != NULL;
	     row = smith_command_next(row)) {
		g_autofree char *words = operand_words(row);

		smith_print("\t%s)\n\t\town=(\n", row->name);
		each_table(row, zsh_options);
		smith_print("\t\t)\n\t\t_arguments $global $own");
		if (words != NULL)
			smith_print(" '*:operand:(%s)'", words);
		else if (row->operands != NULL)
			smith_print(" '*:operand:_default'");
		smith_print("\n\t\t;;\n");
	}
	smith_print("\tesac\n}\n_ocismith \"$@\"\n");
}

static void fish_options(const char *scope, const SmithOption *table)
{
	g_autofree char *condition =
		*scope != '\0' ? g_strdup_printf(" -n '__fish_seen_subcommand_from %s'", scope)
			       : g_strdup("");

	for (; table != NULL && table->name != NULL; table++) {
		g_autofree char *help = quote(table->help);

		smith_print("complete -c ocismith%s -l %s", condition, table->name);
		if (table->letter != 0)
			smith_print(" -s %c", table->letter);
		if (table->values != NULL) {
			g_autofree char *values = g_strjoinv(" ", (char **)table->values);

			smith_print(" -x -a '%s'", values);
		} else if (table->complete == SMITH_COMPLETE_DIRECTORY) {
			smith_print(" -x -a '(__fish_complete_directories)'");
		} else if (table->complete == SMITH_COMPLETE_FILE) {
			smith_print(" -r -F");
		} else if (table->kind != SMITH_OPTION_FLAG && !table->optional) {
			smith_print(" -x");
		}
		smith_print(" -d %s\n", help);
	}
}

static void print_fish(void)
{
	g_autofree char *names = command_names(NULL);

	smith_print("# fish completion of ocismith; printed by 'ocismith completion fish'\n"
		    "complete -c ocismith -f\n");
	fish_options("", smith_global_options);
	for (const SmithCommand *row = smith_command_next(NULL); row != NULL;
	     row = smith_command_next(row)) {
		g_autofree char *summary = quote(row->summary);
		g_autofree char *words = operand_words(row);
		g_autofree char *condition =
			g_strdup_printf(" -n '__fish_seen_subcommand_from %s'", row->name);

		if (!row->hidden)
			smith_print("complete -c ocismith -n 'not __fish_seen_subcommand_from %s' "
				    "-a %s -d %s\n",
				    names, row->name, summary);
		each_table(row, fish_options);
		if (words != NULL)
			smith_print("complete -c ocismith%s -a '%s'\n", condition, words);
	}
}

gboolean smith_cmd_completion(SmithInvocation *inv, GError **error)
{
	const char *shell = inv->operands[0];

	if (strcmp(shell, "bash") == 0)
		print_bash();
	else if (strcmp(shell, "zsh") == 0)
		print_zsh();
	else if (strcmp(shell, "fish") == 0)
		print_fish();
	else
		return smith_throw(error, SMITH_ERROR_USAGE,
				   "unknown shell '%s', expected bash, zsh or fish", shell);
	return TRUE;
}
