/* SPDX-License-Identifier: Apache-2.0 */
#include "store/repo.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "store/repo-private.h"

#define META "user.ostreemeta"

/* A store, and layers that were put into it: their diff IDs are names and no more. */
typedef struct {
	char *path;
	SmithStore *store;
	GPtrArray *diff_ids; /* NULL at the end */
} Fixture;

static void set_up(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	fixture->path = g_dir_make_tmp("smith-repo-XXXXXX", &error);
	g_assert_no_error(error);
	fixture->store = smith_store_open(fixture->path, &error);
	g_assert_no_error(error);
	fixture->diff_ids = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(fixture->diff_ids, NULL);
}

static void tear_down(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	smith_store_free(fixture->store);
	g_assert_true(smith_fd_remove_tree(AT_FDCWD, fixture->path, NULL));
	g_ptr_array_unref(fixture->diff_ids);
	g_free(fixture->path);
}

static bool has_xattrs(const Fixture *fixture)
{
	if (setxattr(fixture->path, "user.smith-test", "", 0, 0) == 0)
		return true;
	g_test_skip("the file system of temporary files keeps no user attributes");
	return false;
}

static SmithEntry *dir_entry(const char *path, guint32 mode)
{
	SmithEntry *entry = smith_entry_new(SMITH_ENTRY_DIR, path, mode);
	entry->mtime = 1000;
	return entry;
}

static SmithEntry *file_entry(const char *path, const char *text)
{
	SmithEntry *entry = smith_entry_new_file(path, 0644, text, strlen(text));
	entry->mtime = 2000;
	return entry;
}

static SmithEntry *hardlink_entry(const char *path, const char *target)
{
	SmithEntry *entry = smith_entry_new(SMITH_ENTRY_HARDLINK, path, 0644);
	entry->target = g_strdup(target);
	return entry;
}

static SmithEntry *owned(SmithEntry *entry, guint32 uid, guint32 gid, guint32 mode)
{
	entry->uid = uid;
	entry->gid = gid;
	entry->mode = mode;
	return entry;
}

static gboolean import(const SmithStore *store, const char *diff_id, GPtrArray *entries,
		       GError **error)
{
	g_autoptr(SmithEntryIter) iter = smith_entry_iter_new_array(entries);
	return smith_repo_import(store, diff_id, iter, error);
}

static char *diff_id_of(guint number)
{
	g_autofree char *text = g_strdup_printf("layer %u", number);
	return smith_digest_of(text, strlen(text));
}

/* Adds a layer of these entries; ends with NULL. */
static void add_layer(Fixture *fixture, SmithEntry *first, ...)
{
	g_autoptr(GError) error = NULL;
	GPtrArray *entries = g_ptr_array_new();
	va_list args;
	char *diff_id = diff_id_of(fixture->diff_ids->len);
	va_start(args, first);
	for (SmithEntry *entry = first; entry != NULL; entry = va_arg(args, SmithEntry *))
		g_ptr_array_add(entries, entry);
	va_end(args);
	import(fixture->store, diff_id, entries, &error);
	g_assert_no_error(error);
	g_ptr_array_insert(fixture->diff_ids, (int)fixture->diff_ids->len - 1, diff_id);
}

static const char *const *ids_of(const Fixture *fixture)
{
	return (const char *const *)fixture->diff_ids->pdata;
}

static char *checkout(const Fixture *fixture)
{
	g_autoptr(GError) error = NULL;
	char *root = smith_repo_checkout(fixture->store, ids_of(fixture), &error);
	g_assert_no_error(error);
	return root;
}

