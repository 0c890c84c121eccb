/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/upper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "sandbox/record.h"

/* A root and a work directory as a step leaves them, made by hand. */
typedef struct {
	char *path;
	char *root;
	char *work;
	char *upper;
	bool able;
} Fixture;

static char *make_dir(const char *parent, const char *name)
{
	char *path = g_build_filename(parent, name, NULL);
	g_assert_cmpint(g_mkdir_with_parents(path, 0755), ==, 0);
	g_assert_cmpint(chmod(path, 0755), ==, 0);
	return path;
}

static void set_up(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	fixture->path = g_dir_make_tmp("smith-upper-XXXXXX", &error);
	g_assert_no_error(error);
	fixture->root = make_dir(fixture->path, "root");
	fixture->work = make_dir(fixture->path, "work");
	fixture->upper = make_dir(fixture->work, "upper");
	fixture->able = setxattr(fixture->path, "user.smith-test", "", 0, 0) == 0;
	if (!fixture->able)
		g_test_skip("the file system of temporary files keeps no user attributes");
}

static void tear_down(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	g_assert_true(smith_upper_remove(fixture->work, SMITH_SANDBOX_ONE_UID, NULL));
	g_assert_true(smith_fd_remove_tree(AT_FDCWD, fixture->path, NULL));
	g_free(fixture->path);
	g_free(fixture->root);
	g_free(fixture->work);
	g_free(fixture->upper);
}

static void put(const char *dir, const char *path, const char *text)
{
	g_autofree char *full = g_build_filename(dir, path, NULL);
	g_autofree char *parent = g_path_get_dirname(full);
	g_assert_cmpint(g_mkdir_with_parents(parent, 0755), ==, 0);
	g_assert_true(g_file_set_contents(full, text, -1, NULL));
	g_assert_cmpint(chmod(full, 0644), ==, 0);
}

static void put_dir(const char *dir, const char *path)
{
	g_autofree char *full = make_dir(dir, path);
	(void)full;
}

static void mark(const char *dir, const char *path, const char *name, const char *value)
{
	g_autofree char *full = g_build_filename(dir, path, NULL);
	g_assert_cmpint(setxattr(full, name, value, strlen(value), 0), ==, 0);
}

/* FALSE where nobody but root may make one. */
static bool put_whiteout(const char *dir, const char *path)
{
	g_autofree char *full = g_build_filename(dir, path, NULL);
	if (mknod(full, S_IFCHR, makedev(0, 0)) == 0)
		return true;
	g_test_skip("whiteouts cannot be made here");
	return false;
}

static void put_record(const char *dir, const char *path, const SmithRecord *record)
{
	guint8 data[SMITH_RECORD_MAX];
	g_autofree char *full = g_build_filename(dir, path, NULL);
	gsize length = smith_record_encode(record, data, sizeof data);
	g_assert_cmpuint(length, >, 0);
	g_assert_cmpint(setxattr(full, SMITH_RECORD_XATTR, data, length, 0), ==, 0);
}

/* Entries as lines: type, mode, owner, path, what it leads to or its first bytes. */
static char *describe(const SmithEntry *entry)
{
	g_autofree char *text = NULL;
	if (entry->content != NULL) {
		g_autoptr(SmithSource) source = entry->content->ops->open(entry->content, NULL);
		g_autoptr(GBytes) bytes = smith_source_read_all(source, 100, NULL);
		g_assert_nonnull(bytes);
		text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	}
	GString *line = g_string_new(NULL);
	g_string_append_printf(line, "%s %o %u:%u %s", smith_entry_type_name(entry->type),
			       entry->mode, entry->uid, entry->gid, entry->path);
	if (entry->target != NULL || text != NULL)
		g_string_append_printf(line, " %s", entry->target != NULL ? entry->target : text);
	if (entry->type == SMITH_ENTRY_CHAR)
		g_string_append_printf(line, " %u:%u", entry->major, entry->minor);
	for (guint i = 0; entry->xattrs != NULL && i < entry->xattrs->len; i++) {
		const SmithXattr *xattr = &g_array_index(entry->xattrs, SmithXattr, i);
		g_string_append_printf(line, " %s=%u", xattr->name,
				       (guint)g_bytes_get_size(xattr->value));
	}
	g_string_append_c(line, '\n');
	return g_string_free(line, FALSE);
}

static SmithSandboxStep step_of(const Fixture *fixture)
{
	SmithSandboxStep step = {.name = "test", .mode = SMITH_SANDBOX_ONE_UID};
	step.root = fixture->root;
	step.work = fixture->work;
	return step;
}

static char *read_lines(SmithEntryIter *iter)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithEntryIter) owned = iter;
	g_autoptr(GPtrArray) entries = smith_entry_iter_collect(owned, &error);
	g_assert_no_error(error);
	GString *lines = g_string_new(NULL);
	for (guint i = 0; i < entries->len; i++) {
		g_autofree char *line = describe(entries->pdata[i]);
		g_string_append(lines, line);
	}
	return g_string_free(lines, FALSE);
}

