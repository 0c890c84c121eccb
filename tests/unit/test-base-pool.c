/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pool.h"

#include <gio/gio.h>
#include <sched.h>

#include "base/error.h"

/* What jobs see of a test: all of them write to it under its lock. */
typedef struct {
	GMutex lock;
	GCond cond;
	GArray *begun; /* (element-type guint) numbers in the order in which jobs began */
	guint freed;
	guint wait_for; /* a "waiting" job ends when so many have begun */
} Shared;

typedef struct {
	Shared *shared;
	guint number;
	gboolean fails;
	gboolean waits;
} Item;

static void shared_init(Shared *shared)
{
	*shared = (Shared){0};
	shared->begun = g_array_new(FALSE, FALSE, sizeof(guint));
}

static void shared_clear(Shared *shared)
{
	g_array_unref(shared->begun);
}

static void note_begin(Item *item)
{
	Shared *shared = item->shared;
	g_mutex_lock(&shared->lock);
	g_array_append_val(shared->begun, item->number);
	g_cond_broadcast(&shared->cond);
	while (item->waits && shared->begun->len < shared->wait_for)
		g_cond_wait(&shared->cond, &shared->lock);
	g_mutex_unlock(&shared->lock);
}

static gpointer run(gpointer data, GError **error)
{
	Item *item = data;
	note_begin(item);
	if (item->fails)
		return smith_throw_null(error, SMITH_ERROR_FAILED, "job %u", item->number);
	return item;
}

static void count_free(gpointer data)
{
	Item *item = data;
	g_mutex_lock(&item->shared->lock);
	item->shared->freed++;
	g_mutex_unlock(&item->shared->lock);
}

static void test_order(void)
{
	static const guint counts[] = {0, 1, 2, 3, 8};
	for (gsize c = 0; c < G_N_ELEMENTS(counts); c++) {
		Shared shared;
		shared_init(&shared);
		Item items[200];
		g_autoptr(SmithPool) pool = smith_pool_new(counts[c]);
		g_assert_cmpuint(smith_pool_workers(pool), ==, MAX(counts[c], 1));
		for (guint i = 0; i < G_N_ELEMENTS(items); i++) {
			items[i] = (Item){.shared = &shared, .number = i};
			smith_pool_submit(pool, run, &items[i], i * 7 % 13, count_free);
		}
		for (guint i = 0; i < G_N_ELEMENTS(items); i++) {
			g_autoptr(GError) error = NULL;
			gpointer result = NULL;
			g_assert_cmpuint(smith_pool_pending(pool), ==, G_N_ELEMENTS(items) - i);
			g_assert_true(smith_pool_take(pool, &result, &error));
			g_assert_no_error(error);
			g_assert_true(result == &items[i]);
		}
		g_assert_cmpuint(smith_pool_pending(pool), ==, 0);
		g_assert_cmpuint(shared.freed, ==, 0);
		g_clear_pointer(&pool, smith_pool_free);
		shared_clear(&shared);
	}
}

/* With two workers the first job waits until all others have begun, so these begin one by one on
 * the other worker: by weight, and by submission where weights are equal. */
static void test_weight(void)
{
	Shared shared;
	shared_init(&shared);
	static const guint64 weights[] = {G_MAXUINT64, 5, 9, 0, 9, 7};
	static const guint expected[] = {2, 4, 5, 1, 3};
	Item items[G_N_ELEMENTS(weights)];
	shared.wait_for = G_N_ELEMENTS(weights);
	g_autoptr(SmithPool) pool = smith_pool_new(2);
	for (guint i = 0; i < G_N_ELEMENTS(weights); i++) {
		items[i] = (Item){.shared = &shared, .number = i, .waits = i == 0};
		smith_pool_submit(pool, run, &items[i], weights[i], NULL);
	}
	for (guint i = 0; i < G_N_ELEMENTS(weights); i++)
		g_assert_true(smith_pool_take(pool, NULL, NULL));
	/* when the waiting job noted its begin is the scheduler's affair */
	for (guint i = shared.begun->len; i-- > 0;) {
		if (g_array_index(shared.begun, guint, i) == 0)
			g_array_remove_index(shared.begun, i);
	}
	g_assert_cmpmem(shared.begun->data, shared.begun->len * sizeof(guint), expected,
			sizeof(expected));
	g_clear_pointer(&pool, smith_pool_free);
	shared_clear(&shared);
}

static void test_serial(void)
{
	Shared shared;
	shared_init(&shared);
	Item items[4];
	g_autoptr(SmithPool) pool = smith_pool_new(1);
	for (guint i = 0; i < G_N_ELEMENTS(items); i++) {
		items[i] = (Item){.shared = &shared, .number = i};
		smith_pool_submit(pool, run, &items[i], i, NULL);
	}
	for (guint i = 0; i < G_N_ELEMENTS(items); i++) {
		g_assert_cmpuint(shared.begun->len, ==, i);
		g_assert_true(smith_pool_take(pool, NULL, NULL));
		g_assert_cmpuint(g_array_index(shared.begun, guint, i), ==, i);
	}
	g_clear_pointer(&pool, smith_pool_free);
	shared_clear(&shared);
}

