/* SPDX-License-Identifier: Apache-2.0 */
#include "python/wheel.h"

#include "base/error.h"
#include "tests/unit/wheel-builder.h"

static gboolean open_and_verify(const char *path, GError **error)
{
	g_autoptr(SmithWheel) wheel = smith_wheel_open(AT_FDCWD, path, error);

	return wheel != NULL && smith_wheel_verify(wheel, error);
}

static void expect_open_error(WheelBuilder *builder, SmithErrorCode code, const char *text)
{
	g_autoptr(GBytes) bytes = wheel_finish(builder);
	g_autoptr(GError) error = NULL;

	g_assert_false(open_and_verify(builder->path, &error));
	g_assert_error(error, SMITH_ERROR, (int)code);
	if (strstr(error->message, text) == NULL)
		g_error("got '%s', expected '%s'", error->message, text);
	g_assert_nonnull(strstr(error->message, "demo-1.0-py3-none-any.whl"));
}

static void test_good(void)
{
	g_auto(WheelBuilder) builder = {
		.name = "Demo_Pkg",
		.version = "1.0.post1",
		.tag = "py2.py3-none-any",
		.metadata = "Requires-Python: >=3.7\nRequires-Dist: a>=1\nRequires-Dist: b\n"
			    "Provides-Extra: x\nLicense: MIT\nSummary: a demo\n",
		.wheel = "Wheel-Version: 1.9\nRoot-Is-Purelib: True\nTag: py3-none-any\n"
			 "Tag: py2-none-any\n",
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithWheel) wheel = NULL;
	g_autoptr(GBytes) bytes = NULL;

	wheel_begin(&builder);
	wheel_add(&builder, &(ZipSpec){.name = "demo/__init__.py", .data = "x = 1\n"});
	wheel_add(&builder, &(ZipSpec){.name = "Demo_Pkg-1.0.post1.dist-info/entry_points.txt",
				       .data = "[console_scripts]\ndemo = demo:main\n"});
	zip_add(&builder.zip,
		&(ZipSpec){.name = "Demo_Pkg-1.0.post1.dist-info/RECORD.jws", .data = "signature"});
	bytes = wheel_finish(&builder);
	wheel = smith_wheel_open(AT_FDCWD, builder.path, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(wheel->normal_name, ==, "demo-pkg");
	g_assert_cmpstr(wheel->name, ==, "Demo_Pkg");
	g_assert_cmpstr(wheel->version, ==, "1.0.post1");
	g_assert_cmpstr(wheel->build, ==, "");
	g_assert_cmpstr(wheel->requires_python, ==, ">=3.7");
	g_assert_cmpstr(wheel->license, ==, "MIT");
	g_assert_cmpstr(wheel->summary, ==, "a demo");
	g_assert_cmpstrv(wheel->requires_dist, ((const char *[]){"a>=1", "b", NULL}));
	g_assert_cmpstrv(wheel->provides_extra, ((const char *[]){"x", NULL}));
	g_assert_cmpstrv(wheel->tags, ((const char *[]){"py2-none-any", "py3-none-any", NULL}));
	g_assert_true(wheel->root_is_purelib);
	g_assert_cmpstr(wheel->info_dir, ==, "Demo_Pkg-1.0.post1.dist-info");
	g_assert_cmpuint(wheel->console->len, ==, 1);
	g_assert_cmpuint(wheel->size, ==, g_bytes_get_size(bytes));
	g_assert_true(smith_wheel_verify(wheel, &error));
	g_assert_no_error(error);
}

static void test_missing(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(smith_wheel_open(AT_FDCWD, "/nonexistent/a-1-py3-none-any.whl", &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
	g_clear_error(&error);
	g_assert_null(smith_wheel_open(AT_FDCWD, "/dev/null", &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
}

static void test_record_lies(void)
{
	g_auto(WheelBuilder) hash = {0}, size = {0}, missing = {0}, extra = {0}, none = {0},
			     weak = {0};
	SmithRecordRow *row;

	wheel_begin(&hash);
	wheel_add(&hash, &(ZipSpec){.name = "demo.py", .data = "x = 1\n"});
	row = wheel_row(&hash, "demo.py");
	row->hash[10] = row->hash[10] == 'A' ? 'B' : 'A';
	expect_open_error(&hash, SMITH_ERROR_VERIFY, "sha256 of 'demo.py' is");

	wheel_begin(&size);
	wheel_add(&size, &(ZipSpec){.name = "demo.py", .data = "x = 1\n"});
	row = wheel_row(&size, "demo.py");
	g_free(row->size_text);
	row->size_text = g_strdup("7");
	expect_open_error(&size, SMITH_ERROR_VERIFY, "RECORD says 'demo.py' has 7 bytes");

	wheel_begin(&missing);
	zip_add(&missing.zip, &(ZipSpec){.name = "demo.py", .data = "x = 1\n"});
	expect_open_error(&missing, SMITH_ERROR_INVALID, "does not list the file 'demo.py'");

	wheel_begin(&extra);
	g_ptr_array_add(extra.rows, smith_record_row_new_for("ghost.py", "", 0));
	expect_open_error(&extra, SMITH_ERROR_INVALID, "lists 'ghost.py'");

	wheel_begin(&none);
	zip_add(&none.zip, &(ZipSpec){.name = "demo.py", .data = "x = 1\n"});
	g_ptr_array_add(none.rows, smith_record_row_new("demo.py", "", "6"));
	expect_open_error(&none, SMITH_ERROR_INVALID, "no hash for 'demo.py'");

	wheel_begin(&weak);
	zip_add(&weak.zip, &(ZipSpec){.name = "demo.py", .data = "x = 1\n"});
	g_ptr_array_add(weak.rows, smith_record_row_new("demo.py", "md5=AAAA", "6"));
	expect_open_error(&weak, SMITH_ERROR_INVALID, "'md5' of 'demo.py'");
}

static void test_info(void)
{
	g_auto(WheelBuilder) two = {0}, other = {.metadata = "Name: second\n"},
			     wrong = {.wheel = "Wheel-Version: 1.0\nTag: py2-none-any\n"},
			     major = {.wheel = "Wheel-Version: 2.0\nTag: py3-none-any\n"},
			     none = {.wheel = "Tag: py3-none-any\n"},
			     odd = {.wheel = "Wheel-Version: 1.0\nTag: py3-any\n"};

	wheel_begin(&two);
	wheel_add(&two, &(ZipSpec){.name = "evil-2.dist-info/METADATA", .data = "x"});
	expect_open_error(&two, SMITH_ERROR_INVALID, "two *.dist-info");
	wheel_begin(&other);
	expect_open_error(&other, SMITH_ERROR_INVALID, "2 lines of Name");
	wheel_begin(&wrong);
	expect_open_error(&wrong, SMITH_ERROR_CONFLICT, "tags 'py2-none-any'");
	wheel_begin(&major);
	expect_open_error(&major, SMITH_ERROR_UNSUPPORTED, "Wheel-Version is '2.0'");
	wheel_begin(&none);
	expect_open_error(&none, SMITH_ERROR_INVALID, "no Wheel-Version");
	wheel_begin(&odd);
	expect_open_error(&odd, SMITH_ERROR_INVALID, "tag 'py3-any'");
}

/* A good wheel under another file name. */
static void test_renamed(void)
{
	static const struct {
		const char *name, *text;
	} names[] = {
		{"other-1.0-py3-none-any.whl", "does not match the file name"},
		{"demo-1.1-py3-none-any.whl", "does not match the file name"},
		{"demo-1.0-py2-none-any.whl", "tags"},
		{"demo-1.0.whl", ""},
		{"demo.zip", ""},
	};
	g_auto(WheelBuilder) builder = {0};
	g_autoptr(GBytes) bytes = NULL;

	wheel_begin(&builder);
	bytes = wheel_finish(&builder);
	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(builder.directory, names[i].name, NULL);
		g_autoptr(GError) error = NULL;

		g_assert_cmpint(link(builder.path, path), ==, 0);
		g_assert_null(smith_wheel_open(AT_FDCWD, path, &error));
		g_assert_nonnull(strstr(error->message, names[i].text));
		g_unlink(path);
	}
	{
		g_autofree char *path =
			g_build_filename(builder.directory, "Demo-1-7b-py3-none-any.whl", NULL);
		g_autoptr(GError) error = NULL;
		g_autoptr(SmithWheel) wheel = NULL;

		g_assert_cmpint(rename(builder.path, path), ==, 0);
		wheel = smith_wheel_open(AT_FDCWD, path, &error);
		g_assert_no_error(error);
		g_assert_cmpstr(wheel->build, ==, "7b");
		g_unlink(path);
	}
}

/* No flipped bit of a wheel makes it crash, or pass with other contents. */
static void test_bit_flips(void)
{
	g_auto(WheelBuilder) builder = {0};
	g_autoptr(GBytes) bytes = NULL;
	g_autofree guint8 *data = NULL;
	gsize length;

	wheel_begin(&builder);
	wheel_add(&builder, &(ZipSpec){.name = "demo.py", .data = "x = 1\n", .deflate = true});
	bytes = wheel_finish(&builder);
	length = g_bytes_get_size(bytes);
	data = g_memdup2(g_bytes_get_data(bytes, NULL), length);
	for (gsize bit = 0; bit < length * 8; bit += 7) {
		g_autoptr(GBytes) flipped = NULL;
		g_autoptr(SmithWheel) wheel = NULL;

		data[bit / 8] ^= (guint8)(1u << bit % 8);
		flipped = g_bytes_new(data, length);
		data[bit / 8] ^= (guint8)(1u << bit % 8);
		wheel_write(&builder, flipped);
		wheel = smith_wheel_open(AT_FDCWD, builder.path, NULL);
		if (wheel != NULL && smith_wheel_verify(wheel, NULL)) {
			g_autoptr(GBytes) read = smith_zip_read(
				wheel->zip, smith_zip_find(wheel->zip, "demo.py"), 100, NULL, NULL);

			g_assert_cmpmem(g_bytes_get_data(read, NULL), g_bytes_get_size(read),
					"x = 1\n", 6);
			g_assert_cmpstr(wheel->normal_name, ==, "demo");
			g_assert_cmpstr(wheel->version, ==, "1.0");
		}
	}
}

static void test_truncated(void)
{
	g_auto(WheelBuilder) builder = {0};
	g_autoptr(GBytes) bytes = NULL;

	wheel_begin(&builder);
	bytes = wheel_finish(&builder);
	for (gsize length = 0; length < g_bytes_get_size(bytes); length += 11) {
		g_autoptr(GBytes) cut = g_bytes_new_from_bytes(bytes, 0, length);
		g_autoptr(GError) error = NULL;

		wheel_write(&builder, cut);
		g_assert_null(smith_wheel_open(AT_FDCWD, builder.path, &error));
		g_assert_nonnull(error);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/python/wheel/good", test_good);
	g_test_add_func("/python/wheel/missing", test_missing);
	g_test_add_func("/python/wheel/record-lies", test_record_lies);
	g_test_add_func("/python/wheel/info", test_info);
	g_test_add_func("/python/wheel/renamed", test_renamed);
	g_test_add_func("/python/wheel/bit-flips", test_bit_flips);
	g_test_add_func("/python/wheel/truncated", test_truncated);
	return g_test_run();
}
