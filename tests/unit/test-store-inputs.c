/* SPDX-License-Identifier: Apache-2.0 */
#include "store/inputs.h"

#include <fcntl.h>

#include "base/fd.h"

#define SECOND G_GUINT64_CONSTANT(1000000000)
#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const SmithIdentity file = {1, 2, 3, 4 * SECOND, 5 * SECOND};

static SmithStore *open_store(const char *path)
{
	g_autoptr(GError) error = NULL;
	SmithStore *store = smith_store_open(path, &error);

	g_assert_no_error(error);
	return store;
}

static void save(SmithInputs *inputs)
{
	g_autoptr(GError) error = NULL;

	smith_inputs_save(inputs, &error);
	g_assert_no_error(error);
}

static void test_round_trip(void)
{
	g_autofree char *path = g_dir_make_tmp("smith-inputs-XXXXXX", NULL);
	g_autoptr(SmithStore) store = open_store(path);
	g_autoptr(SmithInputs) inputs = smith_inputs_load(store);
	g_autoptr(SmithInputs) again = NULL;

	g_assert_null(smith_inputs_find(inputs, &file));
	smith_inputs_add(inputs, &file, DIGEST);
	save(inputs);
	again = smith_inputs_load(store);
	g_assert_cmpstr(smith_inputs_find(again, &file), ==, DIGEST);
	g_assert_true(smith_fd_remove_tree(AT_FDCWD, path, NULL));
}

/* Whatever of a file is another, it is another file. */
static void test_changes(void)
{
	g_autofree char *path = g_dir_make_tmp("smith-inputs-XXXXXX", NULL);
	g_autoptr(SmithStore) store = open_store(path);
	g_autoptr(SmithInputs) inputs = smith_inputs_load(store);
	const SmithIdentity others[] = {
		{9, 2, 3, 4 * SECOND, 5 * SECOND},     {1, 9, 3, 4 * SECOND, 5 * SECOND},
		{1, 2, 9, 4 * SECOND, 5 * SECOND},     {1, 2, 3, 4 * SECOND + 1, 5 * SECOND},
		{1, 2, 3, 4 * SECOND, 5 * SECOND + 1}, {1, 0, 3, 4 * SECOND, 5 * SECOND},
	};

	smith_inputs_add(inputs, &file, DIGEST);
	for (guint i = 0; i < G_N_ELEMENTS(others); i++)
		g_assert_null(smith_inputs_find(inputs, &others[i]));
	g_assert_true(smith_fd_remove_tree(AT_FDCWD, path, NULL));
}

/* A file that changed just before the list was written may have changed once more since. */
static void test_unsettled(void)
{
	g_autofree char *path = g_dir_make_tmp("smith-inputs-XXXXXX", NULL);
	g_autoptr(SmithStore) store = open_store(path);
	g_autoptr(SmithInputs) inputs = smith_inputs_load(store);
	g_autoptr(SmithInputs) again = NULL;
	guint64 now = (guint64)g_get_real_time() * 1000;
	const SmithIdentity fresh[] = {
		{1, 2, 3, now, 4 * SECOND},
		{1, 3, 3, 4 * SECOND, now - SECOND},
		{1, 4, 3, now + 1000 * SECOND, now},
	};

	for (guint i = 0; i < G_N_ELEMENTS(fresh); i++) {
		smith_inputs_add(inputs, &fresh[i], DIGEST);
		g_assert_nonnull(smith_inputs_find(inputs, &fresh[i]));
	}
	smith_inputs_add(inputs, &file, DIGEST);
	save(inputs);
	again = smith_inputs_load(store);
	g_assert_nonnull(smith_inputs_find(again, &file));
	for (guint i = 0; i < G_N_ELEMENTS(fresh); i++)
		g_assert_null(smith_inputs_find(again, &fresh[i]));
	g_assert_true(smith_fd_remove_tree(AT_FDCWD, path, NULL));
}

static void test_garbage(void)
{
	g_autofree char *path = g_dir_make_tmp("smith-inputs-XXXXXX", NULL);
	g_autoptr(SmithStore) store = open_store(path);
	g_autoptr(SmithInputs) inputs = NULL;
	static const char text[] =
		"\n1 2 3\nx y z\n1 2 3 4 5 beef\n"
		"1 2 3 ee6b2800 12a05f200 "
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"
		"ffffffffffffffffffffff";

	g_assert_true(smith_fd_write_file(smith_store_cache_fd(store), "inputs", text, sizeof(text),
					  0644, NULL));
	inputs = smith_inputs_load(store);
	g_assert_cmpstr(smith_inputs_find(inputs, &file), ==, DIGEST);
	g_assert_true(smith_fd_remove_tree(AT_FDCWD, path, NULL));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/store/inputs/round-trip", test_round_trip);
	g_test_add_func("/store/inputs/changes", test_changes);
	g_test_add_func("/store/inputs/unsettled", test_unsettled);
	g_test_add_func("/store/inputs/garbage", test_garbage);
	return g_test_run();
}
