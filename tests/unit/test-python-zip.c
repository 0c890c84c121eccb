/* SPDX-License-Identifier: Apache-2.0 */
#include "python/zip.h"

#include "base/digest.h"
#include "base/error.h"
#include "python/inflate.h"
#include "tests/unit/wheel-builder.h"

static SmithZip *open_bytes(GBytes *bytes, GError **error)
{
	return smith_zip_new(zip_to_fd(bytes), "test.zip", 0, error);
}

/* Opens, and reads every file through open() and splice(); the first failure. */
static gboolean read_everything(GBytes *bytes, GError **error)
{
	g_autoptr(SmithZip) zip = open_bytes(bytes, error);

	if (zip == NULL)
		return FALSE;
	for (guint i = 0; i < smith_zip_length(zip); i++) {
		const SmithZipMember *member = smith_zip_member(zip, i);
		g_autoptr(SmithContent) content = smith_zip_content(zip, member, NULL);
		g_autoptr(GByteArray) array = g_byte_array_new();
		g_autoptr(SmithSink) plain = smith_sink_new_bytes(array);
		g_autoptr(GBytes) read = NULL;

		if (member->is_dir)
			continue;
		read = smith_zip_read(zip, member, 1 << 26, NULL, error);
		if (read == NULL)
			return FALSE;
		if (!content->can_splice)
			continue;
		if (!content->ops->splice(content, NULL, plain, error))
			return FALSE;
		g_assert_cmpmem(array->data, array->len, g_bytes_get_data(read, NULL),
				g_bytes_get_size(read));
	}
	return TRUE;
}

static void expect_error(ZipBuilder *zip, SmithErrorCode code, const char *pattern)
{
	g_autoptr(GBytes) bytes = zip_finish(zip);
	g_autoptr(GError) error = NULL;
	g_autofree char *glob = g_strdup_printf("*%s*", pattern);

	g_assert_false(read_everything(bytes, &error));
	g_assert_error(error, SMITH_ERROR, (int)code);
	if (!g_pattern_match_simple(glob, error->message))
		g_error("got '%s', expected '%s'", error->message, pattern);
}

static void expect_one_error(const ZipSpec *spec, SmithErrorCode code, const char *pattern)
{
	ZipBuilder zip = {0};

	zip_add(&zip, spec);
	expect_error(&zip, code, pattern);
}

/* Bytes that do not repeat much, so that the streams have many blocks. */
static char *noise(gsize length)
{
	char *data = g_malloc(length);
	guint32 state = 1;

	for (gsize i = 0; i < length; i++) {
		state = state * 1664525 + 1013904223;
		data[i] = (char)("abcdefghijklmnop \n"[(state >> 24) % 18]);
	}
	return data;
}

