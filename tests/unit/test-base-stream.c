/* SPDX-License-Identifier: Apache-2.0 */
#include "base/stream.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"

/* A source of @length bytes "0123456789012...", at most @piece at once, that may fail after them.
 */
typedef struct {
	SmithSource base;
	gsize length;
	gsize piece;
	gsize position;
	gboolean fails;
	guint *calls;
} Digits;

static gssize digits_read(SmithSource *source, void *buffer, gsize length, GError **error)
{
	Digits *self = (Digits *)source;
	if (self->calls != NULL)
		++*self->calls;
	length = MIN(MIN(length, self->piece), self->length - self->position);
	if (length == 0 && self->fails)
		return smith_throw_fd(error, SMITH_ERROR_FAILED, "the wire is cut");
	for (gsize i = 0; i < length; i++)
		((char *)buffer)[i] = (char)('0' + (self->position + i) % 10);
	self->position += length;
	return (gssize)length;
}

static void digits_free(SmithSource *source)
{
	g_free(source);
}

static SmithSource *digits_new(gsize length, gsize piece, gboolean fails, guint *calls)
{
	static const SmithSourceOps ops = {digits_read, digits_free};
	Digits *self = g_new0(Digits, 1);
	*self = (Digits){{&ops, NULL}, length, piece, 0, fails, calls};
	return &self->base;
}

static void test_read(void)
{
	char buffer[64];
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithSource) source = digits_new(25, 7, FALSE, NULL);
	g_assert_cmpint(smith_source_read(source, buffer, sizeof(buffer), &error), ==, 7);
	g_assert_cmpint(smith_source_read_full(source, buffer, 10, &error), ==, 10);
	g_assert_cmpmem(buffer, 10, "7890123456", 10);
	g_assert_cmpint(smith_source_read_full(source, buffer, sizeof(buffer), &error), ==, 8);
	g_assert_cmpint(smith_source_read_full(source, buffer, sizeof(buffer), &error), ==, 0);
	g_assert_true(smith_source_drain(source, &error));
	g_assert_no_error(error);
}

static void test_sticky(void)
{
	guint calls = 0;
	char buffer[64];
	g_autoptr(SmithSource) source = digits_new(5, 9, TRUE, &calls);
	for (guint i = 0; i < 3; i++) {
		g_autoptr(GError) error = NULL;
		g_assert_cmpint(smith_source_read_full(source, buffer, sizeof(buffer), &error), ==,
				-1);
		g_assert_error(error, SMITH_ERROR, SMITH_ERROR_FAILED);
		g_assert_cmpstr(error->message, ==, "the wire is cut");
		g_assert_cmpuint(calls, ==, 2);
	}
	g_assert_cmpint(smith_source_read(source, buffer, 1, NULL), ==, -1);
	g_assert_false(smith_source_drain(source, NULL));
	g_assert_null(smith_source_read_all(source, 100, NULL));
	smith_source_free(NULL);
}

static void test_read_all(void)
{
	static const gsize lengths[] = {0, 1, 4095, 4096, 4097, 16384, 100000};
	for (gsize i = 0; i < G_N_ELEMENTS(lengths); i++) {
		gsize length = lengths[i];
		g_autoptr(GError) error = NULL;
		g_autoptr(SmithSource) source = digits_new(length, 1000, FALSE, NULL);
		g_autoptr(GBytes) bytes = smith_source_read_all(source, length, &error);
		g_assert_no_error(error);
		g_assert_cmpuint(g_bytes_get_size(bytes), ==, length);
		if (length == 0)
			continue;
		const char *data = g_bytes_get_data(bytes, NULL);
		g_assert_cmpint(data[length - 1], ==, '0' + (char)((length - 1) % 10));

		g_autoptr(SmithSource) more = digits_new(length, 1000, FALSE, NULL);
		g_assert_null(smith_source_read_all(more, length - 1, &error));
		g_assert_error(error, SMITH_ERROR, SMITH_ERROR_LIMIT);

		g_autoptr(SmithSource) any = digits_new(length, 1000, FALSE, NULL);
		g_autoptr(GBytes) all = smith_source_read_all(any, G_MAXSIZE, NULL);
		g_assert_cmpuint(g_bytes_get_size(all), ==, length);
	}
}

static int temporary_file(const char *text)
{
	g_autofree char *path = NULL;
	int fd = g_file_open_tmp("stream-XXXXXX", &path, NULL);
	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(unlink(path), ==, 0);
	g_assert_true(smith_fd_write_all(fd, text, strlen(text), NULL));
	g_assert_cmpint(lseek(fd, 0, SEEK_SET), ==, 0);
	return fd;
}