static void assert_upper(const Fixture *fixture, const char *expected)
{
	g_autoptr(GError) error = NULL;
	SmithSandboxStep step = step_of(fixture);
	SmithEntryIter *iter = smith_upper_read(&step, &error);
	g_assert_no_error(error);
	g_autofree char *lines = read_lines(iter);
	g_assert_cmpstr(lines, ==, expected);
}

static void test_new(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	if (!fixture->able)
		return;
	put(fixture->upper, "srv/b/file", "text");
	put(fixture->upper, "srv/a.b", "dot");
	put(fixture->upper, "srv/a/x", "slash");
	g_autofree char *link = g_build_filename(fixture->upper, "srv/link", NULL);
	g_assert_cmpint(symlink("../else", link), ==, 0);
	g_autofree char *fifo = g_build_filename(fixture->upper, "srv/pipe", NULL);
	g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
	assert_upper(fixture, "directory 755 0:0 srv\n"
			      "directory 755 0:0 srv/a\n"
			      "file 644 0:0 srv/a/x slash\n"
			      "file 644 0:0 srv/a.b dot\n"
			      "directory 755 0:0 srv/b\n"
			      "file 644 0:0 srv/b/file text\n"
			      "symbolic link 777 0:0 srv/link ../else\n"
			      "fifo 600 0:0 srv/pipe\n");
}

static void test_socket(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	smith_autofd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_autofree char *path = g_build_filename(fixture->upper, "s", NULL);
	if (!fixture->able)
		return;
	g_strlcpy(address.sun_path, path, sizeof address.sun_path);
	g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
	assert_upper(fixture, "");
}

/* What was copied up and is as it was is not in the layer, whatever the overlay left on it. */
static void test_untouched(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	if (!fixture->able)
		return;
	put(fixture->root, "etc/same", "same");
	put(fixture->root, "etc/other", "1234");
	put(fixture->root, "etc/mode", "mode");
	put(fixture->upper, "etc/same", "same");
	mark(fixture->upper, "etc/same", "user.overlay.origin", "x");
	mark(fixture->upper, "etc", "user.overlay.impure", "y");
	assert_upper(fixture, "");
	put(fixture->upper, "etc/other", "4321");
	put(fixture->upper, "etc/mode", "mode");
	g_autofree char *mode = g_build_filename(fixture->upper, "etc/mode", NULL);
	g_assert_cmpint(chmod(mode, 0600), ==, 0);
	assert_upper(fixture, "directory 755 0:0 etc\n"
			      "file 600 0:0 etc/mode mode\n"
			      "file 644 0:0 etc/other 4321\n");
}

static void test_whiteouts(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	if (!fixture->able)
		return;
	put(fixture->root, "etc/gone", "1");
	put(fixture->root, "etc/stays", "1");
	put_dir(fixture->upper, "etc");
	if (!put_whiteout(fixture->upper, "etc/gone"))
		return;
	/* made and removed by the step itself */
	g_assert_true(put_whiteout(fixture->upper, "etc/was-new"));
	/* so are those of file systems that cannot make devices */
	put(fixture->root, "etc/also", "1");
	put(fixture->upper, "etc/also", "");
	mark(fixture->upper, "etc/also", "user.overlay.whiteout", "y");
	assert_upper(fixture, "directory 755 0:0 etc\n"
			      "file 644 0:0 etc/.wh.also\n"
			      "file 644 0:0 etc/.wh.gone\n");
}

/* A directory that was removed and made again: hidden names tell, marks do not. */
static void test_opaque(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	if (!fixture->able)
		return;
	put(fixture->root, "a/one", "1");
	put(fixture->root, "a/two", "2");
	put(fixture->root, "b/one", "1");
	put(fixture->root, "b/two", "2");
	put(fixture->root, "c/sub/one", "1");
	put(fixture->root, "d", "was a file");
	put(fixture->upper, "a/new", "3");
	put(fixture->upper, "b/one", "1");
	put_dir(fixture->upper, "c/sub");
	put(fixture->upper, "d/x", "now a directory");
	mark(fixture->upper, "a", "user.overlay.opaque", "y");
	mark(fixture->upper, "b", "user.overlay.opaque", "y");
	mark(fixture->upper, "c", "user.overlay.opaque", "y");
	mark(fixture->upper, "d", "user.overlay.opaque", "y");
	assert_upper(fixture, "directory 755 0:0 a\n"
			      "file 644 0:0 a/.wh..wh..opq\n"
			      "file 644 0:0 a/new 3\n"
			      "directory 755 0:0 b\n"
			      "file 644 0:0 b/.wh.two\n"
			      "directory 755 0:0 c\n"
			      "directory 755 0:0 c/sub\n"
			      "file 644 0:0 c/sub/.wh.one\n"
			      "directory 755 0:0 d\n"
			      "file 644 0:0 d/x now a directory\n");
}

