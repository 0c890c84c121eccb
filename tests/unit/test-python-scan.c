/* SPDX-License-Identifier: Apache-2.0 */
#include "python/scan.h"

#include <string.h>

/* "MODULE[:NAMES]" of each import, dots in front, marks behind: ? guarded, T types, M main, D
 * dynamic, P whole package; with @LINE. */
static char *describe(const SmithPythonScan *scan)
{
	GString *text = g_string_new(NULL);
	for (guint i = 0; i < scan->imports->len; i++) {
		const SmithPythonImport *import = scan->imports->pdata[i];
		g_string_append(text, i > 0 ? " " : "");
		for (guint j = 0; j < import->level; j++)
			g_string_append_c(text, '.');
		g_string_append(text, import->module);
		if (import->names != NULL) {
			g_autofree char *names = g_strjoinv(",", import->names);
			g_string_append_printf(text, ":%s", names);
		}
		g_string_append_printf(text, "@%u%s%s%s%s%s", import->line,
				       import->guarded ? "?" : "", import->type_checking ? "T" : "",
				       import->main_only ? "M" : "", import->dynamic ? "D" : "",
				       import->whole_package ? "P" : "");
	}
	return g_string_free(text, FALSE);
}

static void assert_imports(const char *text, const char *expected)
{
	g_autoptr(SmithPythonScan) scan = smith_python_scan(text, strlen(text));
	g_autofree char *got = describe(scan);
	g_assert_cmpstr(got, ==, expected);
	g_assert_cmpstr(scan->bad_text, ==, NULL);
	g_assert_cmpuint(scan->bad_line, ==, 0);
}

static void assert_bad(const char *text, guint line, const char *error, const char *imports)
{
	g_autoptr(SmithPythonScan) scan = smith_python_scan(text, strlen(text));
	g_assert_cmpstr(scan->bad_text, ==, error);
	g_assert_cmpuint(scan->bad_line, ==, line);
	g_autofree char *got = describe(scan);
	g_assert_cmpstr(got, ==, imports);
}

static void test_statements(void)
{
	assert_imports("", "");
	assert_imports("import a", "a@1");
	assert_imports("import a as b, c.d ; import e\nimport f", "a@1 c.d@1 e@1 f@2");
	assert_imports("from a.b import c, d as e\nfrom . import f\nfrom ...g.h import *\n",
		       "a.b:c,d@1 .:f@2 ...g.h:*@3");
	assert_imports("from a import (\n  b, # x\n  c as d,\n)\nfrom x \\\n import y\n",
		       "a:b,c@1 x:y@5");
	assert_imports("x = '''\nimport no\n'''\ns = 'import no'\n# import no\nimport a\n", "a@6");
	assert_imports("\xef\xbb\xbfimport a\r\nimport b\rimport c\n", "a@1 b@2 c@3");
	assert_imports("x = [\n1]; import a\n", "a@2");
	assert_imports("importer = 1\nx.import_ = 2\n", "");
}

static void test_guards(void)
{
	assert_imports("try:\n  import a\nexcept ImportError:\n  import b\nimport c\n",
		       "a@2? b@4? c@5");
	assert_imports("try: import a\nexcept: pass\nimport b\n", "a@1? b@3");
	assert_imports("def f():\n\timport a\nclass C:\n\timport b\nif x: import c\n",
		       "a@2? b@4? c@5?");
	assert_imports("async def f(x: int = {1: 2}) -> lambda: 3: import a\n", "a@1?");
	assert_imports("if TYPE_CHECKING:\n  import a\nelse:\n  import b\n", "a@2T b@4");
	assert_imports("if typing.TYPE_CHECKING: import a\nif not TYPE_CHECKING: import b\n",
		       "a@1T b@2?");
	assert_imports("if __name__ == '__main__':\n  import a\n  try:\n    import b\n"
		       "  finally:\n    pass\n",
		       "a@2M b@4?M");
	assert_imports("for x in y:\n  import a\nelse:\n  import b\nwith z:\n  import c\n",
		       "a@2 b@4 c@6");
	assert_imports("with suppress(ImportError):\n  import a\n", "a@2?");
	assert_imports("match x:\n  case {'a': 1}: import a\n  case _:\n    import b\nmatch = 1\n"
		       "match[x:y]\nimport c\n",
		       "a@2? b@4? c@7");
}

static void test_dynamic(void)
{
	assert_imports("m = importlib.import_module('a.b')\n__import__(\"c\", x)\n", "a.b@1D c@2D");
	assert_imports("import_module(f'a.plugins.{x}')\nimport_module('b.c.' + x)\n",
		       "a.plugins@1DP b.c@2DP");
	assert_imports("import_module('a.%s' % x); import_module('b.{}'.format(x))\n",
		       "a@1DP b@1DP");
	assert_imports("def f():\n  import_module(name='.a', package=p)\n", ".a@2?D");
	assert_imports("uvicorn.run('a.b:app', port=1)\nuvicorn.Config(app='c:app')\nrun('d:e')\n"
		       "uvicorn.run(app)\n",
		       "a.b@1D c@2D");
	assert_imports("def import_module(name): pass\n", "");
	const char *opaque = "\nimport_module(name)\n";
	g_autoptr(SmithPythonScan) scan = smith_python_scan(opaque, strlen(opaque));
	g_assert_cmpuint(scan->opaque_line, ==, 2);
	g_assert_cmpuint(scan->imports->len, ==, 0);
}

