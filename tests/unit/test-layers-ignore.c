/* SPDX-License-Identifier: Apache-2.0 */
#include "layers/ignore.h"

#include "base/error.h"
#include "layers-test.h"

typedef struct {
	const char *rules;
	const char *path;
	guint line; /* of the rule that hides; 0: not hidden */
} Row;

static const Row rows[] = {
	/* plain names are anchored at the root */
	{"foo", "foo", 1},
	{"foo", "foo/bar", 1},
	{"foo", "foo/bar/baz", 1},
	{"foo", "bar/foo", 0},
	{"foo", "foobar", 0},
	{"foo", "fo", 0},
	{"foo/bar", "foo/bar", 1},
	{"foo/bar", "foo", 0},
	{"foo/bar", "x/foo/bar", 0},
	/* slashes and dots at the ends mean nothing */
	{"/foo", "foo", 1},
	{"foo/", "foo", 1},
	{"/foo/", "foo/a", 1},
	{"./foo", "foo", 1},
	{"foo/.", "foo", 1},
	{"a/../foo", "foo", 1},
	{"/../foo", "foo", 1},
	{"../foo", "foo", 0},
	{"foo//bar", "foo/bar", 1},
	{"/", "foo", 0},
	{".", "foo", 0},
	/* blanks, comments, empty lines, CRLF, BOM */
	{"  foo \t", "foo", 1},
	{"# foo\nfoo", "foo", 2},
	{"#foo", "#foo", 0},
	{" #foo", "#foo", 1},
	{"\\#foo", "#foo", 1},
	{"\n\n  \nfoo\r\nbar\r\n", "foo", 4},
	{"\n\n  \nfoo\r\nbar\r\n", "bar", 5},
	{"\xef\xbb\xbf"
	 "foo",
	 "foo", 1},
	{"foo bar", "foo bar", 1},
	/* one component */
	{"*", "a", 1},
	{"*", "a/b", 1},
	{"*.pyc", "a.pyc", 1},
	{"*.pyc", "d/a.pyc", 0},
	{"*.pyc", ".pyc", 1},
	{"*.pyc", "a.pyc/x", 1},
	{"*.py", "a.pyc", 0},
	{"*/*.pyc", "d/a.pyc", 1},
	{"*/*.pyc", "d/e/a.pyc", 0},
	{"*/temp*", "somedir/temporary.txt", 1},
	{"*/temp*", "somedir/temp", 1},
	{"*/temp*", "a/b/temp", 0},
	{"*/*/temp*", "a/b/temporary", 1},
	{"temp?", "tempa", 1},
	{"temp?", "temp", 0},
	{"temp?", "tempab", 0},
	{"a?b", "a/b", 0},
	{"a*b", "a/b", 0},
	{"a*b*c", "aXbbYc", 1},
	{"a*b*c", "aXbbYcd", 0},
	{"?", "\xc3\xbc", 1},
	{"?", "\xff", 1},
	{"*\xc3\xbc", "a\xc3\xbc", 1},
	/* any number of components */
	{"**", "a", 1},
	{"**", "a/b/c", 1},
	{"**/", "a/b", 1},
	{"**/foo", "foo", 1},
	{"**/foo", "a/b/foo", 1},
	{"**/foo", "a/foo/b", 1},
	{"**/foo", "a/xfoo", 0},
	{"**foo", "xfoo", 1},
	{"**foo", "a/xfoo", 1},
	{"**.go", "a/b/c.go", 1},
	{"**/*.go", "c.go", 1},
	{"**/*.go", "a/b/c.go", 1},
	{"**/*.go", "a/b/c.gox", 0},
	{"foo/**", "foo", 0},
	{"foo/**", "foo/a", 1},
	{"foo/**", "foo/a/b", 1},
	{"foo**", "foobar/x", 1},
	{"a/**/b", "a/b", 1},
	{"a/**/b", "a/x/y/b", 1},
	{"a/**/b", "a/xb", 0},
	{"a**/b", "ab", 1},
	{"**/a**b", "a/ab", 1},
	{"**/__pycache__/**", "x/__pycache__/a.pyc", 1},
	{"**/__pycache__", "x/y/__pycache__/a.pyc", 1},
	{"**/*/c", "a/b/c", 1},
	/* classes and escapes */
	{"[a-c]", "b", 1},
	{"[a-c]", "d", 0},
	{"[^a-c]", "d", 1},
	{"[^a-c]", "b", 0},
	{"[!a]", "!", 1},
	{"[abc]x", "cx", 1},
	{"[\\]]", "]", 1},
	{"[\xc3\xa0-\xc3\xbf]", "\xc3\xa9", 1},
	{"a\\*b", "a*b", 1},
	{"a\\*b", "axb", 0},
	{"a.b", "axb", 0},
	{"a+(b)|{c}$", "a+(b)|{c}$", 1},
	/* order and exceptions: the last word counts */
	{"*.md\n!README.md", "README.md", 0},
	{"*.md\n!README.md", "x.md", 1},
	{"!README.md\n*.md", "README.md", 2},
	{"*.md\n!README*.md\nREADME-secret.md", "README-secret.md", 3},
	{"*.md\nREADME-secret.md\n!README*.md", "README-secret.md", 0},
	{"foo\n!foo/bar", "foo/bar", 0},
	{"foo\n!foo/bar", "foo/bar/deep", 0},
	{"foo\n!foo/bar", "foo/baz", 1},
	{"foo\n!foo/bar", "foo", 1},
	{"foo\n!foo/bar\nfoo/bar/secret", "foo/bar/secret/x", 3},
	{"*\n!src\n!src/**", "src/a/b", 0},
	{"*\n!src", "other", 1},
	{"**\n!**/*.py", "a/b.py", 0},
	{"**\n!**/*.py", "a/b.txt", 1},
	{"foo\n! /foo/", "foo", 0},
	{"foo\nfoo", "foo", 1},
	{"foo\n!foo\nfoo", "foo", 3},
	{"\\!foo", "!foo", 1},
	{"!foo", "foo", 0},
	/* the root is never hidden */
	{"*", ".", 0},
	{".*", ".git/config", 1},
	{"", "a", 0},
};