static void test_members(void)
{
	ZipBuilder zip = {.comment = "hello"};
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(SmithZip) opened = NULL;
	g_autoptr(GError) error = NULL;
	const SmithZipMember *member;

	zip_add(&zip, &(ZipSpec){.name = "dir/", .mode = 040755});
	zip_add(&zip, &(ZipSpec){.name = "dir/stored", .data = "hello"});
	zip_add(&zip, &(ZipSpec){.name = "dir/run", .data = "x", .deflate = true, .mode = 0100755});
	zip_add(&zip, &(ZipSpec){.name = "caf\xc3\xa9", .data = "y", .flags = 0x800});
	zip_add(&zip,
		&(ZipSpec){.name = "later", .data = "zz", .deflate = true, .descriptor = true});
	zip_add(&zip, &(ZipSpec){.name = "large", .data = "www", .deflate = true, .zip64 = true});
	zip_add(&zip, &(ZipSpec){.name = "empty", .data = ""});
	bytes = zip_finish(&zip);
	opened = open_bytes(bytes, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(smith_zip_length(opened), ==, 7);
	g_assert_true(smith_zip_member(opened, 0)->is_dir);
	g_assert_cmpstr(smith_zip_member(opened, 0)->name, ==, "dir");
	g_assert_null(smith_zip_find(opened, "dir"));
	member = smith_zip_find(opened, "dir/run");
	g_assert_nonnull(member);
	g_assert_cmpuint(member->mode, ==, 0100755);
	g_assert_cmpuint(member->size, ==, 1);
	g_assert_true(read_everything(bytes, &error));
	g_assert_no_error(error);
}

static void test_empty_and_zip64(void)
{
	ZipBuilder none = {0}, wide = {.zip64 = true};
	g_autoptr(GBytes) a = zip_finish(&none), b = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_true(read_everything(a, &error));
	g_assert_no_error(error);
	zip_add(&wide, &(ZipSpec){.name = "a", .data = "hello", .zip64 = true});
	zip_add(&wide, &(ZipSpec){.name = "b", .data = "hello", .deflate = true, .zip64 = true});
	b = zip_finish(&wide);
	g_assert_true(read_everything(b, &error));
	g_assert_no_error(error);
}

static void test_splice(void)
{
	const gsize length = 3000000;
	g_autofree char *data = noise(length);
	ZipBuilder zip = {0};
	g_autoptr(GByteArray) raw = g_byte_array_new(), plain = g_byte_array_new();
	g_autoptr(SmithSink) raw_sink = smith_sink_new_bytes(raw);
	g_autoptr(SmithSink) plain_sink = smith_sink_new_bytes(plain);
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(SmithZip) opened = NULL;
	g_autoptr(SmithContent) content = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree guint8 *again = g_malloc(length);
	struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();

	zip_add(&zip, &(ZipSpec){.name = "a", .data = data, .length = length, .deflate = true});
	bytes = zip_finish(&zip);
	opened = open_bytes(bytes, &error);
	g_assert_no_error(error);
	content = smith_zip_content(opened, smith_zip_find(opened, "a"), NULL);
	g_clear_pointer(&opened, smith_zip_unref); /* the content keeps it */
	g_assert_true(content->can_splice);
	g_assert_true(content->ops->splice(content, raw_sink, plain_sink, &error));
	g_assert_no_error(error);
	g_assert_cmpmem(plain->data, plain->len, data, length);
	g_assert_cmpuint(raw->len, ==, content->deflated_size);
	g_assert_cmpuint(content->crc32, ==, libdeflate_crc32(0, data, length));
	g_assert_cmpint(libdeflate_deflate_decompress(decompressor, raw->data, raw->len, again,
						      length, NULL),
			==, LIBDEFLATE_SUCCESS);
	g_assert_cmpmem(again, length, data, length);
	libdeflate_free_decompressor(decompressor);
}

static void test_small_reads(void)
{
	g_autofree char *data = noise(70001);
	ZipBuilder zip = {0};
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(SmithZip) opened = NULL;
	g_autoptr(GError) error = NULL;

	zip_add(&zip, &(ZipSpec){.name = "a", .data = data, .length = 70001, .deflate = true});
	bytes = zip_finish(&zip);
	opened = open_bytes(bytes, &error);
	g_assert_no_error(error);
	for (gsize step = 1; step < 200000; step = step * 3 + 1) {
		g_autoptr(SmithContent) content =
			smith_zip_content(opened, smith_zip_find(opened, "a"), NULL);
		g_autoptr(SmithSource) source = content->ops->open(content, &error);
		g_autoptr(GString) got = g_string_new(NULL);
		g_autofree char *buffer = g_malloc(step);
		gssize n;

		while ((n = smith_source_read(source, buffer, step, &error)) > 0)
			g_string_append_len(got, buffer, n);
		g_assert_no_error(error);
		g_assert_cmpmem(got->str, got->len, data, 70001);
	}
}

static void test_digest(void)
{
	ZipBuilder zip = {0};
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(SmithZip) opened = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) good = NULL;
	g_autoptr(SmithHasher) hasher = smith_hasher_new();
	guint8 sha256[SMITH_SHA256_SIZE];

	zip_add(&zip, &(ZipSpec){.name = "a", .data = "hello", .deflate = true});
	bytes = zip_finish(&zip);
	opened = open_bytes(bytes, &error);
	smith_hasher_update(hasher, "hello", 5);
	smith_hasher_finish_raw(hasher, sha256);
	good = smith_zip_read(opened, smith_zip_find(opened, "a"), 5, sha256, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(g_bytes_get_size(good), ==, 5);
	sha256[31] ^= 1;
	g_assert_null(smith_zip_read(opened, smith_zip_find(opened, "a"), 5, sha256, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_VERIFY);
	g_clear_error(&error);
	g_assert_null(smith_zip_read(opened, smith_zip_find(opened, "a"), 4, NULL, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_LIMIT);
}

static void test_names(void)
{
	static const char *const bad[] = {"../a", "a/../b", "/a",   "a//b", "./a", "a/./b", "a\\b",
					  "a\nb", "..",	    "a/..", "\x7f", "//",  "/"};

	for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
		expect_one_error(&(ZipSpec){.name = bad[i], .data = "x"}, SMITH_ERROR_INVALID,
				 "member name");
	expect_one_error(&(ZipSpec){.name = "", .data = "x"}, SMITH_ERROR_INVALID,
			 "without a name");
	expect_one_error(&(ZipSpec){.name = "a\0b", .name_length = 3, .data = "x"},
			 SMITH_ERROR_INVALID, "byte 0x00");
	expect_one_error(&(ZipSpec){.name = "caf\xc3\xa9", .data = "x"}, SMITH_ERROR_INVALID,
			 "not marked");
	expect_one_error(&(ZipSpec){.name = "caf\xe9", .data = "x", .flags = 0x800},
			 SMITH_ERROR_INVALID, "UTF-8");
	{
		g_autofree char *component = g_strnfill(256, 'a'), *path = g_strnfill(4100, 'a');

		g_autofree char *deep = g_strnfill(400, '/');

		for (guint i = 0; i < 400; i += 2)
			deep[i] = 'a';
		deep[399] = 'b';
		expect_one_error(&(ZipSpec){.name = deep, .data = "x"}, SMITH_ERROR_LIMIT,
				 "more than 128 components");
		expect_one_error(&(ZipSpec){.name = component, .data = "x"}, SMITH_ERROR_INVALID,
				 "component of 256 bytes");
		expect_one_error(&(ZipSpec){.name = path, .data = "x"}, SMITH_ERROR_LIMIT,
				 "name of 4100 bytes");
	}
}

static void test_kinds(void)
{
	expect_one_error(&(ZipSpec){.name = "a", .data = "/etc", .mode = 0120777},
			 SMITH_ERROR_UNSUPPORTED, "symbolic link");
	expect_one_error(&(ZipSpec){.name = "a", .data = "", .mode = 020666}, SMITH_ERROR_INVALID,
			 "file type");
	expect_one_error(&(ZipSpec){.name = "a", .data = "", .mode = 040755}, SMITH_ERROR_INVALID,
			 "file type");
	expect_one_error(&(ZipSpec){.name = "a/", .data = "x", .mode = 040755}, SMITH_ERROR_INVALID,
			 "has content");
	expect_one_error(&(ZipSpec){.name = "a", .data = "x", .flags = 1}, SMITH_ERROR_UNSUPPORTED,
			 "encrypted");
	expect_one_error(&(ZipSpec){.name = "a", .data = "x", .flags = 0x20},
			 SMITH_ERROR_UNSUPPORTED, "unknown flags");
	expect_one_error(&(ZipSpec){.name = "a", .data = "x", .lie_method = true, .method = 12},
			 SMITH_ERROR_UNSUPPORTED, "compression method 12");
}

static void test_duplicates(void)
{
	ZipBuilder same = {0}, below = {0}, cased = {0};
	g_autoptr(GBytes) bytes = NULL;

	zip_add(&same, &(ZipSpec){.name = "a", .data = "x"});
	zip_add(&same, &(ZipSpec){.name = "a", .data = "x"});
	expect_error(&same, SMITH_ERROR_INVALID, "'a' occurs twice");
	zip_add(&below, &(ZipSpec){.name = "a/b", .data = "x"});
	zip_add(&below, &(ZipSpec){.name = "a", .data = "x"});
	expect_error(&below, SMITH_ERROR_INVALID, "below the file 'a'");
	zip_add(&cased, &(ZipSpec){.name = "a", .data = "x"});
	zip_add(&cased, &(ZipSpec){.name = "A", .data = "x"});
	bytes = zip_finish(&cased);
	g_assert_true(read_everything(bytes, NULL));
}

static void test_bombs(void)
{
	g_autofree char *zeros = g_malloc0(5000000);
	g_autoptr(GBytes) stream = zip_deflate(zeros, 5000000, 9);
	ZipBuilder overlap = {0}, total = {0};
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(GError) error = NULL;

	expect_one_error(&(ZipSpec){.name = "a", .raw = stream, .length = 100}, SMITH_ERROR_VERIFY,
			 "more than its declared 100");
	expect_one_error(&(ZipSpec){.name = "a", .raw = stream, .length = 0}, SMITH_ERROR_VERIFY,
			 "more than its declared 0");
	expect_one_error(&(ZipSpec){.name = "a", .raw = stream, .length = 5000001},
			 SMITH_ERROR_VERIFY, "inflates to 5000000 bytes");
	expect_one_error(&(ZipSpec){.name = "a", .raw = stream, .length = 500000000},
			 SMITH_ERROR_INVALID, "can inflate to");
	zip_add(&overlap, &(ZipSpec){.name = "a", .data = "hello"});
	zip_add(&overlap, &(ZipSpec){.name = "b", .data = "hello", .lie_offset = -36});
	expect_error(&overlap, SMITH_ERROR_INVALID, "overlaps");
	for (guint i = 0; i < 10; i++) {
		g_autofree char *name = g_strdup_printf("f%u", i);

		zip_add(&total, &(ZipSpec){.name = name, .raw = stream, .length = 5000000});
	}
	bytes = zip_finish(&total);
	g_assert_null(smith_zip_new(zip_to_fd(bytes), "x", 49999999, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_LIMIT);
}

static void test_lies(void)
{
	ZipBuilder before = {0};
	g_autoptr(GBytes) garbage = g_bytes_new_static("\xff\xff\xff\xff", 4);
	g_autoptr(GBytes) trailing = g_bytes_new_static("\x03\x00xx", 4);
	g_autoptr(GBytes) unfinished = g_bytes_new_static("\x02\x00", 2);

	expect_one_error(&(ZipSpec){.name = "a", .data = "hello", .deflate = true, .lie_crc = 1},
			 SMITH_ERROR_VERIFY, "crc-32");
	expect_one_error(&(ZipSpec){.name = "a", .data = "hello", .lie_crc = 1}, SMITH_ERROR_VERIFY,
			 "crc-32");
	expect_one_error(&(ZipSpec){.name = "a", .data = "hello", .deflate = true, .lie_size = 1},
			 SMITH_ERROR_VERIFY, "inflates to 5 bytes, expected 6");
	expect_one_error(&(ZipSpec){.name = "a", .data = "hello", .deflate = true, .lie_size = -1},
			 SMITH_ERROR_VERIFY, "more than its declared 4");
	expect_one_error(&(ZipSpec){.name = "a", .raw = garbage, .length = 4}, SMITH_ERROR_INVALID,
			 "broken deflate");
	expect_one_error(&(ZipSpec){.name = "a", .raw = trailing, .length = 0}, SMITH_ERROR_INVALID,
			 "2 bytes follow");
	expect_one_error(&(ZipSpec){.name = "a", .raw = unfinished, .length = 0},
			 SMITH_ERROR_INVALID, "ends early");
	expect_one_error(&(ZipSpec){.name = "a", .data = "x", .local_name = "b"},
			 SMITH_ERROR_INVALID, "local header of 'a' differs");
	before.out = g_byte_array_new();
	before.central = g_byte_array_new();
	put_text(before.out, "junk", 4);
	zip_add(&before, &(ZipSpec){.name = "a", .data = "x"});
	expect_error(&before, SMITH_ERROR_INVALID, "4 bytes stand before");
}

static GBytes *sample(void)
{
	g_autofree char *data = noise(3000);
	ZipBuilder zip = {0};

	zip_add(&zip, &(ZipSpec){.name = "dir/", .mode = 040755});
	zip_add(&zip, &(ZipSpec){.name = "dir/a", .data = data, .length = 3000, .deflate = true});
	zip_add(&zip, &(ZipSpec){.name = "dir/b", .data = "stored"});
	zip_add(&zip, &(ZipSpec){.name = "c", .data = "x", .deflate = true, .descriptor = true});
	return zip_finish(&zip);
}

static void test_truncated(void)
{
	g_autoptr(GBytes) bytes = sample();

	for (gsize length = 0; length < g_bytes_get_size(bytes); length++) {
		g_autoptr(GBytes) cut = g_bytes_new_from_bytes(bytes, 0, length);
		g_autoptr(GError) error = NULL;

		g_assert_false(read_everything(cut, &error));
		g_assert_nonnull(error);
	}
}

/* A file that shrinks after it was opened is an error, not a SIGBUS. */
static void test_shrinks(void)
{
	g_autoptr(GBytes) bytes = sample();
	int fd = zip_to_fd(bytes);
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithZip) zip = smith_zip_new(fd, "x", 0, &error);

	g_assert_no_error(error);
	g_assert_cmpint(ftruncate(fd, 100), ==, 0);
	g_assert_null(smith_zip_read(zip, smith_zip_find(zip, "dir/a"), 10000, NULL, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
}

/* Either an error, or what the CRC vouches for: no crash, no endless loop. */
static void test_bit_flips(void)
{
	g_autoptr(GBytes) bytes = sample();
	gsize length = g_bytes_get_size(bytes);
	g_autofree guint8 *data = g_memdup2(g_bytes_get_data(bytes, NULL), length);
	guint passed = 0;

	for (gsize bit = 0; bit < length * 8; bit++) {
		g_autoptr(GBytes) flipped = NULL;

		data[bit / 8] ^= (guint8)(1u << bit % 8);
		flipped = g_bytes_new(data, length);
		data[bit / 8] ^= (guint8)(1u << bit % 8);
		passed += read_everything(flipped, NULL) ? 1 : 0;
	}
	/* times, versions, names, modes and the descriptor are not covered by any check */
	g_assert_cmpuint(passed, <, 1500);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/python/zip/members", test_members);
	g_test_add_func("/python/zip/empty-and-zip64", test_empty_and_zip64);
	g_test_add_func("/python/zip/splice", test_splice);
	g_test_add_func("/python/zip/small-reads", test_small_reads);
	g_test_add_func("/python/zip/digest", test_digest);
	g_test_add_func("/python/zip/names", test_names);
	g_test_add_func("/python/zip/kinds", test_kinds);
	g_test_add_func("/python/zip/duplicates", test_duplicates);
	g_test_add_func("/python/zip/bombs", test_bombs);
	g_test_add_func("/python/zip/lies", test_lies);
	g_test_add_func("/python/zip/truncated", test_truncated);
	g_test_add_func("/python/zip/shrinks", test_shrinks);
	g_test_add_func("/python/zip/bit-flips", test_bit_flips);
	return g_test_run();
}
