/* SPDX-License-Identifier: Apache-2.0 */
#include "quadlet/shell.h"

#include "quadlet/formats.h"
#include "tests/unit/fleet-test.h"

/* What @script, run by sh with @arguments, prints; its status into @status unless NULL. */
static char *run_sh(const char *script, const char *const *arguments, int *status)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	g_autoptr(GError) error = NULL;
	char *out = NULL;
	int wait = 0;

	g_ptr_array_add(argv, (gpointer) "sh");
	g_ptr_array_add(argv, (gpointer) "-c");
	g_ptr_array_add(argv, (gpointer)script);
	g_ptr_array_add(argv, (gpointer) "sh");
	for (; arguments != NULL && *arguments != NULL; arguments++)
		g_ptr_array_add(argv, (gpointer)*arguments);
	g_ptr_array_add(argv, NULL);
	g_spawn_sync(NULL, (char **)argv->pdata, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, NULL,
		     &wait, &error);
	g_assert_no_error(error);
	if (status != NULL)
		*status = wait;
	else
		g_assert_cmpint(wait, ==, 0);
	return out;
}

static void test_quote(void)
{
	static const struct {
		const char *word, *quoted;
	} rows[] = {{"--env=A=b", "--env=A=b"}, {"", "''"},	      {"a b", "'a b'"},
		    {"it's", "'it'\\''s'"},	{"$HOME", "'$HOME'"}, {"~", "'~'"},
		    {"a\nb", "'a\nb'"},		{"*", "'*'"},	      {"100%", "100%"}};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *quoted = smith_shell_quote(rows[i].word);
		g_assert_cmpstr(quoted, ==, rows[i].quoted);
	}
}

static const char *const pieces[] = {"a",  " ",	  "'", "\"",  "\\",   "$x", "$(id)", "`id`", "\n",
				     "\t", "*",	  "?", "[a]", "~",    "#",  ";",     "&",    "|",
				     ">",  "{b}", "!", "=",   "\xff", "%",  "-n",    "\\n"};

/* A word of any bytes comes out of a real shell as it went in, and alone. */
static void test_round_trip(void)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(7);
	g_autoptr(GString) script = g_string_new("printf '%s|' ");
	g_autoptr(GString) expected = g_string_new(NULL);
	SmithShell shell = {script};

	for (int i = 0; i < 500; i++) {
		g_autoptr(GString) word = g_string_new(NULL);
		for (int count = g_rand_int_range(rand, 0, 8); count > 0; count--)
			g_string_append(
				word, pieces[g_rand_int_range(rand, 0, (int)G_N_ELEMENTS(pieces))]);
		smith_shell_word(&shell, word->str);
		g_string_append_printf(expected, "%s|", word->str);
	}
	g_autofree char *out = run_sh(script->str, NULL, NULL);
	g_assert_cmpstr(out, ==, expected->str);
}

/* Values that are the script's own stand in the middle of a word. */
static void test_value(void)
{
	g_autoptr(GString) script = g_string_new("here='a  \"b'; printf '%s|'");
	SmithShell shell = {script};

	smith_shell_value(&shell, "--x=", "here", "/it's");
	smith_shell_value(&shell, "", "here", "");
	g_autofree char *out = run_sh(script->str, NULL, NULL);
	g_assert_cmpstr(out, ==, "--x=a  \"b/it's|a  \"b|");
}

static SmithHostPlan *plan_of(TestFleet *fleet, SmithPlanContext **context, const char *file,
			      const char *host)
{
	g_autofree char *path =
		g_test_build_filename(G_TEST_DIST, "tests", "data", "quadlet", file, NULL);
	g_autofree char *text = NULL;
	g_autoptr(SmithDiag) diag = smith_diag_new();
	g_autoptr(GError) error = NULL;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	test_fleet_write(fleet, "families.d/base.yaml", "family: base\nfrom: debian:12\n");
	test_fleet_write(fleet, "fleet.yaml", text);
	test_fleet_load(fleet);
	*context = smith_plan_context_new(fleet->fleet, NULL);
	SmithHostPlan *plan = smith_host_plan_new(*context, smith_fleet_host(fleet->fleet, host),
						  NULL, diag, &error);
	g_assert_no_error(error);
	return plan;
}

/* plan() of the script under functions that print what they are given: it is the shell that reads
 * the words. */
