/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "store/repo.h"

/* Layers that want to be unpacked elsewhere (CVE-2020-10696, CVE-2021-29136, CVE-2015-3629, ...):
 * a root is made below cache/roots, and nothing anywhere else is touched. */
typedef struct {
	char *directory;
	char *outside;
	SmithStore *store;
	guint n_layers;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	g_autoptr(GError) error = NULL;
	fixture->directory = g_dir_make_tmp("repo-hostile-XXXXXX", &error);
	g_assert_no_error(error);
	fixture->outside = g_build_filename(fixture->directory, "outside", NULL);
	g_autofree char *file = g_build_filename(fixture->outside, "secret", NULL);
	g_autofree char *path = g_build_filename(fixture->directory, "store", NULL);
	g_assert_cmpint(mkdir(fixture->outside, 0700), ==, 0);
	g_file_set_contents(file, "untouched", -1, &error);
	g_assert_no_error(error);
	fixture->store = smith_store_open(path, &error);
	g_assert_no_error(error);
}

static void check_outside(const Fixture *fixture)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GDir) dir = g_dir_open(fixture->outside, 0, &error);
	g_autofree char *file = g_build_filename(fixture->outside, "secret", NULL);
	g_autofree char *text = NULL;
	struct stat st;
	g_assert_no_error(error);
	g_assert_cmpstr(g_dir_read_name(dir), ==, "secret");
	g_assert_null(g_dir_read_name(dir));
	g_assert_true(g_file_get_contents(file, &text, NULL, &error));
	g_assert_cmpstr(text, ==, "untouched");
	g_assert_cmpint(stat(file, &st), ==, 0);
	g_assert_cmpuint(st.st_nlink, ==, 1);
	g_assert_cmpint(getxattr(file, "user.ostreemeta", NULL, 0), <, 0);
	g_assert_cmpint(getxattr(fixture->outside, "user.ostreemeta", NULL, 0), <, 0);
}

static void tear_down(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	g_autoptr(GError) error = NULL;
	check_outside(fixture);
	smith_store_free(fixture->store);
	smith_fd_remove_tree(AT_FDCWD, fixture->directory, &error);
	g_assert_no_error(error);
	g_free(fixture->directory);
	g_free(fixture->outside);
}

static SmithEntry *hard_link(const char *path, const char *target)
{
	SmithEntry *entry = smith_entry_new(SMITH_ENTRY_HARDLINK, path, 0644);
	entry->target = g_strdup(target);
	return entry;
}

static SmithEntry *file(const char *path)
{
	return smith_entry_new_file(path, 0644, "hostile", 7);
}

/* The root of layers, each an array of entries, or NULL with an error that says why. */
static char *unpack(Fixture *fixture, GPtrArray *const *layers, guint n_layers, GError **error)
{
	g_auto(GStrv) diff_ids = g_new0(char *, n_layers + 1);
	bool failed = false;
	for (guint i = 0; i < n_layers; i++) {
		g_autofree char *name = g_strdup_printf("layer %u", fixture->n_layers++);
		g_autofree char *hex = g_compute_checksum_for_string(G_CHECKSUM_SHA256, name, -1);
		g_autoptr(SmithEntryIter) iter = smith_entry_iter_new_array(layers[i]);
		diff_ids[i] = g_strconcat("sha256:", hex, NULL);
		failed = failed || !smith_repo_import(fixture->store, diff_ids[i], iter, error);
	}
	if (failed)
		return NULL;
	return smith_repo_checkout(fixture->store, (const char *const *)diff_ids, error);
}

static GPtrArray *layer(SmithEntry *first, ...)
{
	GPtrArray *entries = g_ptr_array_new_with_free_func((GDestroyNotify)smith_entry_free);
	va_list arguments;
	va_start(arguments, first);
	for (SmithEntry *entry = first; entry != NULL; entry = va_arg(arguments, SmithEntry *))
		g_ptr_array_add(entries, entry);
	va_end(arguments);
	return entries;
}

