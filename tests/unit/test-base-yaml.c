/* SPDX-License-Identifier: Apache-2.0 */
#include "base/yaml.h"

#include <gio/gio.h>
#include <math.h>
#include <string.h>

#include "base/json.h"

static void check_string(const char *value, const char *expected)
{
	g_autoptr(GString) out = g_string_new(NULL);
	smith_yaml_append_string(out, value);
	g_assert_cmpstr(out->str, ==, expected);
}

static void test_string(void)
{
	static const char *const plain[] = {"web",
					    "/opt/venv",
					    "localhost/a/web@sha256:0a",
					    "kubernetes.io/x",
					    "v1",
					    "nullable",
					    "yesterday",
					    "http://web:8080/health",
					    "a-b",
					    NULL};
	static const char *const quoted[] = {
		"",	"yes", "No",   "ON",	     "off",  "y",	  "N",	  "true",
		"Null", "~",   "NULL", "1e3",	     "0x1f", "0o17",	  "017",  "1_000",
		"12",	"-1",  "+1",   ".5",	     ".inf", ".nan",	  "1:30", "190:20:30",
		"=",	"<<",  "- a",  "2001-12-14", "a: b", "a #b",	  "#c",	  "a ",
		"*x",	"&x",  "!x",   "%x",	     "@x",   "`x",	  "{x}",  "[x]",
		"a:",	"---", "...",  "? x",	     ">",    "a\xc3\xa4", "a, b", "{{x}}",
		"a:,",	"_",   "k=v",  "'",	     "|",    "-",	  ":",	  NULL};
	for (gsize i = 0; plain[i] != NULL; i++)
		check_string(plain[i], plain[i]);
	for (gsize i = 0; quoted[i] != NULL; i++) {
		g_autofree char *expected = g_strconcat("\"", quoted[i], "\"", NULL);
		check_string(quoted[i], expected);
	}
	check_string("a\nb\t\"c\"\\", "\"a\\nb\\t\\\"c\\\"\\\\\"");
	check_string("\x01\x7f\xc2\x85\xc2\xa0", "\"\\u0001\\u007f\\u0085\xc2\xa0\"");
	check_string("\xe2\x80\xa8\xe2\x80\xa9\xef\xbb\xbf\xef\xbf\xbf",
		     "\"\\u2028\\u2029\\ufeff\\uffff\"");
	check_string("\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\"");
	check_string("a\xff", "\"a\xef\xbf\xbd\"");
}

static void test_block(void)
{
	static const char json[] =
		"{\"a\":{\"b\":[1,{\"c\":\"x\",\"d\":[]},[true,[null]],{}]},\"e f\":{},"
		"\"on\":[\"x\"],\"g\":\"no\"}";
	static const char expected[] = "a:\n"
				       "  b:\n"
				       "  - 1\n"
				       "  - c: x\n"
				       "    d: []\n"
				       "  - - true\n"
				       "    - - null\n"
				       "  - {}\n"
				       "\"e f\": {}\n"
				       "\"on\":\n"
				       "- x\n"
				       "g: \"no\"\n";
	g_autoptr(SmithNode) node = smith_node_read_json(json, strlen(json), "t", NULL);
	gsize length = 0;
	g_autofree char *text = smith_yaml_write(node, &length);
	g_assert_cmpstr(text, ==, expected);
	g_assert_cmpuint(length, ==, strlen(expected));
}

static void check_double(double value, const char *expected)
{
	g_autoptr(SmithNode) node = smith_node_new(SMITH_NODE_DOUBLE);
	node->number = value;
	g_autofree char *text = smith_yaml_write(node, NULL);
	g_strchomp(text);
	g_assert_cmpstr(text, ==, expected);
}

static void test_double(void)
{
	check_double(1, "1.0");
	check_double(0.1, "0.1");
	check_double(1e20, "1.0e+20");
	check_double(-2.5e-300, "-2.5e-300");
	check_double(INFINITY, ".inf");
	check_double(-INFINITY, "-.inf");
	check_double(NAN, ".nan");
}

/* --- a round trip through libyaml, which node-yaml.c reads with */

static const char *const pieces[] = {"a",
				     "B",
				     "7",
				     "0",
				     "-",
				     ":",
				     " ",
				     "#",
				     "\n",
				     "\t",
				     "'",
				     "\"",
				     "\\",
				     "%",
				     "$",
				     "{",
				     "]",
				     ",",
				     "*",
				     "&",
				     "!",
				     "|",
				     ">",
				     "?",
				     "yes",
				     "null",
				     "1e3",
				     "0x1",
				     "~",
				     "=",
				     "<<",
				     ".",
				     "/",
				     "@",
				     "---",
				     "\r\n",
				     "\x7f",
				     "\xc2\x85",
				     "\xe2\x80\xa8",
				     "\xc3\xa4",
				     "\xf0\x9f\x98\x80",
				     "2001-12-14",
				     "\xef\xbb\xbf"};

