/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

#define KEY "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define KEY_FILE "cache/steps/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

typedef struct {
	char *path;
	int fd;
	SmithStore *store;
} TestStore;

static void test_store_clear(TestStore *test)
{
	g_clear_pointer(&test->store, smith_store_free);
	smith_fd_clear(&test->fd);
	g_assert_true(smith_fd_remove_tree(AT_FDCWD, test->path, NULL));
	g_free(test->path);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TestStore, test_store_clear)

static void reopen(TestStore *test)
{
	g_autoptr(GError) error = NULL;

	g_clear_pointer(&test->store, smith_store_free);
	test->store = smith_store_open(test->path, &error);
	g_assert_no_error(error);
}

static TestStore begin(void)
{
	TestStore test = {g_dir_make_tmp("smith-store-XXXXXX", NULL), -1, NULL};

	test.fd = smith_fd_open_dir(AT_FDCWD, test.path, NULL);
	reopen(&test);
	return test;
}

static void check_dir(const TestStore *test, const char *path)
{
	struct stat st;

	g_assert_cmpint(fstatat(test->fd, path, &st, AT_SYMLINK_NOFOLLOW), ==, 0);
	g_assert_true(S_ISDIR(st.st_mode));
}

static void test_open(void)
{
	g_auto(TestStore) test = begin();

	g_assert_cmpstr(smith_store_get_path(test.store), ==, test.path);
	check_dir(&test, "oci/blobs/sha256");
	check_dir(&test, "cache/steps");
	check_dir(&test, "cache/files");
	g_assert_nonnull(smith_store_layout(test.store));
}

/* What is there already is not written again: not a time stamp changes. */
static void test_open_again(void)
{
	g_auto(TestStore) test = begin();
	struct stat before, after;

	g_assert_cmpint(fstatat(test.fd, "oci/index.json", &before, 0), ==, 0);
	reopen(&test);
	g_assert_cmpint(fstatat(test.fd, "oci/index.json", &after, 0), ==, 0);
	g_assert_cmpuint(before.st_ino, ==, after.st_ino);
	g_assert_cmpint(before.st_mtim.tv_nsec, ==, after.st_mtim.tv_nsec);
}

static void test_default_path(void)
{
	if (g_test_subprocess()) {
		g_autoptr(GError) error = NULL;
		g_autoptr(SmithStore) store = smith_store_open(NULL, &error);
		g_autofree char *expected = NULL;

		g_assert_no_error(error);
		expected = g_build_filename(g_get_user_data_dir(), "ocismith", NULL);
		g_assert_cmpstr(smith_store_get_path(store), ==, expected);
		return;
	}
	g_autofree char *home = g_dir_make_tmp("smith-home-XXXXXX", NULL);
	g_setenv("XDG_DATA_HOME", home, TRUE);
	g_test_trap_subprocess(NULL, 0, 0);
	g_test_trap_assert_passed();
	g_unsetenv("XDG_DATA_HOME");
	g_assert_true(smith_fd_remove_tree(AT_FDCWD, home, NULL));
}

static void test_not_a_directory(void)
{
	g_auto(TestStore) test = begin();
	g_autofree char *path = g_build_filename(test.path, "file", "store", NULL);
	g_autoptr(GError) error = NULL;

	g_assert_true(smith_fd_write_file(test.fd, "file", "", 0, 0644, NULL));
	g_assert_null(smith_store_open(path, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY);
	g_assert_true(g_str_has_prefix(error->message, "store '"));
}

static void test_steps(void)
{
	g_auto(TestStore) test = begin();
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) none = smith_store_get_step(test.store, KEY);
	g_autoptr(GBytes) first = NULL;
	g_autoptr(GBytes) second = NULL;
	struct stat st;

	g_assert_null(none);
	g_assert_true(smith_store_put_step(test.store, KEY, "one", 3, &error));
	first = smith_store_get_step(test.store, KEY);
	g_assert_cmpmem(g_bytes_get_data(first, NULL), g_bytes_get_size(first), "one", 3);
	g_assert_true(smith_store_put_step(test.store, KEY, "second", 6, &error));
	reopen(&test);
	second = smith_store_get_step(test.store, KEY);
	g_assert_cmpmem(g_bytes_get_data(second, NULL), g_bytes_get_size(second), "second", 6);
	g_assert_cmpint(fstatat(test.fd, KEY_FILE, &st, 0), ==, 0);
	g_assert_cmpuint(st.st_mode & 07777, ==, 0444);
}

/* A record that is too large, or no file, is one that is not there. */
static void test_bad_steps(void)
{
	g_auto(TestStore) test = begin();
	g_autofree char *large = g_strnfill(64 * 1024 + 1, 'x');

	g_assert_true(smith_store_put_step(test.store, KEY, large, strlen(large), NULL));
	g_assert_null(smith_store_get_step(test.store, KEY));
	g_assert_cmpint(unlinkat(test.fd, KEY_FILE, 0), ==, 0);
	g_assert_cmpint(mkdirat(test.fd, KEY_FILE, 0755), ==, 0);
	g_assert_null(smith_store_get_step(test.store, KEY));
}

static void test_files(void)
{
	g_auto(TestStore) test = begin();
	g_autoptr(GError) error = NULL;
	g_autofree char *path = smith_store_file_path(KEY + strlen("sha256:"));
	struct stat st;

	g_assert_true(g_str_has_prefix(path, "e3/e3b0c44298fc1c149"));
	for (int i = 0; i < 2; i++)
		g_assert_true(smith_store_make_file_dir(test.store, path, &error));
	g_assert_cmpint(fstatat(smith_store_files_fd(test.store), "e3", &st, 0), ==, 0);
	g_assert_true(
		smith_fd_write_file(smith_store_files_fd(test.store), path, "", 0, 0444, &error));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/store/store/open", test_open);
	g_test_add_func("/store/store/open-again", test_open_again);
	g_test_add_func("/store/store/default-path", test_default_path);
	g_test_add_func("/store/store/not-a-directory", test_not_a_directory);
	g_test_add_func("/store/store/steps", test_steps);
	g_test_add_func("/store/store/bad-steps", test_bad_steps);
	g_test_add_func("/store/store/files", test_files);
	return g_test_run();
}
