/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/node.h"

#include <math.h>
#include <string.h>

typedef SmithNode *(*ReadFunc)(const char *text, gsize length, const char *file, GError **error);

static SmithNode *read_good(ReadFunc read, const char *text)
{
	GError *error = NULL;
	SmithNode *node = read(text, strlen(text), "f", &error);
	g_assert_no_error(error);
	g_assert_nonnull(node);
	return node;
}

static SmithNode *yaml(const char *text)
{
	return read_good(smith_node_read_yaml, text);
}

/* Beside an escape json-glib makes the values: they are those that are read without it. */
static SmithNode *json(const char *text)
{
	SmithNode *node = read_good(smith_node_read_json, text);
	g_autofree char *beside = g_strdup_printf("[\"\\u0041\", %s]", text);
	g_autoptr(SmithNode) pair = read_good(smith_node_read_json, beside);
	g_autofree char *one = smith_json_write(node, SMITH_JSON_COMPACT, NULL);
	g_autofree char *other = smith_json_write(pair->items->pdata[1], SMITH_JSON_COMPACT, NULL);
	g_assert_cmpstr(one, ==, other);
	return node;
}

static void assert_bad_bytes(ReadFunc read, const char *text, gsize length, int code,
			     const char *message)
{
	g_autoptr(GError) error = NULL;
	/* a copy without a NUL, so that reading past the end shows */
	g_autofree char *copy = g_memdup2(text, length);
	g_autoptr(SmithNode) node = read(copy, length, "f", &error);
	g_assert_null(node);
	g_assert_error(error, SMITH_ERROR, code);
	g_assert_cmpstr(error->message, ==, message);
}

typedef struct {
	const char *text;
	int code;
	const char *message;
} BadRow;

static void assert_bad_rows(ReadFunc read, const BadRow *rows, guint count)
{
	for (guint i = 0; i < count; i++)
		assert_bad_bytes(read, rows[i].text, strlen(rows[i].text), rows[i].code,
				 rows[i].message);
}

static void assert_place(SmithPlace place, guint line, guint column)
{
	g_assert_cmpstr(place.file, ==, "f");
	g_assert_cmpuint(place.line, ==, line);
	g_assert_cmpuint(place.column, ==, column);
}

/* YAML 1.2 section 10.3: the core schema, where it differs from YAML 1.1 too. */
static void test_yaml_scalars(void)
{
	static const struct {
		const char *text;
		SmithNodeType type;
		gint64 integer;
	} rows[] = {
		{"~", SMITH_NODE_NULL, 0},
		{"null", SMITH_NODE_NULL, 0},
		{"NULL", SMITH_NODE_NULL, 0},
		{"nULL", SMITH_NODE_STRING, 0},
		{"true", SMITH_NODE_BOOL, 1},
		{"False", SMITH_NODE_BOOL, 0},
		{"yes", SMITH_NODE_STRING, 0},
		{"on", SMITH_NODE_STRING, 0},
		{"y", SMITH_NODE_STRING, 0},
		{"0", SMITH_NODE_INT, 0},
		{"-12", SMITH_NODE_INT, -12},
		{"+12", SMITH_NODE_INT, 12},
		{"0777", SMITH_NODE_INT, 777},
		{"0o17", SMITH_NODE_INT, 15},
		{"0x1F", SMITH_NODE_INT, 31},
		{"0o8", SMITH_NODE_STRING, 0},
		{"0x", SMITH_NODE_STRING, 0},
		{"-0x1", SMITH_NODE_STRING, 0},
		{"0b1", SMITH_NODE_STRING, 0},
		{"1_000", SMITH_NODE_STRING, 0},
		{"12:30:45", SMITH_NODE_STRING, 0},
		{"2024-01-02", SMITH_NODE_STRING, 0},
		{"1.10", SMITH_NODE_DOUBLE, 0},
		{"1.", SMITH_NODE_DOUBLE, 0},
		{".5", SMITH_NODE_DOUBLE, 0},
		{"-1e3", SMITH_NODE_DOUBLE, 0},
		{"1e", SMITH_NODE_STRING, 0},
		{".", SMITH_NODE_STRING, 0},
		{"+", SMITH_NODE_STRING, 0},
		{"1.2.3", SMITH_NODE_STRING, 0},
		{".inf", SMITH_NODE_DOUBLE, 0},
		{"-.INF", SMITH_NODE_DOUBLE, 0},
		{".nan", SMITH_NODE_DOUBLE, 0},
		{"-.nan", SMITH_NODE_STRING, 0},
		{"nan", SMITH_NODE_STRING, 0},
		{"inf", SMITH_NODE_STRING, 0},
		{"=", SMITH_NODE_STRING, 0},
		{"9223372036854775807", SMITH_NODE_INT, G_MAXINT64},
		{"9223372036854775808", SMITH_NODE_DOUBLE, 0},
	};
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strdup_printf("k: %s", rows[i].text);
		g_autoptr(SmithNode) map = yaml(text);
		const SmithNode *node = smith_node_get(map, "k");
		g_test_message("%s", rows[i].text);
		g_assert_cmpint(node->type, ==, rows[i].type);
		g_assert_cmpstr(node->text, ==, rows[i].text);
		if (node->type == SMITH_NODE_INT)
			g_assert_cmpint(node->integer, ==, rows[i].integer);
		if (node->type == SMITH_NODE_BOOL)
			g_assert_cmpint(node->boolean, ==, rows[i].integer);
	}
}

