/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/part.h"

#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "tests/unit/fleet-test.h"

#define NAME "oci-probe"

static void assert_bytes(GBytes *bytes, const char *expected)
{
	g_assert_nonnull(bytes);
	g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), expected,
			strlen(expected));
}

static GBytes *bytes_of(const char *text)
{
	return g_bytes_new_static(text, strlen(text));
}

/* The old version's bytes are the lock's for as long as the store has them. */
static void test_locked(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithLock) lock = smith_lock_new();
	g_autoptr(GBytes) old = bytes_of("one");
	g_autoptr(GBytes) now = bytes_of("two");
	g_assert_true(smith_part_add(lock, test_fleet_store(&test), NAME, old, &error));
	g_assert_no_error(error);
	g_autofree char *digest = smith_digest_of("one", 3);
	const char *sha256 = smith_lock_part(lock, NAME)->sha256;
	g_assert_cmpstr(sha256, ==, smith_digest_hex(digest));
	g_autoptr(GBytes) same = smith_part_get(lock, test_fleet_store(&test), NAME, old, &error);
	assert_bytes(same, "one");
	g_autoptr(GBytes) kept = smith_part_get(lock, test_fleet_store(&test), NAME, now, &error);
	assert_bytes(kept, "one");
	g_autoptr(GBytes) none = smith_part_get(lock, test_fleet_store(&test), NAME, NULL, &error);
	assert_bytes(none, "one");
}

static void check_stale(TestFleet *test, SmithLock *lock, GBytes *own, const char *says)
{
	g_autoptr(GError) error = NULL;
	g_assert_null(smith_part_get(lock, test_fleet_store(test), NAME, own, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_STALE);
	g_assert_cmpstr(error->message, ==, says);
}

static void test_stale(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(SmithLock) lock = smith_lock_new();
	g_autoptr(GBytes) own = bytes_of("two");
	g_autofree char *wanted = smith_digest_of("one", 3);
	g_autofree char *got = smith_digest_of("two", 3);
	g_autofree char *other =
		g_strdup_printf("'oci-probe' of this ocismith is not that of 'build-lock.json': "
				"expected '%s', got '%s': run 'ocismith lock'",
				wanted, got);
	g_autofree char *nothing =
		g_strdup_printf("'oci-probe' of this ocismith is not that of 'build-lock.json': "
				"expected '%s', got 'none': run 'ocismith lock'",
				wanted);
	check_stale(&test, lock, own,
		    "'oci-probe' is not in 'build-lock.json': run 'ocismith lock'");
	smith_lock_set_part(lock, NAME, smith_digest_hex(wanted));
	check_stale(&test, lock, own, other);
	check_stale(&test, lock, NULL, nothing);
	/* a file that was written over is none */
	g_autofree char *path = smith_store_file_path(smith_digest_hex(wanted));
	g_autoptr(GError) error = NULL;
	g_assert_true(smith_store_make_file_dir(test_fleet_store(&test), path, &error));
	g_assert_true(smith_fd_write_file(smith_store_files_fd(test_fleet_store(&test)), path,
					  "two", 3, 0644, &error));
	check_stale(&test, lock, own, other);
}

/* What a build used of this program's is there for the next one. */
static void test_kept_by_build(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithLock) lock = smith_lock_new();
	g_autoptr(GBytes) own = bytes_of("one");
	g_autofree char *digest = smith_digest_of("one", 3);
	smith_lock_set_part(lock, NAME, smith_digest_hex(digest));
	g_autoptr(GBytes) first = smith_part_get(lock, test_fleet_store(&test), NAME, own, &error);
	assert_bytes(first, "one");
	g_autoptr(GBytes) later = smith_part_get(lock, test_fleet_store(&test), NAME, NULL, &error);
	assert_bytes(later, "one");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/fleet/part/locked", test_locked);
	g_test_add_func("/fleet/part/stale", test_stale);
	g_test_add_func("/fleet/part/kept-by-build", test_kept_by_build);
	return g_test_run();
}