static char *must_unpack(Fixture *fixture, GPtrArray *const *layers, guint n_layers)
{
	g_autoptr(GError) error = NULL;
	char *root = unpack(fixture, layers, n_layers, &error);
	g_assert_no_error(error);
	return root;
}

static bool is_there(const char *root, const char *path)
{
	g_autofree char *full = g_build_filename(root, path, NULL);
	struct stat st;
	return lstat(full, &st) == 0;
}

/* A link of one layer, and a file of the next through it: it stays within the root. */
static void test_through_link(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	g_autofree char *up = g_strconcat("../../../../../../../../../..", fixture->outside, NULL);
	const char *const targets[] = {fixture->outside, up, "/proc/self/root", "/proc/self/cwd"};
	for (guint i = 0; i < G_N_ELEMENTS(targets); i++) {
		GPtrArray *layers[] = {layer(smith_entry_new_symlink("x", targets[i]), NULL),
				       layer(file("x/secret"), file("x/new"), NULL)};
		g_autofree char *root = must_unpack(fixture, layers, 2);
		g_autofree char *new =
			g_strconcat(targets[i] == up ? fixture->outside : targets[i], "/new", NULL);
		g_assert_true(is_there(root, new));
		check_outside(fixture);
	}
	GPtrArray *layers[] = {layer(smith_entry_new_symlink("x", fixture->outside), file("x/a"),
				     file("x/secret"), NULL)};
	g_autoptr(GError) error = NULL;
	g_autofree char *root = unpack(fixture, layers, 1, &error);
	g_assert_true((root == NULL) == (error != NULL));
}

/* A hard link to what a link leads to, and one that takes it for a directory. */
static void test_hard_link(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	g_autofree char *secret = g_build_filename(fixture->outside, "secret", NULL);
	g_autofree char *inside = g_strconcat(fixture->outside + 1, "/secret", NULL);
	const char *const targets[] = {"x/secret", "y", inside, "x/../secret", "nowhere"};
	for (guint i = 0; i < G_N_ELEMENTS(targets); i++) {
		GPtrArray *layers[] = {layer(smith_entry_new_symlink("x", fixture->outside),
					     smith_entry_new_symlink("y", secret),
					     hard_link("z", targets[i]), NULL)};
		g_autoptr(GError) error = NULL;
		g_autofree char *root = unpack(fixture, layers, 1, &error);
		g_assert_true((root == NULL) == (error != NULL));
		g_autofree char *path = root != NULL ? g_build_filename(root, "z", NULL) : NULL;
		struct stat st;
		/* at most the link itself, again */
		g_assert_true(path == NULL || lstat(path, &st) != 0 || S_ISLNK(st.st_mode));
	}
}

/* CVE-2021-29136: the root of a layer is no directory. */
static void test_root_is_link(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	SmithEntry *const roots[] = {smith_entry_new_symlink(".", fixture->outside), file("."),
				     hard_link(".", "x")};
	for (guint i = 0; i < G_N_ELEMENTS(roots); i++) {
		GPtrArray *layers[] = {layer(smith_entry_new_symlink("x", fixture->outside),
					     roots[i], file("new"), NULL),
				       layer(file("secret"), NULL)};
		g_autoptr(GError) error = NULL;
		g_autofree char *root = unpack(fixture, layers, 2, &error);
		g_assert_true((root == NULL) == (error != NULL));
		struct stat st;
		g_assert_true(root == NULL || (lstat(root, &st) == 0 && S_ISDIR(st.st_mode)));
	}
}

/* Whiteouts of "." and "..", of nothing, and of what a link leads to. */
static void test_whiteout(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	const char *const names[] = {".wh..",	       ".wh...",   ".wh.",   "x/.wh.secret",
				     "x/.wh..wh..opq", ".wh..wh.", "x/.wh.."};
	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		GPtrArray *layers[] = {
			layer(smith_entry_new_symlink("x", fixture->outside), file("kept"), NULL),
			layer(smith_entry_new_file(names[i], 0644, "", 0), NULL)};
		g_autoptr(GError) error = NULL;
		g_autofree char *root = unpack(fixture, layers, 2, &error);
		g_assert_true((root == NULL) == (error != NULL));
		g_assert_true(root == NULL || is_there(root, "kept"));
		check_outside(fixture);
	}
}