static void assert_all(SmithSource *source, const char *expected)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = smith_source_read_all(source, 1 << 20, &error);
	g_assert_no_error(error);
	g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), expected,
			strlen(expected));
	smith_source_free(source);
}

static void assert_fails(SmithSource *source, GQuark domain, int code, const char *text)
{
	g_autoptr(GError) error = NULL;
	g_assert_false(smith_source_drain(source, &error));
	g_assert_error(error, domain, code);
	if (strstr(error->message, text) == NULL)
		g_error("'%s' is not in '%s'", text, error->message);
	smith_source_free(source);
}

static void test_sources(void)
{
	g_autoptr(GBytes) bytes = g_bytes_new_static("hello", 5);
	assert_all(smith_source_new_bytes(bytes), "hello");
	g_autoptr(GBytes) empty = g_bytes_new(NULL, 0);
	assert_all(smith_source_new_bytes(empty), "");

	smith_autofd int fd = temporary_file("hello world");
	g_assert_cmpint(lseek(fd, 6, SEEK_SET), ==, 6);
	assert_all(smith_source_new_fd(fd, FALSE, "file"), "world");
	g_assert_cmpint(fcntl(fd, F_GETFD), >=, 0);

	assert_all(smith_source_new_range(fd, 3, 5, "file"), "lo wo");
	assert_all(smith_source_new_range(fd, 0, 0, "file"), "");
	assert_all(smith_source_new_range(fd, 11, 0, "file"), "");
	assert_fails(smith_source_new_range(fd, 6, 6, "file"), SMITH_ERROR, SMITH_ERROR_INVALID,
		     "'file' ends at byte 11, expected 1 more");
	assert_fails(smith_source_new_range(fd, 100, G_MAXINT64 - 100, "file"), SMITH_ERROR,
		     SMITH_ERROR_INVALID, "'file' ends at byte 100");
	assert_fails(smith_source_new_range(fd, G_MAXUINT64, 2, "file"), SMITH_ERROR,
		     SMITH_ERROR_INVALID, "beyond the end");
	assert_fails(smith_source_new_range(fd, 1, G_MAXUINT64, "file"), SMITH_ERROR,
		     SMITH_ERROR_INVALID, "beyond the end");

	int taken = dup(fd);
	smith_source_free(smith_source_new_fd(taken, TRUE, "file"));
	g_assert_cmpint(fcntl(taken, F_GETFD), ==, -1);

	smith_autofd int dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_fails(smith_source_new_fd(dir, FALSE, "dir"), G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY,
		     "cannot read 'dir'");
	assert_fails(smith_source_new_range(dir, 0, 1, "dir"), G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY,
		     "cannot read 'dir'");
}

#define DIGITS "sha256:84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882"

static void test_verify(void)
{
	const char *text = "0123456789";
	g_autofree char *digest = smith_digest_of(text, 10);
	g_assert_cmpstr(digest, ==, DIGITS);
	for (gsize piece = 1; piece < 12; piece++) {
		assert_all(smith_source_new_verify(digits_new(10, piece, FALSE, NULL), 10, DIGITS,
						   "blob"),
			   text);
		assert_all(smith_source_new_verify(digits_new(10, piece, FALSE, NULL), G_MAXUINT64,
						   DIGITS, "blob"),
			   text);
		assert_all(smith_source_new_verify(digits_new(10, piece, FALSE, NULL), 10, NULL,
						   "blob"),
			   text);
		assert_fails(smith_source_new_verify(digits_new(9, piece, FALSE, NULL), 10, DIGITS,
						     "blob"),
			     SMITH_ERROR, SMITH_ERROR_VERIFY,
			     "'blob': size mismatch, expected 10 bytes, got 9");
		assert_fails(smith_source_new_verify(digits_new(11, piece, FALSE, NULL), 10, DIGITS,
						     "blob"),
			     SMITH_ERROR, SMITH_ERROR_VERIFY, "expected 10 bytes, got more");
		assert_fails(smith_source_new_verify(digits_new(11, piece, FALSE, NULL),
						     G_MAXUINT64, DIGITS, "blob"),
			     SMITH_ERROR, SMITH_ERROR_VERIFY,
			     "'blob': digest mismatch, expected '" DIGITS "', got 'sha256:");
		assert_fails(smith_source_new_verify(digits_new(10, piece, TRUE, NULL), 10, DIGITS,
						     "blob"),
			     SMITH_ERROR, SMITH_ERROR_FAILED, "the wire is cut");
	}
	g_autofree char *nothing = smith_digest_of("", 0);
	assert_all(smith_source_new_verify(digits_new(0, 1, FALSE, NULL), 0, nothing, "blob"), "");
	assert_fails(smith_source_new_verify(digits_new(0, 1, FALSE, NULL), 0, DIGITS, "blob"),
		     SMITH_ERROR, SMITH_ERROR_VERIFY, "digest mismatch");
	assert_fails(smith_source_new_verify(digits_new(1, 1, FALSE, NULL), 0, NULL, "blob"),
		     SMITH_ERROR, SMITH_ERROR_VERIFY, "got more");
	assert_fails(
		smith_source_new_verify(digits_new(1, 1, FALSE, NULL), 1, "blake3:abc", "blob"),
		SMITH_ERROR, SMITH_ERROR_UNSUPPORTED, "blake3:abc");
	assert_fails(
		smith_source_new_verify(digits_new(1, 1, FALSE, NULL), 1, "sha256:abc", "blob"),
		SMITH_ERROR, SMITH_ERROR_INVALID, "sha256:abc");
}

