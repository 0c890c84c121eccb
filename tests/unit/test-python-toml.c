/* SPDX-License-Identifier: Apache-2.0 */
#include "python/toml.h"

#include <string.h>

#include "base/json.h"

static SmithNode *read_good(const char *text)
{
	g_autoptr(GError) error = NULL;
	/* a copy without a NUL, so that reading past the end shows */
	g_autofree char *copy = g_memdup2(text, strlen(text));
	SmithNode *node = smith_toml_read(copy, strlen(text), "f", &error);
	g_assert_no_error(error);
	g_assert_nonnull(node);
	return node;
}

static void assert_bad(const char *text, gsize length, int code, const char *message)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *copy = g_memdup2(text, length);
	g_autoptr(SmithNode) node = smith_toml_read(copy, length, "f", &error);
	g_assert_null(node);
	g_assert_error(error, SMITH_ERROR, code);
	g_assert_cmpstr(error->message, ==, message);
}

static void test_good(void)
{
	static const struct {
		const char *text;
		const char *json;
	} rows[] = {
		{"", "{}"},
		{"# c\r\na = 1 # d\r\n", "{\"a\":1}"},
		{"a = \"\\u00e9\\t\\\"\"\nb = 'C:\\x'", "{\"a\":\"é\\t\\\"\",\"b\":\"C:\\\\x\"}"},
		{"a = \"\"\"\r\nx \\\n\n  y\r\nz\"\"\"", "{\"a\":\"x y\\nz\"}"},
		{"a = '''\n'x' ''\\n'''''", "{\"a\":\"'x' ''\\\\n''\"}"},
		{"a = [+1_000, 0xf_f, 0o17, 0b11]", "{\"a\":[1000,255,15,3]}"},
		{"a = [1.5, -2E+1, 1_0.2_5e0, inf, nan]", "{\"a\":[1.5,-2e+01,10.25,null,null]}"},
		{"a = -9223372036854775808\nb = false", "{\"a\":-9223372036854775808,\"b\":false}"},
		{"a = 1979-05-27 07:32:00.5-07:00\nb = 07:32:00",
		 "{\"a\":\"1979-05-27 07:32:00.5-07:00\",\"b\":\"07:32:00\"}"},
		{"a . \"b.c\" = 1\na.d = {e.f = 2}", "{\"a\":{\"b.c\":1,\"d\":{\"e\":{\"f\":2}}}}"},
		{"[a.b]\nc=1\n[a]\nd=2", "{\"a\":{\"b\":{\"c\":1},\"d\":2}}"},
		{"[[a]]\n[a.b]\nc=1\n[[a]]\n[[a.b]]\n[[a.b]]",
		 "{\"a\":[{\"b\":{\"c\":1}},{\"b\":[{},{}]}]}"},
		{"a = [ # c\n  1,\n  [],\n]", "{\"a\":[1,[]]}"},
		{"a.b = 1\n[a.c]\n", "{\"a\":{\"b\":1,\"c\":{}}}"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(SmithNode) node = read_good(rows[i].text);
		g_autofree char *json = smith_json_write(node, SMITH_JSON_COMPACT, NULL);
		g_assert_cmpstr(json, ==, rows[i].json);
	}
}

static void test_bad(void)
{
	static const struct {
		const char *text;
		const char *message;
	} rows[] = {
		{"a", "f:1:2: text ends, expected '='"},
		{"é = 1", "f:1:1: got U+00E9, expected a key"},
		{"a = 1 b", "f:1:7: got 'b', expected the end of the line"},
		{"a = \"x\ny\"", "f:1:7: got U+000A, expected the end of the string"},
		{"a = \"é\\x\"", "f:1:8: got 'x', expected an escape, one of \"\\bfnrtuU"},
		{"a = \"\\uD800\"", "f:1:12: escape is no character of Unicode"},
		{"a = \"\\u0000\"", "f:1:12: NUL character in a string"},
		{"a = \"\\U0000\"", "f:1:12: got '\"', expected eight hex digits"},
		{"# \x01", "f:1:3: got U+0001, expected the end of the line"},
		{"a = 01", "f:1:5: '01' is no value, expected a string, a boolean, a date, or a "
			   "number of 64 bits"},
		{"a = 9223372036854775808",
		 "f:1:5: '9223372036854775808' is no value, expected a string, a boolean, a date, "
		 "or a number of 64 bits"},
		{"a = 2023-02-29", "f:1:5: '2023-02-29' is no value, expected a string, a boolean, "
				   "a date, or a number of 64 bits"},
		{"a = [1 2]", "f:1:8: got '2', expected ',' or ']'"},
		{"a = {b = 1,}", "f:1:12: got '}', expected a key"},
		{"a = {b = 1\n}", "f:1:11: got U+000A, expected ',' or '}'"},
		{"[a\n]", "f:1:3: got U+000A, expected ']'"},
		{"[[a]\n", "f:1:5: got U+000A, expected ']]'"},
		{"a = 1\nb = 2\na = 3", "f:3:1: duplicate key 'a', first at line 1 column 1"},
		{"[a]\n[a]", "f:2:2: duplicate key 'a', first at line 1 column 2"},
		{"[a.b]\nc.d = 1\n[a.b.c]", "f:3:6: duplicate key 'c', first at line 2 column 1"},
		{"[a.b]\n[a]\nb.c = 1", "f:3:1: duplicate key 'b', first at line 1 column 4"},
		{"a = []\n[[a]]", "f:2:3: duplicate key 'a', first at line 1 column 1"},
		{"a = {}\na.b = 1", "f:2:1: duplicate key 'a', first at line 1 column 1"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		assert_bad(rows[i].text, strlen(rows[i].text), SMITH_ERROR_INVALID,
			   rows[i].message);
	assert_bad("a\0b", 3, SMITH_ERROR_INVALID, "f:1:2: NUL byte in the text");
	assert_bad("\xff", 1, SMITH_ERROR_INVALID, "f:1:1: text is not UTF-8, got byte 0xff");
}

static void assert_place(SmithPlace place, guint line, guint column)
{
	g_assert_cmpstr(place.file, ==, "f");
	g_assert_cmpuint(place.line, ==, line);
	g_assert_cmpuint(place.column, ==, column);
}

static void test_places(void)
{
	g_autoptr(SmithNode) node =
		read_good("# é\nx = 'é' # c\n[[a]]\n  b . c = [\n 'é', 1979-05-27]");
	const SmithNodeMember *x = node->members->pdata[0], *a = node->members->pdata[1];
	assert_place(node->place, 1, 1);
	assert_place(x->place, 2, 1);
	assert_place(x->value->place, 2, 5);
	g_assert_true(x->value->quoted);
	assert_place(a->place, 3, 3);
	const SmithNode *element = a->value->items->pdata[0];
	const SmithNode *items = smith_node_get(smith_node_get(element, "b"), "c");
	assert_place(((SmithNodeMember *)element->members->pdata[0])->place, 4, 3);
	const SmithNode *date = items->items->pdata[1];
	assert_place(date->place, 5, 7);
	g_assert_cmpint(date->type, ==, SMITH_NODE_STRING);
	g_assert_false(date->quoted);
}

static char *repeat(const char *part, guint count)
{
	g_autoptr(GString) text = g_string_new("a = ");
	for (guint i = 0; i < count; i++)
		g_string_append(text, part);
	return g_strdup(text->str);
}

static void test_limits(void)
{
	static const char *const deep[] = {"[", "{a="};
	for (gsize i = 0; i < G_N_ELEMENTS(deep); i++) {
		g_autofree char *text = repeat(deep[i], 100000);
		g_autofree char *message =
			g_strdup_printf("f:1:%u: document is nested deeper than 64 levels",
					(guint)(5 + 63 * strlen(deep[i])));
		assert_bad(text, strlen(text), SMITH_ERROR_LIMIT, message);
	}
	g_autoptr(GString) keys = g_string_new(NULL);
	for (guint i = 0; i < 64; i++)
		g_string_append(keys, "a.");
	g_string_append(keys, "a = 1");
	assert_bad(keys->str, keys->len, SMITH_ERROR_LIMIT,
		   "f:1:129: document is nested deeper than 64 levels");
	g_autoptr(GString) list = g_string_new("a = [");
	for (guint i = 0; i < SMITH_NODE_MAX_NODES; i++)
		g_string_append(list, "1,");
	g_string_append(list, "]");
	g_autoptr(GError) error = NULL;
	g_assert_null(smith_toml_read(list->str, list->len, "f", &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_LIMIT);
}

/* As many keys and tables as fit are no work of their square. */
static void test_many(void)
{
	g_autoptr(GString) text = g_string_new(NULL);
	for (guint i = 0; i < 100000; i++)
		g_string_append_printf(text, "[t.k%u]\na=1\n", i);
	g_autoptr(SmithNode) node = read_good(text->str);
	g_assert_cmpuint(smith_node_length(smith_node_get(node, "t")), ==, 100000);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/python/toml/good", test_good);
	g_test_add_func("/python/toml/bad", test_bad);
	g_test_add_func("/python/toml/places", test_places);
	g_test_add_func("/python/toml/limits", test_limits);
	g_test_add_func("/python/toml/many", test_many);
	return g_test_run();
}
