/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/expr.h"

#include <string.h>

#include "base/error.h"

static const char *lookup(const char *name, gpointer data)
{
	static const struct {
		const char *name;
		const char *value;
	} values[] = {
		{"A", "7"}, {"EMPTY", ""}, {"host.name", "pc"}, {"x-y_z", "d"}, {"R", "${A}"}};
	(void)data;
	for (guint i = 0; i < G_N_ELEMENTS(values); i++)
		if (strcmp(values[i].name, name) == 0)
			return values[i].value;
	return NULL;
}

static void test_expand(void)
{
	static const struct {
		const char *text;
		const char *expected;
	} rows[] = {
		{"", ""},
		{"plain", "plain"},
		{"${A}", "7"},
		{"${A}${A}+1", "77+1"},
		{"a${host.name}b", "apcb"},
		{"${x-y_z}", "d"},
		{"${EMPTY}", ""},
		{"${EMPTY:-e}", "e"},
		{"${A:-e}", "7"},
		{"${N:-e}", "e"},
		{"${N:-}", ""},
		{"${N:-${A}}", "7"},
		{"${N:-a${M:-b${L:-c}}}d", "abcd"},
		{"${N:-:-}", ":-"},
		{"${N:- 'x' }", " 'x' "},
		{"$", "$"},
		{"$$", "$"},
		{"$$$", "$$"},
		{"$A", "$A"},
		{"$${A}", "${A}"},
		{"$$${A}", "$7"},
		{"a}b{c", "a}b{c"},
		{"${R}", "${A}"}, /* values are not expanded again */
		{"\xc3\xa4${A}", "\xc3\xa4"
				 "7"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *value = smith_expr_expand(rows[i].text, lookup, NULL, &error);
		g_assert_no_error(error);
		g_assert_cmpstr(value, ==, rows[i].expected);
	}
}

static void refuse(const char *text, int code, const char *message)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *value = smith_expr_expand(text, lookup, NULL, &error);
	g_assert_null(value);
	g_assert_error(error, SMITH_ERROR, code);
	if (message != NULL)
		g_assert_cmpstr(error->message, ==, message);
}

static void test_refused(void)
{
	refuse("a${B}", SMITH_ERROR_NOT_FOUND, "B");
	refuse("${N:-${B}}", SMITH_ERROR_NOT_FOUND, "B");
	refuse("${A", SMITH_ERROR_INVALID, "'${' has no '}'");
	refuse("${N:-${A}", SMITH_ERROR_INVALID, "'${' has no '}'");
	refuse("${}", SMITH_ERROR_INVALID, "'' is no name of a variable");
	refuse("${A B}", SMITH_ERROR_INVALID, "'A B' is no name of a variable");
	refuse("${A:x}", SMITH_ERROR_INVALID, NULL);
	refuse("${:-x}", SMITH_ERROR_INVALID, NULL);
	refuse("${\xc3\xa4}", SMITH_ERROR_INVALID, NULL);
}

static void test_limits(void)
{
	g_autoptr(GString) deep = g_string_new(NULL);
	for (int i = 0; i < 20; i++)
		g_string_append(deep, "${N:-");
	for (int i = 0; i < 20; i++)
		g_string_append_c(deep, '}');
	refuse(deep->str, SMITH_ERROR_LIMIT, NULL);
	g_auto(GStrv) names = smith_expr_names(deep->str);
	g_assert_cmpuint(g_strv_length(names), ==, 1);
	g_autofree char *large = g_strnfill(SMITH_EXPR_MAX + 2, 'x');
	refuse(large, SMITH_ERROR_LIMIT, NULL);
}

/* None of these may take the square of its length. */
static void test_hostile(void)
{
	enum { LENGTH = 1 << 22 };
	static const char *const parts[] = {"${", "${a", "${:-", "${a:-", "$", "}", "$${", "${a}"};
	for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
		g_autoptr(GString) text = g_string_new(NULL);
		while (text->len < LENGTH)
			g_string_append(text, parts[i]);
		g_auto(GStrv) names = smith_expr_names(text->str);
		g_assert_nonnull(names);
		g_free(smith_expr_expand(text->str, lookup, NULL, NULL));
		g_string_append_c(text, '}');
		g_auto(GStrv) closed = smith_expr_names(text->str);
		g_assert_nonnull(closed);
	}
}