/* Without overlay, `upper` is all of it. */
static void test_copied(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	if (!fixture->able)
		return;
	put(fixture->root, "a/one", "1");
	put(fixture->root, "a/two", "2");
	put(fixture->root, "b/one", "1");
	put(fixture->root, "c", "c");
	put(fixture->upper, "a/one", "1");
	put(fixture->upper, "a/new", "3");
	put(fixture->upper, "b/one", "1");
	put(fixture->work, "copied", "");
	assert_upper(fixture, "file 644 0:0 .wh.c\n"
			      "directory 755 0:0 a\n"
			      "file 644 0:0 a/.wh.two\n"
			      "file 644 0:0 a/new 3\n");
}

static void test_records(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	static const guint8 version_3[24] = {1, 0, 0, 3, 0, 0x20, 0, 0, [20] = 0xe8, [21] = 3};
	SmithRecord owner = {.uid = 33, .gid = 44, .mode = S_IFREG | 04755, .n_xattrs = 2};
	SmithRecord device = {.gid = 6, .mode = S_IFCHR | 0660, .major = 1, .minor = 3};
	SmithRecord dir = {.uid = 5, .mode = S_IFDIR | 03770};
	if (!fixture->able)
		return;
	owner.xattrs[0] =
		(SmithRecordXattr){SMITH_RECORD_PRIVATE "mtime", (const guint8 *)"12345678", 8};
	owner.xattrs[1] = (SmithRecordXattr){"security.capability", version_3, sizeof version_3};
	put(fixture->upper, "bin", "x");
	put(fixture->upper, "null", "");
	put_dir(fixture->upper, "spool");
	g_autofree char *bin = g_build_filename(fixture->upper, "bin", NULL);
	g_autofree char *null = g_build_filename(fixture->upper, "null", NULL);
	g_autofree char *spool = g_build_filename(fixture->upper, "spool", NULL);
	g_assert_cmpint(chmod(bin, 0755), ==, 0);
	g_assert_cmpint(chmod(null, 0660), ==, 0);
	g_assert_cmpint(chmod(spool, 0770), ==, 0);
	put_record(fixture->upper, "bin", &owner);
	put_record(fixture->upper, "null", &device);
	put_record(fixture->upper, "spool", &dir);
	mark(fixture->upper, "bin", "user.note", "hello");
	assert_upper(fixture, "file 4755 33:44 bin x security.capability=20 user.note=5\n"
			      "character device 660 0:6 null 1:3\n"
			      "directory 3770 5:0 spool\n");
	/* the same in the root: nothing has changed */
	put(fixture->root, "bin", "x");
	g_autofree char *below = g_build_filename(fixture->root, "bin", NULL);
	g_assert_cmpint(chmod(below, 0755), ==, 0);
	owner.n_xattrs = 2;
	put_record(fixture->root, "bin", &owner);
	mark(fixture->root, "bin", "user.note", "hello");
	put_dir(fixture->root, "spool");
	g_autofree char *spool_below = g_build_filename(fixture->root, "spool", NULL);
	g_assert_cmpint(chmod(spool_below, 0770), ==, 0);
	put_record(fixture->root, "spool", &dir);
	assert_upper(fixture, "character device 660 0:6 null 1:3\n");
}

/* A chmod() that no supervisor saw. */
static void test_stale_record(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	SmithRecord owner = {.gid = 42, .mode = S_IFREG | 0640};
	if (!fixture->able)
		return;
	put(fixture->upper, "shadow", "x");
	put_record(fixture->upper, "shadow", &owner);
	g_autofree char *path = g_build_filename(fixture->upper, "shadow", NULL);
	g_assert_cmpint(chmod(path, 0600), ==, 0);
	assert_upper(fixture, "file 600 0:42 shadow x\n");
}

