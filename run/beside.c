/* SPDX-License-Identifier: Apache-2.0 */
#include "run/beside.h"

struct SmithBeside {
	SmithRunOptions options;
	SmithRunResult result;
	GError *error;
	GThread *thread;
	gint released;
	GMutex lock;
	GCond changed;
	bool healthy;
	bool ended;
};

static void tell_healthy(gpointer data)
{
	SmithBeside *beside = data;
	g_mutex_lock(&beside->lock);
	beside->healthy = true;
	g_cond_signal(&beside->changed);
	g_mutex_unlock(&beside->lock);
}

static gpointer run(gpointer data)
{
	SmithBeside *beside = data;
	(void)smith_run_service(&beside->options, &beside->result, &beside->error);
	g_mutex_lock(&beside->lock);
	beside->ended = true;
	g_cond_signal(&beside->changed);
	g_mutex_unlock(&beside->lock);
	return NULL;
}

SmithBeside *smith_beside_start(const SmithRunOptions *options)
{
	SmithBeside *beside = g_new0(SmithBeside, 1);
	g_mutex_init(&beside->lock);
	g_cond_init(&beside->changed);
	beside->options = *options;
	beside->options.healthy = tell_healthy;
	beside->options.healthy_data = beside;
	beside->options.released = &beside->released;
	beside->thread = g_thread_new("beside", run, beside);
	g_mutex_lock(&beside->lock);
	while (!beside->healthy && !beside->ended)
		g_cond_wait(&beside->changed, &beside->lock);
	g_mutex_unlock(&beside->lock);
	return beside;
}

bool smith_beside_is_well(SmithBeside *beside)
{
	g_mutex_lock(&beside->lock);
	bool is_well = beside->healthy && !beside->ended;
	g_mutex_unlock(&beside->lock);
	return is_well;
}

gboolean smith_beside_stop(SmithBeside *beside, SmithRunResult *result, GError **error)
{
	g_atomic_int_set(&beside->released, 1);
	(void)g_thread_join(beside->thread);
	*result = beside->result;
	gboolean ok = beside->error == NULL;
	if (!ok)
		g_propagate_error(error, beside->error);
	g_mutex_clear(&beside->lock);
	g_cond_clear(&beside->changed);
	g_free(beside);
	return ok;
}
