/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "quadlet/reach.h"

/*
 * What units have written, by journalctl, entry by entry as they come.
 *
 *   SmithJournalQuery query = {.units = units, .lines = 100, .follow = true};
 *   smith_journal_read (reach, &query, take, data, error)
 */
typedef struct {
	const char *const *units;
	gint64 lines;	   /* the last ones; 0: all */
	const char *since; /* as journalctl has it; or NULL */
	bool follow;	   /* wait for more, until we are ended */
} SmithJournalQuery;

typedef enum {
	SMITH_JOURNAL_PROGRAM, /* what the unit's own programs have written */
	SMITH_JOURNAL_SYSTEMD, /* what systemd says of it */
	SMITH_JOURNAL_PODMAN,  /* an event of podman's: a container was made; or that one's id */
} SmithJournalSource;

typedef struct {
	SmithJournalSource source;
	char *unit;	 /* that wrote it, or that systemd writes about; or NULL */
	char *container; /* podman's name of it; or NULL */
	char *text;	 /* valid UTF-8; may have several lines */
	gint64 time;	 /* microseconds of the epoch */
} SmithJournalEntry;

/* FALSE: no more is wanted, which is no error. */
typedef bool (*SmithJournalTake)(const SmithJournalEntry *entry, gpointer data);

#define SMITH_JOURNAL_LINE_LIMIT (4 * 1024 * 1024)

/* With no unit there is nothing. What journalctl says goes to our own error stream. */
gboolean smith_journal_read(const SmithReach *reach, const SmithJournalQuery *query,
			    SmithJournalTake take, gpointer data, GError **error);

/* One line of `journalctl --output=json`; of root's units with @system. */
gboolean smith_journal_parse(const char *line, gsize length, bool system, SmithJournalEntry *entry,
			     GError **error);
void smith_journal_entry_clear(SmithJournalEntry *entry);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SmithJournalEntry, smith_journal_entry_clear)