static void test_strings(void)
{
	assert_imports("x = f\"{a['import']}\" rb'\\'' '' \"\"\n\nimport a\n", "a@3");
	/* 3.12 only, and 3.11 only */
	assert_imports("x = f'{d['it']}'\ny = f\"{d[\"'\"]}\"\nimport a\n", "a@3");
	assert_imports("x = f'{{'\ny = f'{x:{w}}' f'{x!r:>{w}}' f'\\N{DASH}' f'}}'\nimport a\n",
		       "a@3");
	assert_imports("x = f'''{\n  y  # it's\n}'''\nimport a\n", "a@4");
	assert_imports("# -*- coding: latin-1 -*-\nx = '\xe9'\nimport a\n", "a@3");
	assert_imports("x = 'a\\\nb'\nimport a\n", "a@3");
}

static void test_errors(void)
{
	assert_bad("x = (1,\nimport a\n", 1, "'(' was never closed", "a@2");
	assert_bad("x = (1,\ndef f():\n  pass\nfrom a import b\n", 1, "'(' was never closed",
		   "a:b@4");
	assert_bad("x = [\n", 1, "'[' was never closed", "");
	assert_bad("x = 1)\nimport a\n", 1, "unmatched ')'", "a@2");
	assert_bad("x = (1]\nimport a\n", 1,
		   "closing parenthesis ']' does not match opening parenthesis '('", "a@2");
	assert_bad("x = 'abc\nimport a\n", 1, "unterminated string literal", "a@2");
	assert_bad("x = '''abc\nimport a\n", 1, "unterminated triple-quoted string literal", "a@2");
	assert_bad("import a\n  import b\nimport c\n", 2, "unexpected indent", "a@1 b@2 c@3");
	assert_bad("if x:\n    a\n  import b\n", 3,
		   "unindent does not match any outer indentation level", "b@3");
	assert_bad("if x:\nimport a\n", 2,
		   "expected an indented block after 'if' statement on line 1", "a@2");
	assert_bad("def f():\n", 2,
		   "expected an indented block after function definition on line 1", "");
	assert_bad("if x:\n        a\n\tb\n", 3,
		   "inconsistent use of tabs and spaces in indentation", "");
	assert_bad("try:\n  import a\nimport b\n", 3, "expected 'except' or 'finally' block",
		   "a@2? b@3");
	assert_bad("x = 1\nelse:\n  import a\n", 2, "invalid syntax: 'else' without its statement",
		   "a@3?");
	assert_bad("if x\n  import a\n", 1, "expected ':'", "a@2");
	assert_bad("x = \xe2\x80\x9cit\xe2\x80\x9d\nimport a\n", 1,
		   "invalid character '\xe2\x80\x9c' (U+201C)", "a@2");
	assert_bad("x = '\xe9'\nimport a\n", 1,
		   "byte 0xe9 is not UTF-8, and no encoding is declared", "a@2");
	assert_bad("x = a \\ b\nimport a\n", 1,
		   "unexpected character after line continuation character", "a@2");
	assert_bad("x = f'{a'\nimport a\n", 1, "f-string: expecting '}'", "a@2");
}

static void test_limits(void)
{
	static const char nul[] = "import a\0\nimport b\n";
	g_autoptr(SmithPythonScan) scan = smith_python_scan(nul, sizeof nul - 1);
	g_assert_cmpstr(scan->bad_text, ==, "source code cannot contain null bytes");
	g_assert_cmpuint(scan->imports->len, ==, 2);

	g_autofree char *huge = g_strnfill(SMITH_PYTHON_SCAN_MAX + 1, '\n');
	g_autoptr(SmithPythonScan) refused = smith_python_scan(huge, SMITH_PYTHON_SCAN_MAX + 1);
	g_assert_cmpuint(refused->bad_line, ==, 1);

	g_autofree char *deep = g_strnfill(100000, '(');
	g_autoptr(SmithPythonScan) nested = smith_python_scan(deep, 100000);
	g_assert_cmpstr(nested->bad_text, ==, "too many nested parentheses");

	g_autoptr(GString) dots = g_string_new("import a");
	for (guint i = 1; i < SMITH_PYTHON_MAX_PARTS; i++)
		g_string_append(dots, ".a");
	g_string_append(dots, "\nimport b");
	for (guint i = 0; i < SMITH_PYTHON_MAX_PARTS; i++)
		g_string_append(dots, ".b");
	g_autoptr(SmithPythonScan) dotted = smith_python_scan(dots->str, dots->len);
	g_assert_cmpuint(dotted->imports->len, ==, 1);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/python/scan/statements", test_statements);
	g_test_add_func("/python/scan/guards", test_guards);
	g_test_add_func("/python/scan/dynamic", test_dynamic);
	g_test_add_func("/python/scan/strings", test_strings);
	g_test_add_func("/python/scan/errors", test_errors);
	g_test_add_func("/python/scan/limits", test_limits);
	return g_test_run();
}
