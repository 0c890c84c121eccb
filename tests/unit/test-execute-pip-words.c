/* SPDX-License-Identifier: Apache-2.0 */
#include "execute/pip-words.h"

static void check(const char *output, const char *text, const char *names)
{
	g_autoptr(GHashTable) owners = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(SmithPipWords) words = NULL;
	g_autofree char *joined = NULL;

	g_hash_table_insert(owners, (gpointer) "c", (gpointer) "family 'web' has");
	words = smith_pip_words(output, owners);
	joined = g_strjoinv(" ", words->names);
	g_assert_cmpstr(words->text, ==, text);
	g_assert_cmpstr(joined, ==, names);
}

static void test_conflict(void)
{
	check("Processing ./w/a-2-py3-none-any.whl\n"
	      "ERROR: Cannot install -r r.txt (line 1) and -r r.txt (line 2) because these package "
	      "versions have conflicting dependencies.\n"
	      "\n"
	      "The conflict is caused by:\n"
	      "    a 1 depends on c<2\n"
	      "    B.x[y] 3 depends on d>=2; python_version > \"3\"\n"
	      "    a 1 depends on c<2\n"
	      "    B.x[y] 2 depends on d>=2; python_version > \"3\"\n"
	      "    The user requested e\n"
	      "    The user requested (constraint) c==1\n"
	      "    The user requested (constraint) f==1\n"
	      "\n"
	      "To fix this you could try to:\n"
	      "    a 1 depends on nothing that is here\n"
	      "ERROR: ResolutionImpossible: for help visit https://pip.pypa.io\n",
	      "a 1 depends on c<2; B.x[y] 3 (and 1 more version) depends on d>=2; python_version > "
	      "\"3\"; asked for is e; family 'web' has c==1; a constraint is f==1",
	      "a c b-x d e f");
}

static void test_long(void)
{
	g_autoptr(GString) text = g_string_new("The conflict is caused by:\n");

	for (int i = 0; i < 8; i++)
		g_string_append_printf(text, "    a%d 1 depends on b\n", i);
	check(text->str,
	      "a0 1 depends on b; a1 1 depends on b; a2 1 depends on b; a3 1 depends on b; "
	      "a4 1 depends on b; a5 1 depends on b; and 2 more",
	      "a0 b a1 a2 a3 a4 a5 a6 a7");
}

static void test_missing(void)
{
	check("ERROR: Could not find a version that satisfies the requirement e>=3 (from d) (from "
	      "versions: 1)\n"
	      "ERROR: No matching distribution found for e>=3\n",
	      "no version satisfies e>=3 (from d) (from versions: 1)", "e d");
	check("ERROR: Could not find a version that satisfies the requirement x (from versions: "
	      "none)\nERROR: No matching distribution found for x\n",
	      "no version satisfies x (from versions: none)", "x");
	check("ERROR: No matching distribution found for X_y==1\n", "no version satisfies X_y==1",
	      "x-y");
}

static void test_other(void)
{
	check("ERROR: first\nERROR: Package 'a' requires a different Python\n",
	      "Package 'a' requires a different Python", "");
	check("Traceback (most recent call last):\n", NULL, "");
	check("", NULL, "");
	check("ERROR: \xff\n", "\xef\xbf\xbd", "");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/execute/pip-words/conflict", test_conflict);
	g_test_add_func("/execute/pip-words/long", test_long);
	g_test_add_func("/execute/pip-words/missing", test_missing);
	g_test_add_func("/execute/pip-words/other", test_other);
	return g_test_run();
}