static void test_names(void)
{
	static const struct {
		const char *text;
		const char *names; /* joined by ' ' */
	} rows[] = {
		{"", ""},
		{"a$b", ""},
		{"${A}${B}${A}", "A B"},
		{"${A:-x}${A}", "A? A"},
		{"${A:-${B:-${C}}}", "A? B? C"},
		{"$${A}${B}", "B"},
		{"$$${A}", "A"},
		{"${A}${B", "A"},
		{"${A}${ }${B}", "A"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_auto(GStrv) names = smith_expr_names(rows[i].text);
		g_autofree char *joined = g_strjoinv(" ", names);
		g_assert_cmpstr(joined, ==, rows[i].names);
	}
	g_assert_true(smith_expr_is_plain("a$b"));
	g_assert_false(smith_expr_is_plain("a${b}"));
}

static void test_number(void)
{
	static const struct {
		const char *text;
		gint64 number; /* -1: none */
	} rows[] = {
		{"0", 0},
		{"7200", 7200},
		{"0+7200", 7200},
		{" 7200 - 1 ", 7199},
		{"1+2-3\t+ 4", 4},
		{"2147483647", 2147483647},
		{"007", 7},
		{"", -1},
		{" ", -1},
		{"+1", -1},
		{"1+", -1},
		{"1 2", -1},
		{"1--2", -1},
		{"0x10", -1},
		{"1.5", -1},
		{"1e3", -1},
		{"2147483648", -1},
		{"2147483647+1", -1},
		{"99999999999999999999", -1},
		{"1*2", -1},
		{"1\n", -1},
	};
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		gint64 number = -1;
		gboolean ok = smith_expr_number(rows[i].text, &number, &error);
		g_assert_cmpint(ok, ==, rows[i].number >= 0);
		g_assert_cmpint(number, ==, rows[i].number);
		g_assert_true(ok == (error == NULL));
	}
	gint64 negative = 0;
	g_assert_true(smith_expr_number("1-3", &negative, NULL));
	g_assert_cmpint(negative, ==, -2);
}

static void test_condition(void)
{
	static const struct {
		const char *text;
		int truth; /* -1: none */
	} rows[] = {
		{"true", 1},
		{" false\t", 0},
		{"'true'", 1},
		{"\"false\"", 0},
		{"a == 'a'", 1},
		{"a=='b'", 0},
		{"'a' == a", 1},
		{"a != b", 1},
		{"'a' != \"a\"", 0},
		{" == ''", 1},
		{"'' == ", 1},
		{"'a b' == a b", 1},
		{"'a==b' == 'a==b'", 1},
		{"'a!=b' != \"a==b\"", 1},
		{"\"it's\" == it's", 1},
		{"a == b == c", 0},
		{"", -1},
		{"yes", -1},
		{"True", -1},
		{"1", -1},
		{"a = b", -1},
		{"'true", -1},
	};
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		bool truth = false;
		gboolean ok = smith_expr_condition(rows[i].text, &truth, &error);
		g_assert_true(ok == (error == NULL));
		if (ok != (rows[i].truth >= 0) || (ok && truth != (rows[i].truth == 1)))
			g_error("'%s' is %d %d", rows[i].text, ok, truth);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/fleet/expr/expand", test_expand);
	g_test_add_func("/fleet/expr/refused", test_refused);
	g_test_add_func("/fleet/expr/limits", test_limits);
	g_test_add_func("/fleet/expr/hostile", test_hostile);
	g_test_add_func("/fleet/expr/names", test_names);
	g_test_add_func("/fleet/expr/number", test_number);
	g_test_add_func("/fleet/expr/condition", test_condition);
	return g_test_run();
}
