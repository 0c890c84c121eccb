/* SPDX-License-Identifier: Apache-2.0 */
#include "python/record.h"

#include <string.h>

#include "base/error.h"
#include "python/entry-points.h"
#include "python/metadata.h"
#include "python/name.h"

/* sha256 of "hello" */
#define HELLO "sha256=LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ"

static GPtrArray *parse(const char *text, GError **error)
{
	return smith_record_parse(text, strlen(text), "RECORD", error);
}

static void test_parse(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) rows = parse("a.py," HELLO ",5\r\n"
					  "\n"
					  "\"x, \"\"y\"\"\"," HELLO ",\n"
					  "d/RECORD,,",
					  &error);
	const SmithRecordRow *row;

	g_assert_no_error(error);
	g_assert_cmpuint(rows->len, ==, 3);
	row = rows->pdata[0];
	g_assert_cmpstr(row->path, ==, "a.py");
	g_assert_cmpstr(row->hash, ==, HELLO);
	g_assert_cmpint(row->size, ==, 5);
	g_assert_true(row->has_sha256);
	g_assert_cmphex(row->sha256[0], ==, 0x2c);
	g_assert_cmphex(row->sha256[31], ==, 0x24);
	row = rows->pdata[1];
	g_assert_cmpstr(row->path, ==, "x, \"y\"");
	g_assert_cmpint(row->size, ==, -1);
	row = rows->pdata[2];
	g_assert_false(row->has_sha256);
	g_assert_cmpstr(row->hash, ==, "");
}

static void test_bad(void)
{
	static const struct {
		const char *text;
		SmithErrorCode code;
		const char *message;
	} bad[] = {
		{"a," HELLO, SMITH_ERROR_INVALID, "RECORD:1: too few"},
		{"b,,\na," HELLO ",5,x", SMITH_ERROR_INVALID, "RECORD:2: too many"},
		{"," HELLO ",5", SMITH_ERROR_INVALID, "empty path"},
		{"a,,\na,,", SMITH_ERROR_INVALID, "RECORD:2: second row of 'a'"},
		{"a," HELLO ",-5", SMITH_ERROR_INVALID, "size '-5'"},
		{"a," HELLO ",99999999999999999999", SMITH_ERROR_INVALID, "size '9999"},
		{"a," HELLO "=,5", SMITH_ERROR_INVALID, "urlsafe"},
		{"a,sha256=LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ,5", SMITH_ERROR_INVALID,
		 "urlsafe"},
		{"a,sha256=LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCR,5", SMITH_ERROR_INVALID,
		 "urlsafe"},
		{"a,sha256=abc,5", SMITH_ERROR_INVALID, "urlsafe"},
		{"a,md5=XUFAKrxLKna5cZ2REBfFkg,5", SMITH_ERROR_INVALID, "'md5' of 'a'"},
		{"a,sha1=qvTGHdzF6KLavt4PO0gs2a6pQ00,5", SMITH_ERROR_INVALID, "'sha1' of 'a'"},
		{"a,sha512=x,5", SMITH_ERROR_UNSUPPORTED, "'sha512' of 'a'"},
		{"\"a,,", SMITH_ERROR_INVALID, "does not end"},
		{"\"a\nb\",,", SMITH_ERROR_INVALID, "does not end"},
		{"\"a\"b,,", SMITH_ERROR_INVALID, "after a quoted field"},
		{"a\xff,,", SMITH_ERROR_INVALID, "not UTF-8"},
	};

	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(parse(bad[i].text, &error));
		g_assert_error(error, SMITH_ERROR, (int)bad[i].code);
		g_assert_nonnull(strstr(error->message, bad[i].message));
	}
	{
		g_autoptr(GError) error = NULL;

		g_assert_null(smith_record_parse("a\0,,", 4, "RECORD", &error));
		g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
	}
}

static void test_write(void)
{
	g_autoptr(GPtrArray) rows =
		g_ptr_array_new_with_free_func((GDestroyNotify)smith_record_row_free);
	g_autofree char *text = NULL;
	gsize length = 0;

	g_ptr_array_add(rows, smith_record_row_new_for("z.py", "hello", 5));
	g_ptr_array_add(rows, smith_record_row_new("a-b/RECORD", "", ""));
	g_ptr_array_add(rows, smith_record_row_new("a/x,\"y\"", "", ""));
	g_ptr_array_add(rows, smith_record_row_new("../../../bin/a", HELLO, "5"));
	text = smith_record_write(rows, &length);
	g_assert_cmpstr(text, ==,
			"../../../bin/a," HELLO ",5\r\n"
			"a-b/RECORD,,\r\n"
			"\"a/x,\"\"y\"\"\",,\r\n"
			"z.py," HELLO ",5\r\n");
	g_assert_cmpuint(length, ==, strlen(text));
}

