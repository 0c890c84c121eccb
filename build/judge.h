/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * Something that is to be found out before a build's images get their names, meanwhile in a thread
 * of its own.
 *
 *   SmithJudging judging = {judge, data};
 *   smith_judging_begin (&judging);           when there is other work; any number of times
 *   ...
 *   smith_judging_end (&judging, error)       what judge() said; it is called now if it was not yet
 *   smith_judging_clear (&judging);           waits for it
 */
typedef gboolean (*SmithJudge)(gpointer data, GError **error);

typedef struct {
	SmithJudge judge; /* NULL: nothing is to be found out */
	gpointer data;
	GThread *thread;
	GError *error;
} SmithJudging;

void smith_judging_begin(SmithJudging *judging);
gboolean smith_judging_end(SmithJudging *judging, GError **error);
void smith_judging_clear(SmithJudging *judging);
