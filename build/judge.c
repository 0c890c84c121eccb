/* SPDX-License-Identifier: Apache-2.0 */
#include "build/judge.h"

#include "base/digest.h"

static gpointer run(gpointer data)
{
	SmithJudging *judging = data;
	return GINT_TO_POINTER(judging->judge(judging->data, &judging->error));
}

/* There are layers to make, and whoever writes them need not wait for the library. */
static gpointer run_in_thread(gpointer data)
{
	smith_digest_load();
	return run(data);
}

void smith_judging_begin(SmithJudging *judging)
{
	if (judging->judge != NULL && judging->thread == NULL)
		judging->thread = g_thread_new("judge", run_in_thread, judging);
}

gboolean smith_judging_end(SmithJudging *judging, GError **error)
{
	if (judging->judge == NULL)
		return TRUE;
	gboolean good = judging->thread != NULL
				? GPOINTER_TO_INT(g_thread_join(g_steal_pointer(&judging->thread)))
				: GPOINTER_TO_INT(run(judging));
	judging->judge = NULL;
	if (!good)
		g_propagate_error(error, g_steal_pointer(&judging->error));
	return good;
}

void smith_judging_clear(SmithJudging *judging)
{
	if (judging->thread != NULL)
		g_thread_join(g_steal_pointer(&judging->thread));
	g_clear_error(&judging->error);
}
