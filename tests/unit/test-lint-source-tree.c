/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/source-tree.h"

#include <fcntl.h>

#include "base/fd.h"

typedef struct {
	const char *path;
	bool has;
	const char *found; /* NULL: nowhere */
	bool is_below;
} Row;

static const Row rows[] = {
	{"app/agents/a.py", true, NULL, false},
	{"./app//agents/a.py", true, NULL, false},
	{"app/agents", false, NULL, false},
	{"app/Agents/A.PY", false, "app/agents/a.py", false},
	{"APP/agents/a.py", false, "app/agents/a.py", false},
	{"agents/a.py", false, "app/agents/a.py", true},
	{"agents/b.py", false, NULL, false},
	{"../app/agents/a.py", false, NULL, false},
	{"app/../app/agents/a.py", false, NULL, false},
	{"/app/agents/a.py", false, NULL, false},
	{"", false, NULL, false},
	{"app/agents/a.py/x", false, NULL, false},
};

static void check_rows(SmithSourceTree *tree)
{
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		bool is_below = false;
		g_assert_cmpint(smith_source_tree_has(tree, rows[i].path), ==, rows[i].has);
		if (rows[i].has)
			continue;
		g_autofree char *found = smith_source_tree_find(tree, rows[i].path, &is_below);
		g_assert_cmpstr(found, ==, rows[i].found);
		if (found != NULL)
			g_assert_cmpint(is_below, ==, rows[i].is_below);
	}
}

static void test_list(void)
{
	g_autoptr(SmithSourceTree) tree =
		smith_source_tree_new_list("app/agents/a.py\n\nother/x.py\napp/agents/a.py\n");
	check_rows(tree);
}

static void test_directory(void)
{
	g_autofree char *path = g_dir_make_tmp("smith-tree-XXXXXX", NULL);
	smith_autofd int fd = smith_fd_open_dir(AT_FDCWD, path, NULL);
	g_assert_true(smith_fd_make_dirs(fd, "app/agents", NULL));
	g_assert_true(smith_fd_make_dirs(fd, "other", NULL));
	g_assert_true(smith_fd_write_file(fd, "app/agents/a.py", "", 0, 0644, NULL));
	g_autoptr(SmithSourceTree) tree = smith_source_tree_new(fd);
	check_rows(tree);
	g_assert_true(smith_fd_remove_tree(AT_FDCWD, path, NULL));
}

/* A tree that is another one's is not searched for each of thousands of scripts. */
static void test_many(void)
{
	g_autoptr(SmithSourceTree) tree = smith_source_tree_new_list("app/a.py");
	bool is_below = false;
	for (guint i = 0; i < 1000; i++)
		g_assert_null(smith_source_tree_find(tree, "no.py", &is_below));
	g_assert_null(smith_source_tree_find(tree, "a.py", &is_below));
	g_assert_true(smith_source_tree_has(tree, "app/a.py"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/lint/source-tree/list", test_list);
	g_test_add_func("/lint/source-tree/directory", test_directory);
	g_test_add_func("/lint/source-tree/many", test_many);
	return g_test_run();
}