static void test_yaml_numbers(void)
{
	g_autoptr(SmithNode) seq = yaml("[1.10, -1e3, .inf, -.Inf, .NaN, .5]");
	g_assert_cmpfloat(((SmithNode *)seq->items->pdata[0])->number, ==, 1.1);
	g_assert_cmpfloat(((SmithNode *)seq->items->pdata[1])->number, ==, -1000);
	g_assert_true(isinf(((SmithNode *)seq->items->pdata[2])->number));
	g_assert_cmpfloat(((SmithNode *)seq->items->pdata[3])->number, <, 0);
	g_assert_true(isnan(((SmithNode *)seq->items->pdata[4])->number));
	g_assert_cmpfloat(((SmithNode *)seq->items->pdata[5])->number, ==, 0.5);
}

static void test_yaml_quotes_and_tags(void)
{
	g_autoptr(SmithNode) seq =
		yaml("['1', \"true\", !!str 2, !!int \"3\", !!float 4, ! 5, !!null ~]");
	static const SmithNodeType types[] = {
		SMITH_NODE_STRING, SMITH_NODE_STRING, SMITH_NODE_STRING, SMITH_NODE_INT,
		SMITH_NODE_DOUBLE, SMITH_NODE_STRING, SMITH_NODE_NULL};
	g_assert_cmpuint(smith_node_length(seq), ==, G_N_ELEMENTS(types));
	for (guint i = 0; i < G_N_ELEMENTS(types); i++) {
		const SmithNode *node = seq->items->pdata[i];
		g_assert_cmpint(node->type, ==, types[i]);
		g_assert_cmpint(node->quoted, ==, i < 2 || i == 3);
	}
	g_autoptr(SmithNode) block = yaml("a: |\n  one\n  two\nb: >-\n  three\n  four\n");
	g_assert_cmpstr(smith_node_get_string(block, "a"), ==, "one\ntwo\n");
	g_assert_cmpstr(smith_node_get_string(block, "b"), ==, "three four");
	g_assert_true(smith_node_get(block, "a")->quoted);
}

static void test_yaml_places(void)
{
	g_autoptr(SmithNode) map = yaml("# c\n\xc3\xa9: {b: 1, cc: [x,\n  y]}\r\nk:\n- z\n");
	const SmithNodeMember *first = map->members->pdata[0], *second = map->members->pdata[1];
	assert_place(map->place, 2, 1);
	assert_place(first->place, 2, 1);
	assert_place(first->value->place, 2, 4);
	const SmithNodeMember *cc = first->value->members->pdata[1];
	assert_place(cc->place, 2, 11);
	assert_place(((SmithNode *)cc->value->items->pdata[1])->place, 3, 3);
	assert_place(second->place, 4, 1);
	assert_place(((SmithNode *)second->value->items->pdata[0])->place, 5, 3);
}

static void test_yaml_empty(void)
{
	static const char *const texts[] = {"", "# only a comment\n", "---\n", "---\n...\n", "\n"};
	for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(SmithNode) node = yaml(texts[i]);
		g_assert_cmpint(node->type, ==, SMITH_NODE_NULL);
	}
}

