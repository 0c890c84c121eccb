/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/sdist.h"

#include "store/fetch.h"
#include "tests/unit/fleet-test.h"

/* A fleet whose lock has the wheel "w" of the source "src-1.tar.gz", and nothing that can build it:
 * what the store has must do. */
typedef struct {
	TestFleet fleet;
	SmithLock *lock;
	SmithLockWheel *wheel;
	SmithLockSdist *sdist;
	SmithFamilyContext context;
} Fixture;

#define SOURCE "a source distribution\n"
#define BUILT "the wheel of it\n"

static char *sha256_of(const char *text)
{
	return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
}

static void set_up(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *store = NULL;

	(void)data;
	fixture->fleet = test_fleet_new();
	test_fleet_write(&fixture->fleet, "fleet.yaml", "fleet: t\n");
	test_fleet_write(&fixture->fleet, "src/src-1.tar.gz", SOURCE);
	test_fleet_load(&fixture->fleet);
	store = g_build_filename(fixture->fleet.path, "store", NULL);
	fixture->fleet.store = smith_store_open(store, &error);
	g_assert_no_error(error);
	fixture->lock = smith_lock_new();
	fixture->sdist = g_new0(SmithLockSdist, 1);
	fixture->sdist->file = g_strdup("src-1.tar.gz");
	fixture->sdist->url = g_strdup("src/src-1.tar.gz");
	fixture->sdist->size = (gint64)strlen(SOURCE);
	fixture->sdist->sha256 = sha256_of(SOURCE);
	fixture->sdist->wheels = g_strsplit("helper-1-py3-none-any.whl", " ", -1);
	fixture->wheel = g_new0(SmithLockWheel, 1);
	fixture->wheel->file = g_strdup("src-1-py3-none-any.whl");
	fixture->wheel->url = g_strdup("sdist:src-1.tar.gz");
	fixture->wheel->size = (gint64)strlen(BUILT);
	fixture->wheel->sha256 = sha256_of(BUILT);
	g_ptr_array_add(fixture->lock->wheels, fixture->wheel);
	fixture->context.fleet = fixture->fleet.fleet;
	fixture->context.lock = fixture->lock;
	fixture->context.execution.store = fixture->fleet.store;
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
	(void)data;
	smith_lock_free(fixture->lock);
	test_fleet_clear(&fixture->fleet);
}

static void keep(const Fixture *fixture, const char *text)
{
	g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
	g_autoptr(GError) error = NULL;
	g_autofree char *sha256 =
		smith_fetch_add_bytes(fixture->fleet.store, bytes, "kept", &error);

	g_assert_no_error(error);
	g_assert_nonnull(sha256);
}

/* What is checked is what is built: a copy of the store's, whatever becomes of the file. */
static void test_path(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = smith_sdist_path(&fixture->context, fixture->sdist, &error);
	g_autofree char *text = NULL;

	(void)data;
	g_assert_no_error(error);
	test_fleet_write(&fixture->fleet, "src/src-1.tar.gz", "another one\n");
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, SOURCE);
	g_assert_true(g_str_has_suffix(path, fixture->sdist->sha256));
	smith_lock_sdist_free(fixture->sdist);
}

static void test_path_changed(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = NULL;
	g_autofree char *found = NULL;

	(void)data;
	test_fleet_write(&fixture->fleet, "src/src-1.tar.gz", "another one\n");
	path = smith_sdist_path(&fixture->context, fixture->sdist, &error);
	g_assert_null(path);
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_VERIFY);
	g_assert_true(g_str_has_prefix(error->message,
				       "source distribution 'src-1.tar.gz': digest mismatch"));
	g_clear_error(&error);
	/* whose digest nobody knows yet */
	g_clear_pointer(&fixture->sdist->sha256, g_free);
	found = smith_sdist_path(&fixture->context, fixture->sdist, &error);
	g_assert_no_error(error);
	g_assert_nonnull(found);
	smith_lock_sdist_free(fixture->sdist);
}

