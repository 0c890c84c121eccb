/* SPDX-License-Identifier: Apache-2.0 */
#include "base/entry.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

static void test_normalize(void)
{
	static const struct {
		const char *path, *expected;
	} rows[] = {
		{"a", "a"},
		{"./a//b/", "a/b"},
		{"/", "."},
		{"//", "."},
		{".", "."},
		{"./", "."},
		{"/./.", "."},
		{"/etc/passwd", "etc/passwd"},
		{"///etc///passwd///", "etc/passwd"},
		{"a/./b", "a/b"},
		{"...", "..."},
		{"..a/b..", "..a/b.."},
		{".a", ".a"},
		{"a b\n\xff", "a b\n\xff"},
		{"", NULL},
		{"..", NULL},
		{"../a", NULL},
		{"a/..", NULL},
		{"a/../b", NULL},
		{"/../a", NULL},
		{"a//../b", NULL},
		{"./..", NULL},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *got = smith_entry_path_normalize(rows[i].path, &error);
		g_assert_cmpstr(got, ==, rows[i].expected);
		if (rows[i].expected == NULL)
			g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
		else
			g_assert_no_error(error);
	}
}

static void test_normalize_limits(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *component = g_strnfill(255, 'x');
	g_autofree char *good = smith_entry_path_normalize(component, &error);
	g_assert_cmpstr(good, ==, component);
	g_autofree char *longer = g_strconcat("a/", component, "x/b", NULL);
	g_assert_null(smith_entry_path_normalize(longer, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
	g_assert_cmpuint(strlen(error->message), <, 200);
	g_clear_error(&error);

	g_autofree char *path = g_strnfill(4096, '/');
	for (gsize i = 1; i < 4096; i += 2)
		path[i] = 'y';
	g_autofree char *whole = smith_entry_path_normalize(path, &error);
	g_assert_cmpuint(strlen(whole), ==, 4095);
	g_autofree char *over = g_strconcat(path, "z", NULL);
	g_assert_null(smith_entry_path_normalize(over, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
	g_assert_cmpuint(strlen(error->message), <, 200);
}

static void test_compare(void)
{
	/* in order; every pair is compared */
	static const char *const paths[] = {".",   "!",	    "-x",	 ".a",	  "a",	   "a/-",
					    "a/b", "a/b/c", "a/b/c/d",	 "a/b-c", "a/b.c", "a\x01",
					    "a!",  "a-b",   "a-b/c",	 "a.b",	  "a0",	   "aa",
					    "b",   "b\x7f", "b\xc3\xa9", "b\xff", "c"};
	for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
		for (gsize j = 0; j < G_N_ELEMENTS(paths); j++) {
			int order = smith_entry_path_compare(paths[i], paths[j]);
			int expected = (i > j) - (i < j);
			if ((order > 0) - (order < 0) != expected)
				g_error("'%s' and '%s': got %d, expected %d", paths[i], paths[j],
					order, expected);
		}
	}
}

static void test_new(void)
{
	g_autoptr(SmithEntry) file = smith_entry_new_file("a/b", 0640, "text", 4);
	g_assert_cmpint(file->type, ==, SMITH_ENTRY_FILE);
	g_assert_cmpstr(file->path, ==, "a/b");
	g_assert_cmpuint(file->mode, ==, 0640);
	g_assert_cmpuint(smith_entry_size(file), ==, 4);
	g_autoptr(SmithEntry) empty = smith_entry_new_file("a", 0644, NULL, 0);
	g_assert_cmpuint(smith_entry_size(empty), ==, 0);
	g_autoptr(SmithEntry) link = smith_entry_new_symlink("l", "../a");
	g_assert_cmpint(link->type, ==, SMITH_ENTRY_SYMLINK);
	g_assert_cmpstr(link->target, ==, "../a");
	g_assert_cmpuint(link->mode, ==, 0777);
	g_assert_cmpuint(smith_entry_size(link), ==, 0);
	g_autoptr(SmithEntry) dir = smith_entry_new(SMITH_ENTRY_DIR, "d", 01777);
	g_assert_cmpuint(smith_entry_size(dir), ==, 0);
	for (int type = SMITH_ENTRY_FILE; type <= SMITH_ENTRY_FIFO; type++)
		g_assert_cmpstr(smith_entry_type_name((SmithEntryType)type), !=, NULL);
	smith_entry_free(NULL);
	smith_content_unref(NULL);
	smith_entry_iter_free(NULL);
}

static void test_xattrs(void)
{
	g_autoptr(SmithEntry) entry = smith_entry_new(SMITH_ENTRY_FILE, "a", 0644);
	g_assert_null(entry->xattrs);
	smith_entry_add_xattr(entry, "user.m", "1", 1);
	smith_entry_add_xattr(entry, "user.z", "\0z", 2);
	smith_entry_add_xattr(entry, "security.capability", "", 0);
	smith_entry_add_xattr(entry, "user.m", "22", 2);
	static const char *const names[] = {"security.capability", "user.m", "user.z"};
	static const char *const values[] = {"", "22", "\0z"};
	static const gsize sizes[] = {0, 2, 2};
	g_assert_cmpuint(entry->xattrs->len, ==, 3);
	for (guint i = 0; i < 3; i++) {
		const SmithXattr *xattr = &g_array_index(entry->xattrs, SmithXattr, i);
		g_assert_cmpstr(xattr->name, ==, names[i]);
		g_assert_cmpmem(g_bytes_get_data(xattr->value, NULL),
				g_bytes_get_size(xattr->value), values[i], sizes[i]);
	}
}

static char *read_content(SmithContent *content, GError **error)
{
	g_autoptr(SmithSource) source = content->ops->open(content, error);
	if (source == NULL)
		return NULL;
	g_autoptr(GBytes) bytes = smith_source_read_all(source, 1 << 20, error);
	if (bytes == NULL)
		return NULL;
	return g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
}

static void test_bytes_content(void)
{
	g_autoptr(GBytes) bytes = g_bytes_new_static("some bytes", 10);
	g_autoptr(SmithContent) content = smith_content_new_bytes(bytes);
	g_assert_cmpuint(content->size, ==, 10);
	g_assert_false(content->once);
	g_assert_false(content->can_splice);
	SmithContent *again = smith_content_ref(content);
	smith_content_unref(again);
	for (guint i = 0; i < 2; i++) {
		g_autofree char *text = read_content(content, NULL);
		g_assert_cmpstr(text, ==, "some bytes");
	}
}

static void assert_content_fails(int dirfd, const char *path, guint64 size, GQuark domain, int code)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithContent) content = smith_content_new_file(dirfd, path, size);
	g_assert_null(read_content(content, &error));
	g_assert_error(error, domain, code);
	g_assert_nonnull(strstr(error->message, path));
}

static void test_file_content(void)
{
	g_autofree char *dir = g_dir_make_tmp("entry-XXXXXX", NULL);
	smith_autofd int dirfd = smith_fd_open_dir(AT_FDCWD, dir, NULL);
	g_assert_true(smith_fd_make_dirs(dirfd, "sub", NULL));
	g_assert_true(smith_fd_write_file(dirfd, "sub/file", "content", 7, 0644, NULL));
	g_assert_cmpint(symlinkat("file", dirfd, "sub/link"), ==, 0);
	g_assert_cmpint(symlinkat("/etc", dirfd, "out"), ==, 0);
	g_assert_cmpint(mkfifoat(dirfd, "fifo", 0600), ==, 0);

	g_autoptr(GError) error = NULL;
	g_autoptr(SmithContent) content = smith_content_new_file(dirfd, "sub/file", 7);
	for (guint i = 0; i < 2; i++) {
		g_autofree char *text = read_content(content, &error);
		g_assert_no_error(error);
		g_assert_cmpstr(text, ==, "content");
	}
	assert_content_fails(dirfd, "sub/file", 6, SMITH_ERROR, SMITH_ERROR_CONFLICT);
	assert_content_fails(dirfd, "sub/file", 8, SMITH_ERROR, SMITH_ERROR_CONFLICT);
	assert_content_fails(dirfd, "sub/link", 7, G_IO_ERROR, G_IO_ERROR_TOO_MANY_LINKS);
	assert_content_fails(dirfd, "sub/none", 7, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
	assert_content_fails(dirfd, "sub", 0, SMITH_ERROR, SMITH_ERROR_CONFLICT);
	assert_content_fails(dirfd, "fifo", 0, SMITH_ERROR, SMITH_ERROR_CONFLICT);
	assert_content_fails(dirfd, "out/passwd", 1, SMITH_ERROR, SMITH_ERROR_INVALID);
	assert_content_fails(dirfd, "../x", 1, SMITH_ERROR, SMITH_ERROR_INVALID);
	assert_content_fails(dirfd, "/etc/passwd", 1, SMITH_ERROR, SMITH_ERROR_INVALID);

	/* a file that grows or shrinks while it is read */
	for (int change = -1; change <= 1; change += 2) {
		g_autoptr(SmithSource) source = content->ops->open(content, NULL);
		smith_autofd int fd = openat(dirfd, "sub/file", O_WRONLY | O_CLOEXEC);
		g_assert_cmpint(ftruncate(fd, 7 + change), ==, 0);
		g_assert_false(smith_source_drain(source, &error));
		g_assert_error(error, SMITH_ERROR, SMITH_ERROR_VERIFY);
		g_clear_error(&error);
		g_assert_cmpint(ftruncate(fd, 7), ==, 0);
	}
	g_assert_true(smith_fd_remove_tree(AT_FDCWD, dir, NULL));
}

static void test_iter(void)
{
	static const char *const paths[] = {"c", "a", "b"};
	for (guint taken = 0; taken <= 4; taken++) {
		GPtrArray *array = g_ptr_array_new_with_free_func((GDestroyNotify)smith_entry_free);
		for (gsize i = 0; i < G_N_ELEMENTS(paths); i++)
			g_ptr_array_add(array, smith_entry_new_file(paths[i], 0644, "x", 1));
		g_autoptr(SmithEntryIter) iter = smith_entry_iter_new_array(array);
		for (guint i = 0; i < taken; i++) {
			g_autoptr(SmithEntry) entry = NULL;
			g_assert_true(smith_entry_iter_next(iter, &entry, NULL));
			if (i < 3)
				g_assert_cmpstr(entry->path, ==, paths[i]);
			else
				g_assert_null(entry);
		}
		if (taken != 1)
			continue;
		g_autoptr(GPtrArray) rest = smith_entry_iter_collect(iter, NULL);
		g_assert_cmpuint(rest->len, ==, 2);
		g_assert_cmpstr(((SmithEntry *)rest->pdata[1])->path, ==, "b");
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/entry/normalize", test_normalize);
	g_test_add_func("/entry/normalize-limits", test_normalize_limits);
	g_test_add_func("/entry/compare", test_compare);
	g_test_add_func("/entry/new", test_new);
	g_test_add_func("/entry/xattrs", test_xattrs);
	g_test_add_func("/entry/bytes-content", test_bytes_content);
	g_test_add_func("/entry/file-content", test_file_content);
	g_test_add_func("/entry/iter", test_iter);
	return g_test_run();
}