static void test_yaml_aliases(void)
{
	g_autoptr(SmithNode) map =
		yaml("a: &x {k: [1, 2]}\nb: *x\nc: &x again\nd: *x\ne: [&y 1, *y]\n");
	g_autofree char *text = smith_json_write(map, SMITH_JSON_COMPACT, NULL);
	g_assert_cmpstr(text, ==,
			"{\"a\":{\"k\":[1,2]},\"b\":{\"k\":[1,2]},\"c\":\"again\","
			"\"d\":\"again\",\"e\":[1,1]}");
}

static void test_yaml_bad(void)
{
	static const BadRow rows[] = {
		{"a: 1\nb: 2\n\"a\": 3\n", SMITH_ERROR_INVALID,
		 "f:3:1: duplicate key 'a', first at line 1 column 1"},
		{"x: {b: {c: 1, c: 2}}", SMITH_ERROR_INVALID,
		 "f:1:15: duplicate key 'c', first at line 1 column 9"},
		{"a: 1\n---\nb: 2\n", SMITH_ERROR_UNSUPPORTED,
		 "f:2:1: second document begins, only one is allowed"},
		{"a: &x {b: 1}\nc:\n  <<: *x\n", SMITH_ERROR_UNSUPPORTED,
		 "f:3:3: merge key '<<' is not supported, write the keys out"},
		{"a: !foo 1\n", SMITH_ERROR_UNSUPPORTED,
		 "f:1:4: tag '!foo' is not known, only the core tags (!!str, !!int, ...) are"},
		{"a: !!python/object {}\n", SMITH_ERROR_UNSUPPORTED,
		 "f:1:4: tag 'tag:yaml.org,2002:python/object' cannot be on a map"},
		{"a: !!int x\n", SMITH_ERROR_INVALID, "f:1:4: 'x' does not fit its tag '!!int'"},
		{"a: *x\n", SMITH_ERROR_INVALID, "f:1:4: alias '*x' has no anchor '&x' before it"},
		{"a: &x [*x]\n", SMITH_ERROR_INVALID,
		 "f:1:8: alias '*x' stands inside its own anchor"},
		{"? [a]\n: b\n", SMITH_ERROR_UNSUPPORTED,
		 "f:1:3: map key is a list or a map, expected a scalar"},
		{"&x a: 1\n", SMITH_ERROR_UNSUPPORTED, "f:1:1: map key 'a' has an anchor or a tag"},
		{"?\n: 1\n", SMITH_ERROR_INVALID, "f:1:2: map key is missing"},
		{"a: \"x\\0y\"\n", SMITH_ERROR_INVALID, "f:1:4: NUL character in a string"},
		{"a: [1\n", SMITH_ERROR_INVALID,
		 "f:2:1: did not find expected ',' or ']' while parsing a flow sequence"},
		{"a:\n\tb: 1\n", SMITH_ERROR_INVALID,
		 "f:2:1: found character that cannot start any token while scanning for the next "
		 "token"},
		{"a: 1\n b: 2\n", SMITH_ERROR_INVALID,
		 "f:2:3: mapping values are not allowed in this context"},
		{"a: \x01\n", SMITH_ERROR_INVALID,
		 "f:1:4: control characters are not allowed, got U+0001"},
		{"\xef\xbb\xbf\xff", SMITH_ERROR_INVALID,
		 "f:1:2: text is not UTF-8, got byte 0xff"},
		{"a: 1\nb: \xc3\xa9\xe9\n", SMITH_ERROR_INVALID,
		 "f:2:5: text is not UTF-8, got byte 0xe9"},
	};
	assert_bad_rows(smith_node_read_yaml, rows, G_N_ELEMENTS(rows));
	assert_bad_bytes(smith_node_read_yaml, "a: \0", 4, SMITH_ERROR_INVALID,
			 "f:1:4: NUL byte in the text");
}

static void test_json_values(void)
{
	g_autoptr(SmithNode) map = json(" {\"a\": [1, -2.50, true, false, null],\r\n"
					"\t\"\\u00e9\\ud83d\\ude00\": \"\\\"\\\\\\/\\b\\f\\n\\r\\t"
					"\\u0041\\uD83D\\uDE00\", \"n\": 12345678901234567890}\n");
	const SmithNode *list = smith_node_get(map, "a");
	g_assert_cmpuint(smith_node_length(list), ==, 5);
	const SmithNode *second = list->items->pdata[1], *last = list->items->pdata[4];
	g_assert_cmpstr(second->text, ==, "-2.50");
	g_assert_cmpfloat(second->number, ==, -2.5);
	g_assert_cmpint(last->type, ==, SMITH_NODE_NULL);
	g_assert_cmpstr(smith_node_get_string(map, "\xc3\xa9\xf0\x9f\x98\x80"), ==,
			"\"\\/\b\f\n\r\tA\xf0\x9f\x98\x80");
	g_assert_cmpint(smith_node_get(map, "n")->type, ==, SMITH_NODE_DOUBLE);
	assert_place(map->place, 1, 2);
	assert_place(second->place, 1, 12);
	assert_place(((SmithNodeMember *)map->members->pdata[1])->place, 2, 2);
	assert_place(smith_node_get(map, "n")->place, 2, 67);
}