static void test_path_leaves_the_fleet(Fixture *fixture, gconstpointer data)
{
	static const char *const urls[] = {"src/none.tar.gz", "../src-1.tar.gz", "src"};

	(void)data;
	for (guint i = 0; i < G_N_ELEMENTS(urls); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *path = NULL;

		g_free(fixture->sdist->url);
		fixture->sdist->url = g_strdup(urls[i]);
		path = smith_sdist_path(&fixture->context, fixture->sdist, &error);
		g_assert_null(path);
		g_assert_nonnull(error);
	}
	smith_lock_sdist_free(fixture->sdist);
}

/* Nothing is built of what the store has, and nothing is asked of a wheel that is none of ours. */
static void test_provide_known(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	(void)data;
	smith_lock_sdist_free(fixture->sdist); /* it need not even be known how */
	keep(fixture, BUILT);
	g_assert_true(smith_sdist_provide(&fixture->context, fixture->wheel, &error));
	g_assert_no_error(error);
	g_free(fixture->wheel->url);
	fixture->wheel->url = g_strdup("wheels/src-1-py3-none-any.whl");
	g_free(fixture->wheel->sha256);
	fixture->wheel->sha256 = sha256_of("nobody has it");
	g_assert_true(smith_sdist_provide(&fixture->context, fixture->wheel, &error));
	g_assert_no_error(error);
}

static void test_provide_undescribed(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	(void)data;
	g_assert_false(smith_sdist_provide(&fixture->context, fixture->wheel, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
	g_assert_nonnull(strstr(error->message, "is built of 'sdist:src-1.tar.gz', which it does "
						"not describe"));
	g_clear_error(&error);
	g_ptr_array_add(fixture->lock->sdists, fixture->sdist);
	g_assert_false(smith_sdist_provide(&fixture->context, fixture->wheel, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
	g_assert_nonnull(strstr(error->message, "is built with wheel 'helper-1-py3-none-any.whl'"));
}

static void test_wheel_paths(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GPtrArray) wheels = g_ptr_array_new();
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) files = g_ptr_array_new();
	g_autoptr(GError) error = NULL;

	(void)data;
	smith_lock_sdist_free(fixture->sdist);
	g_free(fixture->wheel->url);
	fixture->wheel->url = g_strdup("wheels/w.whl");
	test_fleet_write(&fixture->fleet, "wheels/w.whl", BUILT);
	g_ptr_array_add(wheels, fixture->wheel);
	g_assert_true(smith_sdist_wheel_paths(&fixture->context, wheels, paths, files, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(paths->len, ==, 2);
	g_assert_true(g_file_test(paths->pdata[0], G_FILE_TEST_IS_REGULAR));
	g_assert_null(paths->pdata[1]);
	g_assert_cmpstr(files->pdata[0], ==, "src-1-py3-none-any.whl");
	g_assert_null(files->pdata[1]);
	g_ptr_array_set_size(paths, 0);
	g_ptr_array_set_size(files, 0);
	test_fleet_write(&fixture->fleet, "wheels/w.whl", "another whee.l\n\n");
	g_assert_false(smith_sdist_wheel_paths(&fixture->context, wheels, paths, files, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_VERIFY);
}

static void add(const char *name, void (*test)(Fixture *, gconstpointer))
{
	g_test_add(name, Fixture, NULL, set_up, test, tear_down);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("/fleet/sdist/path", test_path);
	add("/fleet/sdist/path-changed", test_path_changed);
	add("/fleet/sdist/path-leaves-the-fleet", test_path_leaves_the_fleet);
	add("/fleet/sdist/provide-known", test_provide_known);
	add("/fleet/sdist/provide-undescribed", test_provide_undescribed);
	add("/fleet/sdist/wheel-paths", test_wheel_paths);
	return g_test_run();
}
