/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <string.h>

static SmithNode *read_json(const char *text)
{
	GError *error = NULL;
	SmithNode *node = smith_node_read_json(text, strlen(text), "f.json", &error);
	g_assert_no_error(error);
	return node;
}

static char *rewrite(const char *text, SmithJsonFlags flags)
{
	g_autoptr(SmithNode) node = read_json(text);
	gsize length;
	char *out = smith_json_write(node, flags, &length);
	g_assert_cmpuint(length, ==, strlen(out));
	return out;
}

static void test_flags(void)
{
	static const char text[] = "{\"b\": [1, {}, [], {\"z\":1,\"y\":2}], \"a\": null}";
	g_autofree char *compact = rewrite(text, SMITH_JSON_COMPACT);
	g_assert_cmpstr(compact, ==, "{\"b\":[1,{},[],{\"z\":1,\"y\":2}],\"a\":null}");
	g_autofree char *sorted = rewrite(text, SMITH_JSON_SORTED);
	g_assert_cmpstr(sorted, ==, "{\"a\":null,\"b\":[1,{},[],{\"y\":2,\"z\":1}]}");
	g_autofree char *pretty = rewrite(text, SMITH_JSON_PRETTY | SMITH_JSON_SORTED);
	g_assert_cmpstr(pretty, ==,
			"{\n  \"a\": null,\n  \"b\": [\n    1,\n    {},\n    [],\n    {\n"
			"      \"y\": 2,\n      \"z\": 1\n    }\n  ]\n}\n");
}

static void test_sorts_by_byte(void)
{
	g_autofree char *sorted =
		rewrite("{\"\xc3\xa9\":1,\"z\":2,\"Z\":3,\"\":4,\"za\":5}", SMITH_JSON_SORTED);
	g_assert_cmpstr(sorted, ==, "{\"\":4,\"Z\":3,\"z\":2,\"za\":5,\"\xc3\xa9\":1}");
}

static void test_strings(void)
{
	static const struct {
		const char *value, *literal;
	} rows[] = {
		{"", "\"\""},
		{"a/b", "\"a/b\""},
		{"\"\\", "\"\\\"\\\\\""},
		{"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""},
		{"\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\""},
		{"\xf0\x9f\x98\x80 \xe2\x80\xa8", "\"\xf0\x9f\x98\x80 \xe2\x80\xa8\""},
		{"a\xff"
		 "b\xc3",
		 "\"a\xef\xbf\xbd"
		 "b\xef\xbf\xbd\""},
		{"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
	};
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GString) out = g_string_new(NULL);
		smith_json_append_string(out, rows[i].value);
		g_assert_cmpstr(out->str, ==, rows[i].literal);
		g_autoptr(SmithNode) node = read_json(out->str);
		g_autofree char *again = smith_json_write(node, SMITH_JSON_COMPACT, NULL);
		g_assert_cmpstr(again, ==, rows[i].literal);
	}
}

static void test_numbers(void)
{
	static const struct {
		const char *text, *written;
	} rows[] = {
		{"0", "0"},
		{"-0", "0"},
		{"-0.0", "0"},
		{"1.0", "1"},
		{"1.10", "1.1"},
		{"0.1", "0.1"},
		{"1e2", "1e+02"},
		{"100.0", "1e+02"},
		{"0.30000000000000004", "0.30000000000000004"},
		{"9223372036854775807", "9223372036854775807"},
		{"-9223372036854775808", "-9223372036854775808"},
		{"9223372036854775808", "9.223372036854776e+18"},
		{"5e-324", "5e-324"},
		{"1.7976931348623157e308", "1.7976931348623157e+308"},
		{"1e-400", "0"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *written = rewrite(rows[i].text, SMITH_JSON_COMPACT);
		g_assert_cmpstr(written, ==, rows[i].written);
		g_autofree char *again = rewrite(written, SMITH_JSON_COMPACT);
		g_assert_cmpstr(again, ==, written);
	}
}

static void test_infinities(void)
{
	g_autoptr(SmithNode) node = smith_node_read_yaml("[.inf, -.inf, .nan]", 19, "f.yaml", NULL);
	g_autofree char *text = smith_json_write(node, SMITH_JSON_COMPACT, NULL);
	g_assert_cmpstr(text, ==, "[null,null,null]");
}

static char *random_string(void)
{
	static const gunichar starts[] = {1, 0x20, 0x7f, 0x7fe, 0xd7fd, 0xe000, 0xfffc, 0x10fffc};
	g_autoptr(GString) out = g_string_new(NULL);
	for (gint length = g_test_rand_int_range(0, 12); length > 0; length--) {
		gint pick = g_test_rand_int_range(0, G_N_ELEMENTS(starts));
		g_string_append_unichar(out, starts[pick] + g_test_rand_int_range(0, 3));
	}
	return g_string_free(g_steal_pointer(&out), FALSE);
}

static SmithNode *random_node(guint depth)
{
	SmithNode *node;
	switch (g_test_rand_int_range(0, depth > 0 ? 7 : 5)) {
	case 0:
		return smith_node_new(SMITH_NODE_NULL);
	case 1:
		return smith_node_new_bool(g_test_rand_bit());
	case 2:
		return smith_node_new_int(g_test_rand_int());
	case 3:
		node = smith_node_new(SMITH_NODE_DOUBLE);
		node->number = g_test_rand_double_range(-1e6, 1e6);
		return node;
	case 4: {
		g_autofree char *text = random_string();
		return smith_node_new_string(text);
	}
	case 5:
		node = smith_node_new(SMITH_NODE_SEQ);
		for (gint n = g_test_rand_int_range(0, 5); n > 0; n--)
			smith_node_append(node, random_node(depth - 1));
		return node;
	default:
		node = smith_node_new(SMITH_NODE_MAP);
		for (gint n = g_test_rand_int_range(0, 5); n > 0; n--) {
			g_autofree char *key = random_string();
			smith_node_set(node, key, random_node(depth - 1));
		}
		return node;
	}
}

/* Whatever was written reads back, and is written the same again, from both readers. */
static void test_fixed_point(void)
{
	for (guint round = 0; round < 300; round++) {
		SmithJsonFlags flags = (SmithJsonFlags)g_test_rand_int_range(0, 4);
		g_autoptr(SmithNode) node = random_node(5);
		g_autofree char *text = smith_json_write(node, flags, NULL);
		g_autofree char *again = rewrite(text, flags);
		g_assert_cmpstr(again, ==, text);
		g_autoptr(SmithNode) copy = smith_node_copy(node);
		g_autofree char *copied = smith_json_write(copy, flags, NULL);
		g_assert_cmpstr(copied, ==, text);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/base/json/flags", test_flags);
	g_test_add_func("/base/json/sorts-by-byte", test_sorts_by_byte);
	g_test_add_func("/base/json/strings", test_strings);
	g_test_add_func("/base/json/numbers", test_numbers);
	g_test_add_func("/base/json/infinities", test_infinities);
	g_test_add_func("/base/json/fixed-point", test_fixed_point);
	return g_test_run();
}
