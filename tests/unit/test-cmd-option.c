/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/option.h"

#include "base/error.h"

static const char *const colours[] = {"red", "green", NULL};

static const SmithOption global[] = {
	{.name = "store", .kind = SMITH_OPTION_STRING, .argument = "DIR"},
	{.name = "jobs", .letter = 'j', .kind = SMITH_OPTION_INT, .min = 1, .max = 9},
	{.name = "quiet", .letter = 'q'},
	{.name = "verbose", .letter = 'v'},
	{0},
};

static const SmithOption local[] = {
	{.name = "output", .letter = 'o', .kind = SMITH_OPTION_LIST, .argument = "FILE"},
	{.name = "colour", .kind = SMITH_OPTION_ENUM, .values = colours},
	{.name = "update",
	 .letter = 'u',
	 .kind = SMITH_OPTION_LIST,
	 .argument = "NAME",
	 .optional = true},
	{.name = "of", .kind = SMITH_OPTION_STRING, .argument = "NAME", .with = "output"},
	{.name = "check", .without = "update"},
	{0},
};

/* Parses @line, words separated by one space, as main() does; "_" is an empty argument. */
static SmithOptions *parse(const char *line, GStrv *words, GError **error)
{
	g_autoptr(SmithOptions) options = smith_options_new();
	char **args;

	*words = g_strsplit(line, " ", -1);
	args = *words;
	smith_options_add(options, global);
	if (!smith_options_parse(options, &args, TRUE, error))
		return NULL;
	smith_options_add(options, local);
	if (!smith_options_parse(options, &args, FALSE, error))
		return NULL;
	g_assert_null(*args);
	return g_steal_pointer(&options);
}

typedef struct {
	const char *line;
	const char *expected; /* what describe() says, or "error: text" */
} Row;

static void describe_list(GString *out, const SmithOptions *options, const char *name)
{
	const char *const *list = smith_options_list(options, name);

	for (guint i = 0; list[i] != NULL; i++)
		g_string_append_printf(out, "%s=<%s> ", name, list[i]);
}

static char *describe(const SmithOptions *options)
{
	GString *out = g_string_new(NULL);
	const char *store = smith_options_string(options, "store");
	guint count;
	const char *const *operands = smith_options_operands(options, &count);

	if (store != NULL)
		g_string_append_printf(out, "store=<%s> ", store);
	if (smith_options_count(options, "jobs") > 0)
		g_string_append_printf(out, "jobs=%d ", (int)smith_options_int(options, "jobs", 0));
	if (smith_options_flag(options, "quiet"))
		g_string_append_printf(out, "quiet=%u ", smith_options_count(options, "quiet"));
	if (smith_options_flag(options, "verbose"))
		g_string_append(out, "verbose ");
	if (smith_options_count(options, "colour") > 0)
		g_string_append_printf(out, "colour=%d ",
				       smith_options_enum(options, "colour", -1));
	describe_list(out, options, "output");
	describe_list(out, options, "update");
	for (guint i = 0; i < count; i++)
		g_string_append_printf(out, "<%s>", operands[i]);
	g_assert_null(operands[count]);
	return g_string_free(out, FALSE);
}

static const Row rows[] = {
	{"build", "<build>"},
	{"--store x build", "store=<x> <build>"},
	{"--store=x build", "store=<x> <build>"},
	{"build --store x", "store=<x> <build>"},
	{"--store= build", "store=<> <build>"},
	{"--store --quiet build", "store=<--quiet> <build>"},
	{"-j3 build", "jobs=3 <build>"},
	{"-j 3 build", "jobs=3 <build>"},
	{"--jobs=3 build", "jobs=3 <build>"},
	{"-qvj3 build", "jobs=3 quiet=1 verbose <build>"},
	{"-qq build -q", "quiet=3 <build>"},
	{"build a b", "<build><a><b>"},
	{"build a -o x b --output=y", "output=<x> output=<y> <build><a><b>"},
	{"build -ox", "output=<x> <build>"},
	{"build -- -o x --", "<build><-o><x><-->"},
	{"-- build -q", "<build><-q>"},
	{"build -", "<build><->"},
	{"build --colour green", "colour=1 <build>"},
	{"build --update", "update=<> <build>"},
	{"build --update x", "update=<> <build><x>"},
	{"build --update=x --update=y", "update=<x> update=<y> <build>"},
	{"build -ux", "update=<x> <build>"},
	{"build -u x", "update=<> <build><x>"},
	{"-o x build", "error: unknown option '-o'"},
	{"--stor x", "error: unknown option '--stor' (did you mean '--store'?)"},
	{"--zzzzzzzz", "error: unknown option '--zzzzzzzz'"},
	{"build --of x", "error: option '--of' means nothing without '--output'"},
	{"build --check -u", "error: options '--check' and '--update' exclude each other"},
	{"build -u --check", "error: options '--check' and '--update' exclude each other"},
	{"build --outptu=x", "error: unknown option '--outptu' (did you mean '--output'?)"},
	{"build --store", "error: option '--store' needs a value, DIR"},
	{"build -qo", "error: option '--output' needs a value, FILE"},
	{"--quiet=1", "error: option '--quiet' takes no value, got '1'"},
	{"-qx", "error: unknown option '-x'"},
	{"-\xff", "error: unknown option '-?'"},
	{"-j0", "error: option '--jobs' got '0', expected a number from 1 to 9"},
	{"-j99999999999999999999", "error: option '--jobs' got '99999999999999999999', expected a "
				   "number from 1 to 9"},
	{"--jobs=", "error: option '--jobs' got '', expected a number from 1 to 9"},
	{"--jobs=3x", "error: option '--jobs' got '3x', expected a number from 1 to 9"},
	{"--store a build --store b", "error: option '--store' is given twice, as 'a' and 'b'"},
	{"build --colour blue", "error: option '--colour' got 'blue', expected one of red, green"},
	{"---", "error: unknown option '---'"},
	{"--=x", "error: unknown option '--'"},
};

static void test_rows(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_auto(GStrv) words = NULL;
		g_autoptr(SmithOptions) options = parse(rows[i].line, &words, &error);
		g_autofree char *got = NULL;

		g_test_message("row '%s'", rows[i].line);
		if (options != NULL) {
			g_assert_no_error(error);
			got = g_strchomp(describe(options));
		} else {
			g_assert_nonnull(error);
			g_assert_true(error->domain == SMITH_ERROR);
			g_assert_cmpint(error->code, ==, SMITH_ERROR_USAGE);
			got = g_strdup_printf("error: %s", error->message);
		}
		g_assert_cmpstr(got, ==, rows[i].expected);
	}
}

static void test_defaults(void)
{
	g_auto(GStrv) words = NULL;
	g_autoptr(SmithOptions) options = parse("build", &words, NULL);

	g_assert_null(smith_options_string(options, "store"));
	g_assert_cmpint(smith_options_int(options, "jobs", 7), ==, 7);
	g_assert_cmpint(smith_options_enum(options, "colour", -1), ==, -1);
	g_assert_null(smith_options_list(options, "output")[0]);
	g_assert_false(smith_options_flag(options, "quiet"));
}

static void test_unknown_name(void)
{
	if (g_test_subprocess()) {
		g_autoptr(SmithOptions) options = smith_options_new();

		smith_options_string(options, "store");
		return;
	}
	g_test_trap_subprocess(NULL, 0, 0);
	g_test_trap_assert_failed();
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/cmd/option/rows", test_rows);
	g_test_add_func("/cmd/option/defaults", test_defaults);
	g_test_add_func("/cmd/option/unknown-name", test_unknown_name);
	return g_test_run();
}