static char *words_of(const char *script)
{
	const char *plan = strstr(script, "\nplan() {\n");
	g_autoptr(GString) text = g_string_new("set -euf; here=/h socket=/s\n"
					       "show() { printf '%s' \"$1\"; shift;"
					       " for w in \"$@\"; do printf ' <%s>' \"$w\"; done;"
					       " echo; }\n"
					       "device() { echo \"--device=$2\"; }\n");
	for (const char *const *name =
		     (const char *const[]){"network", "volume", "pod", "container", "needs",
					   "reaches", "gpu", "run", NULL};
	     *name != NULL; name++)
		g_string_append_printf(text, "%s() { show %s \"$@\"; }\n", *name, *name);
	g_assert_nonnull(plan);
	g_string_append_len(text, plan, strstr(plan, "\nmain ") - plan);
	g_string_append(text, "\nplan\n");
	return run_sh(text->str, NULL, NULL);
}

static char *script_of(const SmithHostPlan *plan)
{
	g_autoptr(GPtrArray) files =
		g_ptr_array_new_with_free_func((GDestroyNotify)smith_unit_file_free);
	g_autoptr(GError) error = NULL;

	smith_format_shell(plan, files, &error);
	g_assert_no_error(error);
	const SmithUnitFile *script = files->pdata[0], *environment = files->pdata[1];
	g_autofree char *path = g_strdup_printf("%s/%s.sh", plan->host->name, plan->fleet->name);
	g_assert_cmpstr(script->path, ==, path);
	g_assert_true(g_str_has_suffix(environment->path, "/machine.env"));
	g_assert_true(g_str_has_prefix(script->text, "# written by ocismith from the fleet "));
	return g_strdup(script->text);
}

/* tests/data/quadlet/shell-FLEET.txt, written anew with UPDATE_GOLDEN=1. */
static void check_words(const char *file, const char *host)
{
	g_auto(TestFleet) fleet = test_fleet_new();
	g_autoptr(SmithPlanContext) context = NULL;
	g_autoptr(SmithHostPlan) plan = plan_of(&fleet, &context, file, host);
	g_autofree char *script = script_of(plan), *words = words_of(script), *expected = NULL;
	g_autofree char *golden = g_strdup_printf("shell-%s.txt", plan->fleet->name);
	g_autofree char *path =
		g_test_build_filename(G_TEST_DIST, "tests", "data", "quadlet", golden, NULL);

	if (g_getenv("UPDATE_GOLDEN") != NULL)
		g_file_set_contents(path, words, -1, NULL);
	g_assert_true(g_file_get_contents(path, &expected, NULL, NULL));
	g_auto(GStrv) got = g_strsplit(words, "\n", -1), lines = g_strsplit(expected, "\n", -1);
	for (guint i = 0; got[i] != NULL && lines[i] != NULL; i++)
		g_assert_cmpstr(got[i], ==, lines[i]);
	g_assert_cmpuint(g_strv_length(got), ==, g_strv_length(lines));
}

static void test_words(void)
{
	check_words("kube.yaml", "big");
	check_words("wide.yaml", "big");
}

static const char *digest_of(const char *script, const char *name, char *digest)
{
	g_autofree char *before = g_strconcat(" ", name, " ", NULL);
	const char *line = strstr(script, "\tcontainer ");
	g_assert_nonnull(line);
	g_strlcpy(digest, strstr(line, before) + strlen(before), 25);
	return digest;
}

/* A container's digest is that of its words and of the files that they name, of nothing else. */
static void test_digest(void)
{
	g_auto(TestFleet) fleet = test_fleet_new();
	g_autoptr(SmithPlanContext) context = NULL;
	g_autoptr(SmithHostPlan) plan = plan_of(&fleet, &context, "kube.yaml", "big");
	g_autofree char *script = script_of(plan), *again = script_of(plan);
	char before[25], after[25];
	SmithContainerPlan *container = plan->containers->pdata[0];
	SmithPlanFile *file = plan->files->pdata[0];

	g_assert_cmpstr(script, ==, again);
	digest_of(script, container->slug, before);
	container->memory += 1;
	g_autofree char *other = script_of(plan);
	g_assert_cmpstr(digest_of(other, container->slug, after), !=, before);
	container->memory -= 1;
	g_free(file->text);
	file->text = g_strdup("MORE=1\n");
	g_autofree char *third = script_of(plan);
	g_assert_cmpstr(digest_of(third, container->slug, after), !=, before);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/quadlet/shell/quote", test_quote);
	g_test_add_func("/quadlet/shell/round-trip", test_round_trip);
	g_test_add_func("/quadlet/shell/value", test_value);
	g_test_add_func("/quadlet/shell/words", test_words);
	g_test_add_func("/quadlet/shell/digest", test_digest);
	return g_test_run();
}
