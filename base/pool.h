/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * An ordered pool of workers: jobs run in any order, on as many threads as asked for, and their
 * results are taken in the order in which the jobs were submitted, so that a parallel run equals
 * the serial one. With one worker no thread is made: a job runs when its result is asked for (the
 * serial twin, same interface).
 *
 *   SmithPool *pool = smith_pool_new (jobs);
 *   smith_pool_submit (pool, func, item, 0) ... for each
 *   while (smith_pool_pending (pool) > 0)
 *           if (!smith_pool_take (pool, &result, error)) return FALSE;
 *
 * Submit all, then take all; take may wait for a job that is slower than its successors. Workers
 * begin at the first take. One thread submits and takes.
 *
 * Failure: take reports the failure that is the first in the order of submission, whichever job was
 * quicker, and every later take reports it again. Jobs submitted after a failed one are skipped if
 * they have not begun; those before it still run. Freeing a pool waits for running jobs and starts
 * no others; results that were not taken go to the job's own free function.
 */
typedef struct SmithPool SmithPool;

/* Does the job of @item; the result or NULL with @error set (a job with no result returns @item).
 */
typedef gpointer (*SmithPoolFunc)(gpointer item, GError **error);

SmithPool *smith_pool_new(guint workers);
guint smith_pool_workers(const SmithPool *pool);
/* Jobs with a higher @weight begin first (largest first keeps the workers even). */
void smith_pool_submit(SmithPool *pool, SmithPoolFunc func, gpointer item, guint64 weight,
		       GDestroyNotify free_result);
guint smith_pool_pending(const SmithPool *pool);
/* @result may be NULL: the job's free function, if any, gets it. Only while one is pending. */
gboolean smith_pool_take(SmithPool *pool, gpointer *result, GError **error);
void smith_pool_free(SmithPool *pool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithPool, smith_pool_free)

/* The number of processors that this process may use (sched_getaffinity). */
guint smith_pool_default_workers(void);