static void test_json_roots(void)
{
	static const struct {
		const char *text;
		SmithNodeType type;
	} rows[] = {
		{"1", SMITH_NODE_INT},		{" \"x\" ", SMITH_NODE_STRING},
		{"null", SMITH_NODE_NULL},	{"true", SMITH_NODE_BOOL},
		{"[]", SMITH_NODE_SEQ},		{"{}", SMITH_NODE_MAP},
		{"-1.5E+2", SMITH_NODE_DOUBLE},
	};
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(SmithNode) node = json(rows[i].text);
		g_assert_cmpint(node->type, ==, rows[i].type);
	}
}

static void test_json_bad(void)
{
	static const BadRow rows[] = {
		{"", SMITH_ERROR_INVALID, "f:1:1: text ends, expected a value"},
		{"{\"a\":1,\n \"\\u0061\":2}", SMITH_ERROR_INVALID,
		 "f:2:2: duplicate key 'a', first at line 1 column 2"},
		{"[1,]", SMITH_ERROR_INVALID, "f:1:4: got ']', expected a value"},
		{"{\"a\":1,}", SMITH_ERROR_INVALID,
		 "f:1:8: got '}', expected a key in double quotes"},
		{"{a:1}", SMITH_ERROR_INVALID, "f:1:2: got 'a', expected a key in double quotes"},
		{"{\"a\" 1}", SMITH_ERROR_INVALID, "f:1:6: got '1', expected ':'"},
		{"[1 2]", SMITH_ERROR_INVALID, "f:1:4: got '2', expected ',' or ']'"},
		{"{\"a\":1", SMITH_ERROR_INVALID, "f:1:7: text ends, expected ',' or '}'"},
		{"['a']", SMITH_ERROR_INVALID, "f:1:2: got ''', expected a value"},
		{"// c\n1", SMITH_ERROR_INVALID, "f:1:1: got '/', expected a value"},
		{"1 /* c */", SMITH_ERROR_INVALID, "f:1:3: got '/', expected the end of the text"},
		{"var x = 1", SMITH_ERROR_INVALID, "f:1:1: got 'v', expected a value"},
		{"[01]", SMITH_ERROR_INVALID, "f:1:3: got '1', expected ',' or ']'"},
		{"[1.]", SMITH_ERROR_INVALID, "f:1:4: got ']', expected a digit"},
		{"[-]", SMITH_ERROR_INVALID, "f:1:3: got ']', expected a digit"},
		{"[+1]", SMITH_ERROR_INVALID, "f:1:2: got '+', expected a value"},
		{"[1e]", SMITH_ERROR_INVALID, "f:1:4: got ']', expected a digit"},
		{"[NaN]", SMITH_ERROR_INVALID, "f:1:2: got 'N', expected a value"},
		{"[nul]", SMITH_ERROR_INVALID, "f:1:2: got 'n', expected a value"},
		{"[0x1]", SMITH_ERROR_INVALID, "f:1:3: got 'x', expected ',' or ']'"},
		{"[\"a\tb\"]", SMITH_ERROR_INVALID,
		 "f:1:4: got U+0009, expected '\"' at the end of the string"},
		{"[\"a", SMITH_ERROR_INVALID,
		 "f:1:4: text ends, expected '\"' at the end of the string"},
		{"[\"\\x\"]", SMITH_ERROR_INVALID,
		 "f:1:4: got 'x', expected an escape, one of \"\\/bfnrtu"},
		{"[\"\\u12g4\"]", SMITH_ERROR_INVALID, "f:1:7: got 'g', expected four hex digits"},
		{"[\"\\u0000\"]", SMITH_ERROR_INVALID, "f:1:3: NUL character in a string"},
		{"[\"\\ud800\"]", SMITH_ERROR_INVALID, "f:1:3: lone surrogate in a string"},
		{"[\"\\ud800\\u0041\"]", SMITH_ERROR_INVALID, "f:1:3: lone surrogate in a string"},
		{"[\"\\udc00\"]", SMITH_ERROR_INVALID, "f:1:3: lone surrogate in a string"},
		{"\xef\xbb\xbf{}", SMITH_ERROR_INVALID, "f:1:1: got U+FEFF, expected a value"},
		{"[\"\xff\"]", SMITH_ERROR_INVALID, "f:1:3: text is not UTF-8, got byte 0xff"},
		{"[\n 1e999]", SMITH_ERROR_INVALID, "f:2:2: number is out of range"},
		{"{} {}", SMITH_ERROR_INVALID, "f:1:4: got '{', expected the end of the text"},
	};
	assert_bad_rows(smith_node_read_json, rows, G_N_ELEMENTS(rows));
	assert_bad_bytes(smith_node_read_json, "[\0]", 3, SMITH_ERROR_INVALID,
			 "f:1:2: NUL byte in the text");
}