static void test_links(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	struct statx info;
	if (!fixture->able)
		return;
	g_autofree char *link = g_build_filename(fixture->upper, "link", NULL);
	g_autofree char *old = g_build_filename(fixture->upper, "old", NULL);
	g_assert_cmpint(symlink("x", link), ==, 0);
	g_assert_cmpint(symlink("y", old), ==, 0);
	g_assert_cmpint(statx(AT_FDCWD, link, AT_SYMLINK_NOFOLLOW, STATX_BTIME | STATX_INO, &info),
			==, 0);
	g_autofree char *row = g_strdup_printf(
		"%" G_GUINT64_FORMAT " %" G_GINT64_FORMAT " %u 7 8 120777 0 0\n",
		(guint64)info.stx_ino, (gint64)info.stx_btime.tv_sec, info.stx_btime.tv_nsec);
	g_assert_cmpint(statx(AT_FDCWD, old, AT_SYMLINK_NOFOLLOW, STATX_BTIME | STATX_INO, &info),
			==, 0);
	/* the inode was another file's when this was written */
	g_autofree char *stale = g_strdup_printf("%s%" G_GUINT64_FORMAT " 17 0 9 9 120777 0 0\n",
						 row, (guint64)info.stx_ino);
	put(fixture->work, "links", stale);
	assert_upper(fixture, "symbolic link 777 7:8 link x\nsymbolic link 777 0:0 old y\n");
	g_autoptr(GError) error = NULL;
	SmithSandboxStep step = step_of(fixture);
	put(fixture->work, "links", "no table\n");
	g_assert_null(smith_upper_read(&step, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
}

static void test_hard_links(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	if (!fixture->able)
		return;
	put(fixture->upper, "b/file", "text");
	put_dir(fixture->upper, "a");
	put(fixture->root, "old", "old");
	put(fixture->upper, "old", "old");
	g_autofree char *file = g_build_filename(fixture->upper, "b/file", NULL);
	g_autofree char *first = g_build_filename(fixture->upper, "a/first", NULL);
	g_autofree char *last = g_build_filename(fixture->upper, "c", NULL);
	g_autofree char *old = g_build_filename(fixture->upper, "old", NULL);
	g_autofree char *new = g_build_filename(fixture->upper, "second-of-old", NULL);
	g_assert_cmpint(link(file, first), ==, 0);
	g_assert_cmpint(link(file, last), ==, 0);
	g_assert_cmpint(link(old, new), ==, 0);
	assert_upper(fixture, "directory 755 0:0 a\n"
			      "file 644 0:0 a/first text\n"
			      "directory 755 0:0 b\n"
			      "hard link 644 0:0 b/file a/first\n"
			      "hard link 644 0:0 c a/first\n"
			      "file 644 0:0 second-of-old old\n");
}

static void test_unreadable(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	if (!fixture->able)
		return;
	put(fixture->upper, "closed/file", "text");
	g_autofree char *file = g_build_filename(fixture->upper, "closed/file", NULL);
	g_autofree char *dir = g_build_filename(fixture->upper, "closed", NULL);
	g_assert_cmpint(chmod(file, 0), ==, 0);
	g_assert_cmpint(chmod(dir, 0), ==, 0);
	assert_upper(fixture, "directory 0 0:0 closed\nfile 0 0:0 closed/file text\n");
}

static gboolean is_no_noise(const SmithEntry *entry, G_GNUC_UNUSED gpointer data)
{
	return !g_str_has_suffix(entry->path, ".log");
}

/* A filter leaves directories behind that nothing has happened to. */
static void test_prune(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	SmithSandboxStep step = step_of(fixture);
	if (!fixture->able)
		return;
	put_dir(fixture->root, "var/log/app");
	put(fixture->upper, "var/log/app/x.log", "noise");
	put(fixture->upper, "var/new/y.log", "noise");
	put(fixture->upper, "var/logs", "no log");
	GPtrArray *entries = g_ptr_array_new();
	SmithEntryIter *iter = smith_upper_read(&step, &error);
	g_assert_no_error(error);
	for (;;) {
		SmithEntry *entry = NULL;
		g_assert_true(smith_entry_iter_next(iter, &entry, &error));
		if (entry == NULL)
			break;
		if (is_no_noise(entry, NULL))
			g_ptr_array_add(entries, entry);
		else
			smith_entry_free(entry);
	}
	smith_entry_iter_free(iter);
	iter = smith_upper_prune(&step, smith_entry_iter_new_array(entries), &error);
	g_assert_no_error(error);
	g_autofree char *lines = read_lines(iter);
	g_assert_cmpstr(lines, ==,
			"directory 755 0:0 var\n"
			"file 644 0:0 var/logs no log\n"
			"directory 755 0:0 var/new\n");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*test)(Fixture *fixture, gconstpointer data);
	} tests[] = {
		{"/sandbox/upper/new", test_new},
		{"/sandbox/upper/socket", test_socket},
		{"/sandbox/upper/untouched", test_untouched},
		{"/sandbox/upper/whiteouts", test_whiteouts},
		{"/sandbox/upper/opaque", test_opaque},
		{"/sandbox/upper/copied", test_copied},
		{"/sandbox/upper/records", test_records},
		{"/sandbox/upper/stale-record", test_stale_record},
		{"/sandbox/upper/links", test_links},
		{"/sandbox/upper/hard-links", test_hard_links},
		{"/sandbox/upper/unreadable", test_unreadable},
		{"/sandbox/upper/prune", test_prune},
	};
	g_test_init(&argc, &argv, NULL);
	(void)umask(022);
	for (guint i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
	return g_test_run();
}
