/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "oci/ref.h"

#define ROWS "tests/data/oci/refs.txt"

static void check_field(const char *row, const char *got, const char *expected)
{
	if (g_strcmp0(got, g_str_equal(expected, "-") ? NULL : expected) != 0)
		g_error("row '%s': got '%s', expected '%s'", row, got ? got : "(none)", expected);
}

static void check_row(const char *row)
{
	g_auto(GStrv) fields = g_strsplit(row, "|", -1);
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithRef) ref = smith_ref_parse(fields[0], &error);

	if (fields[1][0] == '!') {
		if (ref || !strstr(error->message, fields[1] + 1))
			g_error("row '%s': got '%s'", row, ref ? "no error" : error->message);
		return;
	}
	if (!ref)
		g_error("row '%s': %s", row, error->message);
	g_assert_cmpuint(g_strv_length(fields), ==, 8);
	check_field(row, ref->transport, fields[1]);
	check_field(row, ref->domain, fields[2]);
	check_field(row, ref->path, fields[3]);
	check_field(row, ref->tag, fields[4]);
	check_field(row, ref->digest, fields[5]);
	g_autofree char *text = smith_ref_to_string(ref);
	g_assert_cmpstr(text, ==, fields[0]);
	g_autoptr(SmithRef) qualified = smith_ref_qualified(ref);
	g_autofree char *full = smith_ref_to_string(qualified);
	g_assert_cmpstr(full, ==, fields[6]);
	g_autofree char *familiar = smith_ref_familiar(ref);
	g_assert_cmpstr(familiar, ==, fields[7]);
	/* what we write we read, and it means the same */
	g_autoptr(SmithRef) again = smith_ref_parse(familiar, &error);
	g_assert_no_error(error);
	g_autoptr(SmithRef) same = smith_ref_qualified(again);
	g_autofree char *same_text = smith_ref_to_string(same);
	g_assert_cmpstr(same_text, ==, fields[6]);
}

static void test_rows(void)
{
	g_autofree char *text = NULL;
	guint rows = 0;

	g_assert_true(g_file_get_contents(ROWS, &text, NULL, NULL));
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (guint i = 0; lines[i]; i++) {
		if (lines[i][0] == '#' || !strchr(lines[i], '|'))
			continue;
		check_row(lines[i]);
		rows++;
	}
	g_assert_cmpuint(rows, >=, 60);
}

static void test_lengths(void)
{
	g_autofree char *name = g_strnfill(255, 'a');
	g_autofree char *long_name = g_strnfill(256, 'a');
	g_autofree char *tag = g_strnfill(128, 't');
	g_autofree char *good = g_strconcat(name, ":", tag, NULL);
	g_autofree char *bad = g_strconcat(name, ":", tag, "t", NULL);
	g_autoptr(SmithRef) ref = smith_ref_parse(good, NULL);
	g_autoptr(GError) error = NULL;

	g_assert_nonnull(ref);
	g_assert_null(smith_ref_parse(bad, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
	g_clear_error(&error);
	g_assert_null(smith_ref_parse(long_name, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
	g_clear_error(&error);
	g_assert_null(smith_ref_parse("a\xff", &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
}

static void test_output_names(void)
{
	static const char *const good[] = {"app", "app:1", "ghcr.io/acme/app:20240101-abc",
					   "localhost:5000/a/b:1.2", "a--b"};
	static const char *const bad[] = {
		"",	   "App",     "app:",	      "oci:x:y",    "app@sha256:x", "a b",
		"../app",  "a__b",    "app:1.",	      "app:_x",	    "/app",	    "docker://app",
		"a---b:1", "app\n:1", "app:\xc3\xa9", "oci:latest", "oci-archive:1"};
	g_autofree char *long_name = g_strnfill(1025, 'a');

	for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_true(smith_ref_check_name(good[i], &error));
		g_assert_no_error(error);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		g_test_message("%s", bad[i]);
		g_assert_false(smith_ref_check_name(bad[i], &error));
		g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
	}
	g_assert_true(smith_ref_check_layout_name("A.b/c+d@e:f--g", NULL));
	g_assert_false(smith_ref_check_layout_name("a---b", NULL));
	g_assert_false(smith_ref_check_layout_name("a-.b", NULL));
	g_assert_false(smith_ref_check_layout_name(long_name, NULL));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/oci/ref/rows", test_rows);
	g_test_add_func("/oci/ref/lengths", test_lengths);
	g_test_add_func("/oci/ref/output-names", test_output_names);
	return g_test_run();
}
