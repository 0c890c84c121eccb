/* SPDX-License-Identifier: Apache-2.0 */
#include "execute/pycs.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

#define HEAD "\xa7\x0d\r\n\1\0\0\0hash-hash"
#define HEAD_LENGTH 17

typedef struct {
	char *path;
	int fd;
	GByteArray *file;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
	(void)data;
	fixture->path = g_dir_make_tmp("pycs-XXXXXX", NULL);
	fixture->fd = smith_fd_open_dir(AT_FDCWD, fixture->path, NULL);
	fixture->file = g_byte_array_new();
	g_assert_cmpint(fixture->fd, >=, 0);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autofree char *name = g_path_get_basename(fixture->path);
	smith_autofd int parent = smith_fd_open_dir(fixture->fd, "..", NULL);
	g_assert_true(smith_fd_remove_tree(parent, name, NULL));
	smith_fd_clear(&fixture->fd);
	g_free(fixture->path);
	g_byte_array_unref(fixture->file);
}

static void add(Fixture *fixture, guint32 number, guint8 kind, const char *data, guint64 length,
		guint64 declared)
{
	guint8 head[13];
	for (guint i = 0; i < 4; i++)
		head[i] = (guint8)(number >> (8 * i));
	head[4] = kind;
	for (guint i = 0; i < 8; i++)
		head[5 + i] = (guint8)(declared >> (8 * i));
	g_byte_array_append(fixture->file, head, sizeof head);
	g_byte_array_append(fixture->file, (const guint8 *)data, (guint)length);
}

static void save(Fixture *fixture, const char *name)
{
	g_assert_true(smith_fd_write_file(fixture->fd, name, fixture->file->data,
					  fixture->file->len, 0600, NULL));
	g_byte_array_set_size(fixture->file, 0);
}

static void test_reads(Fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autoptr(GError) error = NULL;
	add(fixture, 2, 0, HEAD "two", HEAD_LENGTH + 3, HEAD_LENGTH + 3);
	add(fixture, 0, 1, "no\nway\x1b[1m\xff", 11, 11);
	save(fixture, "0");
	add(fixture, 1, 0, HEAD, HEAD_LENGTH, HEAD_LENGTH);
	save(fixture, "1");
	save(fixture, "2");
	g_autoptr(GPtrArray) pycs = smith_pycs_read(fixture->fd, 3, &error);
	g_assert_no_error(error);
	const SmithPyc *none = pycs->pdata[0], *one = pycs->pdata[1], *two = pycs->pdata[2];
	g_assert_null(none->content);
	g_assert_cmpstr(none->problem, ==, "no way [1m\xef\xbf\xbd");
	g_assert_cmpuint(one->content->size, ==, HEAD_LENGTH);
	g_assert_null(one->problem);
	/* they stay readable when the files have no names any more */
	g_assert_cmpint(unlinkat(fixture->fd, "0", 0), ==, 0);
	g_autoptr(SmithSource) source = two->content->ops->open(two->content, &error);
	g_autoptr(GBytes) bytes = smith_source_read_all(source, 100, &error);
	g_assert_no_error(error);
	g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), HEAD "two",
			HEAD_LENGTH + 3);
}

typedef struct {
	guint32 number;
	guint8 kind;
	const char *data;
	guint64 length;
	guint64 declared;
	const char *text;
} Row;

static const Row rows[] = {
	{7, 0, HEAD, HEAD_LENGTH, HEAD_LENGTH, "was not asked for"},
	{0, 0, HEAD, HEAD_LENGTH, HEAD_LENGTH, "is there twice"},
	{1, 0, HEAD, HEAD_LENGTH, HEAD_LENGTH + 1, "ends within a result"},
	{1, 0, HEAD, HEAD_LENGTH, G_MAXUINT64, "ends within a result"},
	{1, 0, HEAD, HEAD_LENGTH, 16, "ends within a result"},
	{1, 0, HEAD, 15, 15, "has 15 bytes"},
	{1, 0, "\xa8\x0d\r\n\1\0\0\0hash-hash", HEAD_LENGTH, HEAD_LENGTH, "magic"},
	{1, 0, "\xa7\x0d\r\n\0\0\0\0hash-hash", HEAD_LENGTH, HEAD_LENGTH, "flags 0"},
	{1, 0, "\xa7\x0d\r\n\3\0\0\0hash-hash", HEAD_LENGTH, HEAD_LENGTH, "flags 3"},
	{1, 0, "\xa7\x0d\r\n\1\0\0\1hash-hash", HEAD_LENGTH, HEAD_LENGTH, "flags 16777217"},
	{1, 2, HEAD, HEAD_LENGTH, HEAD_LENGTH, "of kind 2"},
	{1, 1, "", 0, 0, "a message has 0"},
};

static void refuse(Fixture *fixture, const char *text)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) pycs = smith_pycs_read(fixture->fd, 2, &error);
	g_assert_null(pycs);
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
	if (strstr(error->message, text) == NULL)
		g_error("'%s' has no '%s'", error->message, text);
}

static void test_refuses(Fixture *fixture, gconstpointer data)
{
	(void)data;
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		const Row *row = &rows[i];
		add(fixture, 0, 0, HEAD, HEAD_LENGTH, HEAD_LENGTH);
		add(fixture, row->number, row->kind, row->data, row->length, row->declared);
		save(fixture, "0");
		refuse(fixture, row->text);
	}
	add(fixture, 0, 0, HEAD, HEAD_LENGTH, HEAD_LENGTH);
	save(fixture, "0");
	refuse(fixture, "no result of source 1");
}

static void test_long_message(Fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autofree char *text = g_strnfill(5000, 'x');
	add(fixture, 0, 1, text, 5000, 5000);
	save(fixture, "0");
	refuse(fixture, "a message has 5000 bytes");
}

/* Nothing outside is read, and nothing hangs. */
static void test_strange_files(Fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autoptr(GError) error = NULL;
	g_assert_cmpint(symlinkat("/etc/passwd", fixture->fd, "0"), ==, 0);
	g_assert_null(smith_pycs_read(fixture->fd, 0, &error));
	g_assert_nonnull(error);
	g_assert_cmpint(unlinkat(fixture->fd, "0", 0), ==, 0);
	g_assert_cmpint(mkfifoat(fixture->fd, "0", 0600), ==, 0);
	refuse(fixture, "no regular file");
	g_assert_cmpint(unlinkat(fixture->fd, "0", 0), ==, 0);
	g_assert_cmpint(mkdirat(fixture->fd, "0", 0700), ==, 0);
	refuse(fixture, "no regular file");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	const struct {
		const char *name;
		void (*test)(Fixture *, gconstpointer);
	} tests[] = {
		{"/execute/pycs/reads", test_reads},
		{"/execute/pycs/refuses", test_refuses},
		{"/execute/pycs/long-message", test_long_message},
		{"/execute/pycs/strange-files", test_strange_files},
	};
	for (guint i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].name, Fixture, NULL, set_up, tests[i].test, tear_down);
	return g_test_run();
}
