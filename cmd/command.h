/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/event.h"
#include "cmd/option.h"

/*
 * Commands as data. One table (cmd/table.c) has a row per command; dispatch, --help, the spelling
 * suggestions, the shell completions and the man pages' NAME, SYNOPSIS and OPTIONS all come from
 * it.
 *
 * A command is a row in cmd/table.c, a declaration in cmd/commands.h, a file cmd/cmd-NAME.c and a
 * man page body docs/man/ocismith-NAME.1.in. Its run function gets an invocation in which
 * everything that its row needs has been prepared (cmd/prepare.h), prints its result with
 * cmd/output.h, and returns FALSE with @error set when it fails; main() prints that error and maps
 * its code to the exit status (cmd/report.h).
 */
typedef enum {
	SMITH_NEEDS_NOTHING = 0,
	SMITH_NEEDS_FLEET = 1 << 0,   /* fleet.yaml, found, loaded and without errors */
	SMITH_NEEDS_LOCK = 1 << 1,    /* build-lock.json, loaded; implies the fleet */
	SMITH_NEEDS_STORE = 1 << 2,   /* the store, opened (and made when it is missing) */
	SMITH_NEEDS_SOURCES = 1 << 3, /* with the fleet: the checks that read its programs, too */
	SMITH_NEEDS_PEACE = 1 << 4,   /* the fleet's warnings are for others to tell */
} SmithNeeds;

typedef enum {
	SMITH_FORMAT_TEXT,
	SMITH_FORMAT_JSON,
	SMITH_FORMAT_SARIF, /* these two for findings only */
	SMITH_FORMAT_GITHUB,
	SMITH_FORMAT_QUADLET, /* these three for units only: of quadlets text is the same */
	SMITH_FORMAT_KUBE,
	SMITH_FORMAT_SHELL,
} SmithFormat;

typedef struct SmithCommand SmithCommand;
typedef struct SmithPrepared SmithPrepared;

/* One run of one command. Everything is owned by main() and borrowed by the command. */
typedef struct {
	const SmithCommand *command;
	const SmithOptions *options; /* global ones and the command's */
	const char *const *operands; /* NULL-terminated, without the command's name */
	guint n_operands;
	SmithFormat format;
	int verbosity; /* -1 with -q, 0, 1 with -v */
	guint jobs;    /* at least 1 */
	SmithEvents *events;
	SmithPrepared *prepared; /* cmd/prepare.h: fleet, lock, store */
} SmithInvocation;

struct SmithCommand {
	const char *name;
	const char *summary;  /* one line, imperative, no full stop */
	const char *operands; /* "[TARGET...]", NULL: none */
	guint min_operands;
	guint max_operands;		  /* G_MAXUINT: any number */
	const char *const *operand_words; /* for completion: what the operand may be, or NULL */
	SmithComplete operand_complete;
	const SmithOption *options; /* NULL: only the global ones */
	unsigned needs;		    /* SmithNeeds */
	gboolean (*run)(SmithInvocation *inv, GError **error);
	const char *details; /* paragraphs for --help below the synopsis, or NULL */
	bool hidden;	     /* not listed, but can be run */
	bool finds;	     /* its result are findings: in the formats of those, too */
	bool units;	     /* its result are units: in the formats of those, too */
	/* Rows of a command that has commands of its own ("seccomp show"), ending with a zeroed
	 * one; it has then neither operands nor options nor a run function. These have a smith_cmd_
	 * of their own, and no man page: the command's tells of them. */
	const SmithCommand *rows;
	const char *of; /* in such rows, the command's name */
};

/* The global options; they are understood before and after the command. */
extern const SmithOption smith_global_options[];

/* The rows in the order of the help: the first after NULL, NULL after the last. */
const SmithCommand *smith_command_next(const SmithCommand *previous);

/* The same of the rows of @parent (NULL: the commands). */
const SmithCommand *smith_command_next_of(const SmithCommand *parent, const SmithCommand *previous);

/* NULL when there is none. */
const SmithCommand *smith_command_find(const char *name);

/* As smith_command_find(), with SMITH_ERROR_USAGE and the nearest name as a suggestion. */
const SmithCommand *smith_command_lookup(const char *name, GError **error);
/* The same among the rows of @parent. */
const SmithCommand *smith_command_lookup_of(const SmithCommand *parent, const char *name,
					    GError **error);
/* "seccomp show": as it is typed; transfer full. */
char *smith_command_title(const SmithCommand *command);