static char *repeat(const char *text, guint times)
{
	GString *out = g_string_new(NULL);
	for (guint i = 0; i < times; i++)
		g_string_append(out, text);
	return g_string_free(out, FALSE);
}

static void test_depth(void)
{
	static const ReadFunc readers[] = {smith_node_read_yaml, smith_node_read_json};
	g_autofree char *open = repeat("[", SMITH_NODE_MAX_DEPTH);
	g_autofree char *close = repeat("]", SMITH_NODE_MAX_DEPTH);
	g_autofree char *deepest = g_strconcat(open, close, NULL);
	g_autofree char *deeper = g_strconcat(open, "[]", close, NULL);
	g_autofree char *endless = repeat("[", 100000);
	for (guint i = 0; i < G_N_ELEMENTS(readers); i++) {
		g_autoptr(SmithNode) node = read_good(readers[i], deepest);
		assert_bad_bytes(readers[i], deeper, strlen(deeper), SMITH_ERROR_LIMIT,
				 "f:1:65: document is nested deeper than 64 levels");
		assert_bad_bytes(readers[i], endless, strlen(endless), SMITH_ERROR_LIMIT,
				 "f:1:65: document is nested deeper than 64 levels");
	}
	/* one level in the anchor, one less than all around the alias */
	g_autofree char *around = repeat("[", SMITH_NODE_MAX_DEPTH - 1);
	g_autofree char *fits = g_strconcat("- &a []\n- ", around + 1, "*a", close + 2, NULL);
	g_autofree char *too_deep = g_strconcat("- &a [[]]\n- ", around + 1, "*a", close + 2, NULL);
	g_autoptr(SmithNode) node = yaml(fits);
	assert_bad_bytes(smith_node_read_yaml, too_deep, strlen(too_deep), SMITH_ERROR_LIMIT,
			 "f:2:65: document is nested deeper than 64 levels");
}

static void test_yaml_bombs(void)
{
	g_autoptr(GString) laughs = g_string_new("a0: &a0 lol\n");
	for (guint i = 1; i < 12; i++) {
		g_string_append_printf(laughs, "a%u: &a%u [", i, i);
		for (guint j = 0; j < 10; j++)
			g_string_append_printf(laughs, "%s*a%u", j > 0 ? ", " : "", i - 1);
		g_string_append(laughs, "]\n");
	}
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithNode) node = smith_node_read_yaml(laughs->str, laughs->len, "f", &error);
	g_assert_null(node);
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_LIMIT);
	g_clear_error(&error);

	/* few values, many bytes */
	g_autofree char *big = repeat("0123456789abcdef", 65536);
	g_autofree char *aliases = repeat(", *a", 16);
	g_autofree char *text = g_strconcat("[&a ", big, aliases, "]", NULL);
	node = smith_node_read_yaml(text, strlen(text), "f", &error);
	g_assert_null(node);
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_LIMIT);
}

