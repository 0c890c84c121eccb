/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * A unit file for one version of podman: sections of KEY=VALUE lines, each value said as its key is
 * read (quadlet/quote.h), each key of a quadlet looked up (quadlet/keys.h).
 *
 *   SmithUnit *unit = smith_unit_new (504, "service 'Web'");
 *   smith_unit_set (unit, "Unit", "After", "redis.service");       systemd's own
 *   smith_unit_key (unit, "Container", "Memory", "512m");          of a quadlet
 *   char *text = smith_unit_text (unit, error);
 *
 * A key that is younger than the version becomes its option in PodmanArgs=, if that section has it
 * then. Before quadlets, below SMITH_UNIT_QUADLET, all become options, which smith_unit_command()
 * gives. What can be said in no way is the error that smith_unit_text() returns: the first one
 * stays, and what is added after it is nothing. A key that is in no version is a programmer's
 * error.
 *
 * Sections are written in the order of their first lines, and may be added to in any order.
 */
#define SMITH_UNIT_QUADLET 404

typedef struct SmithUnit SmithUnit;

/* @subject is for messages: whose unit it is. */
SmithUnit *smith_unit_new(int podman, const char *subject);
void smith_unit_free(SmithUnit *unit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithUnit, smith_unit_free)

/* "# TEXT": before the first section, and as a line of @section. */
void smith_unit_comment(SmithUnit *unit, const char *section, const char *text);

/* Systemd's own keys. */
void smith_unit_set(SmithUnit *unit, const char *section, const char *key, const char *value);
void smith_unit_setf(SmithUnit *unit, const char *section, const char *key, const char *format, ...)
	G_GNUC_PRINTF(4, 5);
/* As set, once: a line that is there already is not written again. */
void smith_unit_depend(SmithUnit *unit, const char *key, const char *name);
/* A command line of words. */
void smith_unit_run(SmithUnit *unit, const char *key, const char *const *argv);
/* Words without "$" of their own, such as assignments. */
void smith_unit_words(SmithUnit *unit, const char *section, const char *key,
		      const char *const *words);
/* The value is written as it is: it has been made for systemd, with its specifiers. */
void smith_unit_verbatim(SmithUnit *unit, const char *section, const char *key, const char *value);

/* Keys of a quadlet. */
void smith_unit_key(SmithUnit *unit, const char *section, const char *key, const char *value);
void smith_unit_keyf(SmithUnit *unit, const char *section, const char *key, const char *format, ...)
	G_GNUC_PRINTF(4, 5);
/* SPECIFIER followed by VALUE: "%t" and a path. */
void smith_unit_key_at(SmithUnit *unit, const char *section, const char *key, const char *specifier,
		       const char *value);
/* An option that has no key, one word: "--cpus=2"; and one that is written as it is. */
void smith_unit_option(SmithUnit *unit, const char *section, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
/* OPTION, SPECIFIER and VALUE in one word. */
void smith_unit_option_at(SmithUnit *unit, const char *section, const char *option,
			  const char *specifier, const char *value);
void smith_unit_option_verbatim(SmithUnit *unit, const char *section, const char *word);
/* Exec=, with words that the generator would lose (empty ones, ";") in variables of the service. */
void smith_unit_exec(SmithUnit *unit, const char *const *argv);
/* User= and Group=, @group may be NULL. */
void smith_unit_user(SmithUnit *unit, const char *user, const char *group);
/* Started when it is healthy. False where podman cannot: started is all there is. */
bool smith_unit_notify_healthy(SmithUnit *unit);

/* Before quadlets: "PROGRAM OPTIONS OPERAND EXEC", to be written by smith_unit_verbatim(). @program
 * is written as it is, @operand may be NULL. Transfer full. */
char *smith_unit_command(SmithUnit *unit, const char *program, const char *operand);

/* Says why this unit cannot be. */
void smith_unit_refuse(SmithUnit *unit, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Transfer full; NULL and @error when something could not be said. */
char *smith_unit_text(const SmithUnit *unit, GError **error);