/* A circle of links is an error, a directory that becomes a link and back is not, and depth costs
 * nothing but an error. */
static void test_shapes(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	g_autoptr(GError) error = NULL;
	GPtrArray *circle[] = {
		layer(smith_entry_new_symlink("a", "b"), smith_entry_new_symlink("b", "a"), NULL),
		layer(file("a/c"), NULL)};
	g_assert_null(unpack(fixture, circle, 2, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
	g_clear_error(&error);
	GPtrArray *turns[] = {
		layer(smith_entry_new(SMITH_ENTRY_DIR, "d", 0755), file("d/e"), NULL),
		layer(smith_entry_new_symlink("d", fixture->outside), NULL),
		layer(smith_entry_new(SMITH_ENTRY_DIR, "d", 0755), file("d/e"), NULL)};
	g_autofree char *root = must_unpack(fixture, turns, 3);
	g_assert_true(is_there(root, "d/e"));
	g_autoptr(GString) path = g_string_new("d");
	while (path->len < 4000)
		g_string_append(path, "/d");
	GPtrArray *deep[] = {layer(file(path->str), NULL)};
	g_autofree char *other = unpack(fixture, deep, 1, &error);
	g_assert_true((other == NULL) == (error != NULL));
}

/* A layer cannot say what our own attributes say. */
static void test_forged(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	static const char *const names[] = {"ocismith.implied",	     "ocismith.mtime",
					    "ocismith.rdev",	     "user.ostreemeta",
					    "user.overlay.redirect", "user.overlay.opaque",
					    "user.overlay.metacopy"};
	SmithEntry *entry = file("f");
	SmithEntry *dir = smith_entry_new(SMITH_ENTRY_DIR, "d", 0755);
	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		smith_entry_add_xattr(entry, names[i], "/etc", 4);
		smith_entry_add_xattr(dir, names[i], "y", 1);
	}
	GPtrArray *layers[] = {layer(dir, entry, NULL)};
	g_autoptr(GError) error = NULL;
	g_autofree char *root = unpack(fixture, layers, 1, &error);
	g_assert_no_error(error);
	static const char *const paths[] = {"f", "d"};
	for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
		g_autofree char *path = g_build_filename(root, paths[i], NULL);
		char list[4096];
		gssize length = listxattr(path, list, sizeof list);
		/* on disk there is our record alone, and it is not the forged one */
		g_assert_cmpint(length, <=, (gssize)sizeof "user.ostreemeta");
		if (length > 0)
			g_assert_cmpstr(list, ==, "user.ostreemeta");
		length = getxattr(path, "user.ostreemeta", list, sizeof list);
		g_assert_true(length < 0 || length > 12);
	}
}

/* CVE-2021-41091: what is setuid in an image is not for others of the machine. */
static void test_private(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	SmithEntry *entry = smith_entry_new_file("su", 06755, "", 0);
	GPtrArray *layers[] = {layer(entry, NULL)};
	g_autofree char *root = must_unpack(fixture, layers, 1);
	g_autofree char *parent = g_path_get_dirname(root);
	struct stat st;
	g_assert_cmpint(stat(parent, &st), ==, 0);
	g_assert_cmpuint(st.st_mode & 0777, ==, 0700);
	g_autofree char *path = g_build_filename(root, "su", NULL);
	g_assert_cmpint(stat(path, &st), ==, 0);
	g_assert_cmpuint(st.st_mode & 07000, ==, 0);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*test)(Fixture *, gconstpointer);
	} tests[] = {
		{"/store/repo-hostile/through-link", test_through_link},
		{"/store/repo-hostile/hard-link", test_hard_link},
		{"/store/repo-hostile/root-is-link", test_root_is_link},
		{"/store/repo-hostile/whiteout", test_whiteout},
		{"/store/repo-hostile/shapes", test_shapes},
		{"/store/repo-hostile/forged", test_forged},
		{"/store/repo-hostile/private", test_private},
	};
	g_test_init(&argc, &argv, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
	return g_test_run();
}