static void test_size(void)
{
	static const ReadFunc readers[] = {smith_node_read_yaml, smith_node_read_json};
	g_autofree char *big = g_malloc(SMITH_NODE_MAX_BYTES + 1);
	memset(big, ' ', SMITH_NODE_MAX_BYTES + 1);
	for (guint i = 0; i < G_N_ELEMENTS(readers); i++)
		assert_bad_bytes(readers[i], big, SMITH_NODE_MAX_BYTES + 1, SMITH_ERROR_LIMIT,
				 "f: document of 16777217 bytes is too large, at most 16777216 are "
				 "read");
	g_autofree char *items = repeat("1,", SMITH_NODE_MAX_NODES + 1);
	g_autofree char *list = g_strconcat("[", items, "1]", NULL);
	for (guint i = 0; i < G_N_ELEMENTS(readers); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_null(readers[i](list, strlen(list), "f", &error));
		g_assert_error(error, SMITH_ERROR, SMITH_ERROR_LIMIT);
	}
}

static void test_build(void)
{
	g_autoptr(SmithNode) map = smith_node_new(SMITH_NODE_MAP);
	smith_node_set(map, "a", smith_node_new_int(1));
	smith_node_set(map, "b", smith_node_new_string("x"));
	smith_node_set(map, "a", smith_node_new_bool(true));
	SmithNode *list = smith_node_new(SMITH_NODE_SEQ);
	smith_node_append(list, smith_node_new(SMITH_NODE_NULL));
	smith_node_set(map, "l", list);
	g_assert_cmpuint(smith_node_length(map), ==, 3);
	g_assert_cmpstr(smith_node_get_string(map, "b"), ==, "x");
	g_assert_null(smith_node_get_string(map, "a"));
	g_assert_null(smith_node_get(map, "z"));
	g_assert_null(smith_node_get(list, "a"));
	g_assert_null(smith_node_get(NULL, "a"));
	g_assert_cmpint(smith_node_get_int(map, "b", -7), ==, -7);
	g_assert_cmpstr(smith_node_get(map, "a")->text, ==, "true");
	g_assert_cmpstr(smith_node_type_name(SMITH_NODE_SEQ), ==, "a list");
	g_autoptr(SmithNode) copy = smith_node_copy(map);
	g_autofree char *text = smith_json_write(copy, SMITH_JSON_COMPACT, NULL);
	g_assert_cmpstr(text, ==, "{\"a\":true,\"b\":\"x\",\"l\":[null]}");
}

/* The values that a duplicate replaces may be anchored. */
static void test_yaml_lax(void)
{
	static const char text[] = "a: &x {b: 1}\nc: *x\na: 2\nd: *x\na: [3]\n";
	g_autoptr(SmithDiag) diag = smith_diag_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithNode) node = smith_node_read_yaml_lax(text, strlen(text), "f", diag, &error);
	g_assert_no_error(error);
	g_autofree char *json_text = smith_json_write(node, SMITH_JSON_COMPACT, NULL);
	g_assert_cmpstr(json_text, ==, "{\"a\":[3],\"c\":{\"b\":1},\"d\":{\"b\":1}}");
	g_assert_cmpuint(diag->findings->len, ==, 2);
	for (guint i = 0; i < 2; i++) {
		const SmithFinding *finding = diag->findings->pdata[i];
		g_assert_cmpstr(finding->rule, ==, "yaml-duplicate-key");
		g_assert_cmpstr(finding->subject, ==, "a");
		assert_place(finding->place, i == 0 ? 3 : 5, 1);
	}
	assert_place(((SmithNodeMember *)node->members->pdata[0])->place, 5, 1);
	g_assert_null(smith_node_read_yaml_lax("a: [", 4, "f", diag, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/base/node/yaml/scalars", test_yaml_scalars);
	g_test_add_func("/base/node/yaml/numbers", test_yaml_numbers);
	g_test_add_func("/base/node/yaml/quotes-and-tags", test_yaml_quotes_and_tags);
	g_test_add_func("/base/node/yaml/places", test_yaml_places);
	g_test_add_func("/base/node/yaml/empty", test_yaml_empty);
	g_test_add_func("/base/node/yaml/aliases", test_yaml_aliases);
	g_test_add_func("/base/node/yaml/bad", test_yaml_bad);
	g_test_add_func("/base/node/yaml/bombs", test_yaml_bombs);
	g_test_add_func("/base/node/json/values", test_json_values);
	g_test_add_func("/base/node/json/roots", test_json_roots);
	g_test_add_func("/base/node/json/bad", test_json_bad);
	g_test_add_func("/base/node/depth", test_depth);
	g_test_add_func("/base/node/size", test_size);
	g_test_add_func("/base/node/build", test_build);
	g_test_add_func("/base/node/yaml/lax", test_yaml_lax);
	return g_test_run();
}