static void test_headers(void)
{
	static const char text[] = "Metadata-Version: 2.1\r\n"
				   "name:  Demo \r\n"
				   "License: MIT\r\n"
				   "  and more\r\n"
				   "Requires-Dist: a\n"
				   "Requires-Dist: b; extra == 'x'\n"
				   "Empty:\n"
				   "\n"
				   "Name: not a header\n";
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithHeaders) headers = smith_headers_parse(text, strlen(text), "M", &error);
	g_auto(GStrv) requires = NULL;
	static const char *const bad[] = {"no colon\n", " continued\n", ": x\n", "A: \xff\n"};

	g_assert_no_error(error);
	g_assert_cmpstr(smith_headers_get(headers, "Name"), ==, "Demo");
	g_assert_cmpstr(smith_headers_get(headers, "license"), ==, "MIT\n  and more");
	g_assert_null(smith_headers_get(headers, "Version"));
	requires = smith_headers_get_all(headers, "Requires-Dist");
	g_assert_cmpstrv(requires, ((const char *[]){"a", "b; extra == 'x'", NULL}));
	g_assert_null(smith_headers_require(headers, "Version", &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
	g_clear_error(&error);
	g_assert_null(smith_headers_require(headers, "Empty", NULL));
	g_assert_null(smith_headers_require(headers, "Requires-Dist", NULL));
	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_assert_null(smith_headers_parse(bad[i], strlen(bad[i]), "M", &error));
		g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
		g_clear_error(&error);
	}
	g_assert_null(smith_headers_parse("A: b\0c\n", 7, "M", &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
}

static gboolean read_points(const char *text, GPtrArray **console, GPtrArray **gui, GError **error)
{
	return smith_entry_points_parse(text, strlen(text), "entry_points.txt", console, gui,
					error);
}

static void test_entry_points(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) console = NULL, gui = NULL;
	const SmithEntryPoint *point;

	g_assert_true(read_points("before any section\n"
				  "# comment\n"
				  "[other]\n what ever = 1 2 3\n"
				  "[console_scripts]\r\n"
				  "  tool-a = pkg.cli:Main.run [extra, more]\n"
				  "b=x:y\n"
				  "b=x:z\n"
				  "[gui_scripts]\n"
				  "c.d+e = p_1:q",
				  &console, &gui, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(console->len, ==, 2);
	point = console->pdata[0];
	g_assert_cmpstr(point->name, ==, "tool-a");
	g_assert_cmpstr(point->module, ==, "pkg.cli");
	g_assert_cmpstr(point->attribute, ==, "Main.run");
	point = console->pdata[1];
	g_assert_cmpstr(point->attribute, ==, "z");
	g_assert_cmpuint(gui->len, ==, 1);
	point = gui->pdata[0];
	g_assert_cmpstr(point->name, ==, "c.d+e");
}

static void test_bad_entry_points(void)
{
	static const char *const bad[] = {
		"a",	     "a = b",		"a = b:",	  "a = :b",   "a = b:c:d",
		"a = b:c()", "a = b;x:c",	"a = b..c:d",	  "a = b.:c", "a = 1b:c",
		"a = b:c d", "a/b = c:d",	"../a = c:d",	  ".a = c:d", "a b = c:d",
		" = c:d",    "a = import os:x", "\xc3\xa9 = c:d",
	};

	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autofree char *text = g_strconcat("[console_scripts]\n", bad[i], "\n", NULL);
		GPtrArray *console = NULL, *gui = NULL;
		g_autoptr(GError) error = NULL;

		g_assert_false(read_points(text, &console, &gui, &error));
		g_assert_nonnull(error);
		g_assert_null(console);
	}
}

static void test_names(void)
{
	static const struct {
		const char *name, *normal;
	} names[] = {{"Foo", "foo"}, {"foo.bar-_.baz", "foo-bar-baz"}, {"A__B", "a-b"}};

	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *normal = smith_python_normalize_name(names[i].name);

		g_assert_cmpstr(normal, ==, names[i].normal);
		g_assert_true(smith_python_name_is_valid(names[i].name));
	}
	g_assert_false(smith_python_name_is_valid(""));
	g_assert_false(smith_python_name_is_valid("-a"));
	g_assert_false(smith_python_name_is_valid("a."));
	g_assert_false(smith_python_name_is_valid("a b"));
	g_assert_false(smith_python_name_is_valid("a/b"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/python/record/parse", test_parse);
	g_test_add_func("/python/record/bad", test_bad);
	g_test_add_func("/python/record/write", test_write);
	g_test_add_func("/python/metadata/headers", test_headers);
	g_test_add_func("/python/entry-points/good", test_entry_points);
	g_test_add_func("/python/entry-points/bad", test_bad_entry_points);
	g_test_add_func("/python/name", test_names);
	return g_test_run();
}