static void assert_text(const char *root, const char *path, const char *expected)
{
	g_autofree char *full = g_build_filename(root, path, NULL);
	g_autofree char *text = NULL;
	if (expected == NULL) {
		g_assert_false(g_file_test(full, G_FILE_TEST_EXISTS));
		g_assert_false(g_file_test(full, G_FILE_TEST_IS_SYMLINK));
		return;
	}
	g_assert_true(g_file_get_contents(full, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, expected);
}

static struct stat stat_of(const char *root, const char *path)
{
	g_autofree char *full = g_build_filename(root, path, NULL);
	struct stat st;
	g_assert_cmpint(lstat(full, &st), ==, 0);
	return st;
}

static void assert_record(const char *root, const char *path, guint32 uid, guint32 gid,
			  guint32 mode)
{
	g_autofree char *full = g_build_filename(root, path, NULL);
	guint32 head[3];
	guint8 data[4096];
	g_assert_cmpint(getxattr(full, META, data, sizeof data), >=, (gssize)sizeof head);
	memcpy(head, data, sizeof head);
	g_assert_cmpuint(GUINT32_FROM_BE(head[0]), ==, uid);
	g_assert_cmpuint(GUINT32_FROM_BE(head[1]), ==, gid);
	g_assert_cmpuint(GUINT32_FROM_BE(head[2]), ==, mode);
}

static void test_one_layer(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	if (!has_xattrs(fixture))
		return;
	SmithEntry *capable = owned(file_entry("usr/bin/ping", "ping"), 0, 0, 04755);
	smith_entry_add_xattr(capable, "security.capability", "c", 1);
	add_layer(fixture, dir_entry("usr", 0755), dir_entry("usr/bin", 0755), capable,
		  owned(dir_entry("var/mail", 0755), 0, 8, 02775),
		  owned(file_entry("etc/shadow", "secret"), 0, 42, 0),
		  smith_entry_new_symlink("bin", "usr/bin"),
		  hardlink_entry("usr/bin/pong", "usr/bin/ping"),
		  smith_entry_new_file("empty", 0666, "", 0), NULL);
	g_assert_true(smith_repo_has_layer(fixture->store, fixture->diff_ids->pdata[0]));
	g_autofree char *root = checkout(fixture);
	assert_text(root, "bin/pong", "ping");
	assert_text(root, "etc/shadow", "secret");
	assert_text(root, "empty", "");
	assert_record(root, "usr/bin/ping", 0, 0, S_IFREG | 04755);
	assert_record(root, "etc/shadow", 0, 42, S_IFREG);
	assert_record(root, "var/mail", 0, 8, S_IFDIR | 02775);
	g_assert_cmpint(stat_of(root, "usr/bin/ping").st_mode, ==, S_IFREG | 0755);
	g_assert_cmpint(stat_of(root, "var/mail").st_mode, ==, S_IFDIR | 0775);
	g_assert_cmpint(stat_of(root, "etc/shadow").st_mode, ==, S_IFREG | 0400);
	g_assert_cmpint(stat_of(root, "etc/shadow").st_mtim.tv_sec, ==, 2000);
	g_assert_cmpint(stat_of(root, "usr/bin").st_mtim.tv_sec, ==, 1000);
	g_assert_cmpuint(stat_of(root, "usr/bin/ping").st_ino, ==,
			 stat_of(root, "usr/bin/pong").st_ino);
	g_autofree char *usr = g_build_filename(root, "usr", NULL);
	/* a time is a directory's own; what says no more needs no record */
	g_assert_cmpint(getxattr(usr, META, NULL, 0), <, 0);
	g_autofree char *again = checkout(fixture);
	g_assert_cmpstr(root, ==, again);
}

/* What OSTree itself thinks of the objects: their names are their digests. */
static void test_fsck(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_auto(SmithRepo) repo = SMITH_REPO_INIT;
	guint count = 0;
	if (!has_xattrs(fixture))
		return;
	g_autofree char *large = g_strnfill(700000, 'x');
	SmithEntry *marked = file_entry("a/marked", "m");
	smith_entry_add_xattr(marked, "user.zebra", "z", 1);
	smith_entry_add_xattr(marked, "security.capability", "cap", 3);
	add_layer(fixture, marked, file_entry("large", large), file_entry("none", ""),
		  owned(file_entry("b", "b"), 70000, 3, 06755),
		  smith_entry_new_symlink("link", "some/target"),
		  file_entry("not-\xff-utf8", "name"), NULL);
	g_assert_true(smith_repo_open(&repo, fixture->store, &error));
	g_autoptr(GPtrArray) fanout = smith_fd_list_dir(repo.objects_fd, NULL);
	for (guint i = 0; i < fanout->len; i++) {
		smith_autofd int fd = smith_fd_open_dir(repo.objects_fd, fanout->pdata[i], NULL);
		g_autoptr(GPtrArray) names = smith_fd_list_dir(fd, NULL);
		for (guint k = 0; k < names->len; k++) {
			const char *name = names->pdata[k];
			g_autofree char *hex =
				g_strdup_printf("%s%.62s", (char *)fanout->pdata[i], name);
			OstreeObjectType type =
				g_str_has_suffix(name, ".file")	     ? OSTREE_OBJECT_TYPE_FILE
				: g_str_has_suffix(name, ".dirtree") ? OSTREE_OBJECT_TYPE_DIR_TREE
				: g_str_has_suffix(name, ".dirmeta") ? OSTREE_OBJECT_TYPE_DIR_META
								     : OSTREE_OBJECT_TYPE_COMMIT;
			repo.lib->ostree_repo_fsck_object(repo.repo, type, hex, NULL, &error);
			g_assert_no_error(error);
			count++;
		}
	}
	/* six files, two trees, implied metadata, the commit */
	g_assert_cmpuint(count, ==, 10);
	g_autofree char *root = checkout(fixture);
	assert_text(root, "not-\xff-utf8", "name");
	assert_text(root, "large", large);
}

static void test_union(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	if (!has_xattrs(fixture))
		return;
	add_layer(fixture, file_entry("keep", "1"), file_entry("gone", "1"),
		  file_entry("dir/a", "1"), file_entry("dir/b", "1"),
		  owned(dir_entry("mode", 0755), 3, 4, 0700), file_entry("mode/x", "1"),
		  file_entry("was-file", "1"), file_entry("was-dir/x", "1"),
		  smith_entry_new_symlink("lib", "usr/lib"), file_entry("usr/lib/one", "1"),
		  smith_entry_new_symlink("was-link", "usr"), file_entry("device", "1"), NULL);
	add_layer(fixture, file_entry(".wh.gone", ""), file_entry(".wh.never-was", ""),
		  file_entry("dir/.wh..wh..opq", ""), file_entry("dir/c", "2"),
		  file_entry("mode/y", "2"), file_entry("was-file/x", "2"),
		  file_entry("was-dir", "2"), file_entry("lib/two", "2"),
		  dir_entry("was-link", 0755), file_entry("was-link/x", "2"),
		  smith_entry_new(SMITH_ENTRY_CHAR, "device", 0600), NULL);
	g_autofree char *root = checkout(fixture);
	assert_text(root, "keep", "1");
	assert_text(root, "gone", NULL);
	assert_text(root, ".wh.gone", NULL);
	assert_text(root, "dir/a", NULL);
	assert_text(root, "dir/.wh..wh..opq", NULL);
	assert_text(root, "dir/c", "2");
	assert_text(root, "was-file/x", "2");
	assert_text(root, "was-dir", "2");
	assert_text(root, "usr/lib/one", "1");
	assert_text(root, "usr/lib/two", "2");
	assert_text(root, "usr/x", NULL);
	assert_text(root, "was-link/x", "2");
	assert_text(root, "device", NULL);
	/* a layer that has only something in a directory says nothing of the directory */
	assert_record(root, "mode", 3, 4, S_IFDIR | 0700);
}

/* A name that is twice in a layer, and parents that come late. */
static void test_order(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	if (!has_xattrs(fixture))
		return;
	add_layer(fixture, file_entry("a/b", "first"), file_entry("a/b", "second"),
		  owned(dir_entry("a", 0755), 1, 2, 0750), file_entry("c", "file"),
		  file_entry("c/d", "in"), file_entry(".wh.e", ""), file_entry("e", "both"), NULL);
	g_autofree char *root = checkout(fixture);
	assert_text(root, "a/b", "second");
	assert_record(root, "a", 1, 2, S_IFDIR | 0750);
	assert_text(root, "c/d", "in");
	assert_text(root, "e", "both");
}

static void test_bad_link(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	if (!has_xattrs(fixture))
		return;
	GPtrArray *entries = g_ptr_array_new();
	g_autofree char *diff_id = diff_id_of(7);
	g_ptr_array_add(entries, hardlink_entry("a", "missing"));
	g_assert_false(import(fixture->store, diff_id, entries, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
	g_assert_false(smith_repo_has_layer(fixture->store, diff_id));
}

static char *object_of(const Fixture *fixture, const char *root, const char *path)
{
	g_autofree char *objects = g_build_filename(fixture->path, "repo", "objects", NULL);
	guint64 inode = stat_of(root, path).st_ino;
	smith_autofd int fd = smith_fd_open_dir(AT_FDCWD, objects, NULL);
	g_autoptr(GPtrArray) fanout = smith_fd_list_dir(fd, NULL);
	for (guint i = 0; i < fanout->len; i++) {
		g_autofree char *dir = g_build_filename(objects, fanout->pdata[i], NULL);
		smith_autofd int dirfd = smith_fd_open_dir(AT_FDCWD, dir, NULL);
		g_autoptr(GPtrArray) names = smith_fd_list_dir(dirfd, NULL);
		for (guint k = 0; k < names->len; k++)
			if (stat_of(dir, names->pdata[k]).st_ino == inode)
				return g_build_filename(dir, names->pdata[k], NULL);
	}
	g_assert_not_reached();
}

/* What a machine that lost power leaves: the name is there, the bytes are not. */
static void test_damage(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	if (!has_xattrs(fixture))
		return;
	add_layer(fixture, file_entry("a", "some text"), NULL);
	g_autofree char *root = checkout(fixture);
	g_autofree char *object = object_of(fixture, root, "a");
	g_assert_true(smith_fd_remove_tree(AT_FDCWD, root, NULL));
	g_assert_cmpint(chmod(object, 0600), ==, 0);
	g_assert_cmpint(truncate(object, 4), ==, 0);
	g_assert_null(smith_repo_checkout(fixture->store, ids_of(fixture), &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_VERIFY);
	g_assert_false(smith_repo_has_layer(fixture->store, fixture->diff_ids->pdata[0]));
	GPtrArray *entries = g_ptr_array_new();
	g_ptr_array_add(entries, file_entry("a", "some text"));
	g_assert_true(import(fixture->store, fixture->diff_ids->pdata[0], entries, NULL));
	g_autofree char *healed = checkout(fixture);
	assert_text(healed, "a", "some text");
}

/* What 'cp -r' leaves of a store: bytes, but no owners and modes. */
static void test_lost_attributes(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	if (!has_xattrs(fixture))
		return;
	SmithEntry *entry = file_entry("a", "some text");
	entry->gid = 42;
	add_layer(fixture, entry, file_entry("b", "other"), NULL);
	g_autofree char *root = checkout(fixture);
	g_autofree char *a = object_of(fixture, root, "a");
	g_autofree char *b = object_of(fixture, root, "b");
	g_assert_cmpint(removexattr(a, SMITH_REPO_META), ==, 0);
	g_assert_cmpint(removexattr(b, SMITH_REPO_META), ==, 0);
	/* a root of the same boot in a directory that was copied */
	g_autofree char *roots = g_path_get_dirname(root);
	g_autofree char *copy = g_strconcat(roots, ".copy", NULL);
	const char *argv[] = {"/bin/cp", "-r", roots, copy, NULL};
	g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL,
				   NULL, NULL, NULL));
	g_assert_true(smith_fd_remove_tree(AT_FDCWD, roots, NULL));
	g_assert_cmpint(rename(copy, roots), ==, 0);
	g_assert_null(smith_repo_checkout(fixture->store, ids_of(fixture), &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_VERIFY);
	g_assert_false(smith_repo_has_layer(fixture->store, fixture->diff_ids->pdata[0]));
	GPtrArray *entries = g_ptr_array_new();
	entry = file_entry("a", "some text");
	entry->gid = 42;
	g_ptr_array_add(entries, entry);
	g_ptr_array_add(entries, file_entry("b", "other"));
	g_assert_true(import(fixture->store, fixture->diff_ids->pdata[0], entries, NULL));
	g_autofree char *healed = checkout(fixture);
	g_autofree char *healed_a = g_build_filename(healed, "a", NULL);
	g_autofree char *healed_b = g_build_filename(healed, "b", NULL);
	g_assert_cmpint(getxattr(healed_a, SMITH_REPO_META, NULL, 0), >, 0);
	g_assert_cmpint(getxattr(healed_b, SMITH_REPO_META, NULL, 0), >, 0);
}

static void test_damaged_tree(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	if (!has_xattrs(fixture))
		return;
	add_layer(fixture, file_entry("a", "some text"), NULL);
	g_autofree char *script = g_strdup_printf(
		"for f in '%s'/repo/objects/*/*.dirtree; do : >\"$f\"; done", fixture->path);
	const char *argv[] = {"/bin/sh", "-c", script, NULL};
	g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL,
				   NULL, NULL, NULL));
	g_assert_null(smith_repo_checkout(fixture->store, ids_of(fixture), &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_VERIFY);
	g_assert_false(smith_repo_has_layer(fixture->store, fixture->diff_ids->pdata[0]));
}

/* Objects that are there are not written again. */
static void test_again(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	if (!has_xattrs(fixture))
		return;
	add_layer(fixture, file_entry("a", "same"), NULL);
	g_autofree char *root = checkout(fixture);
	g_autofree char *object = object_of(fixture, root, "a");
	struct stat before = stat_of("/", object);
	add_layer(fixture, file_entry("b", "same"), NULL);
	struct stat after = stat_of("/", object);
	g_assert_cmpuint(before.st_ino, ==, after.st_ino);
	g_assert_cmpint(before.st_ctim.tv_nsec, ==, after.st_ctim.tv_nsec);
	g_autofree char *both = checkout(fixture);
	g_assert_cmpuint(stat_of(both, "b").st_ino, ==, before.st_ino);
}

/* A root of before the machine lost power is looked through once. */
static void test_reboot(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	if (!has_xattrs(fixture))
		return;
	add_layer(fixture, file_entry("d/a", "some text"), smith_entry_new_symlink("link", "d"),
		  NULL);
	g_autofree char *root = checkout(fixture);
	g_autofree char *stamp = g_strconcat(root, ".boot", NULL);
	g_autofree char *file = g_build_filename(root, "d/a", NULL);
	g_autofree char *boot = NULL;
	g_autofree char *renewed = NULL;
	g_assert_true(g_file_get_contents(stamp, &boot, NULL, NULL));
	g_assert_true(g_file_set_contents(stamp, "an earlier one\n", -1, NULL));
	g_autofree char *good = checkout(fixture);
	g_assert_true(g_file_get_contents(stamp, &renewed, NULL, NULL));
	g_assert_cmpstr(boot, ==, renewed);
	g_assert_cmpint(truncate(file, 3), ==, 0);
	/* nobody looks again before the next start */
	g_autofree char *believed = checkout(fixture);
	assert_text(believed, "d/a", "som");
	g_assert_true(g_file_set_contents(stamp, "an earlier one\n", -1, NULL));
	g_assert_null(smith_repo_checkout(fixture->store, ids_of(fixture), &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_VERIFY);
	g_assert_false(smith_repo_has_layer(fixture->store, fixture->diff_ids->pdata[0]));
	g_assert_false(g_file_test(root, G_FILE_TEST_EXISTS));
	GPtrArray *entries = g_ptr_array_new();
	g_ptr_array_add(entries, file_entry("d/a", "some text"));
	g_assert_true(import(fixture->store, fixture->diff_ids->pdata[0], entries, NULL));
	g_autofree char *healed = checkout(fixture);
	assert_text(healed, "d/a", "some text");
}

/* The layer of the tests with other processes: many small files and a large one. */
static GPtrArray *many_entries(guint seed)
{
	GPtrArray *entries = g_ptr_array_new();
	g_autofree char *large = g_strnfill(600000, (char)('a' + seed));
	g_ptr_array_add(entries, file_entry("large", large));
	for (guint i = 0; i < 400; i++) {
		g_autofree char *path = g_strdup_printf("d%u/f%u", i % 20, i);
		g_autofree char *text = g_strdup_printf("%u of %u", i, seed);
		g_ptr_array_add(entries, file_entry(path, text));
	}
	return entries;
}

static gboolean build(const char *path, GError **error)
{
	g_autoptr(SmithStore) store = smith_store_open(path, error);
	g_autofree char *diff_id = diff_id_of(1);
	const char *ids[] = {diff_id, NULL};
	if (store == NULL || (!smith_repo_has_layer(store, diff_id) &&
			      !import(store, diff_id, many_entries(1), error)))
		return FALSE;
	g_autofree char *root = smith_repo_checkout(store, ids, error);
	return root != NULL;
}

static pid_t build_in_child(const char *path)
{
	pid_t pid = fork();
	if (pid == 0) {
		g_autoptr(GError) error = NULL;
		if (!build(path, &error))
			fprintf(stderr, "# %s\n", error->message);
		_exit(error != NULL);
	}
	return pid;
}

static void assert_built(const Fixture *fixture)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *diff_id = diff_id_of(1);
	const char *ids[] = {diff_id, NULL};
	g_assert_true(build(fixture->path, &error));
	g_assert_no_error(error);
	g_autofree char *root = smith_repo_checkout(fixture->store, ids, &error);
	assert_text(root, "d19/f399", "399 of 1");
	g_assert_cmpint(stat_of(root, "large").st_size, ==, 600000);
	g_autofree char *roots = g_path_get_dirname(root);
	smith_autofd int fd = smith_fd_open_dir(AT_FDCWD, roots, NULL);
	g_autoptr(GPtrArray) names = smith_fd_list_dir(fd, NULL);
	/* the root and its stamp */
	g_assert_cmpuint(names->len, ==, 2);
}

static void test_together(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	pid_t pids[4];
	if (!has_xattrs(fixture))
		return;
	for (guint i = 0; i < G_N_ELEMENTS(pids); i++)
		pids[i] = build_in_child(fixture->path);
	for (guint i = 0; i < G_N_ELEMENTS(pids); i++) {
		int status = -1;
		g_assert_cmpint(waitpid(pids[i], &status, 0), ==, pids[i]);
		g_assert_cmpint(status, ==, 0);
	}
	assert_built(fixture);
}

/* Killed at any moment: what is there is believed only when it is whole. */
static void test_killed(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	if (!has_xattrs(fixture))
		return;
	for (guint i = 0; i < 25; i++) {
		int status = -1;
		pid_t pid = build_in_child(fixture->path);
		g_usleep(2000 * i);
		kill(pid, SIGKILL);
		g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
		g_assert_true(WIFSIGNALED(status) || status == 0);
		g_autofree char *roots = g_build_filename(fixture->path, "cache/roots", NULL);
		/* so that the next one makes it again, of what has been imported so far */
		if (i % 5 == 4)
			g_assert_true(smith_fd_remove_tree(AT_FDCWD, roots, NULL));
	}
	g_autofree char *roots = g_build_filename(fixture->path, "cache/roots", NULL);
	g_autofree char *left = g_build_filename(roots, ".tmp-root-0123", "x", NULL);
	g_assert_cmpint(g_mkdir_with_parents(left, 0700), ==, 0);
	smith_autofd int fd = smith_fd_open_dir(AT_FDCWD, roots, NULL);
	g_autoptr(GPtrArray) names = smith_fd_list_dir(fd, NULL);
	for (guint i = 0; i < names->len; i++)
		if (!g_str_has_prefix(names->pdata[i], "."))
			g_assert_true(smith_fd_remove_tree(fd, names->pdata[i], NULL));
	assert_built(fixture);
}

static bool write_map(const char *path, const char *text)
{
	return g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL);
}

/* In namespaces of its own, where anybody may mount a tmpfs. */
static bool enter_small_disk(const char *path)
{
	g_autofree char *users = g_strdup_printf("0 %u 1", geteuid());
	g_autofree char *groups = g_strdup_printf("0 %u 1", getegid());
	return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
	       write_map("/proc/self/setgroups", "deny") &&
	       write_map("/proc/self/uid_map", users) && write_map("/proc/self/gid_map", groups) &&
	       mount("tmpfs", path, "tmpfs", 0, "size=1400k") == 0 &&
	       setxattr(path, "user.smith-test", "", 0, 0) == 0;
}

static int fill_small_disk(const char *path)
{
	g_autoptr(GError) error = NULL;
	if (!enter_small_disk(path))
		return 77;
	if (build(path, &error) || !g_error_matches(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE)) {
		fprintf(stderr, "# %s\n", error != NULL ? error->message : "there was room");
		return 1;
	}
	g_clear_error(&error);
	if (mount("tmpfs", path, "tmpfs", MS_REMOUNT, "size=40m") < 0)
		return 2;
	if (!build(path, &error))
		fprintf(stderr, "# %s\n", error->message);
	return error != NULL ? 3 : 0;
}

static void test_full_disk(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	int status = -1;
	pid_t pid = fork();
	if (pid == 0)
		_exit(fill_small_disk(fixture->path));
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	if (WEXITSTATUS(status) == 77)
		g_test_skip("no tmpfs with user attributes can be mounted here");
	else
		g_assert_cmpint(status, ==, 0);
}

static int try_without_xattrs(const char *path)
{
	g_autoptr(GError) error = NULL;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("ramfs", path, "ramfs", 0, NULL) < 0 ||
	    setxattr(path, "user.smith-test", "", 0, 0) == 0)
		return 77;
	if (build(path, &error) || !g_error_matches(error, SMITH_ERROR, SMITH_ERROR_UNSUPPORTED) ||
	    strstr(error->message, "put the store on ext4") == NULL)
		return 1;
	/* nothing half made is left: "cache", "lock" and "oci" are of each store */
	smith_autofd int fd = smith_fd_open_dir(AT_FDCWD, path, NULL);
	g_autoptr(GPtrArray) names = smith_fd_list_dir(fd, NULL);
	return names->len == 3 ? 0 : 2;
}

static void test_no_xattrs(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	int status = -1;
	pid_t pid = fork();
	if (pid == 0)
		_exit(try_without_xattrs(fixture->path));
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	if (WEXITSTATUS(status) == 77)
		g_test_skip("no file system without user attributes can be mounted here");
	else
		g_assert_cmpint(status, ==, 0);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*test)(Fixture *fixture, gconstpointer data);
	} tests[] = {
		{"/store/repo/one-layer", test_one_layer},
		{"/store/repo/fsck", test_fsck},
		{"/store/repo/union", test_union},
		{"/store/repo/order", test_order},
		{"/store/repo/bad-link", test_bad_link},
		{"/store/repo/damage", test_damage},
		{"/store/repo/lost-attributes", test_lost_attributes},
		{"/store/repo/damaged-tree", test_damaged_tree},
		{"/store/repo/reboot", test_reboot},
		{"/store/repo/again", test_again},
		{"/store/repo/together", test_together},
		{"/store/repo/killed", test_killed},
		{"/store/repo/no-xattrs", test_no_xattrs},
		{"/store/repo/full-disk", test_full_disk},
	};
	g_test_init(&argc, &argv, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
	return g_test_run();
}