/* A reader that knows the size and stops there must not miss a lie. */
static void test_verify_exact(void)
{
	char buffer[10];
	g_autoptr(GError) error = NULL;
	g_autofree char *digest = smith_digest_of("0123456788", 10);
	g_autoptr(SmithSource) source =
		smith_source_new_verify(digits_new(10, 3, FALSE, NULL), 10, digest, "blob");
	g_assert_cmpint(smith_source_read_full(source, buffer, 10, &error), ==, -1);
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_VERIFY);

	/* nothing is checked twice, nothing read after the end */
	guint calls = 0;
	g_autoptr(SmithSource) good =
		smith_source_new_verify(digits_new(10, 10, FALSE, &calls), 10, DIGITS, "blob");
	g_assert_cmpint(smith_source_read_full(good, buffer, 10, NULL), ==, 10);
	g_assert_cmpuint(calls, ==, 2);
	g_assert_cmpint(smith_source_read(good, buffer, 10, NULL), ==, 0);
	g_assert_cmpint(smith_source_read(good, buffer, 10, NULL), ==, 0);
	g_assert_cmpuint(calls, ==, 2);
}

/* A sink that takes @room bytes and then fails; notes what happens to it. */
typedef struct {
	guint writes, finishes, frees;
	gsize room;
	gboolean finish_fails;
} Log;

typedef struct {
	SmithSink base;
	Log *log;
} Limited;

static gboolean limited_write(SmithSink *sink, G_GNUC_UNUSED const void *data, gsize length,
			      GError **error)
{
	Log *log = ((Limited *)sink)->log;
	log->writes++;
	if (length > log->room)
		return smith_throw(error, SMITH_ERROR_LIMIT, "full");
	log->room -= length;
	return TRUE;
}

static gboolean limited_finish(SmithSink *sink, GError **error)
{
	Log *log = ((Limited *)sink)->log;
	log->finishes++;
	return !log->finish_fails || smith_throw(error, SMITH_ERROR_FAILED, "no end");
}

static void limited_free(SmithSink *sink)
{
	((Limited *)sink)->log->frees++;
	g_free(sink);
}

static SmithSink *limited_new(Log *log)
{
	static const SmithSinkOps ops = {limited_write, limited_finish, limited_free};
	Limited *self = g_new0(Limited, 1);
	self->base.ops = &ops;
	self->log = log;
	return &self->base;
}

static void test_sink_sticky(void)
{
	Log log = {.room = 10};
	g_autoptr(SmithSink) sink = limited_new(&log);
	g_assert_true(smith_sink_write(sink, "12345", 5));
	g_assert_true(smith_sink_write(sink, NULL, 0));
	g_assert_false(smith_sink_write(sink, "123456", 6));
	g_assert_false(smith_sink_write(sink, "1", 1));
	g_assert_false(smith_sink_write(sink, NULL, 0));
	g_assert_cmpuint(log.writes, ==, 2);
	for (guint i = 0; i < 2; i++) {
		g_autoptr(GError) error = NULL;
		g_assert_false(smith_sink_finish(sink, &error));
		g_assert_error(error, SMITH_ERROR, SMITH_ERROR_LIMIT);
	}
	g_assert_false(sink->finished);
	g_clear_pointer(&sink, smith_sink_free);
	g_assert_cmpuint(log.finishes, ==, 0);
	g_assert_cmpuint(log.frees, ==, 1);
	smith_sink_free(NULL);
}

