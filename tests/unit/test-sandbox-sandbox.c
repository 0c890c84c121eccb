/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/sandbox.h"

#include <dirent.h>
#include <string.h>

#include "base/error.h"

/* On the machine's own root, read-only: tests/cli/sandbox.bats has the rest. */

static const char *const env[] = {"PATH=/usr/bin:/bin", NULL};

static SmithSandboxStep new_step(const char *const *argv)
{
	return (SmithSandboxStep){
		.name = "unit", .root = "/", .argv = argv, .env = env, .log_fd = -1};
}

static bool can_run(void)
{
	static const char *const argv[] = {"true", NULL};
	const SmithSandboxStep step = new_step(argv);
	g_auto(SmithSandboxResult) result = {0};
	g_autoptr(GError) error = NULL;

	if (smith_sandbox_run(&step, &result, &error))
		return true;
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_UNSUPPORTED);
	g_test_skip(error->message);
	return false;
}

static guint count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	guint n = 0;

	while (readdir(dir) != NULL)
		n++;
	(void)closedir(dir);
	return n;
}

static void test_result(void)
{
	static const char *const argv[] = {
		"sh", "-c", "printf 'first\\n'; printf 'last \\377\\303\\244\\n' >&2; exit 9",
		NULL};
	const SmithSandboxStep step = new_step(argv);
	g_auto(SmithSandboxResult) result = {0};
	g_auto(SmithSandboxResult) checked = {0};
	g_autoptr(GError) error = NULL;

	if (!can_run())
		return;
	smith_sandbox_run(&step, &result, &error);
	g_assert_no_error(error);
	g_assert_cmpint(result.status, ==, 9);
	g_assert_cmpstr(result.tail, ==, "first\nlast \xef\xbf\xbd\xc3\xa4\n");
	g_assert_cmpint(result.microseconds, >, 0);
	g_assert_cmpuint(result.answered, ==, 0);
	g_assert_false(smith_sandbox_check(&step, &checked, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_FAILED);
	g_assert_cmpstr(error->message, ==,
			"step 'unit': sh ended with status 9, and said:\n"
			"first\nlast \xef\xbf\xbd\xc3\xa4");
}

static void test_tail(void)
{
	static const char *const argv[] = {
		"sh", "-c",
		"i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done; exit 1", NULL};
	const SmithSandboxStep step = new_step(argv);
	g_auto(SmithSandboxResult) result = {0};
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) lines = NULL;

	if (!can_run())
		return;
	g_assert_false(smith_sandbox_check(&step, &result, &error));
	g_assert_cmpuint(strlen(result.tail), <=, 8192);
	g_assert_cmpuint(strlen(result.tail), >, 8000);
	g_assert_true(g_str_has_suffix(result.tail, "\nline 19999\n"));
	lines = g_strsplit(error->message, "\n", -1);
	g_assert_cmpuint(g_strv_length(lines), ==, 21);
	g_assert_cmpstr(lines[1], ==, "line 19980");
	g_assert_cmpstr(lines[20], ==, "line 19999");
}

static void expect(const SmithSandboxStep *step, SmithErrorCode code, const char *text)
{
	g_auto(SmithSandboxResult) result = {0};
	g_autoptr(GError) error = NULL;

	g_assert_false(smith_sandbox_run(step, &result, &error));
	g_assert_error(error, SMITH_ERROR, (gint)code);
	g_assert_cmpstr(error->message, ==, text);
}

static void test_errors(void)
{
	static const char *const none[] = {NULL};
	static const char *const missing[] = {"no-such-command", NULL};
	static const char *const good[] = {"true", NULL};
	const SmithSandboxBind up = {"/etc", "/tmp/../etc", false};
	const SmithSandboxBind lost = {"/no/such/source", "/tmp/x", false};
	SmithSandboxStep step = new_step(none);

	if (!can_run())
		return;
	expect(&step, SMITH_ERROR_INVALID,
	       "step 'unit': this step cannot be run: it has no command");
	step.argv = missing;
	expect(&step, SMITH_ERROR_NOT_FOUND,
	       "step 'unit': cannot run 'no-such-command': No such file or directory");
	step.argv = good;
	step.root = "/no/such/root";
	expect(&step, SMITH_ERROR_NOT_FOUND,
	       "step 'unit': cannot open the directory '/no/such/root': No such file or directory");
	step.root = "/";
	step.cwd = "relative";
	expect(&step, SMITH_ERROR_INVALID,
	       "step 'unit': this step cannot be run: its current directory is not absolute");
	step.cwd = NULL;
	step.binds = &up;
	step.n_binds = 1;
	expect(&step, SMITH_ERROR_INVALID,
	       "step 'unit': this step cannot be run: a target is no absolute path in normal form");
	step.binds = &lost;
	expect(&step, SMITH_ERROR_NOT_FOUND,
	       "step 'unit': cannot bind '/no/such/source': No such file or directory");
}

static gpointer run_many(gpointer data)
{
	for (guint i = 0; i < 5; i++) {
		g_autofree char *word = g_strdup_printf("%p %u", data, i);
		const char *const argv[] = {"echo", word, NULL};
		const SmithSandboxStep step = new_step(argv);
		g_auto(SmithSandboxResult) result = {0};
		g_autoptr(GError) error = NULL;
		g_autofree char *line = g_strconcat(word, "\n", NULL);

		smith_sandbox_check(&step, &result, &error);
		g_assert_no_error(error);
		g_assert_cmpstr(result.tail, ==, line);
	}
	return NULL;
}

static void test_threads(void)
{
	GThread *threads[8];
	guint before;

	if (!can_run())
		return;
	before = count_descriptors();
	for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("step", run_many, &threads[i]);
	for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
		(void)g_thread_join(threads[i]);
	g_assert_cmpuint(count_descriptors(), ==, before);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sandbox/sandbox/result", test_result);
	g_test_add_func("/sandbox/sandbox/tail", test_tail);
	g_test_add_func("/sandbox/sandbox/errors", test_errors);
	g_test_add_func("/sandbox/sandbox/threads", test_threads);
	return g_test_run();
}
