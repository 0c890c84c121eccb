/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * Options of the command line: tables of them, and a parser that fills in their values.
 *
 *   SmithOptions *options = smith_options_new ();
 *   smith_options_add (options, global_table);
 *   smith_options_parse (options, &args, TRUE, error)       up to the command's name
 *   smith_options_add (options, command->options);
 *   smith_options_parse (options, &args, FALSE, error)      the rest
 *   smith_options_string (options, "store") ...
 *
 * Understood: --opt=value, --opt value, -oVALUE, -o VALUE, bundled flags (-qv), "--" (all that
 * follows are operands), "-" (an operand). Long names are never abbreviated, so that a new option
 * cannot change what an old script means. An option that takes one value is refused when it is
 * given twice; a flag may be repeated.
 *
 * Tables and argument strings are borrowed and must outlive the SmithOptions. All errors are
 * SMITH_ERROR_USAGE.
 */
typedef enum {
	SMITH_OPTION_FLAG,
	SMITH_OPTION_STRING,
	SMITH_OPTION_INT,  /* decimal, within .min and .max */
	SMITH_OPTION_ENUM, /* one of .values */
	SMITH_OPTION_LIST, /* a string each time it is given */
} SmithOptionKind;

/* What a shell may offer for a value. */
typedef enum {
	SMITH_COMPLETE_NOTHING,
	SMITH_COMPLETE_FILE,
	SMITH_COMPLETE_DIRECTORY,
} SmithComplete;

/* One option; a table ends with a zeroed one. */
typedef struct {
	const char *name; /* "output", given as --output */
	char letter;	  /* 'o', given as -o; 0: none */
	SmithOptionKind kind;
	const char *argument; /* "DIR", for help; NULL with FLAG */
	const char *help;     /* one sentence without a full stop */
	const char *const *values;
	gint64 min, max;
	/* STRING, LIST: the value may be left out, which gives ""; it is then only taken from
	 * --opt=value and -oVALUE, never from the next argument. */
	bool optional;
	SmithComplete complete;
	const char *with;    /* the option without which this one means nothing, or NULL */
	const char *without; /* the option that cannot be given beside this one, or NULL */
} SmithOption;

typedef struct SmithOptions SmithOptions;
SmithOptions *smith_options_new(void);
void smith_options_free(SmithOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithOptions, smith_options_free)

/* Adds a table; NULL adds nothing. Names and letters must not occur in an earlier table. */
void smith_options_add(SmithOptions *options, const SmithOption *table);

/* Reads from *@args (NULL-terminated) on and leaves it after the last argument used: the end, or
 * with @one_operand after the first operand. At the end, options are held against .with and
 * .without. */
gboolean smith_options_parse(SmithOptions *options, char ***args, bool one_operand, GError **error);

/* What was no option, in order; NULL-terminated, borrowed. */
const char *const *smith_options_operands(const SmithOptions *options, guint *count);

/* The values by name. A name that is in no table is a programmer's error and aborts. */
guint smith_options_count(const SmithOptions *options, const char *name); /* times given */
bool smith_options_flag(const SmithOptions *options, const char *name);
const char *smith_options_string(const SmithOptions *options, const char *name); /* or NULL */
gint64 smith_options_int(const SmithOptions *options, const char *name, gint64 fallback);
int smith_options_enum(const SmithOptions *options, const char *name, int fallback); /* an index */
/* NULL-terminated, empty when not given, borrowed. */
const char *const *smith_options_list(const SmithOptions *options, const char *name);