static void test_rows(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		GError *error = NULL;
		g_autoptr(SmithIgnore) ignore = smith_ignore_parse(
			rows[i].rules, strlen(rows[i].rules), ".dockerignore", &error);
		g_assert_no_error(error);
		const SmithIgnoreRule *rule = smith_ignore_match(ignore, rows[i].path, false);
		if ((rule != NULL ? rule->line : 0) != rows[i].line)
			g_test_message("rules '%s', path '%s'", rows[i].rules, rows[i].path);
		g_assert_cmpuint(rule != NULL ? rule->line : 0, ==, rows[i].line);
		g_assert_true(rule == smith_ignore_match(ignore, rows[i].path, true));
	}
	g_assert_cmpuint(G_N_ELEMENTS(rows), >=, 60);
}

static void test_bad(void)
{
	static const struct {
		const char *rules, *message;
	} bad[] = {
		{"ok\n!", ".dockerignore:2: illegal pattern '!'"},
		{"! ", ".dockerignore:1: illegal pattern '!'"},
		{"[", ".dockerignore:1: malformed pattern '['"},
		{"[a", "malformed pattern"},
		{"[]", "malformed pattern"},
		{"[]a]", "malformed pattern"},
		{"[a-]", "malformed pattern"},
		{"[-a]", "malformed pattern"},
		{"[^]", "malformed pattern"},
		{"[a\\", "malformed pattern"},
		{"a\\", "malformed pattern 'a\\'"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_null(smith_ignore_parse(bad[i].rules, strlen(bad[i].rules),
						 ".dockerignore", &error));
		g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
		if (strstr(error->message, bad[i].message) == NULL)
			g_test_message("'%s' gave %s", bad[i].rules, error->message);
		g_assert_nonnull(strstr(error->message, bad[i].message));
	}
	g_autoptr(GError) error = NULL;
	g_autofree char *line = g_strnfill(5000, 'x');
	g_assert_null(smith_ignore_parse(line, 5000, "f", &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_LIMIT);
	g_assert_null(smith_ignore_parse("a\0b", 3, "f", NULL));
}

/* What makes a backtracking matcher run for ever. */
static void test_slow_pattern(void)
{
	GString *pattern = g_string_new(NULL);
	for (guint i = 0; i < 200; i++)
		g_string_append(pattern, "**a*");
	g_string_append(pattern, "b");
	g_autofree char *text = g_string_free(pattern, FALSE);
	g_autofree char *path = g_strnfill(4000, 'a');
	for (guint i = 100; i < 4000; i += 100)
		path[i] = '/';
	g_autoptr(SmithIgnore) ignore = smith_ignore_parse(text, strlen(text), "f", NULL);
	gint64 start = g_get_monotonic_time();
	g_assert_null(smith_ignore_match(ignore, path, false));
	g_assert_cmpint(g_get_monotonic_time() - start, <, 5 * G_USEC_PER_SEC);
}

static void test_load(void)
{
	g_auto(TestDir) dir = test_dir_new();
	GError *error = NULL;
	SmithIgnore *ignore = smith_ignore_load(dir.fd, &error);
	g_assert_no_error(error);
	g_assert_null(smith_ignore_match(ignore, "a", false));
	g_assert_false(smith_ignore_has_exceptions(ignore));
	smith_ignore_free(ignore);

	test_write(&dir, ".dockerignore", "a\n", 2);
	ignore = smith_ignore_load(dir.fd, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(smith_ignore_match(ignore, "a", false)->file, ==, ".dockerignore");
	smith_ignore_free(ignore);

	test_write(&dir, ".containerignore", " !b \nb/\n", 8);
	ignore = smith_ignore_load(dir.fd, &error);
	g_assert_no_error(error);
	g_assert_null(smith_ignore_match(ignore, "a", false));
	const SmithIgnoreRule *rule = smith_ignore_match(ignore, "b", true);
	g_assert_cmpstr(rule->file, ==, ".containerignore");
	g_assert_cmpuint(rule->line, ==, 2);
	g_assert_cmpstr(rule->text, ==, "b/");
	g_assert_true(smith_ignore_has_exceptions(ignore));
	smith_ignore_free(ignore);
	g_assert_null(smith_ignore_match(NULL, "a", false));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/layers/ignore/rows", test_rows);
	g_test_add_func("/layers/ignore/bad", test_bad);
	g_test_add_func("/layers/ignore/slow-pattern", test_slow_pattern);
	g_test_add_func("/layers/ignore/load", test_load);
	return g_test_run();
}
