/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pool.h"

#include <sched.h>
#include <stdbool.h>

typedef struct {
	SmithPoolFunc func;
	gpointer item;
	guint64 weight;
	guint index; /* in the order of submission */
	GDestroyNotify free_result;
	gpointer result;
	GError *error;
	bool done; /* run or skipped */
} Job;

/*
 * A failure skips only the jobs that were submitted after it. Jobs before it still run, so the
 * first failure in the order of submission, which is the one reported, does not depend on which
 * job was quicker: it is the one that the serial twin would have met.
 */
struct SmithPool {
	guint workers;
	GPtrArray *jobs; /* (element-type Job*) by index */
	guint taken;	 /* jobs before this index are the caller's; only its thread looks */
	GPtrArray *threads;

	GMutex mutex;
	GCond job_ready;
	GCond job_done;
	GSequence *queue;   /* (element-type Job*) not begun, the heaviest first */
	guint first_failed; /* index of the first job known to have failed */
	bool closing;
	GError *failure; /* what take reported, for every later take */
};

static void job_free(gpointer data)
{
	Job *job = data;
	if (job->result != NULL && job->free_result != NULL)
		job->free_result(job->result);
	g_clear_error(&job->error);
	g_free(job);
}

static int job_compare(gconstpointer a, gconstpointer b, G_GNUC_UNUSED gpointer data)
{
	const Job *x = a;
	const Job *y = b;
	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	return x->index < y->index ? -1 : 1;
}

static void job_run(Job *job)
{
	job->result = job->func(job->item, &job->error);
	g_assert((job->result == NULL) == (job->error != NULL));
}

SmithPool *smith_pool_new(guint workers)
{
	SmithPool *pool = g_new0(SmithPool, 1);
	pool->workers = MAX(workers, 1);
	pool->jobs = g_ptr_array_new_with_free_func(job_free);
	pool->threads = g_ptr_array_new();
	pool->queue = g_sequence_new(NULL);
	pool->first_failed = G_MAXUINT;
	g_mutex_init(&pool->mutex);
	g_cond_init(&pool->job_ready);
	g_cond_init(&pool->job_done);
	return pool;
}

guint smith_pool_workers(const SmithPool *pool)
{
	return pool->workers;
}

void smith_pool_submit(SmithPool *pool, SmithPoolFunc func, gpointer item, guint64 weight,
		       GDestroyNotify free_result)
{
	Job *job = g_new0(Job, 1);
	job->func = func;
	job->item = item;
	job->weight = weight;
	job->index = pool->jobs->len;
	job->free_result = free_result;
	g_ptr_array_add(pool->jobs, job);
	if (pool->workers == 1)
		return;
	g_mutex_lock(&pool->mutex);
	g_sequence_insert_sorted(pool->queue, job, job_compare, NULL);
	g_cond_signal(&pool->job_ready);
	g_mutex_unlock(&pool->mutex);
}

/* Called with the mutex held. */
static void run_unlocked(SmithPool *pool, Job *job)
{
	if (job->index < pool->first_failed) {
		g_mutex_unlock(&pool->mutex);
		job_run(job);
		g_mutex_lock(&pool->mutex);
		if (job->error != NULL)
			pool->first_failed = MIN(pool->first_failed, job->index);
	}
	job->done = true;
	g_cond_broadcast(&pool->job_done);
}

static gpointer work(gpointer data)
{
	SmithPool *pool = data;
	g_mutex_lock(&pool->mutex);
	while (!pool->closing) {
		GSequenceIter *first = g_sequence_get_begin_iter(pool->queue);
		if (g_sequence_iter_is_end(first)) {
			g_cond_wait(&pool->job_ready, &pool->mutex);
			continue;
		}
		Job *job = g_sequence_get(first);
		g_sequence_remove(first);
		run_unlocked(pool, job);
	}
	g_mutex_unlock(&pool->mutex);
	return NULL;
}

/* Threads begin at the first take, when all jobs are known and the heaviest can be first; never
 * more of them than there are jobs. Where not one can be made, the pool turns serial. */
static void start_threads(SmithPool *pool)
{
	guint wanted = MIN(pool->workers, pool->jobs->len - pool->taken);
	while (pool->threads->len < wanted) {
		GThread *thread = g_thread_try_new("worker", work, pool, NULL);
		if (thread == NULL)
			break;
		g_ptr_array_add(pool->threads, thread);
	}
	if (pool->threads->len == 0)
		pool->workers = 1;
}

static void wait_for(SmithPool *pool, Job *job)
{
	if (pool->workers > 1)
		start_threads(pool);
	if (pool->workers == 1) {
		job_run(job);
		job->done = true;
		return;
	}
	g_mutex_lock(&pool->mutex);
	while (!job->done)
		g_cond_wait(&pool->job_done, &pool->mutex);
	g_mutex_unlock(&pool->mutex);
}

guint smith_pool_pending(const SmithPool *pool)
{
	return pool->jobs->len - pool->taken;
}

gboolean smith_pool_take(SmithPool *pool, gpointer *result, GError **error)
{
	g_assert(smith_pool_pending(pool) > 0);
	if (result != NULL)
		*result = NULL;
	if (pool->failure == NULL) {
		Job *job = pool->jobs->pdata[pool->taken];
		wait_for(pool, job);
		if (job->error == NULL) {
			gpointer value = g_steal_pointer(&job->result);
			if (result != NULL)
				*result = value;
			else if (job->free_result != NULL)
				job->free_result(value);
			pool->taken++;
			return TRUE;
		}
		pool->failure = g_error_copy(job->error);
	}
	pool->taken++;
	if (error != NULL)
		g_propagate_error(error, g_error_copy(pool->failure));
	return FALSE;
}

void smith_pool_free(SmithPool *pool)
{
	if (pool == NULL)
		return;
	g_mutex_lock(&pool->mutex);
	pool->closing = true;
	g_cond_broadcast(&pool->job_ready);
	g_mutex_unlock(&pool->mutex);
	for (guint i = 0; i < pool->threads->len; i++)
		g_thread_join(pool->threads->pdata[i]);
	g_ptr_array_unref(pool->threads);
	g_sequence_free(pool->queue);
	g_ptr_array_unref(pool->jobs);
	g_clear_error(&pool->failure);
	g_mutex_clear(&pool->mutex);
	g_cond_clear(&pool->job_ready);
	g_cond_clear(&pool->job_done);
	g_free(pool);
}

guint smith_pool_default_workers(void)
{
	cpu_set_t set;
	/* the set is too small where there are more than 1024 processors */
	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return g_get_num_processors();
	return (guint)MAX(CPU_COUNT(&set), 1);
}
