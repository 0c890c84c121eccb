/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * The text of a unit file: sections of KEY=VALUE lines (systemd.syntax(7)), with one place that
 * knows how values are escaped.
 *
 * Quadlet hands values on to systemd, which expands %specifiers and $variables in command lines:
 * both are doubled. Most keys take the rest of the line as it is; those that are split into words
 * (Environment, Label, Exec, PodmanArgs ...) need each word quoted. A line break cannot be said in
 * the former.
 */
typedef struct SmithUnit SmithUnit;

SmithUnit *smith_unit_new(void);
void smith_unit_free(SmithUnit *unit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithUnit, smith_unit_free)

void smith_unit_comment(SmithUnit *unit, const char *text);
void smith_unit_section(SmithUnit *unit, const char *name);
/* KEY=VALUE, the rest of the line raw. Line breaks and other control characters become \xNN, as
 * does a backslash at the end, which is not what was meant, but cannot begin or join another line.
 */
void smith_unit_add(SmithUnit *unit, const char *key, const char *value);
/* The same for a text that systemd shows and does not run: "$" means nothing there. */
void smith_unit_add_text(SmithUnit *unit, const char *key, const char *value);
void smith_unit_addf(SmithUnit *unit, const char *key, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* KEY=WORD WORD ..., each quoted. */
void smith_unit_add_words(SmithUnit *unit, const char *key, const char *const *words);
char *smith_unit_text(const SmithUnit *unit);

/* One word of a word list: in double quotes with C escapes where it needs them. */
char *smith_unit_quote(const char *word);
/* The value of a raw key. */
char *smith_unit_escape(const char *value);
