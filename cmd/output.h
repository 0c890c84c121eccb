/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "base/node.h"

/*
 * stdout: the result of a command, and nothing else.
 *
 * Nothing here reports write errors at once; stdio remembers them, and smith_output_finish() says
 * at the end whether all was written. A reader that went away (EPIPE) is no error to talk about.
 */
void smith_print(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* The bytes as they are: blobs, archives. */
void smith_print_bytes(const void *data, gsize length);

/* Pretty JSON with a final newline. */
void smith_print_json(const SmithNode *node);

/* Text from files and registries, fit for a terminal: control characters and what is not UTF-8
 * become \xNN. */
char *smith_output_escape(const char *text);

/* "812 B", "1.2 kB", "34 MB": decimal units, at most three digits. */
char *smith_output_size(guint64 bytes);

/* Flushes. FALSE with @error set when something could not be written; with *@error NULL when the
 * reader went away. */
gboolean smith_output_finish(GError **error);

/*
 * A listing in aligned columns.
 *
 *   static const char *const headings[] = {"NAME", ">SIZE", "DIGEST", NULL};
 *   g_autoptr (SmithTable) table = smith_table_new (headings);
 *   smith_table_add (table, name, size, digest);          one string per column
 *   smith_table_print (table);
 *
 * A heading that begins with '>' aligns its column to the right. Cells are copied and escaped; NULL
 * and "" are shown as "-". The last column is not padded. Without rows only the headings are shown.
 */
typedef struct SmithTable SmithTable;
SmithTable *smith_table_new(const char *const *headings);
void smith_table_add(SmithTable *table, ...);
char *smith_table_to_string(const SmithTable *table);
void smith_table_print(const SmithTable *table);
void smith_table_free(SmithTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithTable, smith_table_free)