/* Jobs 5 and 9 fail. Job 9 is the heaviest and surely fails first when there are workers, yet
 * everything looks as with one worker. */
static void test_failure(void)
{
	static const guint counts[] = {1, 2, 4, 16};
	for (gsize c = 0; c < G_N_ELEMENTS(counts); c++) {
		Shared shared;
		shared_init(&shared);
		Item items[40];
		g_autoptr(SmithPool) pool = smith_pool_new(counts[c]);
		for (guint i = 0; i < G_N_ELEMENTS(items); i++) {
			items[i] =
				(Item){.shared = &shared, .number = i, .fails = i == 5 || i == 9};
			smith_pool_submit(pool, run, &items[i],
					  i == 9  ? 100
					  : i > 9 ? 1
						  : 50 - i,
					  count_free);
		}
		for (guint i = 0; i < G_N_ELEMENTS(items); i++) {
			g_autoptr(GError) error = NULL;
			gpointer result = &shared;
			gboolean done = smith_pool_take(pool, &result, &error);
			g_assert_cmpint(done, ==, i < 5);
			g_assert_true(result == (i < 5 ? &items[i] : NULL));
			if (i < 5)
				continue;
			g_assert_error(error, SMITH_ERROR, SMITH_ERROR_FAILED);
			g_assert_cmpstr(error->message, ==, "job 5");
		}
		g_assert_cmpuint(smith_pool_pending(pool), ==, 0);
		g_clear_pointer(&pool, smith_pool_free);
		if (counts[c] == 1)
			g_assert_cmpuint(shared.begun->len, ==, 6);
		/* what ended but was not handed out was freed: successes are begun less failed */
		guint failed = 0;
		for (guint i = 0; i < shared.begun->len; i++)
			failed += items[g_array_index(shared.begun, guint, i)].fails;
		g_assert_cmpuint(shared.freed, ==, shared.begun->len - failed - 5);
		shared_clear(&shared);
	}
}

static void test_free(void)
{
	static const guint counts[] = {1, 3};
	for (gsize c = 0; c < G_N_ELEMENTS(counts); c++) {
		Shared shared;
		shared_init(&shared);
		Item items[50];
		SmithPool *pool = smith_pool_new(counts[c]);
		for (guint i = 0; i < G_N_ELEMENTS(items); i++) {
			items[i] = (Item){.shared = &shared, .number = i};
			smith_pool_submit(pool, run, &items[i], 0, count_free);
		}
		g_assert_true(smith_pool_take(pool, NULL, NULL));
		smith_pool_free(pool);
		g_assert_cmpuint(shared.freed, ==, shared.begun->len);
		shared_clear(&shared);
	}
	smith_pool_free(smith_pool_new(4));
	smith_pool_free(NULL);
}

/* A round of submissions after a round of takes. */
static void test_again(void)
{
	Shared shared;
	shared_init(&shared);
	Item items[30];
	g_autoptr(SmithPool) pool = smith_pool_new(3);
	for (guint i = 0; i < G_N_ELEMENTS(items); i++) {
		items[i] = (Item){.shared = &shared, .number = i};
		smith_pool_submit(pool, run, &items[i], i, NULL);
		gpointer result = NULL;
		if (i % 3 == 2) {
			while (smith_pool_pending(pool) > 0)
				g_assert_true(smith_pool_take(pool, &result, NULL));
			g_assert_true(result == &items[i]);
		}
	}
	g_clear_pointer(&pool, smith_pool_free);
	shared_clear(&shared);
}

static void test_workers(void)
{
	cpu_set_t old;
	cpu_set_t one;
	g_assert_cmpint(sched_getaffinity(0, sizeof(old), &old), ==, 0);
	g_assert_cmpuint(smith_pool_default_workers(), ==, (guint)CPU_COUNT(&old));
	CPU_ZERO(&one);
	for (gsize i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++) {
		if (CPU_ISSET(i, &old))
			CPU_SET(i, &one);
	}
	g_assert_cmpint(sched_setaffinity(0, sizeof(one), &one), ==, 0);
	g_assert_cmpuint(smith_pool_default_workers(), ==, 1);
	g_assert_cmpint(sched_setaffinity(0, sizeof(old), &old), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pool/order", test_order);
	g_test_add_func("/pool/weight", test_weight);
	g_test_add_func("/pool/serial", test_serial);
	g_test_add_func("/pool/failure", test_failure);
	g_test_add_func("/pool/free", test_free);
	g_test_add_func("/pool/again", test_again);
	g_test_add_func("/pool/workers", test_workers);
	return g_test_run();
}