static char *random_string(GRand *rand)
{
	GString *text = g_string_new(NULL);
	int count = g_rand_int_range(rand, 0, 6);
	if (g_rand_int_range(rand, 0, 200) == 0)
		count = 900;
	for (int i = 0; i < count; i++)
		g_string_append(text, pieces[g_rand_int_range(rand, 0, (int)G_N_ELEMENTS(pieces))]);
	return g_string_free(text, FALSE);
}

static SmithNode *random_node(GRand *rand, int depth)
{
	int kind = g_rand_int_range(rand, 0, depth > 0 ? 9 : 6);
	if (kind == 0)
		return smith_node_new_bool(g_rand_boolean(rand));
	if (kind == 1)
		return smith_node_new_int((gint64)g_rand_int(rand) - G_MAXINT);
	if (kind == 2)
		return smith_node_new(SMITH_NODE_NULL);
	if (kind < 6) {
		g_autofree char *text = random_string(rand);
		return smith_node_new_string(text);
	}
	SmithNode *node = smith_node_new(kind == 6 ? SMITH_NODE_SEQ : SMITH_NODE_MAP);
	for (int i = g_rand_int_range(rand, 0, 5); i > 0; i--) {
		g_autofree char *key = random_string(rand);
		if (kind == 6)
			smith_node_append(node, random_node(rand, depth - 1));
		else
			smith_node_set(node, key, random_node(rand, depth - 1));
	}
	return node;
}

static void test_round_trip(void)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(20);
	for (int i = 0; i < 2000; i++) {
		g_autoptr(SmithNode) node = random_node(rand, 4);
		g_autoptr(GError) error = NULL;
		gsize length = 0;
		g_autofree char *text = smith_yaml_write(node, &length);
		g_autoptr(SmithNode) again = smith_node_read_yaml(text, length, "t", &error);
		g_assert_no_error(error);
		g_autofree char *before = smith_json_write(node, SMITH_JSON_COMPACT, NULL);
		g_autofree char *after = smith_json_write(again, SMITH_JSON_COMPACT, NULL);
		g_assert_cmpstr(before, ==, after);
	}
}

/* The same by python3-yaml, a reader of YAML 1.1: a program that ends with the number of trees that
 * differ. */
static void test_python(void)
{
	static const char program[] =
		"import json, sys, yaml\n"
		"lines = sys.stdin.buffer.read().split(b'\\0')[:-1]\n"
		"pairs = list(zip(lines[::2], lines[1::2]))\n"
		"bad = [y for y, j in pairs if yaml.safe_load(y.decode()) != json.loads(j)]\n"
		"print(len(pairs), bad[:3])\n"
		"sys.exit(bool(bad) or len(pairs) != 300)\n";
	g_autoptr(GRand) rand = g_rand_new_with_seed(4);
	g_autoptr(GByteArray) input = g_byte_array_new();
	g_autoptr(GError) error = NULL;
	/* Debian's, which has its packages */
	const char *argv[] = {"/usr/bin/python3", "-c", "import yaml", NULL};
	int status = 0;
	if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL,
			  NULL, &status, NULL) ||
	    status != 0) {
		g_test_skip("no python3-yaml");
		return;
	}
	for (int i = 0; i < 300; i++) {
		g_autoptr(SmithNode) node = random_node(rand, 3);
		g_autofree char *yaml = smith_yaml_write(node, NULL);
		g_autofree char *json = smith_json_write(node, SMITH_JSON_COMPACT, NULL);
		g_byte_array_append(input, (guint8 *)yaml, (guint)strlen(yaml) + 1);
		g_byte_array_append(input, (guint8 *)json, (guint)strlen(json) + 1);
	}
	argv[2] = program;
	g_autoptr(GSubprocess) process = g_subprocess_newv(
		argv, G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error);
	g_assert_no_error(error);
	g_autoptr(GBytes) stdin_bytes = g_bytes_new(input->data, input->len);
	g_autoptr(GBytes) stdout_bytes = NULL;
	g_subprocess_communicate(process, stdin_bytes, NULL, &stdout_bytes, NULL, &error);
	g_assert_no_error(error);
	if (g_subprocess_get_exit_status(process) != 0)
		g_error("%.*s", (int)g_bytes_get_size(stdout_bytes),
			(const char *)g_bytes_get_data(stdout_bytes, NULL));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/base/yaml/string", test_string);
	g_test_add_func("/base/yaml/block", test_block);
	g_test_add_func("/base/yaml/double", test_double);
	g_test_add_func("/base/yaml/round-trip", test_round_trip);
	g_test_add_func("/base/yaml/python", test_python);
	return g_test_run();
}