static void test_sink_finish(void)
{
	Log log = {.room = 10};
	g_autoptr(SmithSink) sink = limited_new(&log);
	g_assert_true(smith_sink_finish(sink, NULL));
	g_assert_true(smith_sink_finish(sink, NULL));
	g_assert_true(sink->finished);
	g_assert_cmpuint(log.finishes, ==, 1);

	Log bad = {.finish_fails = TRUE};
	g_autoptr(SmithSink) failing = limited_new(&bad);
	for (guint i = 0; i < 2; i++) {
		g_autoptr(GError) error = NULL;
		g_assert_false(smith_sink_finish(failing, &error));
		g_assert_error(error, SMITH_ERROR, SMITH_ERROR_FAILED);
	}
	g_assert_false(failing->finished);
	g_assert_false(smith_sink_write(failing, "1", 1));
	g_assert_cmpuint(bad.finishes, ==, 1);
	g_assert_cmpuint(bad.writes, ==, 0);
}

static void test_sinks(void)
{
	g_autoptr(GByteArray) array = g_byte_array_new();
	g_autoptr(SmithSink) bytes = smith_sink_new_bytes(array);
	g_assert_true(smith_sink_write(bytes, "one ", 4));
	g_assert_true(smith_sink_write(bytes, "two", 3));
	g_assert_true(smith_sink_finish(bytes, NULL));
	g_clear_pointer(&bytes, smith_sink_free);
	g_assert_cmpmem(array->data, array->len, "one two", 7);

	smith_autofd int fd = temporary_file("");
	g_autoptr(SmithSink) file = smith_sink_new_fd(fd, "file");
	g_assert_true(smith_sink_write(file, "three", 5));
	g_assert_true(smith_sink_finish(file, NULL));
	assert_all(smith_source_new_range(fd, 0, 5, "file"), "three");

	smith_autofd int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	g_autoptr(SmithSink) disk = smith_sink_new_fd(full, "disk");
	g_autoptr(GError) error = NULL;
	g_assert_false(smith_sink_write(disk, "three", 5));
	g_assert_false(smith_sink_finish(disk, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
	g_assert_true(g_str_has_prefix(error->message, "writing 'disk': "));
}

static void test_tee(void)
{
	Log one = {.room = 10};
	Log two = {.room = 5};
	g_autoptr(SmithSink) a = limited_new(&one);
	g_autoptr(SmithSink) b = limited_new(&two);
	g_autoptr(SmithSink) tee = smith_sink_new_tee(a, b);
	g_autoptr(SmithSink) alone = smith_sink_new_tee(a, NULL);
	g_autoptr(GError) error = NULL;
	g_assert_true(smith_sink_write(tee, "1234", 4));
	g_assert_cmpuint(one.room, ==, 6);
	g_assert_cmpuint(two.room, ==, 1);
	g_assert_true(smith_sink_write(alone, "1234", 4));
	g_assert_cmpuint(one.room, ==, 2);
	g_assert_false(smith_sink_write(tee, "12", 2));
	g_assert_false(smith_sink_finish(tee, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_LIMIT);
	g_assert_true(smith_sink_finish(alone, NULL));
	g_assert_cmpuint(one.finishes, ==, 0);
	g_clear_pointer(&tee, smith_sink_free);
	g_clear_pointer(&alone, smith_sink_free);
	g_assert_cmpuint(one.frees + two.frees, ==, 0);
}

static void test_copy(void)
{
	Log log = {.room = 1000000};
	g_autoptr(SmithSink) sink = limited_new(&log);
	g_autoptr(SmithSource) source = digits_new(300000, 70000, FALSE, NULL);
	g_autoptr(GError) error = NULL;
	g_assert_true(smith_stream_copy(source, sink, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(log.room, ==, 700000);
	g_assert_cmpuint(log.finishes, ==, 0);

	g_autoptr(SmithSource) cut = digits_new(300000, 70000, TRUE, NULL);
	g_assert_false(smith_stream_copy(cut, sink, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_FAILED);
	g_clear_error(&error);

	guint calls = 0;
	g_autoptr(SmithSource) more = digits_new(30000000, 70000, FALSE, &calls);
	g_assert_false(smith_stream_copy(more, sink, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_LIMIT);
	g_assert_cmpuint(calls, <, 10);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/stream/read", test_read);
	g_test_add_func("/stream/sticky", test_sticky);
	g_test_add_func("/stream/read-all", test_read_all);
	g_test_add_func("/stream/sources", test_sources);
	g_test_add_func("/stream/verify", test_verify);
	g_test_add_func("/stream/verify-exact", test_verify_exact);
	g_test_add_func("/stream/sink-sticky", test_sink_sticky);
	g_test_add_func("/stream/sink-finish", test_sink_finish);
	g_test_add_func("/stream/sinks", test_sinks);
	g_test_add_func("/stream/tee", test_tee);
	g_test_add_func("/stream/copy", test_copy);
	return g_test_run();
}
